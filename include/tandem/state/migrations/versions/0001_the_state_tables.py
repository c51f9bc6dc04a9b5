"""The state tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

KEY = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "integration_conflict",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("integration", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("local_id", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "integration_deferred",
        sa.Column("integration", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False, comment="the local field that waits"),
        sa.Column("local_id", sa.Text(), nullable=False),
        sa.Column(
            "target", sa.Text(), nullable=False, comment="the external entity that is looked up"
        ),
        sa.Column("value", sa.Text(), nullable=False, comment="what the external record refers to"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("integration", "entity", "external_id", "field"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "integration_link",
        sa.Column("integration", KEY, nullable=False),
        sa.Column("entity", KEY, nullable=False),
        sa.Column("external_id", KEY, nullable=False),
        sa.Column("local_id", KEY, nullable=False),
        sa.Column(
            "base",
            sa.LargeBinary(),
            nullable=True,
            comment="the values last agreed on; two-way mappings only",
        ),
        sa.Column("base_hash", sa.LargeBinary(), nullable=False),
        sa.Column("local_version", sa.Text(), nullable=True),
        sa.Column("external_version", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("integration", "entity", "external_id"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("integration_link", schema=None) as batch_op:
        batch_op.create_index(
            "ix_integration_link_local", ["integration", "entity", "local_id"], unique=True
        )

    op.create_table(
        "integration_log",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("integration", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "status", sa.Text(), nullable=False, comment="running, success, partial or failed"
        ),
        sa.Column("all", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("deleted", sa.BigInteger(), nullable=False),
        sa.Column("unchanged", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("conflicts", sa.BigInteger(), nullable=False),
        sa.Column("deferred", sa.BigInteger(), nullable=False),
        sa.Column("superseded", sa.BigInteger(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("integration_log", schema=None) as batch_op:
        batch_op.create_index(
            "ix_integration_log_run", ["integration", "run_id", "entity", "direction"], unique=True
        )

    op.create_table(
        "integration_rejected",
        sa.Column("integration", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column(
            "side", sa.Text(), nullable=False, comment="the side that the record was read from"
        ),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False, comment="waiting or archived"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error_class", sa.Text(), nullable=False, comment="record or dependency"),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column(
            "payload",
            sa.Text(),
            nullable=True,
            comment="the record as it was read; for people, never sent again",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("integration", "entity", "side", "record_id"),
    )
    op.create_table(
        "integration_syncanchor",
        sa.Column("integration", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column(
            "kind", sa.Text(), nullable=False, comment="delta, version, timestamp or snapshot"
        ),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("mapping_hash", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("integration", "entity", "side"),
    )
    op.create_table(
        "integration_transaction",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("integration", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("local_id", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error_class", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("request", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    op.drop_table("integration_transaction")
    op.drop_table("integration_syncanchor")
    op.drop_table("integration_rejected")
    with op.batch_alter_table("integration_log", schema=None) as batch_op:
        batch_op.drop_index("ix_integration_log_run")

    op.drop_table("integration_log")
    with op.batch_alter_table("integration_link", schema=None) as batch_op:
        batch_op.drop_index("ix_integration_link_local")

    op.drop_table("integration_link")
    op.drop_table("integration_deferred")
    op.drop_table("integration_conflict")
