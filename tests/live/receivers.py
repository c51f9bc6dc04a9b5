"""Where notices of a test arrive: a Slack webhook and a mail server of our own."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

HOST: Final = "127.0.0.1"


class Received:
    """What has arrived so far."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.port = 0


@contextmanager
def webhook() -> Iterator[Received]:
    """A server that takes what Slack's incoming webhooks take."""
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.texts.append(json.loads(body)["text"])
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with _running(ThreadingHTTPServer((HOST, 0), Handler), received):
        yield received


@contextmanager
def mailbox() -> Iterator[Received]:
    """A mail server that keeps each message as it came."""
    received = Received()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 test")
            for line in self.rfile:
                match line[:4].upper():
                    case b"DATA":
                        self._say("354 go on")
                        received.texts.append(self._message())
                        self._say("250 kept")
                    case b"QUIT":
                        self._say("221 bye")
                        return
                    case _:
                        self._say("250 fine")

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

        def _message(self) -> str:
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line.decode())
            return "".join(lines)

    with _running(socketserver.ThreadingTCPServer((HOST, 0), Handler), received):
        yield received


@contextmanager
def _running(server: socketserver.BaseServer, received: Received) -> Iterator[None]:
    received.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
