"""What links say, said anew for another mapping: exact, and without old beliefs."""

import copy
import json

import pyarrow as pa
import pytest

from tandem.core.changed_mapping.asked import asked_of
from tandem.core.changed_mapping.restating import NO_HASH, restated, restating
from tandem.core.images import bases, image_hashes
from tandem.core.mapping import BoundMapping
from tandem.model.integration import EntityMapping
from tandem.model.schema import Entity, Field, Kind

MAPPING = {
    "external": "Accounts",
    "local": "account",
    "direction": "bidirectional",
    "fields": [{"external": n, "local": n} for n in ("city", "name", "size")],
}
NAMES = ("ID", "city", "fax", "name", "size")


def bound(change=lambda mapping: None, kinds=()):
    mapping = copy.deepcopy(MAPPING)
    change(mapping)
    fields = tuple(Field(name=n, kind=dict(kinds).get(n, Kind.STRING)) for n in NAMES)
    sides = (Entity(name=name, key=("ID",), fields=fields) for name in ("Accounts", "account"))
    return BoundMapping(EntityMapping.model_validate(mapping), *sides)


def said(before, now, values, local=None):
    """What the links of one record say, before and after the mapping changed."""
    external = {f.name: pa.array([values.get(f.name)], pa.string()) for f in before.fields}
    ours = {f.name: pa.array([(local or values).get(f.name)], pa.string()) for f in before.fields}
    texts = bases(before.fields, external, ours, pa.array(["external"]))
    what = restating(asked_of(before), asked_of(now))
    assert what.needed
    return restated(now.fields, texts, what), what


VALUES = {"city": "Brno", "name": "Ada", "size": "1"}


def without_city(mapping):
    mapping["fields"] = mapping["fields"][1:]


def with_fax(mapping):
    mapping["fields"].append({"external": "fax", "local": "fax"})


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (without_city, {"name": "Ada", "size": "1"}),
        (with_fax, {**VALUES, "fax": None}),
        (lambda m: m["fields"][0].update(external="fax"), {**VALUES, "city": None}),
        (lambda m: m["fields"][0].update(transform=["trim"]), VALUES),
        (lambda m: m["fields"][0].update(direction="download_only"), VALUES),
    ],
)
def test_bases_and_hashes_are_those_that_the_mapping_would_have_made(change, left):
    now = bound(change)
    table, _ = said(bound(), now, VALUES)
    (text,) = table["base"].to_pylist()
    assert json.loads(text) == {"external": left, "inside": "external"}
    columns = {name: pa.array([value], pa.string()) for name, value in left.items()}
    assert table["base_hash"].to_pylist() == image_hashes(now.fields, columns).to_pylist()
    assert table["local_hash"].to_pylist() == table["base_hash"].to_pylist()


def test_what_was_never_agreed_on_is_not_when_a_field_goes_both_ways():
    before = bound(lambda m: m["fields"][0].update(direction="download_only"))
    table, _ = said(before, bound(), VALUES, {**VALUES, "city": "Zlín"})
    assert json.loads(table["base"][0].as_py())["external"]["city"] is None


def test_what_is_made_now_of_an_external_value_is_nobodys_edit():
    now = bound(lambda m: m["fields"][0].update(transform=["upper"]))
    table, _ = said(bound(), now, VALUES)
    base = json.loads(table["base"][0].as_py())
    assert (base["external"]["city"], base["local"]["city"]) == ("BRNO", "Brno")
    assert table["base_hash"].to_pylist() == [NO_HASH]
    columns = {name: pa.array([value], pa.string()) for name, value in VALUES.items()}
    assert table["local_hash"].to_pylist() == image_hashes(now.fields, columns).to_pylist()


def test_another_kind_is_another_field():
    _, what = said(bound(), bound(kinds={"size": Kind.INT64}), VALUES)
    assert what.forgotten == {"size"}


def test_another_direction_is_another_agreement():
    now = bound(lambda m: m.update(direction="upload_only"))
    table, _ = said(bound(), now, VALUES)
    assert table.to_pylist() == [{"base": None, "base_hash": NO_HASH, "local_hash": NO_HASH}]


def test_a_link_without_a_base_has_to_be_looked_at():
    what = restating(asked_of(bound()), asked_of(bound(without_city)))
    table = restated(bound(without_city).fields, pa.nulls(1, pa.string()), what)
    assert table.to_pylist() == [{"base": None, "base_hash": NO_HASH, "local_hash": NO_HASH}]


def test_nothing_is_said_anew_for_a_policy_or_another_order():
    other = bound(lambda m: (m["fields"].reverse(), m.update(on_conflict="review")))
    assert not restating(asked_of(bound()), asked_of(other)).needed
