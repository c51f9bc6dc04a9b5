"""What makes pages about runs quick: the log by run, by entity and by status, newest first."""

from alembic import op

revision = "0006"
down_revision = "0005"

INDEXES = {
    "ix_integration_log_newest": ["integration", "id", "run_id", "kind"],
    "ix_integration_log_worst": ["integration", "run_id", "status", "id"],
    "ix_integration_log_entity": ["integration", "entity", "id"],
    "ix_integration_log_status": ["integration", "status", "id"],
}


def upgrade() -> None:
    for name, columns in INDEXES.items():
        op.create_index(name, "integration_log", columns)


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, table_name="integration_log")
