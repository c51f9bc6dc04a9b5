"""What we make of each published metadata document, compared with what we made of it before.

`TANDEM_GOLDEN=write pytest tests/connectors/odata/test_golden_metadata.py` writes the digests anew;
`git diff` then shows what changed.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from difflib import unified_diff
from hashlib import sha256
from pathlib import Path

import pytest

from tandem.connectors.odata.metadata import parse_metadata
from tandem.model.schema import Capabilities, Deletes, Entity, Field, Schema

LARGEST_BATCH = 1_000
DATA = Path(__file__).parents[4] / "shared" / "data"
GOLDEN = Path(__file__).parent / "golden"
WRITE = os.environ.get("TANDEM_GOLDEN") == "write"
DOCUMENTS = sorted(
    path
    for pattern in ("*/*metadata.xml", "oasis-csdl/*.xml", "oasis-csdl/*.json")
    for path in DATA.glob(pattern)
)
SHOWN = 20
"""Lines of difference that a failure shows."""
MOST = 2
"""Names that a line lists of each sort."""


def digest(schema: Schema) -> Iterator[str]:
    """One line for each entity."""
    fields = sum(len(entity.fields) for entity in schema.entities)
    dialects = sorted({entity.capabilities.dialect for entity in schema.entities} - {""})
    yield ", ".join([f"{len(schema.entities)} entities", f"{fields} fields", *dialects])
    keys = {entity.name: entity.key for entity in schema.entities}
    for entity in schema.entities:
        yield f"{entity.name}: {'; '.join(part for part in parts(entity, keys) if part)}"


def parts(entity: Entity, keys: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """What one line says."""
    fields = entity.fields
    kinds = Counter(field.kind.value for field in fields)
    yield f"key {', '.join(entity.key) or 'none'}"
    yield ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    yield some("required", (f.name for f in fields if f.is_required and f.name not in entity.key))
    yield some("read-only", (f.name for f in fields if f.read_only and not f.immutable))
    yield some("immutable", (f.name for f in fields if f.immutable))
    yield some("defaulted", (f.name for f in fields if f.defaulted))
    yield some("unique", (f.name for f in fields if f.unique))
    yield some("unfilterable", (f.name for f in fields if not f.filterable))
    yield some("options", (f"{f.name} {len(f.options)}" for f in fields if f.options))
    yield some("lookups", (lookup(f, keys) for f in fields if f.lookup))
    yield " ".join(able(entity.capabilities))
    text = entity.model_dump_json(exclude_defaults=True)
    yield "#" + sha256(text.encode()).hexdigest()[:8]


def lookup(field: Field, keys: Mapping[str, tuple[str, ...]]) -> str:
    """`parent_ID→Accounts`, with `.ID` where that is not the key, `!` where it is written by its
    navigation property, and the number of further targets.
    """
    first = field.lookup[0]
    rest = f"+{len(field.lookup) - 1}" if len(field.lookup) > 1 else ""
    of_field = "" if keys.get(first.entity) == (first.field,) else f".{first.field}"
    return f"{field.name}→{first.entity}{of_field}{rest}{'!' if field.by_navigation else ''}"


def some(title: str, names: Iterable[str]) -> str:
    """The first of the names, and how many more there are."""
    known = list(names)
    rest = f" +{len(known) - MOST}" if len(known) > MOST else ""
    return f"{title} {', '.join(known[:MOST])}{rest}" if known else ""


def able(capabilities: Capabilities) -> Iterator[str]:
    """What differs from a set that can do all but track changes, in large batches."""
    said = capabilities.model_dump(mode="json")
    cannot = ("filter", "sort", "creates", "updates", "removes", "client_keys")
    yield from (f"-{name}" for name in cannot if not said[name])
    yield from (f"+{name}" for name in ("delta", "optimistic_concurrency") if said[name])
    if capabilities.deletes is not Deletes.KEY_SWEEP:
        yield f"deletes={said['deletes']}"
    if capabilities.batch_size != LARGEST_BATCH:
        yield f"batch={capabilities.batch_size}"
    if capabilities.version_fields:
        yield f"versions={','.join(capabilities.version_fields)}"
    if capabilities.filter_functions is not None:
        yield f"functions={len(capabilities.filter_functions)}"


@pytest.mark.skipif(not DATA.is_dir(), reason="the published documents are not here")
@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_the_document_gives_the_schema_that_it_gave_before(path: Path) -> None:
    lines = list(digest(parse_metadata(path.read_bytes())))
    golden = GOLDEN / f"{path.stem}.txt"
    if WRITE:
        golden.write_text("\n".join(lines) + "\n", encoding="utf-8")
    known = golden.read_text(encoding="utf-8").splitlines() if golden.exists() else []
    changes = list(unified_diff(known, lines, "before", "now", n=0, lineterm=""))
    shown = "\n".join(changes[:SHOWN])
    assert not changes, (
        f"The schema of {path.name} is not what it was ({len(changes)} lines differ). If that is "
        f"meant, run this test with TANDEM_GOLDEN=write and commit {golden.name}.\n{shown}"
    )


@pytest.mark.skipif(not DATA.is_dir(), reason="the published documents are not here")
def test_there_is_no_digest_without_its_document() -> None:
    assert {p.stem for p in GOLDEN.glob("*.txt")} == {p.stem for p in DOCUMENTS}
