"""What the tests of the Dynamics connector share."""

import pytest
from tests.connectors.dynamics.small_dataverse import Dataverse


@pytest.fixture
def dataverse() -> Dataverse:
    """An organisation without records."""
    return Dataverse()
