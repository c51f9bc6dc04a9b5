"""What transforms take and give, and what is said of a line whose transforms cannot work."""

from decimal import Decimal

import pytest

from tandem.core.transforms.kinds import (
    kind_after,
    source_of,
    transform_problems,
    travels,
)
from tandem.core.wanted import wanted_entity
from tandem.model.integration import EntityMapping, FieldMapping
from tandem.model.schema import Entity, Field, Kind

PERSON = Entity(
    name="People",
    key=("ID",),
    fields=(
        Field(name="ID", kind=Kind.GUID),
        Field(name="name", kind=Kind.STRING, max_length=30),
        Field(name="born", kind=Kind.DATE),
        Field(name="at", kind=Kind.TIME),
        Field(name="seen", kind=Kind.INSTANT),
        Field(name="clock", kind=Kind.LOCAL_DATETIME),
        Field(name="pay", kind=Kind.DECIMAL),
        Field(name="rate", kind=Kind.FLOAT64),
    ),
)
WITH_TIME = {"with_time": {"field": "at"}}
IN_PRAGUE = {"with_time": {"field": "at", "zone": "Europe/Prague"}}


def line(external, *transforms, **more):
    return FieldMapping(external=external, local="local", transform=transforms, **more)


@pytest.mark.parametrize(
    ("external", "transforms", "kind"),
    [
        ("born", (), Kind.DATE),
        ("name", ("trim", "guid"), Kind.GUID),
        ("born", ({"concat": {"fields": ["name"]}},), Kind.STRING),
        ("born", (WITH_TIME,), Kind.LOCAL_DATETIME),
        ("born", (IN_PRAGUE,), Kind.INSTANT),
        ("born", (IN_PRAGUE, "date"), Kind.DATE),
        ("name", ({"number": {}},), Kind.DECIMAL),
        ("pay", ({"format_number": {}},), Kind.STRING),
        ("name", ({"custom": "phone"},), None),
    ],
)
def test_the_kind_that_comes_out(external, transforms, kind):
    mapped = line(external, *transforms)
    assert kind_after(mapped, PERSON) == kind
    assert transform_problems(mapped, PERSON) == []


@pytest.mark.parametrize(
    ("external", "transforms", "says"),
    [
        ("born", ("trim",), "'trim' takes text, but field 'born' is date; remove it"),
        ("name", ({"number": {}}, "upper"), "'upper' takes text, but what 'number' gives is"),
        ("rate", ({"format_number": {}},), "takes decimal or int64, but field 'rate' is float64"),
        ("clock", ({"date": {"zone": "UTC"}},), "takes instant or string, but field 'clock' is"),
        ("name", ({"concat": {"fields": ["nam"]}},), "has no field 'nam'. Did you mean name?"),
        ("born", ({"with_time": {"field": "pay"}},), "but field 'pay' is decimal; name another"),
        ("seen", ({"time": {"zone": "Europe/Brno"}},), "There is no time zone 'Europe/Brno'"),
        ("name", ({"custom": "phone"},), "registers no function 'phone'. It has fax."),
    ],
)
def test_a_transform_that_cannot_work_is_explained(external, transforms, says):
    (problem,) = transform_problems(line(external, *transforms), PERSON, functions=["fax"])
    assert says in problem


def test_a_line_that_travels_both_ways_takes_what_can_be_sent_back():
    assert not transform_problems(line("name", "trim", "guid"), PERSON, direction="bidirectional")
    (problem,) = transform_problems(
        line("name", {"truncate": 3}), PERSON, direction="bidirectional"
    )
    assert "write direction: download_only, and map the way back on a line of its own" in problem


@pytest.mark.parametrize(
    ("entity", "own", "way"),
    [
        ("bidirectional", None, "bidirectional"),
        ("bidirectional", "upload_only", "upload_only"),
        ("download_only", None, "download_only"),
        ("download_only", "bidirectional", "download_only"),
        ("download_only", "upload_only", None),
    ],
)
def test_a_line_narrows_the_direction_of_its_entity(entity, own, way):
    mapped = line("name", direction=own)
    entity_mapping = EntityMapping(external="P", local="p", direction=entity, fields=[mapped])
    assert travels(entity_mapping, mapped) == way


