"""The OData server as the runner sees it: a process with counters and two states."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class Server:
    """The running OData server."""

    root: str
    pages: Path
    pid: int

    def tell(self, path: str) -> None:
        """Reset the counters, or switch to another state."""
        httpx.post(self.root.replace("/odata/", path)).raise_for_status()

    def stats(self) -> dict[str, Any]:
        """What was asked since the last reset."""
        answer: dict[str, Any] = httpx.get(self.root.replace("/odata/", "/_stats")).json()
        return answer

    def expected(self, state: str) -> dict[str, int]:
        """What a target must hold."""
        expected: dict[str, int] = json.loads((self.pages / f"{state}.json").read_text())
        return expected


@contextmanager
def serving(rows: int) -> Iterator[Server]:
    """The server with that many records, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.server", "--rows", str(rows)]
    print(f"Starting the server with {rows:,} records (rendered once) …", flush=True)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            root, pages = process.stdout.readline().split()
            yield Server(root, Path(pages), process.pid)
        finally:
            process.terminate()
