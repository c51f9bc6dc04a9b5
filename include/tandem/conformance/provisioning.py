"""What every connector does that can create what is missing."""

# ruff: noqa: S101

import pytest

from tandem.conformance.samples import by_key, records_for
from tandem.conformance.subject import Subject, batch_of
from tandem.connectors.base import Provisioner, Writer
from tandem.model.schema import Entity, Field, Kind

_ID = Field(name="id", kind=Kind.GUID, nullable=False)

_WANTED = Entity(
    name="order",  # a reserved word of SQL
    key=("id",),
    fields=(
        _ID,
        Field(name="from", kind=Kind.STRING),
        Field(name="Code", kind=Kind.STRING, max_length=12),
        Field(name="done", kind=Kind.BOOLEAN),
        Field(name="number", kind=Kind.INT64),
        Field(name="price", kind=Kind.DECIMAL, precision=18, scale=4),
        Field(name="long", kind=Kind.DECIMAL, precision=38, scale=0),
        Field(name="rate", kind=Kind.DECIMAL),
        Field(name="share", kind=Kind.FLOAT64),
        Field(name="day", kind=Kind.DATE),
        Field(name="hour", kind=Kind.TIME),
        Field(name="changed at", kind=Kind.INSTANT),
        Field(name="planned", kind=Kind.LOCAL_DATETIME),
        Field(name="owner", kind=Kind.GUID),
        Field(name="photo", kind=Kind.BINARY),
        Field(name="rest", kind=Kind.JSON),
    ),
)


def test_missing_entity_is_created_with_its_kinds(subject: Subject) -> None:
    provisioner = _provisioner(subject)
    planned = provisioner.missing(_WANTED)
    assert planned
    assert provisioner.provision(_WANTED) == planned
    made = subject.described("order")
    assert made.key == ("id",)
    kinds = {field.name: field.kind for field in made.fields}
    assert kinds == {field.name: field.kind for field in _WANTED.fields}


def test_created_entity_keeps_values_exactly(subject: Subject) -> None:
    provisioner = _provisioner(subject)
    provisioner.provision(_WANTED)
    made = subject.described("order")
    records = records_for(subject, made, 30)
    subject.put("order", batch_of(made, records))
    assert by_key(subject.read(subject.query(made)), made) == by_key(records, made)


def test_provisioning_twice_does_nothing(subject: Subject) -> None:
    provisioner = _provisioner(subject)
    provisioner.provision(_WANTED)
    assert provisioner.missing(_WANTED) == ()
    assert provisioner.provision(_WANTED) == ()


def test_missing_field_is_added_and_records_stay(subject: Subject) -> None:
    provisioner = _provisioner(subject)
    provisioner.provision(_only("id", "Code"))
    made = subject.described("order")
    records = records_for(subject, made, 3)
    subject.put("order", batch_of(made, records))
    assert len(provisioner.missing(_WANTED)) == len(_WANTED.fields) - 2
    provisioner.provision(_WANTED)
    grown = subject.described("order")
    found = subject.read(subject.query(grown, "id", "Code", "price"))
    assert by_key(found, grown) == by_key([{**r, "price": None} for r in records], grown)


def test_field_of_another_kind_is_left_alone(subject: Subject) -> None:
    provisioner = _provisioner(subject)
    provisioner.provision(_only("id", "Code"))
    number = Field(name="Code", kind=Kind.INT64)
    assert provisioner.provision(Entity(name="order", key=("id",), fields=(_ID, number))) == ()
    assert subject.described("order").field("Code").kind is Kind.STRING


def test_provisioned_entity_can_be_written(subject: Subject) -> None:
    provisioner = _provisioner(subject)
    provisioner.provision(_WANTED)
    made = subject.described("order")
    assert isinstance(subject.connector, Writer)
    assert made.capabilities.writes
    assert made.capabilities.client_keys


def _provisioner(subject: Subject) -> Provisioner:
    if not isinstance(subject.connector, Provisioner):
        pytest.skip("the connector does not provision")
    return subject.connector


def _only(*names: str) -> Entity:
    fields = tuple(field for field in _WANTED.fields if field.name in names)
    return Entity(name="order", key=("id",), fields=fields)
