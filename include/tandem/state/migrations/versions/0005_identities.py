"""Whose records the links and anchors of an integration are about."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "integration_identity",
        sa.Column("integration", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column(
            "id",
            sa.Text(),
            nullable=False,
            comment="whose records the links and anchors are about",
        ),
        sa.Column("name", sa.Text(), nullable=False, comment="what people called it then"),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("integration", "side"),
    )


def downgrade() -> None:
    op.drop_table("integration_identity")
