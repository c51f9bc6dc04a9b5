"""A small organization for each test."""

import pytest
from tests.connectors.resco.organization import Organization


@pytest.fixture
def organization() -> Organization:
    """An organization with metadata and without records."""
    return Organization()
