"""Simulated systems with their authority on a host of their own, over TLS.

MSAL takes an authority by https only, and a connection's extra names the certificate to trust: so
the whole way is gone that a user's requests go, and nothing is replaced on it.
"""

import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from tandem.demo.authority.authority import TENANT, Authority
from tandem.demo.authority.service import create_app as create_authority
from tandem.demo.certificate import certificate

CLIENT = "app"


@dataclass(frozen=True)
class Hosted:
    """Where the systems are."""

    base: str
    trust: Path

    def sign_in(self, auth: str | None = None, **more: Any) -> dict[str, Any]:
        """The extra of a connection that signs in at this host's authority."""
        named = {
            "tenant": TENANT,
            "client_id": CLIENT,
            "authority": f"{self.base}/{TENANT}",
            "verify": str(self.trust),
            **({"auth": auth} if auth else {}),
        }
        return named | more

    def enter(self, code: str) -> httpx.Response:
        """Somebody opens the page and enters the code."""
        with httpx.Client(verify=_trusting(self.trust)) as browser:
            return browser.post(f"{self.base}/devicelogin", data={"user_code": code})


@contextmanager
def hosted(folder: Path, authority: Authority, systems: Mapping[str, Any]) -> Iterator[Hosted]:
    """Serve the authority, and each system below its path, in a thread while the block lasts."""
    public, private = certificate(folder)
    config = uvicorn.Config(
        _one_host(create_authority(authority), systems),
        host="127.0.0.1",
        port=0,
        log_level="warning",
        lifespan="off",
        ssl_certfile=public,
        ssl_keyfile=private,
    )
    socket = config.bind_socket()
    socket.listen()  # who asks before the server is there waits for it
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
    thread.start()
    try:
        yield Hosted(f"https://localhost:{socket.getsockname()[1]}", public)
    finally:
        server.should_exit = True
        thread.join()
        socket.close()


def _one_host(authority: Any, systems: Mapping[str, Any]) -> Any:
    async def answer(scope: Any, receive: Any, send: Any) -> None:
        path = scope.get("path", "")
        found = [app for root, app in systems.items() if path.startswith(root)]
        await (found[0] if found else authority)(scope, receive, send)

    return answer


def _trusting(public: Path) -> Any:
    return ssl.create_default_context(cafile=public)
