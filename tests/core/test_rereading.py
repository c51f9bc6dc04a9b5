"""What a changed mapping costs: what is read again of which side."""

import copy

import pytest

from tandem.core.changed_mapping.asked import asked_of, made_anew
from tandem.core.changed_mapping.rereading import AS_IT_WAS, EVERYTHING, Reread, reread
from tandem.core.mapping import BoundMapping
from tandem.model.asked import Asked, parsed, text_of
from tandem.model.filters import Comparison
from tandem.model.integration import EntityMapping
from tandem.model.schema import Entity, Field, Kind

BRNO = {"field": "city", "operator": "eq", "value": "Brno"}
PRAGUE = {"field": "city", "operator": "eq", "value": "Prague"}
MAPPING = {
    "external": "Accounts",
    "local": "account",
    "direction": "bidirectional",
    "primary_key": ["number"],
    "version_number": "version",
    "download_filter": BRNO,
    "upload_filter": BRNO,
    "fields": [
        {"external": "number", "local": "number"},
        {"external": "name", "local": "name"},
        {"external": "note", "local": "note", "direction": "download_only"},
        {"external": "city", "local": "city", "direction": "upload_only"},
        {"local": "source", "constant": "crm"},
    ],
}
NAMES = ("number", "name", "note", "city", "source", "fax")


def entity(name, *, kinds=(), names=NAMES):
    known = dict(kinds)
    fields = tuple(Field(name=n, kind=known.get(n, Kind.STRING)) for n in names)
    key = Field(name="ID", kind=Kind.STRING)
    version = Field(name="version", kind=Kind.INT64)
    return Entity(name=name, key=("ID",), fields=(key, *fields, version))


def asked(change=lambda mapping: None, *, external=None, local=None):
    mapping = copy.deepcopy(MAPPING)
    change(mapping)
    sides = external or entity("Accounts"), local or entity(mapping["local"])
    return asked_of(BoundMapping(EntityMapping.model_validate(mapping), *sides))


def setting(**values):
    return lambda mapping: mapping.update(values)


def with_field(**values):
    return lambda mapping: mapping["fields"].append(values)


def of_field(number, **values):
    return lambda mapping: mapping["fields"][number].update(values)


def without_field(number):
    return lambda mapping: mapping["fields"].pop(number)


def both(outcome):
    return outcome, outcome


RETRIES = Reread(retries=True)
SWEEPS = Reread(sweeps=True, retries=True)
WIDER = Reread(outside=Comparison(**BRNO), sweeps=True, retries=True)
FAX = {"external": "fax", "local": "fax"}

CASES = {  # what changes → what is read again of the external and of the local side
    "nothing": (lambda mapping: None, both(AS_IT_WAS)),
    "the order of fields": (lambda m: m["fields"].reverse(), both(AS_IT_WAS)),
    "the policy": (setting(on_conflict="review"), both(AS_IT_WAS)),
    "a field's policy": (of_field(1, on_conflict="review"), both(AS_IT_WAS)),
    "the first sync": (setting(first_sync="replace_local"), both(AS_IT_WAS)),
    "what a deletion does": (setting(deletes="ignore"), both(Reread(sweeps=True))),
    "what leaving the filter does": (setting(filter_exit="delete"), both(Reread(sweeps=True))),
    "a field is removed": (without_field(1), both(RETRIES)),
    "a field is disabled": (of_field(1, enabled=False), both(RETRIES)),
    "a constant is removed": (without_field(4), (RETRIES, EVERYTHING)),
    "a field is added": (with_field(**FAX), both(EVERYTHING)),
    "a field is added that is only downloaded": (
        with_field(**FAX, direction="download_only"),
        (EVERYTHING, RETRIES),
    ),
    "a field is added that is only uploaded": (
        with_field(**FAX, direction="upload_only"),
        (RETRIES, EVERYTHING),
    ),
    "a field leads elsewhere": (of_field(1, local="fax"), both(EVERYTHING)),
    "a field is transformed": (of_field(1, transform=["upper"]), both(EVERYTHING)),
    "a field is a lookup": (
        of_field(1, lookup={"entity": "Accounts", "field": "ID"}),
        both(EVERYTHING),
    ),
    "a field has options": (of_field(1, values={"a": "b"}), both(EVERYTHING)),
    "the download filter": (setting(download_filter=PRAGUE), (WIDER, RETRIES)),
    "the upload filter": (setting(upload_filter=PRAGUE), (RETRIES, WIDER)),
    "the filter is lifted": (setting(download_filter=None), (WIDER, RETRIES)),
    "the primary key": (setting(primary_key=["name"]), both(EVERYTHING)),
    "the version number": (setting(version_number=None), (EVERYTHING, RETRIES)),
    "the local version number": (setting(local_version_number="version"), (RETRIES, EVERYTHING)),
    "the local entity": (setting(local="firm"), both(EVERYTHING)),
    "the direction": (setting(direction="download_only"), both(EVERYTHING)),
}


@pytest.mark.parametrize("what", CASES)
def test_only_what_the_change_concerns_is_read_again(what):
    change, (external, local) = CASES[what]
    before, now = asked(), asked(change)
    assert reread(before, now, "external") == external
    assert reread(before, now, "local") == local


def test_a_filter_where_there_was_none_reads_nothing_more():
    before = asked(setting(download_filter=None))
    assert reread(before, asked(), "external") == SWEEPS


def test_another_kind_of_a_mapped_field_reads_everything():
    local = entity("account", kinds={"name": Kind.INT64})
    assert reread(asked(), asked(local=local), "external") == EVERYTHING


def test_more_room_for_a_value_retries_what_was_rejected():
    field = Field(name="name", kind=Kind.STRING, max_length=3)
    known = entity("account")
    fields = tuple(field if f.name == "name" else f for f in known.fields)
    narrow = known.model_copy(update={"fields": fields})
    assert reread(asked(local=narrow), asked(), "external") == RETRIES


def test_a_field_that_stands_behind_others_now_was_made_anew():
    names = ("number", "note", "city", "source", "fax", "name")
    now = asked(local=entity("account", names=names))
    assert made_anew(asked(), now) == {"name"}
    assert reread(asked(), now, "external") == EVERYTHING


def test_a_field_that_is_new_or_gone_makes_no_other_anew():
    now = asked(without_field(1), local=entity("account", names=("fax", *NAMES[2:], "number")))
    assert made_anew(asked(), now) == {"number"}
    assert made_anew(asked(), asked(with_field(**FAX))) == frozenset()


def test_what_was_asked_for_survives_being_kept():
    before = asked(setting(download_filter={"field": "city", "operator": "in", "value": ["a", 1]}))
    assert isinstance(parsed(text_of(before)), Asked)
    assert reread(parsed(text_of(before)), before, "external") == AS_IT_WAS


def test_what_cannot_be_read_any_more_is_not_known():
    assert parsed(None) is None
    assert parsed('{"mapping": {"external": "A"}}') is None
