from datetime import UTC, datetime, time
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.ids import id_text, key_columns, new_ids, record_ids
from tandem.core.values import arrow_type
from tandem.model.schema import Entity, Field, Kind

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    ['"', "\\", '\\"', '","', "\x00\x1f\n\r\t", "\u2028", ""]
)
MOMENTS = st.datetimes()
VALUES = {
    Kind.STRING: WORDS,
    Kind.BOOLEAN: st.booleans(),
    Kind.INT64: st.integers(-(2**63), 2**63 - 1),
    Kind.DECIMAL: st.decimals(-(10**17), 10**17, places=20),
    Kind.FLOAT64: st.floats(),
    Kind.DATE: st.dates(),
    Kind.TIME: st.times(),
    Kind.INSTANT: MOMENTS.map(lambda moment: moment.replace(tzinfo=UTC)),
    Kind.LOCAL_DATETIME: MOMENTS,
    Kind.GUID: st.uuids().map(str),
    Kind.BINARY: st.binary(max_size=5),
    Kind.JSON: WORDS,
}


def entity_of(kinds: list[Kind]) -> Entity:
    fields = tuple(Field(name=f"f{n}", kind=kind) for n, kind in enumerate(kinds))
    return Entity(name="things", key=tuple(field.name for field in fields), fields=fields)


def check_ids_and_keys_agree(entity: Entity, rows: list[tuple[object, ...]]) -> None:
    columns = [
        pa.array(values, arrow_type(field))
        for values, field in zip(zip(*rows, strict=True), entity.fields, strict=True)
    ]
    records = pa.RecordBatch.from_arrays(columns, names=list(entity.key))
    ids = record_ids(records, entity.key)
    keys = key_columns(ids, entity)
    assert keys.schema == records.schema
    assert str(keys.to_pylist()) == str(records.to_pylist())  # a NaN is not equal to itself
    assert record_ids(keys, entity.key) == ids


def rows_of(kinds: list[Kind]) -> st.SearchStrategy[list[tuple[object, ...]]]:
    return st.lists(st.tuples(*(VALUES[kind] for kind in kinds)), min_size=1, max_size=4)


@pytest.mark.parametrize("kind", Kind)
@given(st.data())
def test_the_id_of_a_key_of_any_kind_gives_the_key_back(kind, data):
    check_ids_and_keys_agree(entity_of([kind]), data.draw(rows_of([kind])))


@given(st.lists(st.sampled_from(Kind), min_size=2, max_size=4), st.data())
def test_the_id_of_a_composite_key_gives_the_key_back(kinds, data):
    check_ids_and_keys_agree(entity_of(kinds), data.draw(rows_of(kinds)))


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (Decimal("1.00"), pa.decimal128(10, 2), "1"),
        (Decimal(0), pa.decimal128(38, 20), "0"),
        (
            datetime(2026, 1, 2, tzinfo=UTC),
            pa.timestamp("us", "UTC"),
            "2026-01-02T00:00:00.000000Z",
        ),
        (datetime.fromisoformat("2026-01-02"), pa.timestamp("us"), "2026-01-02T00:00:00.000000"),
        (time(7, 30), pa.time64("us"), "07:30:00.000000"),
        (b"\x00\xff", pa.binary(), "00ff"),
    ],
)
def test_an_id_is_a_text_that_people_can_read(value, kind, text):
    column = pa.array([value, None], kind)
    assert id_text(column).to_pylist() == [text, None]
    assert record_ids(pa.record_batch({"key": column}), ("key",)).to_pylist() == [text, None]


def test_a_record_without_a_part_of_its_key_has_no_id():
    records = pa.record_batch({"order": pa.array(["a", None, "c"]), "line": pa.array([1, 2, None])})
    ids = record_ids(records, ("order", "line"))
    assert ids.is_null().to_pylist() == [False, True, True]
    keys = key_columns(ids, entity_of([Kind.STRING, Kind.INT64]))
    assert keys.to_pylist()[1:] == [{"f0": None, "f1": None}] * 2


def test_no_id_is_made_for_a_record_that_has_none():
    made = new_ids("crm/Accounts", pa.array([None, "1"]))
    assert made.is_null().to_pylist() == [True, False]


def test_a_single_key_is_the_id():
    records = pa.record_batch({"no": pa.array([1, 2]), "name": pa.array(["a", "b"])})
    assert record_ids(records, ("no",)).to_pylist() == ["1", "2"]


def test_a_composite_key_goes_to_an_id_and_back():
    entity = Entity(
        name="lines",
        key=("order", "line"),
        fields=(Field(name="order", kind=Kind.STRING), Field(name="line", kind=Kind.INT64)),
    )
    records = pa.record_batch(
        {"order": pa.array(['a"b', "c\\d", "e,f"]), "line": pa.array([1, 2, 3])}
    )
    ids = record_ids(records, entity.key)
    assert key_columns(ids, entity).to_pylist() == records.to_pylist()


def test_no_ids_have_no_keys():
    entity = Entity(
        name="lines",
        key=("order", "line"),
        fields=(Field(name="order", kind=Kind.STRING), Field(name="line", kind=Kind.INT64)),
    )
    assert key_columns(pa.array([], pa.string()), entity).num_rows == 0


def test_generated_ids_are_guids_that_a_repeat_generates_again():
    external = pa.array(["1", "2"])
    ids = new_ids("crm/Accounts", external)
    assert ids == new_ids("crm/Accounts", external)
    assert ids[0] != ids[1]
    assert ids[0] != new_ids("crm/Contacts", external)[0]
    assert all(text[14] == "8" and text[19] == "a" and len(text) == 36 for text in ids.to_pylist())
