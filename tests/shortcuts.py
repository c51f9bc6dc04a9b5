"""What costs tests much time and tells them nothing: waiting for the disk, for a server to see
that it is to end, and reading certificates.

No test pulls the plug, so nothing has to reach the disk before a commit returns: a process that
is killed leaves its commits with the kernel. What the product asks of SQLite stays as it is.
"""

import asyncio
import sqlite3
from contextlib import suppress
from functools import cache
from types import SimpleNamespace
from typing import Any, Final

import httpx
import uvicorn.server
from httpx._transports import default as transports

NO_FSYNC: Final = "-csynchronous_commit%3Doff"
"""The same for PostgreSQL, among the `options` of an address."""


def without_fsync() -> None:
    """SQLite in this process no longer waits for the disk."""
    connect = sqlite3.connect

    def connected(*arguments: Any, **named: Any) -> sqlite3.Connection:
        made = connect(*arguments, **named)
        waits = made.execute("PRAGMA busy_timeout").fetchone()[0]
        with suppress(sqlite3.Error):  # whoever uses it learns what is wrong with it
            made.execute("PRAGMA busy_timeout = 0")
            made.execute("PRAGMA synchronous = OFF")
        made.execute(f"PRAGMA busy_timeout = {waits}")
        return made

    sqlite3.connect = sqlite3.dbapi2.connect = connected


def with_certificates_read_once() -> None:
    """Clients of this process share what httpx trusts by default: 20 ms for each of them."""
    create, shared = httpx.create_ssl_context, cache(httpx.create_ssl_context)

    def created(verify: Any = True, cert: Any = None, trust_env: bool = True) -> Any:
        if verify is True and cert is None:
            return shared(trust_env=trust_env)
        return create(verify=verify, cert=cert, trust_env=trust_env)

    transports.create_ssl_context = created


def with_servers_that_end_at_once() -> None:
    """Uvicorn looks ten times a second whether it is to end, and waits as long once more."""

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.01))

    uvicorn.server.asyncio = SimpleNamespace(**{**vars(asyncio), "sleep": sleep})
