"""A small OData v4 server that only copies: pages lie rendered in files and go out by sendfile.

It understands what a sync of one entity set asks for, and refuses the rest with 501, so that no
contestant is ever given an answer to another question:

    GET  /odata/                     service document
    GET  /odata/$metadata
    GET  /odata/Orders               $filter on rowVersion and modifiedAt (gt, ge, lt, le, and),
                                     $orderby by these or ID, $top, $count, odata.maxpagesize;
                                     $select is accepted, but all fields come
    GET  /odata/Orders/$count
    GET  /_stats                     {"requests", "bytes", "first", "last"}: since the last reset
    POST /_stats                     reset
    POST /_state/base, /_state/changed

`Accept: …;IEEE754Compatible=true` is honoured: Int64 and Decimal then come as strings. With
`--numbers` it is not, as many servers do not.
"""

import argparse
import socket
import threading
from pathlib import Path
from typing import BinaryIO

from benchmarks.pages import STATES, cached
from benchmarks.service import ROOT, Answer, Request, Service, State


def serve(listener: socket.socket, service: Service) -> None:
    """Answer every connection, each in a thread of its own, until the process is ended."""
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_converse, args=(connection, service), daemon=True).start()


def _converse(connection: socket.socket, service: Service) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    files: dict[Path, BinaryIO] = {}
    with connection, connection.makefile("rb") as incoming:
        try:
            while request := _next_request(incoming):
                _send(connection, service.answer(request), files)
        except (ConnectionError, TimeoutError):
            pass  # the client has gone, as clients do
        finally:
            for file in files.values():
                file.close()


def _next_request(incoming: BinaryIO) -> Request | None:
    line = incoming.readline().split()
    if len(line) != 3:
        return None
    headers = {}
    while (header := incoming.readline().strip()) != b"":
        name, _, value = header.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    incoming.read(int(headers.get("content-length", "0")))
    return Request(line[0].decode(), line[1].decode(), headers)


def _send(connection: socket.socket, answer: Answer, files: dict[Path, BinaryIO]) -> None:
    head = (
        f"HTTP/1.1 {answer.status.value} {answer.status.phrase}\r\n"
        f"Content-Type: {answer.content_type}\r\nContent-Length: {answer.length}\r\n"
        "OData-Version: 4.0\r\n\r\n"
    ).encode()
    if answer.file is None or not answer.size:
        connection.sendall(head + answer.head + answer.tail)
        return
    file = files.get(answer.file) or files.setdefault(answer.file, answer.file.open("rb"))
    connection.send(head + answer.head, socket.MSG_MORE)
    connection.sendfile(file, answer.start, answer.size)
    connection.sendall(answer.tail)


def main() -> None:
    """Render what is missing, listen, and print the service root when ready."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--page-size", type=int, default=5_000)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=Path(".bench/pages"))
    parser.add_argument("--numbers", action="store_true", help="ignore IEEE754Compatible=true")
    arguments = parser.parse_args()
    folder = cached(arguments.folder, arguments.rows)
    states = {name: State.load(folder, name) for name in STATES}
    listener = socket.create_server(("127.0.0.1", arguments.port))
    base = f"http://127.0.0.1:{listener.getsockname()[1]}{ROOT}"
    print(base, folder, flush=True)
    serve(listener, Service(states, arguments.page_size, base, not arguments.numbers))


if __name__ == "__main__":
    main()
