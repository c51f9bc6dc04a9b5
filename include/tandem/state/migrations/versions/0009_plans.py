"""Which plan of each entity was carried out last, and by which try."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "integration_plan",
        sa.Column("integration", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column(
            "plan", sa.Text(), nullable=False, comment="the last one that was begun to carry out"
        ),
        sa.Column("run_id", sa.Text(), nullable=False, comment="the run that made it"),
        sa.Column("try_id", sa.Text(), nullable=False, comment="the try that carries it out"),
        sa.PrimaryKeyConstraint("integration", "entity"),
    )


def downgrade() -> None:
    op.drop_table("integration_plan")
