"""A lookup of several targets is one value: both sides edit it, or a writer knows of one part."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.systems.resco_cloud import Resco
from tests.systems.test_resco import begun, here, keys, nothing_left, refers, target

from tandem.connectors.base import ETAG

Record = dict[str, Any]
Customer = tuple[str, str] | None
"""Entity and name of the record that the order refers to."""
DAUGHTER, MOTHER, ANN = ("account", "Daughter"), ("account", "Mother"), ("contact", "Ann")


@pytest.fixture
def resco(tmp_path: Path) -> Resco:
    return Resco(tmp_path)


def customer(resco: Resco, name: str = "A") -> Customer:
    row = resco.rows("fs_workorder")[keys(resco, "fs_workorder")[name]]
    entity, key = target(row), refers(row, "customerid")
    if entity is None or key is None:
        return None
    return entity, resco.rows(entity)[key]["name"]


@pytest.mark.parametrize(
    ("base", "there", "own"),
    [(None, ANN, MOTHER), (DAUGHTER, MOTHER, ANN), (DAUGHTER, ANN, MOTHER), (DAUGHTER, ANN, None)],
)
@pytest.mark.parametrize("policy", ["external_wins", "local_wins", "review"])
def test_two_edits_of_a_lookup_are_a_conflict_that_one_of_them_wins(
    resco: Resco, tmp_path: Path, policy: str, base: Customer, there: Customer, own: Customer
) -> None:
    office = begun(resco, tmp_path, on_conflict=policy)
    order = keys(resco, "fs_workorder")["A"]
    known = {e: keys(resco, e) for e in ("account", "contact")}

    def set_there(value: Customer) -> None:
        text = value and f"{value[0]}:{known[value[0]][value[1]]}"
        resco.change("fs_workorder", order, customerid=text)

    set_there(base)
    office.sync()
    set_there(there)
    parts = {f"customerid_{e}": own and own[0] == e and ids[own[1]] for e, ids in known.items()}
    office.local.change("work_order", order, **{n: v or None for n, v in parts.items()})
    office.sync()
    (conflict,) = office.state("conflict")
    assert conflict["status"] == ("open" if policy == "review" else "decided")
    for side in (there, own):
        if side:
            assert known[side[0]][side[1]] in conflict["fields"]
    assert customer(resco) == (own if policy == "local_wins" else there)
    if policy == "review":
        mine = here(office, "work_order")["A"]
        assert {n: mine[n] for n in parts} == {n: v or None for n, v in parts.items()}
    else:
        nothing_left(office, resco)


@pytest.mark.parametrize("way", ["update", "guarded update", "upsert"])
@pytest.mark.parametrize(("refers_to", "left"), [(ANN, ANN), (DAUGHTER, None), (None, None)])
def test_a_null_of_the_one_part_that_a_writer_knows_clears_that_target_only(
    resco: Resco, way: str, refers_to: Customer, left: Customer
) -> None:
    known = {entity: resco.create(entity, name=name) for entity, name in (DAUGHTER, ANN)}
    text = refers_to and f"{refers_to[0]}:{known[refers_to[0]]}"
    order = resco.create("fs_workorder", name="A", customerid=text)
    connector = resco.connect(resco.connection)
    entity = connector.schema().entity("fs_workorder")
    records = batch({"id": order, "name": "B", "customerid_account": None})
    if way == "upsert":
        written = connector.create(entity, records, replace=True)
    else:
        seen = pa.RecordBatch.from_pydict({ETAG: pa.array([None], pa.string()), "name": ["A"]})
        guard = {"seen": seen} if way == "guarded update" else {}
        written = connector.update(entity, records, **guard)
    assert (written.rejected, written.changed) == ({}, ())
    assert customer(resco, "B") == left


def batch(record: Record) -> pa.RecordBatch:
    schema = pa.schema([(name, pa.string()) for name in record])
    return pa.RecordBatch.from_pylist([record], schema=schema)
