"""Run the demo service by hand: `python -m tandem.demo --port 8765 --database FILE`."""

import argparse
import sys
from contextlib import suppress
from pathlib import Path

import uvicorn

from tandem.demo.data import Sizes, fill
from tandem.demo.schema import FIELD_SERVICE
from tandem.demo.server import HOST
from tandem.demo.service import ROOT, create_app
from tandem.demo.store import Store


def main() -> None:
    """Make the database if it is not there, say where the service is, and serve until Ctrl-C."""
    options = _options()
    store = Store(options.database, FIELD_SERVICE)
    fill(store, Sizes.of(options.accounts))
    counts = "".join(f"  {name}: {count:,}\n" for name, count in store.counts().items())
    credentials = (options.login, options.password) if options.login else None
    app = create_app(options.database, credentials=credentials)
    config = uvicorn.Config(app, host=options.host, port=options.port, log_level="warning")
    socket = config.bind_socket()
    url = f"http://{options.host}:{socket.getsockname()[1]}{ROOT}"
    sys.stdout.write(f"OData v4 demo service at {url}\n{counts}Stop it with Ctrl-C.\n")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[socket])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tandem.demo", description=main.__doc__)
    parser.add_argument("--host", default=HOST, help="0.0.0.0 lets other machines in")
    parser.add_argument("--port", type=int, default=8765, help="0 takes a free one")
    parser.add_argument("--database", type=Path, default=Path(".demo/service.db"))
    parser.add_argument(
        "--accounts", type=int, default=Sizes().accounts, help="size of a new database"
    )
    parser.add_argument("--login", help="ask for this login and --password (basic)")
    parser.add_argument("--password", default="")
    return parser.parse_args()


if __name__ == "__main__":
    main()
