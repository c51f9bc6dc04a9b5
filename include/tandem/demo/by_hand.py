"""Running one of the demo's services by hand, until Ctrl-C."""

import sys
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from socket import socket as Socket  # noqa: N812 a class
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from tandem.demo.certificate import certificate
from tandem.demo.data import Sizes
from tandem.demo.dialects import Dialect
from tandem.demo.server import HOST
from tandem.demo.stands import Place, Stand, signs_in, stand

PORT: Final = 8765
FOLDER: Final = Path(".demo")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be started, and where."""

    dialect: Dialect = Dialect.ODATA
    host: str = HOST
    port: int = PORT
    """0 takes a free one."""
    database: Path | None = None
    accounts: int = Sizes().accounts
    """Size of a new database."""
    credentials: tuple[str, str] | None = None


def run(wish: Wish) -> None:
    """Make the database if it is not there, say what is where, and serve until Ctrl-C."""
    database = wish.database or FOLDER / f"{_file_name(wish.dialect)}.db"
    files = certificate(database.parent.absolute()) if signs_in(wish.dialect) else None
    with suppress(KeyboardInterrupt), closing(_socket(wish)) as socket:
        # The name that the certificate is for; MSAL takes it for an authority's.
        host = "localhost" if files and wish.host == HOST else wish.host
        base = f"{'https' if files else 'http'}://{host}:{socket.getsockname()[1]}"
        sizes, trust = Sizes.of(wish.accounts), files[0] if files else None
        ready = stand(wish.dialect, Place(base, database, sizes, trust, wish.credentials))
        sys.stdout.write(said(ready, base))
        sys.stdout.flush()
        _serve(ready.app, socket, files)


def _socket(wish: Wish) -> Socket:
    """Who connects before the service is ready waits for it."""
    socket = uvicorn.Config("", host=wish.host, port=wish.port, log_level="warning").bind_socket()
    socket.listen()
    return socket


def _serve(app: ASGIApp, socket: Socket, files: tuple[Path, Path] | None) -> None:
    public, private = files or (None, None)
    config = uvicorn.Config(
        app, log_level="warning", lifespan="off", ssl_certfile=public, ssl_keyfile=private
    )
    uvicorn.Server(config).run(sockets=[socket])


def said(ready: Stand, base: str) -> str:
    """What runs where, and the connections that lead there."""
    lines = [f"{ready.title} at {base}{ready.root}", *ready.notes]
    for title, line in ready.exports():
        lines += ["", f"Connect to it{f' {title}' if title else ''}:", f"  {line}"]
    return "\n".join([*lines, "", "Stop it with Ctrl-C.", ""])


def _file_name(dialect: Dialect) -> str:
    """The demo's own service has had its name before there were others."""
    return "service" if dialect is Dialect.ODATA else dialect.value
