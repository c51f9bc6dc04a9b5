"""Tandem forgets what it believes: of fields, of links; and says anew what links say."""

import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from tandem.core.changed_mapping.restating import NO_HASH
from tandem.model.changes import Anchor
from tandem.model.schema import ChangeTracking
from tandem.state.account import DEFERRED

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ANCHOR = Anchor(kind=ChangeTracking.VERSION, value="42")
LONG = "long " * 100  # so that its base is compressed


def base(**values):
    one = json.dumps(values, separators=(",", ":"))
    return f'{{"external":{one},"local":{one},"inside":"external local"}}'


@pytest.fixture
def linked(state):
    """Two links of accounts with bases, one of contacts, and anchors of both sides."""
    for entity, ids in (("Accounts", ["e1", "e2"]), ("Contacts", ["e1"])):
        links = pa.table(
            {
                "external_id": ids,
                "local_id": [f"l{id_}" for id_ in ids],
                "base": [base(city="Brno", name=LONG)] * len(ids),
                "base_hash": pa.array([b"1"] * len(ids)),
                "local_hash": pa.array([b"2"] * len(ids)),
                "external_version": pa.nulls(len(ids), pa.string()),
            }
        )
        with state.account(entity) as account:
            account.links.put(links, at=AT, replace=False)
            account.note_links(asked="{}", at=AT)
        for side in ("external", "local"):
            state.move_anchor(entity, side, ANCHOR, mapping_hash="a", asked="{}", at=AT)
    return state


def hashes(state, entity="Accounts"):
    found = pa.concat_tables(state.all_links(entity))
    return found["base_hash"].to_pylist(), found["local_hash"].to_pylist()


def test_an_anchor_knows_the_mapping_that_it_was_set_under(linked):
    known = linked.set_anchor("Accounts", "external")
    assert (known.anchor, known.mapping_hash, known.asked) == (ANCHOR, "a", "{}")
    assert linked.set_anchor("Products", "external") is None


def test_fields_are_forgotten_and_read_again(linked):
    linked.forget_fields("Accounts", ["city"])
    (text, _) = linked.bases("Accounts", pa.array(["e1", "e2"]))["base"].to_pylist()
    said = json.loads(text)
    assert said == {"external": {"name": LONG}, "local": {"name": LONG}, "inside": said["inside"]}
    assert text.endswith(',"inside":"external local"}')
    assert hashes(linked) == ([NO_HASH] * 2, [NO_HASH] * 2)
    assert linked.set_anchor("Accounts", "external") is None
    assert linked.set_anchor("Accounts", "local") is None


def test_links_are_forgotten_with_all_that_waits_for_them(linked):
    row = {"external_id": "e1", "local_id": "l1", "field": "f", "target": "T", "value": "v"}
    waiting = pa.Table.from_pylist([row], DEFERRED)
    with linked.account("Accounts") as account:
        account.defer(waiting, of=pa.array(["e1"]), at=AT)
    linked.forget_links("Accounts", at=AT)
    assert not linked.has_links("Accounts")
    assert linked.deferred_lookups("Accounts") == []
    assert linked.links_asked("Accounts") is None


def test_other_entities_are_believed_as_before(linked):
    linked.forget_fields("Accounts", ["city"])
    linked.forget_links("Accounts", at=AT)
    assert hashes(linked, "Contacts") == ([b"1"], [b"2"])
    assert linked.set_anchor("Contacts", "local").anchor == ANCHOR
    assert linked.links_asked("Contacts") == "{}"


def test_links_say_something_else(linked):
    said = pa.table(
        {
            "external_id": ["e2"],
            "base": [base(name="new")],
            "base_hash": pa.array([b"3"]),
            "local_hash": pa.array([b"4"]),
        }
    )
    with linked.account("Accounts") as account:
        account.links.restate(said)
    assert hashes(linked) == ([b"1", b"3"], [b"2", b"4"])
    assert linked.bases("Accounts", pa.array(["e2"]))["base"].to_pylist() == [base(name="new")]


def test_every_link_has_to_be_looked_at(linked):
    with linked.account("Accounts") as account:
        account.links.invalidate()
    assert hashes(linked) == ([NO_HASH] * 2, [NO_HASH] * 2)
    assert hashes(linked, "Contacts") == ([b"1"], [b"2"])
