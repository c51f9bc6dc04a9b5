from collections.abc import Callable, Iterator

import pytest

from tandem.state.store import SqlState, open_state


@pytest.fixture
def state(database_url: str) -> Iterator[SqlState]:
    """The state of the integration `crm`, in each kind of database."""
    store = open_state(database_url, "crm")
    yield store
    store.close()


@pytest.fixture
def another(database_url: str) -> Iterator[Callable[..., SqlState]]:
    """Opens stores on one database, as several processes do."""
    stores: list[SqlState] = []

    def opened(integration: str = "crm") -> SqlState:
        stores.append(open_state(database_url, integration))
        return stores[-1]

    yield opened
    for store in stores:
        store.close()
