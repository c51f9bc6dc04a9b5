"""Moving the state database to another version of its tables, when a person asks for it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, inspect, select, table
from sqlalchemy import func as sql

from tandem.database import writing
from tandem.errors import Busy, ConfigurationError, one_of
from tandem.state.migrate import HEAD, alembic_config, ensure_current, found_revision
from tandem.state.of_all import at_work

BASE: Final = "base"
"""Before the first migration: nothing is left."""

_LOST: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "0001": (
        "everything: links, anchors, logs, what waits. The next sync is a first one",
        ("integration_link", "integration_syncanchor", "integration_log"),
    ),
    "0002": (
        "what syncing both ways needs: decisions of people, records that are to be read again, "
        "what the local side held",
        ("integration_recheck",),
    ),
    "0003": (
        "schema snapshots and edits that can be undone",
        ("integration_schema", "integration_edit", "integration_link_mapping"),
    ),
    "0004": ("sign-ins: people have to sign in again", ("integration_sign_in",)),
    "0005": ("whose records the links are about", ("integration_identity",)),
    "0006": ("nothing", ()),
    "0007": ("what people were asked, and answered", ("integration_question",)),
    "0008": ("how many runs have expired from the log", ("integration_expired",)),
    "0009": (
        "which plan of an entity was carried out last: what was read before that is not known to "
        "be stale",
        ("integration_plan",),
    ),
}
"""Migration → what is lost when it is taken back, and the tables of it whose rows are counted."""


def revisions() -> list[str]:
    """All migrations that this version knows, oldest first."""
    return list(_LOST)


def lost(engine: Engine, target: str) -> Iterator[str]:
    """What a downgrade to that migration loses, a line for each that is taken back; newest first.

    ConfigurationError if the database is not at one of this version's migrations, or below it.
    """
    with engine.connect() as connection:
        for revision in _taken_back(connection, target):
            what, tables = _LOST[revision]
            rows = [(name, _rows(connection, name)) for name in tables]
            counted = ", ".join(f"{name}: {count:,} rows" for name, count in rows)
            yield f"{revision}: {what}{f' ({counted})' if counted else ''}."


def upgrade(engine: Engine) -> str:
    """Bring the database to the newest migration; which that is."""
    ensure_current(engine)
    return HEAD


def downgrade(engine: Engine, target: str, *, now: datetime) -> None:
    """Take back all migrations after that one. Busy while a run is at work."""
    busy = at_work(engine, now) if _has_leases(engine) else {}
    if busy:
        raise Busy(
            f"Runs are at work: {', '.join(f'{name} ({run})' for name, run in busy.items())}.",
            remedy="Pause the DAGs and wait until they have ended.",
        )
    from alembic import command

    with writing(engine) as connection:
        if _taken_back(connection, target):
            command.downgrade(alembic_config(connection), target)


def _taken_back(connection: Connection, target: str) -> list[str]:
    """The migrations that the database has had after that one, newest first."""
    known = revisions()
    if target not in (BASE, *known):
        raise ConfigurationError(
            f"There is no migration {target[:50]!r}.", remedy=f"There is {one_of([BASE, *known])}."
        )
    found = found_revision(connection)
    if found is not None and found not in known:
        raise ConfigurationError(
            f"The state database has migration {found}, which this version does not know.",
            remedy="The version that made it can take it back.",
        )
    last = known.index(found) + 1 if found else 0
    first = 0 if target == BASE else known.index(target) + 1
    if first > last:
        raise ConfigurationError(
            f"The state database is at {found or 'no migration yet'}, which is before {target}.",
            remedy="tandem state upgrade brings it up.",
        )
    return known[first:last][::-1]


def _rows(connection: Connection, name: str) -> int:
    if not inspect(connection).has_table(name):
        return 0
    return connection.scalar(select(sql.count()).select_from(table(name))) or 0


def _has_leases(engine: Engine) -> bool:
    with engine.connect() as connection:
        return inspect(connection).has_table("integration_lease")
