"""What syncing both ways needs: local hashes, decisions, rechecks, the lease."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

KEY = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")

INDEXES = {
    "ix_integration_transaction_status": ("integration_transaction", "status"),
    "ix_integration_transaction_local": ("integration_transaction", "local_id"),
    "ix_integration_transaction_external": ("integration_transaction", "external_id"),
    "ix_integration_conflict_status": ("integration_conflict", "status"),
    "ix_integration_conflict_local": ("integration_conflict", "local_id"),
    "ix_integration_conflict_external": ("integration_conflict", "external_id"),
}


def upgrade() -> None:
    # Not as a batch: SQLite adds and drops columns by itself, without copying the table.
    op.add_column(
        "integration_log",
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            server_default="sync",
            comment="sync, import, export or asked",
        ),
    )
    op.add_column(
        "integration_link",
        sa.Column(
            "local_hash", sa.LargeBinary(), nullable=True, comment="over what the local side holds"
        ),
    )
    op.add_column(
        "integration_conflict",
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            server_default="edited",
            comment="edited, deleted or changed",
        ),
    )
    op.add_column(
        "integration_conflict",
        sa.Column("decision", sa.Text(), nullable=True, comment="who won; null while it waits"),
    )
    for name, (table, column) in INDEXES.items():
        op.create_index(name, table, ["integration", "entity", column])
    op.create_table(
        "integration_recheck",
        sa.Column("integration", KEY, nullable=False),
        sa.Column("entity", KEY, nullable=False),
        sa.Column("side", KEY, nullable=False),
        sa.Column("record_id", KEY, nullable=False),
        sa.Column("policy", sa.Text(), nullable=True, comment="external_wins or local_wins"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("integration", "entity", "side", "record_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "integration_lease",
        sa.Column("integration", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True, comment="run id; null: it is free"),
        sa.Column("epoch", sa.BigInteger(), nullable=False, comment="grows with every holder"),
        sa.Column("process", sa.Text(), nullable=True, comment="host/pid/start of the holder's"),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("integration"),
    )


def downgrade() -> None:
    op.drop_table("integration_lease")
    op.drop_table("integration_recheck")
    for name, (table, _) in INDEXES.items():
        op.drop_index(name, table_name=table)
    op.drop_column("integration_conflict", "decision")
    op.drop_column("integration_conflict", "kind")
    op.drop_column("integration_link", "local_hash")
    op.drop_column("integration_log", "kind")
