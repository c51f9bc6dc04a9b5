"""What reading a large metadata document costs, and how large its snapshot is.

python -m benchmarks.metadata [DOCUMENT …]

Without documents: the published one of Dynamics, where it is at hand. Time and memory are measured
in two passes, since counting memory takes time.
"""

import gzip
import sys
import time
import tracemalloc
from pathlib import Path
from statistics import median
from typing import Final

from tandem.connectors.odata.metadata import parse_metadata
from tandem.model.schema import Schema

PUBLISHED: Final = (
    Path(__file__).parents[2] / "shared/data/dataverse/dynamics-crm4-v9.1-metadata.xml"
)
_TIMES: Final = 5
_MB: Final = 2**20


def _seconds(body: bytes) -> float:
    """The median of several readings."""
    took = []
    for _ in range(_TIMES):
        start = time.perf_counter()
        parse_metadata(body)
        took.append(time.perf_counter() - start)
    return median(took)


def _peak(body: bytes) -> tuple[Schema, int]:
    """The schema, and the bytes that reading it took at most beside the document itself."""
    tracemalloc.start()
    schema = parse_metadata(body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return schema, peak


def measured(path: Path) -> str:
    """One row of the table in BENCHMARKS.md."""
    body = path.read_bytes()
    seconds = _seconds(body)
    schema, peak = _peak(body)
    snapshot = schema.model_dump_json(exclude_defaults=True).encode()
    fields = sum(len(entity.fields) for entity in schema.entities)
    return (
        f"| {path.stem} | {len(body) / _MB:.2f} | {len(schema.entities)} | {fields:,} "
        f"| {seconds:.2f} | {peak / _MB:.0f} | {len(snapshot) / _MB:.2f} "
        f"| {len(gzip.compress(snapshot)) / 1024:.0f} |"
    )


def main(documents: list[str]) -> int:
    """Print the table; 1 if there is no document to read."""
    paths = [Path(name) for name in documents] or [PUBLISHED]
    missing = [path for path in paths if not path.is_file()]
    if missing:
        print(f"There is no document {missing[0]}: name a $metadata file to read.")
        return 1
    print("| document | MB | entities | fields | s | peak MB | snapshot MB | compressed KB |")
    print("|---|---|---|---|---|---|---|---|")
    for path in paths:
        print(measured(path))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
