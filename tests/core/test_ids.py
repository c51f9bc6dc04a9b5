import pyarrow as pa

from tandem.core.ids import key_columns, new_ids, record_ids
from tandem.model.schema import Entity, Field, Kind


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
