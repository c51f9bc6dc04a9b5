"""Whatever fits has no errors, and whatever is broken is named at its place."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tandem.core.validation.validate import validate
from tandem.model.integration import Integration
from tandem.model.problems import Severity
from tandem.model.schema import Capabilities, Entity, Field, Kind, Schema

ABLE = Capabilities(creates=True, updates=True, removes=True, client_keys=True)
KINDS = st.sampled_from([kind for kind in Kind if kind is not Kind.BINARY])
DIRECTIONS = st.sampled_from(["download_only", "upload_only", "bidirectional"])


@st.composite
def integrations(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Schema]]:
    """An integration file and schemas that fit it."""
    count = draw(st.integers(1, 4))
    names = [f"Entity{at}" for at in range(count)]
    mappings, external, local = [], [], []
    for at, name in enumerate(names):
        kinds = draw(st.lists(KINDS, min_size=1, max_size=6))
        lookups = draw(st.lists(st.sampled_from(names), max_size=2))
        lines: list[dict[str, Any]] = [
            {"external": f"x{n}", "local": f"l{n}", "enabled": True} for n in range(len(kinds))
        ]
        lines += [
            {"external": f"r{n}", "local": f"s{n}", "lookup": {"entity": target, "field": "ID"}}
            for n, target in enumerate(lookups)
        ]
        disabled = {"external": "never", "local": "was", "enabled": False}
        lines.insert(draw(st.integers(0, len(lines))), disabled)
        mappings.append(
            {
                "external": name,
                "local": name.lower(),
                "direction": draw(DIRECTIONS),
                "primary_key": draw(st.sampled_from([[], ["x0"]])),
                "fields": lines,
            }
        )
        external.append(_entity(name, "ID", "x", kinds, "r", len(lookups)))
        local.append(_entity(names[at].lower(), "id", "l", kinds, "s", len(lookups)))
    file = {
        "name": "crm",
        "external": {"connector": "memory", "connection": "a"},
        "local": {"connector": "memory", "connection": "b"},
        "entities": mappings,
    }
    schemas = {"external": Schema(entities=external), "local": Schema(entities=local)}
    return file, schemas


def _entity(
    name: str, key: str, field: str, kinds: list[Kind], lookup: str, lookups: int
) -> Entity:
    fields = [Field(name=f"{field}{n}", kind=kind) for n, kind in enumerate(kinds)]
    fields += [Field(name=f"{lookup}{n}", kind=Kind.GUID) for n in range(lookups)]
    identity = Field(name=key, kind=Kind.GUID, nullable=False)
    return Entity(name=name, key=(key,), fields=(identity, *fields), capabilities=ABLE)


def problems(file: dict[str, Any], schemas: dict[str, Schema]) -> Any:
    return validate(Integration.model_validate(file), schemas["external"], schemas["local"])


@given(integrations())
def test_what_fits_has_no_errors(made: Any) -> None:
    found = problems(*made)
    assert not [problem for problem in found if problem.severity is Severity.ERROR]


@given(integrations(), st.data())
def test_a_field_that_is_gone_is_named_at_its_place_and_nothing_else_is(
    made: Any, data: st.DataObject
) -> None:
    file, schemas = made
    at = data.draw(st.integers(0, len(file["entities"]) - 1))
    mapping = file["entities"][at]
    enabled = [n for n, line in enumerate(mapping["fields"]) if line.get("enabled", True)]
    line = data.draw(st.sampled_from(enabled))
    side = data.draw(st.sampled_from(["external", "local"]))
    broken = schemas | {side: _without(schemas[side], mapping[side], mapping["fields"][line][side])}
    errors = {
        problem.place: problem.code
        for problem in problems(file, broken)
        if problem.severity is Severity.ERROR
    }
    key = ("entities", at, "primary_key", 0)
    assert errors.pop(("entities", at, "fields", line, side)) == f"{side}_field_missing"
    assert set(errors) <= {key}


@given(integrations(), st.data())
def test_an_entity_that_is_gone_is_named_at_its_place_and_nothing_else_is(
    made: Any, data: st.DataObject
) -> None:
    file, schemas = made
    at = data.draw(st.integers(0, len(file["entities"]) - 1))
    side = data.draw(st.sampled_from(["external", "local"]))
    gone = file["entities"][at][side]
    kept = tuple(entity for entity in schemas[side].entities if entity.name != gone)
    broken = schemas | {side: Schema(entities=kept)}
    errors = [p for p in problems(file, broken) if p.severity is Severity.ERROR]
    assert [(p.place, p.code) for p in errors] == [
        (("entities", at, side), f"{side}_entity_missing")
    ]


@given(integrations(), st.data())
def test_places_are_in_the_file(made: Any, data: st.DataObject) -> None:
    file, schemas = made
    side = data.draw(st.sampled_from(["external", "local"]))
    kinds = {Kind.STRING: Kind.GUID, Kind.GUID: Kind.INT64}
    changed = tuple(
        entity.model_copy(
            update={
                "fields": tuple(
                    field.model_copy(update={"kind": kinds.get(field.kind, Kind.BINARY)})
                    for field in entity.fields
                )
            }
        )
        for entity in schemas[side].entities
    )
    for problem in problems(file, schemas | {side: Schema(entities=changed)}):
        value: Any = file
        for part in problem.place[:-1]:
            value = value[part]
        assert isinstance(value, dict | list)


@given(integrations(), st.data())
def test_additions_never_produce_errors(made: Any, data: st.DataObject) -> None:
    file, schemas = made
    grown = {
        side: Schema(
            entities=(
                *(_with_more(entity, data.draw(KINDS)) for entity in schema.entities),
                Entity(name="brand_new"),
            )
        )
        for side, schema in schemas.items()
    }
    assert not [p for p in problems(file, grown) if p.severity is Severity.ERROR]


def _with_more(entity: Entity, kind: Kind) -> Entity:
    added = (
        Field(name="added", kind=kind),
        Field(name="must", kind=kind, nullable=False, options=("a",)),
    )
    return entity.model_copy(update={"fields": (*entity.fields, *added)})


def _without(schema: Schema, name: str, field: str) -> Schema:
    return Schema(
        entities=tuple(
            entity.model_copy(update={"fields": tuple(f for f in entity.fields if f.name != field)})
            if entity.name == name
            else entity
            for entity in schema.entities
        )
    )
