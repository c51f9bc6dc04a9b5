"""Running a service: in a thread of this process, or waiting for one that runs elsewhere."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

import uvicorn
from starlette.types import ASGIApp

from tandem.demo.service import ROOT

HOST: Final = "127.0.0.1"
PAUSE: Final = 0.02


@contextmanager
def serving(app: ASGIApp, *, port: int = 0, root: str = ROOT) -> Iterator[str]:
    """Run the application in a thread while the block lasts; gives the service root URL.

    Port 0 takes a free one; `root` is the path of the service root.
    """
    config = uvicorn.Config(app, host=HOST, port=port, log_level="warning", lifespan="off")
    socket = config.bind_socket()
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
    thread.start()
    try:
        host, bound = socket.getsockname()[:2]
        wait_until_ready(f"http://{host}:{bound}/")
        yield f"http://{host}:{bound}{root}"
    finally:
        server.should_exit = True
        thread.join()
        socket.close()


def wait_until_ready(url: str, seconds: float = 30) -> None:
    """Return when the service at that address answers; TimeoutError if it does not in time."""
    health = url.split("/odata/", maxsplit=1)[0].rstrip("/") + "/health"
    give_up = time.monotonic() + seconds
    while True:
        try:
            with urlopen(health, timeout=seconds):  # noqa: S310 an address of our own
                return
        except (URLError, ConnectionError) as error:
            if time.monotonic() > give_up:
                raise TimeoutError(f"{health} did not answer in {seconds:g} s.") from error
            time.sleep(PAUSE)
