"""Run one of the demo's services by hand: `python -m tandem.demo --port 8765 --database FILE`.

`tandem demo` is the same, without what only containers need.
"""

import argparse
from pathlib import Path

from tandem.demo.by_hand import PORT, Wish, run
from tandem.demo.data import Sizes
from tandem.demo.dialects import Dialect
from tandem.demo.server import HOST


def main() -> None:
    """Make the database if it is not there, say where the service is, and serve until Ctrl-C."""
    options = _options()
    credentials = (options.login, options.password) if options.login else None
    run(
        Wish(
            Dialect(options.dialect),
            options.host,
            options.port,
            options.database,
            options.accounts,
            credentials,
        )
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tandem.demo", description=main.__doc__)
    parser.add_argument("--dialect", choices=[*Dialect], default=Dialect.ODATA)
    parser.add_argument("--host", default=HOST, help="0.0.0.0 lets other machines in")
    parser.add_argument("--port", type=int, default=PORT, help="0 takes a free one")
    parser.add_argument("--database", type=Path, help="a file; made if missing")
    parser.add_argument(
        "--accounts", type=int, default=Sizes().accounts, help="size of a new database"
    )
    parser.add_argument("--login", help="ask for this login and --password (basic)")
    parser.add_argument("--password", default="")
    return parser.parse_args()


if __name__ == "__main__":
    main()
