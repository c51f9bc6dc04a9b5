"""What runs asked people before they went on, and what came of it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

TABLE = "integration_question"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("integration", sa.Text, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column(
            "fingerprint", sa.Text, nullable=False, comment="over the list that was asked about"
        ),
        sa.Column(
            "counts", sa.Text, nullable=False, comment="JSON: how many it is, by entity and side"
        ),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text, comment="approved, rejected or none; null while it waits"),
        sa.Column("answered_by", sa.Text),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_integration_question_list", TABLE, ["integration", "fingerprint", "id"])


def downgrade() -> None:
    op.drop_index("ix_integration_question_list", table_name=TABLE)
    op.drop_table(TABLE)
