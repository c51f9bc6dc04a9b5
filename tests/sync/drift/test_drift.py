"""A schema changes between two runs, then the change is undone or the mapping mended.

In no run is anything lost, wiped or there twice; only the entity concerned stops, with those that
need it; the message says what to do; and once it is done both sides are in step again.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tandem.model.schema import Kind

DIRECTIONS = ("download_only", "upload_only", "bidirectional")
EVERYONE = frozenset(("Accounts", "Contacts"))


def nothing(_both: Any) -> None:
    pass


@dataclass(frozen=True)
class Case:
    """One change of a schema, and what follows from it."""

    change: Callable[[Any], Any]
    says: str = ""
    """What the message of accounts says; empty: they are synced all the same."""
    mend: Callable[[Any], Any] = nothing
    without: tuple[str, ...] = ()
    """Fields that are not in step in the end, since the mapping does without them."""
    directions: tuple[str, ...] = DIRECTIONS
    stops: frozenset[str] = frozenset()
    """Entities that are stopped because of accounts, though these are not."""


def dropped(side: str, name: str = "city") -> Callable[[Any], Any]:
    return lambda both: both.drop(side, name)


def put_back(side: str, name: str = "city", **facets: Any) -> Callable[[Any], Any]:
    return lambda both: both.put_back(side, name, **facets)


def unmapped(name: str) -> Callable[[Any], Any]:
    return lambda both: both.unmap(name)


def renamed(side: str) -> Callable[[Any], Any]:
    return lambda both: both.rename(side, "city", "city_name")


def remapped(side: str) -> Callable[[Any], Any]:
    def mend(both: Any) -> None:
        both.unmap("city")
        both.map(*(("city_name", "city") if side == "external" else ("city", "city_name")))

    return mend


def retyped(side: str, kind: Kind, of: Callable[[Any], Any], name: str = "size"):
    return lambda both: both.retype(side, name, kind, of)


def removed(side: str) -> Callable[[Any], Any]:
    return lambda both: both.remove(side)


def restored(side: str) -> Callable[[Any], Any]:
    return lambda both: both.restore(side)


SIDES = ("external", "local")
GONE = {
    "external": r"no field 'city'.*(clean up|Choose another)",
    "local": r"no field 'city'.*(Restore the column)",
}
GONE_ENTITY = {
    "external": r"no entity 'Accounts'.*(clean up|Choose another)",
    "local": r"no entity 'account'.*(Restore the table)",
}

CASES: dict[str, Case] = {
    **{
        f"{side}: a field is removed, and put back": Case(dropped(side), GONE[side], put_back(side))
        for side in SIDES
    },
    **{
        f"{side}: a field is removed, and taken out of the mapping": Case(
            dropped(side), GONE[side], unmapped("city"), without=("city",)
        )
        for side in SIDES
    },
    **{
        f"{side}: an unmapped field is removed": Case(lambda both, s=side: both.drop(s, "extra"))
        for side in SIDES
    },
    **{
        f"{side}: a field is renamed, and mapped by its new name": Case(
            renamed(side), r"no field 'city'.*'city_name'", remapped(side), without=("city",)
        )
        for side in SIDES
    },
    **{
        f"{side}: a field is added": Case(lambda both, s=side: both.add(s, "fax")) for side in SIDES
    },
    **{
        f"{side}: an entity is removed, and restored": Case(
            removed(side), GONE_ENTITY[side], restored(side)
        )
        for side in SIDES
    },
    "external: the primary key is removed, and put back": Case(
        dropped("external", "number"), r"no field 'number'", put_back("external", "number", at=1)
    ),
    "external: the version number is removed, and put back": Case(
        dropped("external", "version"),
        r"version_number.*no field 'version'.*Choose another",
        lambda both: both.put_back("external", "version", kind=Kind.INT64),
    ),
    "external: the version number is removed, and done without": Case(
        dropped("external", "version"),
        r"version_number.*no field 'version'.*Choose another",
        lambda both: both.mapping.pop("version_number"),
    ),
    "local: numbers become texts": Case(retyped("local", Kind.STRING, str)),
    "local: texts become dates, and texts again": Case(
        lambda both: both.change("local", "city", kind=Kind.DATE),
        mend=lambda both: both.change("local", "city", kind=Kind.STRING),
    ),
    "external: texts become dates, and texts again": Case(
        lambda both: both.change("external", "city", kind=Kind.DATE),
        mend=lambda both: both.change("external", "city", kind=Kind.STRING),
    ),
    "local: a field becomes too narrow, and wide again": Case(
        lambda both: both.change("local", "city", max_length=4),
        mend=lambda both: both.change("local", "city", max_length=None),
        directions=("download_only", "bidirectional"),
    ),
    "external: options are added": Case(
        lambda both: both.change("external", "city", options=("Brno", "Prague", "Olomouc", "Zlín"))
    ),
    "external: a required field is added": Case(
        lambda both: both.add("external", "fax", nullable=False)
    ),
    "local: a required field is added, and has a default": Case(
        lambda both: both.add("local", "fax", nullable=False, defaulted=True)
    ),
    "external: an option is removed, and put back": Case(
        lambda both: both.change("external", "city", options=("Prague", "Olomouc")),
        mend=lambda both: both.change("external", "city", options=("Brno", "Prague", "Olomouc")),
    ),
    "external: deletions are not told any more": Case(
        lambda both: both.able("external", deletes="none"),
        mend=lambda both: both.able("external", deletes="key_sweep"),
    ),
    "external: conditions are not evaluated any more": Case(
        lambda both: both.able("external", filter=False, sort=False),
        mend=lambda both: both.able("external", filter=True, sort=True),
    ),
    "external: an entity is added": Case(
        lambda both: both.store("external").define(
            both.store("external").entities["Products"].model_copy(update={"name": "Parts"})
        )
    ),
    "external: the key is another field, and the same again": Case(
        lambda both: both.rekey("external", "number"),
        mend=lambda both: both.rekey("external", "ID"),
        stops=frozenset(("Contacts",)),  # they look accounts up by the key that was
    ),
    "local: the key is another field, and the same again": Case(
        lambda both: both.rekey("local", "number"),
        mend=lambda both: both.rekey("local", "id"),
        directions=("download_only",),
    ),
    "local: an entity is renamed, and mapped by its new name": Case(
        lambda both: both.rename_entity("local", "firm"),
        GONE_ENTITY["local"],
        lambda both: both.mapping.update(local="firm"),
    ),
}


TOLD = [(name, direction) for name, case in CASES.items() for direction in case.directions]


@pytest.fixture(params=TOLD, ids=[f"{name} ({direction})" for name, direction in TOLD])
def told(request, drifting):
    """A case, and two systems in step that it happens to."""
    name, direction = request.param
    both = drifting(direction)
    for side in SIDES:
        both.add(side, "extra")
    assert both.sync() == {}
    return CASES[name], both


def test_no_change_of_a_schema_loses_anything(told):
    case, both = told
    before = both.picture()
    case.change(both)
    both.new(both.source, "product", name="Valve")
    stopped = both.sync()
    assert_kept(both, before)
    if case.says:
        assert stopped.keys() <= EVERYONE, stopped
        assert re.search(case.says, stopped["Accounts"]), stopped["Accounts"]
    else:
        assert stopped.keys() == case.stops
    assert len(both.store("local").records["product"]) == 2
    assert len(both.store("external").records["Products"]) == 2
    case.mend(both)
    both.new(both.source, "product", name="Gasket")
    assert both.sync() == {}
    assert_kept(both, before)
    assert_in_step(both, before, case.without)
    both.quiet()


def assert_kept(both: Any, before: dict[Any, Any]) -> None:
    """Nobody lost a value, but in a field that was dropped under it."""
    now = both.picture()
    for (side, number, name), value in before.items():
        described = both.store(side).entities.get(entity_name(both, side))
        if described is None or name not in described.by_name:
            continue
        assert str(now.get((side, number, name))) == str(value), (side, number, name)


def entity_name(both: Any, side: str) -> str:
    return both.mapping["external" if side == "external" else "local"]


def assert_in_step(both: Any, before: dict[Any, Any], without: tuple[str, ...]) -> None:
    """Both sides hold the same accounts, with the values that they had."""
    there, here = (both.accounts(side, entity_name(both, side)) for side in SIDES)
    assert there.keys() == here.keys() == {number for _, number, _ in before}
    for number, record in there.items():
        for name in {"number", "name", "city", "size"} - set(without):
            value = before["external", number, name]
            assert str(record[name]) == str(here[number][name]) == str(value), (number, name)
