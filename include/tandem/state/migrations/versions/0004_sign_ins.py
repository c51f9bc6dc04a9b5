"""For systems at which people sign in: tokens, and codes that wait for somebody to enter them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "integration_sign_in",
        sa.Column("name", sa.Text(), nullable=False, comment="an application at a system"),
        sa.Column("tokens", sa.LargeBinary(), comment="encrypted; null: nobody has signed in yet"),
        sa.Column("flow", sa.LargeBinary(), comment="encrypted; null: no code waits"),
        sa.Column("message", sa.Text(), comment="what somebody has to do"),
        sa.Column("expires_at", sa.DateTime(timezone=True), comment="when the code expires"),
        sa.Column(
            "missed_at",
            sa.DateTime(timezone=True),
            comment="when a code had expired that nobody entered",
        ),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def downgrade() -> None:
    op.drop_table("integration_sign_in")
