"""What the log said about runs whose rows have expired: how often an entity was loaded."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "integration_expired",
        sa.Column("integration", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column(
            "loads",
            sa.BigInteger(),
            nullable=False,
            comment="runs that have loaded it and are not in the log any more",
        ),
        sa.PrimaryKeyConstraint("integration", "entity"),
    )


def downgrade() -> None:
    op.drop_table("integration_expired")
