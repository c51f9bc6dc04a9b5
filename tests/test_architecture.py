"""Who may know whom: every import of the package is walked, those within functions too."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tandem.connectors.odata.dialects.families import DIALECTS
from tandem.connectors.registry import installed_connectors

PROJECT: Final = Path(__file__).parent.parent
PACKAGE: Final = PROJECT / "include" / "tandem"

LAYERS: Final = (
    {"errors", "pipeline", "settings", "xml_source", "yaml_source"},
    {"model"},
    {
        "core",
        "integration_files",
        "integration_schema",
        "mapping_files",
        "transforms",
        "validation_problems",
        "editing",
        "yaml_edit",
    },
    {"database", "staging_places"},
    {"connectors", "staging", "state"},
    {"conformance", "sync"},
    {"airflow"},
    {"cli", "web"},
)
"""From the bottom to the top; a part knows those below it, and itself."""
BESIDE: Final = {"demo": {"cli"}}
"""Parts that know none of the others → who may know them."""
LIBRARIES: Final = {
    "airflow": {"airflow", "dags", "plugins"},
    "httpx": {"connectors"},
    "msal": {"connectors"},
    "sqlalchemy": {"state", "database", "connectors.sql", "airflow.api_server"},
    "alembic": {"state"},
    "adbc_driver_sqlite": {"database", "connectors.sql"},
    "psycopg": {"database", "connectors.sql"},
    "cryptography": {"state", "demo"},
    "pytest": {"conformance"},
    "typer": {"cli"},
    "rich": {"cli", "demo"},
    "starlette": {"demo", "web"},
    "fastapi": {"web", "airflow.api_server"},
    "jinja2": {"web", "airflow.notices.sending"},
}
"""Library → who may import it."""
KNOWN_TO_CORE: Final = {"numpy", "pandas", "pyarrow", "xxhash"}


class Import(NamedTuple):
    """One import statement."""

    importer: str
    """Module of ours, without `tandem.`; or `dags`, `plugins`."""
    imported: str
    place: str


def _modules() -> Iterator[tuple[str, Path]]:
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        yield ".".join(part for part in parts if part != "__init__"), path
    for folder in ("dags", "plugins"):
        yield from ((folder, path) for path in (PROJECT / folder).rglob("*.py"))


def _imports() -> Iterator[Import]:
    for module, path in _modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            place = f"{path.relative_to(PROJECT)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Import):
                yield from (Import(module, alias.name, place) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
                yield from (Import(module, name, place) for name in names)


IMPORTS: Final = list(_imports())


def part(module: str) -> str:
    """The part of the house that a module of ours belongs to."""
    return module.removeprefix("tandem.").partition(".")[0]


def room(module: str) -> str:
    """What is next: `dynamics` of `connectors.dynamics.names`."""
    return module.removeprefix("tandem.").partition(".")[2].partition(".")[0]


def ours() -> list[Import]:
    """Imports of one part of ours by another, from within the package."""
    return [
        found
        for found in IMPORTS
        if found.imported.startswith("tandem.")
        and part(found.importer) not in ("dags", "plugins", "")
        if part(found.imported) != part(found.importer)
    ]


def test_every_part_has_its_place() -> None:
    placed = set().union(*LAYERS, BESIDE)
    assert {part(module) for module, _ in _modules()} - placed <= {"", "dags", "plugins"}


def test_arrows_point_downwards() -> None:
    level = {name: number for number, names in enumerate(LAYERS) for name in names}
    wrong = [
        found
        for found in ours()
        if not {part(found.importer), part(found.imported)} & BESIDE.keys()
        if level[part(found.imported)] > level[part(found.importer)]
    ]
    assert not wrong


def test_connectors_and_state_do_not_know_each_other() -> None:
    pairs = {(part(found.importer), part(found.imported)) for found in ours()}
    assert not pairs & {("connectors", "state"), ("state", "connectors")}


def test_what_stands_beside_is_known_to_few_and_knows_nobody() -> None:
    wrong = [
        found
        for found in ours()
        if part(found.importer) in BESIDE
        or part(found.importer) not in BESIDE.get(part(found.imported), {part(found.importer)})
    ]
    assert not wrong


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_is_known_where_it_belongs(library: str) -> None:
    allowed = tuple(LIBRARIES[library])
    wrong = [
        found
        for found in IMPORTS
        if found.imported.partition(".")[0] == library
        if not any(f"{found.importer}.".startswith(f"{place}.") for place in allowed)
    ]
    assert not wrong


def test_core_knows_columns_and_nothing_else_outside() -> None:
    libraries = {
        found.imported.partition(".")[0] for found in IMPORTS if part(found.importer) == "core"
    }
    assert libraries - set(sys.stdlib_module_names) - {"tandem"} <= KNOWN_TO_CORE


def test_nobody_asks_which_connector_it_is() -> None:
    """Behaviour differs by capabilities and by the connector's own methods."""
    classes = {entry.value.rpartition(":")[2] for entry in installed_connectors().values()}
    wrong = [
        found
        for found in IMPORTS
        if found.imported.rpartition(".")[2] in classes and part(found.importer) != "connectors"
    ]
    assert not wrong


def test_nobody_compares_with_the_name_of_a_connector_or_dialect() -> None:
    """The demo is such systems, and so knows their names; a dialect is looked up, not compared."""
    names = {*installed_connectors(), *DIALECTS} - {""}
    wrong = [
        (module, node.lineno)
        for module, path in _modules()
        if part(module) != "demo"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Compare | ast.MatchValue)
        if names & {leaf.value for leaf in ast.walk(node) if isinstance(leaf, ast.Constant)}
    ]
    assert not wrong


@pytest.mark.parametrize("place", ["connectors", "demo"])
def test_vendors_do_not_know_each_other(place: str) -> None:
    """They meet in what they share, which knows none of them."""
    vendors = {"business_central", "dynamics", "resco"}
    wrong = [
        found
        for found in IMPORTS
        if part(found.importer) == part(found.imported) == place
        if room(found.imported) in vendors
        if room(found.importer) not in ("stands", room(found.imported))
    ]
    assert not wrong
