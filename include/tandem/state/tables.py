"""The tables of the state database. Their names and columns are relied on by other programs."""

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)

metadata = MetaData()


class _Instant(TypeDecorator[datetime]):
    """An aware instant, also where the database keeps no zone: there it is UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


_AUTO_ID = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers only INTEGER keys itself
_AT = _Instant()
_KEY = Text(collation="C").with_variant(Text(), "sqlite")
"""Ids are compared byte by byte: a language's order would cost a seventh of the bulk insert."""

log = Table(
    "integration_log",
    metadata,
    Column("id", _AUTO_ID, primary_key=True, autoincrement=True),
    Column("integration", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column(
        "kind", Text, nullable=False, server_default="sync", comment="sync, import, export or asked"
    ),
    Column("started_at", _AT, nullable=False),
    Column("finished_at", _AT),
    Column("status", Text, nullable=False, comment="running, success, partial or failed"),
    Column("all", BigInteger, nullable=False, default=0),
    Column("created", BigInteger, nullable=False, default=0),
    Column("updated", BigInteger, nullable=False, default=0),
    Column("deleted", BigInteger, nullable=False, default=0),
    Column("unchanged", BigInteger, nullable=False, default=0),
    Column("failed", BigInteger, nullable=False, default=0),
    Column("conflicts", BigInteger, nullable=False, default=0),
    Column("deferred", BigInteger, nullable=False, default=0),
    Column("superseded", BigInteger, nullable=False, default=0),
    Column("message", Text, nullable=False, default=""),
    Index("ix_integration_log_run", "integration", "run_id", "entity", "direction", unique=True),
    Index("ix_integration_log_newest", "integration", "id", "run_id", "kind"),
    Index("ix_integration_log_worst", "integration", "run_id", "status", "id"),
    Index(
        "ix_integration_log_entity", "integration", "entity", "id", "direction", "kind", "status"
    ),
    Index("ix_integration_log_status", "integration", "status", "id"),
)

expired = Table(
    "integration_expired",
    metadata,
    Column("integration", Text, primary_key=True),
    Column("entity", Text, primary_key=True),
    Column(
        "loads",
        BigInteger,
        nullable=False,
        comment="runs that have loaded it and are not in the log any more",
    ),
)

syncanchor = Table(
    "integration_syncanchor",
    metadata,
    Column("integration", Text, primary_key=True),
    Column("entity", Text, primary_key=True),
    Column("side", Text, primary_key=True),
    Column("kind", Text, nullable=False, comment="delta, version, timestamp or snapshot"),
    Column("value", Text, nullable=False),
    Column("mapping_hash", Text, nullable=False),
    Column("asked", Text, comment="JSON of the mapping that it was set under; null: not known"),
    Column("updated_at", _AT, nullable=False),
)

transaction = Table(
    "integration_transaction",
    metadata,
    Column("id", _AUTO_ID, primary_key=True, autoincrement=True),
    Column("integration", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("local_id", Text),
    Column("external_id", Text),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("error_class", Text),
    Column("error", Text),
    Column("request", Text),
    Column("created_at", _AT, nullable=False),
    Column("updated_at", _AT, nullable=False),
    Index("ix_integration_transaction_status", "integration", "entity", "status"),
    Index("ix_integration_transaction_local", "integration", "entity", "local_id"),
    Index("ix_integration_transaction_external", "integration", "entity", "external_id"),
)
"""`status`: pending (a deletion that waits for approval), sent, processed, error, archived."""

link = Table(
    "integration_link",
    metadata,
    Column("integration", _KEY, primary_key=True),
    Column("entity", _KEY, primary_key=True),
    Column("external_id", _KEY, primary_key=True),
    Column("local_id", _KEY, nullable=False),
    Column("base", LargeBinary, comment="the values last agreed on; two-way mappings only"),
    Column("base_hash", LargeBinary, nullable=False),
    Column("local_hash", LargeBinary, comment="over what the local side holds"),
    Column("local_version", Text),
    Column("external_version", Text),
    Column("updated_at", _AT, nullable=False),
    Index("ix_integration_link_local", "integration", "entity", "local_id", unique=True),
    sqlite_with_rowid=False,
)

rejected = Table(
    "integration_rejected",
    metadata,
    Column("integration", Text, primary_key=True),
    Column("entity", Text, primary_key=True),
    Column("side", Text, primary_key=True, comment="the side that the record was read from"),
    Column("record_id", Text, primary_key=True),
    Column("run_id", Text, nullable=False),
    Column("status", Text, nullable=False, comment="waiting or archived"),
    Column("attempts", Integer, nullable=False, default=1),
    Column("error_class", Text, nullable=False, comment="record or dependency"),
    Column("error", Text, nullable=False),
    Column("payload", Text, comment="the record as it was read; for people, never sent again"),
    Column("created_at", _AT, nullable=False),
    Column("updated_at", _AT, nullable=False),
)

conflict = Table(
    "integration_conflict",
    metadata,
    Column("id", _AUTO_ID, primary_key=True, autoincrement=True),
    Column("integration", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("local_id", Text),
    Column("external_id", Text),
    Column("run_id", Text, nullable=False),
    Column(
        "kind",
        Text,
        nullable=False,
        server_default="edited",
        comment="edited, deleted or changed",
    ),
    Column("status", Text, nullable=False),
    Column("decision", Text, comment="who won; null while it waits"),
    Column("fields", Text, nullable=False),
    Column("created_at", _AT, nullable=False),
    Column("updated_at", _AT, nullable=False),
    Index("ix_integration_conflict_status", "integration", "entity", "status"),
    Index("ix_integration_conflict_local", "integration", "entity", "local_id"),
    Index("ix_integration_conflict_external", "integration", "entity", "external_id"),
)
"""`status`: open, resolved, decided. `fields`: JSON of texts, {field: {base, local, external}}."""

deferred = Table(
    "integration_deferred",
    metadata,
    Column("integration", Text, primary_key=True),
    Column("entity", Text, primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column("field", Text, primary_key=True, comment="the local field that waits"),
    Column("local_id", Text, nullable=False),
    Column("target", Text, nullable=False, comment="the external entity that is looked up"),
    Column("value", Text, nullable=False, comment="what the external record refers to"),
    Column("created_at", _AT, nullable=False),
    sqlite_with_rowid=False,
)

recheck = Table(
    "integration_recheck",
    metadata,
    Column("integration", _KEY, primary_key=True),
    Column("entity", _KEY, primary_key=True),
    Column("side", _KEY, primary_key=True),
    Column("record_id", _KEY, primary_key=True),
    Column("policy", Text, comment="external_wins, local_wins or JSON of who wins which field"),
    Column("reason", Text, nullable=False),
    Column("created_at", _AT, nullable=False),
    sqlite_with_rowid=False,
)

lease = Table(
    "integration_lease",
    metadata,
    Column("integration", Text, primary_key=True),
    Column("holder", Text, comment="run id; null: it is free"),
    Column("epoch", BigInteger, nullable=False, comment="grows with every holder"),
    Column("process", Text, comment="host/pid/start of the holder's"),
    Column("expires_at", _AT),
)

plan = Table(
    "integration_plan",
    metadata,
    Column("integration", Text, primary_key=True),
    Column("entity", Text, primary_key=True),
    Column("plan", Text, nullable=False, comment="the last one that was begun to carry out"),
    Column("run_id", Text, nullable=False, comment="the run that made it"),
    Column("try_id", Text, nullable=False, comment="the try that carries it out"),
)

link_mapping = Table(
    "integration_link_mapping",
    metadata,
    Column("integration", Text, primary_key=True),
    Column("entity", Text, primary_key=True),
    Column("asked", Text, nullable=False, comment="JSON of the mapping that the links fit"),
    Column("updated_at", _AT, nullable=False),
)

identity = Table(
    "integration_identity",
    metadata,
    Column("integration", Text, primary_key=True),
    Column("side", Text, primary_key=True),
    Column("id", Text, nullable=False, comment="whose records the links and anchors are about"),
    Column("name", Text, nullable=False, comment="what people called it then"),
    Column("updated_at", _AT, nullable=False),
)

schema = Table(
    "integration_schema",
    metadata,
    Column("integration", Text, primary_key=True),
    Column("side", Text, primary_key=True),
    Column("version", Integer, primary_key=True, comment="1, 2, … of that side"),
    Column("fingerprint", Text, nullable=False, comment="over the document"),
    Column("run_id", Text, nullable=False, comment="the run that saw it first"),
    Column("document", LargeBinary, nullable=False, comment="the schema as JSON, compressed"),
    Column("taken_at", _AT, nullable=False),
)

edit = Table(
    "integration_edit",
    metadata,
    Column("id", _AUTO_ID, primary_key=True, autoincrement=True),
    Column("integration", Text, nullable=False),
    Column("reason", Text, nullable=False, comment="clean up, suggest, import, undo, …"),
    Column("before", Text, nullable=False, comment="the whole integration file"),
    Column("after", Text, nullable=False),
    Column("made_at", _AT, nullable=False),
    Index("ix_integration_edit_integration", "integration", "id"),
)

sign_in = Table(
    "integration_sign_in",
    metadata,
    Column("name", Text, primary_key=True, comment="an application at a system"),
    Column("tokens", LargeBinary, comment="encrypted; null: nobody has signed in yet"),
    Column("flow", LargeBinary, comment="encrypted; null: no code waits"),
    Column("message", Text, comment="what somebody has to do"),
    Column("expires_at", _AT, comment="when the code expires"),
    Column("missed_at", _AT, comment="when a code had expired that nobody entered"),
    Column("updated_at", _AT, nullable=False),
)
"""Not of one integration: several of them may use the same connection."""

question = Table(
    "integration_question",
    metadata,
    Column("id", _AUTO_ID, primary_key=True, autoincrement=True),
    Column("integration", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("fingerprint", Text, nullable=False, comment="over the list that was asked about"),
    Column("counts", Text, nullable=False, comment="JSON: how many it is, by entity and side"),
    Column("asked_at", _AT, nullable=False),
    Column("answer", Text, comment="approved, rejected or none; null while it waits"),
    Column("answered_by", Text),
    Column("answered_at", _AT),
    Index("ix_integration_question_list", "integration", "fingerprint", "id"),
)
