"""What the state knows of all integrations at once."""

from datetime import datetime

from sqlalchemy import Engine, func, select

from tandem.state.lease import holder
from tandem.state.scope import Scope
from tandem.state.tables import lease, log


def known_integrations(engine: Engine) -> set[str]:
    """The names of all integrations that have ever run, also of those that are gone."""
    named = func.min(log.c.integration)
    names = select(named.label("name")).cte("names", recursive=True)
    after = select(named).where(log.c.integration > names.c.name).scalar_subquery()
    names = names.union_all(select(after).where(names.c.name.is_not(None)))
    with engine.connect() as connection:
        held = set(connection.scalars(select(lease.c.integration)))
        return held | {name for name in connection.scalars(select(names.c.name)) if name}


def at_work(engine: Engine, now: datetime) -> dict[str, str]:
    """Integration → the run that holds its lease."""
    held = select(lease.c.integration).where(lease.c.holder.is_not(None))
    with engine.connect() as connection:
        names = connection.scalars(held).all()
        found = {name: holder(Scope(connection, name), now) for name in names}
    return {name: run_id for name, run_id in found.items() if run_id}
