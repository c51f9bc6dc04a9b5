import pytest

from tandem.state.store import open_state


@pytest.fixture
def state(database_url):
    """The state of the integration `crm`, in each kind of database."""
    store = open_state(database_url, "crm")
    yield store
    store.close()
