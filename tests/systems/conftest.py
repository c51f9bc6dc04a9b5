"""What the tests of whole systems share."""

import logging
from collections.abc import Iterator

import pytest
from tests.systems.hunt import Hunt, Logged

LOUD = ("", "tandem", "msal", "msal.token_cache", "httpx", "httpcore", "urllib3", "asyncio")
"""Loggers that are set to DEBUG."""


@pytest.fixture
def hunt() -> Iterator[Hunt]:
    """Looks at all that is logged, of everybody, at DEBUG."""
    hunt = Hunt()
    logged = Logged(hunt)
    before = {name: logging.getLogger(name).level for name in LOUD}
    logging.getLogger().addHandler(logged)
    for name in LOUD:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield hunt
    logging.getLogger().removeHandler(logged)
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)
