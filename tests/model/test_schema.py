"""The nouns of a schema."""

from tandem.model.schema import Entity, Field, Kind


def test_a_copy_with_other_fields_finds_those_by_name() -> None:
    known = Entity(name="account", fields=(Field(name="id", kind=Kind.GUID),))
    assert list(known.by_name) == ["id"]
    added = Field(name="fax", kind=Kind.STRING)
    copied = known.model_copy(update={"fields": (*known.fields, added)})
    assert list(copied.by_name) == ["id", "fax"]
    assert copied.field("fax") == added