def test_an_uploaded_line_reads_the_local_side():
    local = Entity(name="person", fields=(Field(name="local", kind=Kind.DATE),))
    up = line("name", "trim", direction="upload_only")
    mapping = EntityMapping(external="P", local="p", direction="bidirectional", fields=[up])
    assert travels(mapping, up) == "upload_only"
    source = source_of(mapping, up, PERSON, local)
    (problem,) = transform_problems(up, source, direction="upload_only")
    assert "field 'local' is date" in problem


@pytest.mark.parametrize(
    ("line", "kind", "length"),
    [
        ({"external": "code", "default": "unknown"}, Kind.STRING, 7),
        ({"external": "code", "default": "x"}, Kind.STRING, 3),
        ({"external": "born", "default": "2026-01-01"}, Kind.DATE, None),
        ({"external": "born", "default": "never"}, Kind.STRING, None),
        ({"external": "born", "default": 20260101}, Kind.STRING, None),
        ({"external": "age", "default": 7}, Kind.INT64, None),
        ({"external": "age", "default": Decimal("1.5")}, Kind.DECIMAL, None),
        ({"external": "code", "values": {"a": 1}, "default": 0}, Kind.INT64, None),
        ({"external": "code", "values": {"a": 1}, "default": "?"}, Kind.STRING, None),
        ({"external": "code", "values": {"a": 1}, "unmapped": "keep"}, Kind.STRING, None),
        ({"external": "age", "values": {1: 2}, "unmapped": "keep"}, Kind.INT64, None),
    ],
)
def test_a_local_column_can_hold_defaults_and_what_is_kept(line, kind, length):
    things = Entity(
        name="Things",
        key=("ID",),
        fields=(
            Field(name="ID", kind=Kind.GUID),
            Field(name="code", kind=Kind.STRING, max_length=3),
            Field(name="born", kind=Kind.DATE),
            Field(name="age", kind=Kind.INT64),
        ),
    )
    lines = [FieldMapping.model_validate({"local": "made", **line})]
    mapping = EntityMapping(external="Things", local="thing", fields=lines)
    field = wanted_entity(mapping, things, None, {}).field("made")
    assert (field.kind, field.max_length) == (kind, length)


def test_a_local_column_can_hold_what_transforms_make():
    lines = [
        FieldMapping(external=external, local=name, transform=transforms)
        for external, name, transforms in (
            ("name", "cut", [{"truncate": 10}]),
            ("name", "joined", [{"concat": {"fields": ["born"]}}]),
            ("name", "trimmed", ["trim"]),
            ("name", "worth", [{"number": {}}]),
            ("born", "start", [IN_PRAGUE]),
            ("pay", "mine", [{"custom": "own"}]),
        )
    ]
    mapping = EntityMapping(external="People", local="person", fields=lines)
    wanted = wanted_entity(mapping, PERSON, None, {}).by_name
    assert {name: (field.kind, field.max_length) for name, field in wanted.items()} == {
        "id": (Kind.GUID, None),
        "cut": (Kind.STRING, 10),
        "joined": (Kind.STRING, None),
        "trimmed": (Kind.STRING, 30),
        "worth": (Kind.DECIMAL, None),
        "start": (Kind.INSTANT, None),
        "mine": (Kind.STRING, None),
    }


def test_a_column_that_is_created_has_the_sizes_of_its_source_and_none_of_its_limits():
    source = Field(
        name="code",
        kind=Kind.STRING,
        max_length=8,
        nullable=False,
        immutable=True,
        read_only=True,
        filterable=False,
        options=("a", "b"),
    )
    external = Entity(name="People", key=("code",), fields=(source,))
    lines = [FieldMapping(external="code", local="code")]
    mapping = EntityMapping(external="People", local="person", fields=lines)
    wanted = wanted_entity(mapping, external, None, {}).by_name["code"]
    assert wanted == Field(name="code", kind=Kind.STRING, max_length=8)
