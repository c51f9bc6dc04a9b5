import zlib
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from sqlalchemy import text

from tandem.database import open_engine
from tandem.state.bases import packed, unpacked
from tandem.state.links import LINKS

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
LONG = '{"name": "' + "Ada " * 100 + '"}'


def ids(*texts):
    return pa.array(texts, pa.string())


def link(external, local, **more):
    return {"external_id": external, "local_id": local, "base_hash": b"1", **more}


def put(state, *rows, replace=False, entity="Accounts"):
    names = dict.fromkeys(name for row in [link("", ""), *rows] for name in row)
    columns = {name: [row.get(name) for row in rows] for name in names}
    if "external_version" not in columns:
        columns["external_version"] = pa.nulls(len(rows), pa.string())
    with state.account(entity) as account:
        account.links.put(pa.table(columns), at=AT, replace=replace)


def test_a_link_knows_what_each_side_holds(state):
    put(state, link("e1", "l1", local_hash=b"L"), link("e2", "l2", local_hash=None))
    found = state.links("Accounts", "external", ids("e1", "e2"))
    assert found.schema == LINKS
    assert sorted(found["local_hash"].to_pylist(), key=str) == [None, b"L"]


def test_bases_come_back_as_they_were_given_in_the_order_asked_for(state):
    put(state, link("e1", "l1", base='{"name": "Grüße"}'), link("e2", "l2", base=LONG))
    put(state, link("e3", "l3"))
    found = state.bases("Accounts", ids("e9", "e2", "e3", "e1"))
    assert found["external_id"].to_pylist() == ["e9", "e2", "e3", "e1"]
    assert found["base"].to_pylist() == [None, LONG, None, '{"name": "Grüße"}']
    assert state.bases("Contacts", ids("e1"))["base"].to_pylist() == [None]
    assert state.bases("Accounts", ids()).num_rows == 0


def test_a_base_is_kept_compressed_where_that_saves_something(database_url, another):
    put(another(), link("e1", "l1", base='{"a": 1}'), link("e2", "l2", base=LONG))
    engine = open_engine(database_url)
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT base FROM integration_link ORDER BY external_id"))
        short, long = (bytes(row.base) for row in kept)
    engine.dispose()
    assert short == b'{"a": 1}'
    assert len(long) < len(LONG) / 2
    assert zlib.decompress(long).decode() == LONG


@pytest.mark.parametrize("size", [0, 1, 199, 200, 201, 5000])
def test_packing_gives_back_every_base(size):
    base = '{"x": "' + "".join(chr(32 + n * n % 90) for n in range(size)) + 'ž"}'
    for given in (pa.array([base, None]), pa.array([base.encode(), None])):
        assert [unpacked(kept) for kept in packed(given).to_pylist()] == [base, None]


def test_a_record_is_found_by_the_id_of_either_side(state):
    base = '{"name": "Ada", "revenue": 12345678901234567890.10, "n": 9007199254740993}'
    put(state, link("e1", "l1", base=base, external_version="v7", local_version="3"))
    put(state, link("e2", "l2"))
    (entry,) = state.link_of("Accounts", "l1")
    assert (entry,) == state.link_of("Accounts", "e1")
    assert entry.base == {
        "name": "Ada",
        "revenue": Decimal("12345678901234567890.10"),
        "n": 9007199254740993,
    }
    assert (entry.external_version, entry.local_version, entry.updated_at) == ("v7", "3", AT)
    assert [e.base for e in state.link_of("Accounts", "e2")] == [None]
    assert state.link_of("Accounts", "e3") == ()


def test_one_id_on_both_sides_shows_both_links(state):
    put(state, link("x", "l1"), link("e2", "x"))
    assert [e.external_id for e in state.link_of("Accounts", "x")] == ["e2", "x"]


def test_all_links_come_in_parts_in_the_order_of_their_ids(state, monkeypatch):
    monkeypatch.setattr("tandem.state.reader.PART_ROWS", 2)
    put(state, *(link(external, f"l{external}") for external in ("b", "ä", "B", "a", "10")))
    put(state, link("other", "one"), entity="Contacts")
    parts = list(state.all_links("Accounts"))
    assert [part.num_rows for part in parts] == [2, 2, 1]
    assert pa.concat_tables(parts)["external_id"].to_pylist() == ["10", "B", "a", "b", "ä"]
    assert state.link_count("Accounts") == 5
    assert state.link_count("Orders") == 0
    assert list(state.all_links("Orders")) == []


def test_links_that_swap_their_partners_are_replaced_together(state):
    put(state, link("e1", "l1"), link("e2", "l2"))
    swapped = pa.Table.from_batches(
        [
            pa.RecordBatch.from_pylist([link("e1", "l2", external_version="2")]),
            pa.RecordBatch.from_pylist([link("e2", "l1", external_version="2")]),
        ]
    )
    with state.account("Accounts") as account:
        account.links.put(swapped, at=AT, replace=True)
    found = state.links("Accounts", "external", ids("e1"))
    assert found["local_id"].to_pylist() == ["l2"]


def test_a_link_that_is_removed_is_gone(state):
    put(state, link("e1", "l1"), link("e2", "l2"))
    with state.account("Accounts") as account:
        account.links.remove(ids("e1", "e9"))
    assert state.links("Accounts", "local", ids("l1", "l2"))["external_id"].to_pylist() == ["e2"]


def test_no_links_at_all_are_put_and_removed(state):
    with state.account("Accounts") as account:
        account.links.put(LINKS.empty_table(), at=AT, replace=True)
        account.links.remove(ids())
    assert not state.has_links("Accounts")
