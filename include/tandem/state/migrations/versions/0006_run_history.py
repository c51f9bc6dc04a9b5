"""What makes pages about runs quick: the log by run, by entity and by status, newest first; and
what a policy may say that a person chose field by field.
"""

from alembic import op

revision = "0006"
down_revision = "0005"

INDEXES = {
    "ix_integration_log_newest": ["integration", "id", "run_id", "kind"],
    "ix_integration_log_worst": ["integration", "run_id", "status", "id"],
    "ix_integration_log_entity": ["integration", "entity", "id", "direction", "kind", "status"],
    "ix_integration_log_status": ["integration", "status", "id"],
}

BEFORE = "external_wins or local_wins"
NOW = "external_wins, local_wins or JSON of who wins which field"


def upgrade() -> None:
    for name, columns in INDEXES.items():
        op.create_index(name, "integration_log", columns)
    _comment(NOW)


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, table_name="integration_log")
    _comment(BEFORE)


def _comment(comment: str) -> None:
    """SQLite has no comments."""
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("integration_recheck", "policy", comment=comment)
