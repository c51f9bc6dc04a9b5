"""For mappings that live for years: schema snapshots, and edits that can be undone."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

AUTO_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column(
        "integration_syncanchor",
        sa.Column(
            "asked",
            sa.Text(),
            nullable=True,
            comment="JSON of the mapping that it was set under; null: not known",
        ),
    )
    op.create_table(
        "integration_link_mapping",
        sa.Column("integration", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column(
            "asked", sa.Text(), nullable=False, comment="JSON of the mapping that the links fit"
        ),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("integration", "entity"),
    )
    op.create_table(
        "integration_schema",
        sa.Column("integration", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, comment="1, 2, … of that side"),
        sa.Column("fingerprint", sa.Text(), nullable=False, comment="over the document"),
        sa.Column("run_id", sa.Text(), nullable=False, comment="the run that saw it first"),
        sa.Column(
            "document", sa.LargeBinary(), nullable=False, comment="the schema as JSON, compressed"
        ),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("integration", "side", "version"),
    )
    op.create_table(
        "integration_edit",
        sa.Column("id", AUTO_ID, autoincrement=True, nullable=False),
        sa.Column("integration", sa.Text(), nullable=False),
        sa.Column(
            "reason", sa.Text(), nullable=False, comment="clean up, suggest, import, undo, …"
        ),
        sa.Column("before", sa.Text(), nullable=False, comment="the whole integration file"),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_integration_edit_integration", "integration_edit", ["integration", "id"])


def downgrade() -> None:
    op.drop_table("integration_edit")
    op.drop_table("integration_schema")
    op.drop_table("integration_link_mapping")
    op.drop_column("integration_syncanchor", "asked")
