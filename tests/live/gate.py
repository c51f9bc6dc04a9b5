"""A hand on the demo service: its answers to writes can be held back."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_WRITES: Final = (b"POST ", b"PATCH ", b"DELETE ", b'"POST"', b'"PATCH"', b'"DELETE"')


@dataclass
class Gate:
    """An ASGI application whose answers to writes wait while it is shut; what they did is done."""

    app: ASGIApp
    held: threading.Event = field(default_factory=threading.Event)
    """An answer is being held back."""
    _open: threading.Event = field(default_factory=threading.Event)
    _pass: int = 0

    def __post_init__(self) -> None:
        self._open.set()

    @contextmanager
    def shut_after(self, writes: int) -> Iterator[None]:
        """Let the answers to so many requests with writes pass, and hold back later ones.

        All of them pass when the block ends.
        """
        self._pass = writes
        self.held.clear()
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, now or later."""
        body = bytearray()

        async def listen() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        async def speak(message: Any) -> None:
            if message["type"] == "http.response.start" and self._is_write(scope, body):
                await self._wait()
            await send(message)

        await self.app(scope, listen, speak)

    def _is_write(self, scope: Scope, body: bytearray) -> bool:
        if scope["path"].endswith("/$batch"):
            return any(write in bytes(body).upper() for write in _WRITES)
        return scope["method"] in ("POST", "PATCH", "DELETE")

    async def _wait(self) -> None:
        self._pass -= 1
        while self._pass < 0 and not self._open.is_set():
            self.held.set()
            await asyncio.sleep(0.05)
