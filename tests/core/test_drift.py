"""What is told about a schema that changed, and what is guessed."""

from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tandem.core.drift.diff import Change, ChangeKind, diff
from tandem.core.drift.renames import likely_entity_renames, likely_renames
from tandem.model.schema import Capabilities, Deletes, Entity, Field, Kind, LookupTarget, Schema


def text(name: str, **facets: object) -> Field:
    return Field.model_validate({"name": name, "kind": Kind.STRING, **facets})


def number(name: str, **facets: object) -> Field:
    return Field.model_validate({"name": name, "kind": Kind.DECIMAL, **facets})


def entity(*fields: Field, name: str = "Accounts", **facets: object) -> Entity:
    key = Field(name="ID", kind=Kind.GUID, nullable=False)
    return Entity.model_validate({"name": name, "key": ("ID",), "fields": (key, *fields), **facets})


def changes(before: Entity, after: Entity) -> tuple[Change, ...]:
    return diff(Schema(entities=(before,)), Schema(entities=(after,)))


def told(before: Entity, after: Entity) -> list[str]:
    return [str(change) for change in changes(before, after)]


def test_nothing_is_told_where_only_the_order_differs() -> None:
    one = entity(text("a", options=("x", "y")), text("b"))
    other = entity(text("b"), text("a", options=("y", "x")))
    again = Schema(entities=(entity(name="Other"), other))
    assert not diff(Schema(entities=(one, entity(name="Other"))), again)


def test_a_field_that_comes_is_told_with_its_type() -> None:
    (change,) = changes(entity(), entity(text("fax", max_length=40)))
    assert str(change) == "Accounts.fax is new: string(40)"
    assert change.is_harmless


def test_a_required_field_that_comes_is_not_harmless() -> None:
    (change,) = changes(entity(), entity(text("code", nullable=False)))
    assert str(change) == "Accounts.code is new: string, required"
    assert not change.is_harmless


def test_a_field_that_goes_is_told_with_what_it_was() -> None:
    (change,) = changes(entity(text("fax", read_only=True)), entity())
    assert str(change) == "Accounts.fax is gone: string, read-only"
    assert not change.is_harmless


def test_entities_that_come_and_go_are_told_once() -> None:
    before = Schema(entities=(entity(text("a"), text("b"), name="Old"),))
    after = Schema(entities=(entity(number("x"), number("y"), number("z"), name="Fresh"),))
    assert [str(change) for change in diff(before, after)] == [
        "Fresh is new: 4 fields, key ID",
        "Old is gone: 3 fields, key ID",
    ]


@pytest.mark.parametrize(
    ("before", "after", "words", "is_harmless"),
    [
        (text("f", max_length=40), text("f", max_length=60), "string(40) → string(60)", True),
        (text("f", max_length=60), text("f", max_length=40), "string(60) → string(40)", False),
        (text("f", max_length=40), text("f"), "string(40) → string", True),
        (text("f"), text("f", max_length=40), "string → string(40)", False),
        (text("f"), number("f"), "string → decimal", False),
        (
            number("f", precision=10, scale=2),
            number("f", precision=12, scale=4),
            "decimal(10,2) → decimal(12,4)",
            True,
        ),
        (
            number("f", precision=10, scale=2),
            number("f", precision=10, scale=4),
            "decimal(10,2) → decimal(10,4)",
            False,
        ),
        (text("f"), text("f", nullable=False), "nullable → not nullable", False),
        (text("f", nullable=False), text("f"), "not nullable → nullable", True),
        (text("f"), text("f", read_only=True), "writable → read-only", False),
        (text("f"), text("f", immutable=True), "can be changed → set once", False),
        (text("f"), text("f", defaulted=True), "without a default → with a default", True),
        (text("f"), text("f", filterable=False), "filterable → not filterable", False),
        (text("f"), text("f", label="Fax"), "no label → label 'Fax'", True),
        (text("f", type_name="Edm.String"), text("f", type_name="x.T"), "Edm.String → x.T", True),
        (text("f"), text("f", options=("a", "b")), "has new: options a, b", True),
        (text("f", options=("a", "b")), text("f", options=("b",)), "lost: options a", False),
        (
            text("f", lookup=(LookupTarget(entity="A"),)),
            text("f", lookup=(LookupTarget(entity="A"), LookupTarget(entity="B", field="ID"))),
            "has new: refers to B.ID",
            True,
        ),
        (
            text("f", lookup=(LookupTarget(entity="A", navigation="a"),)),
            text("f", lookup=(LookupTarget(entity="A", navigation="toA"),)),
            "refers to A by a → refers to A by toA",
            False,
        ),
        (
            text("f"),
            text("f", by_navigation=True),
            "written directly → written by navigation",
            False,
        ),
    ],
)
def test_what_changed_about_a_field_is_told(
    before: Field, after: Field, words: str, is_harmless: bool
) -> None:
    (change,) = changes(entity(before), entity(after))
    assert change.kind is ChangeKind.RETYPED
    assert str(change) == f"Accounts.f changed: {words}"
    assert change.is_harmless is is_harmless


def test_all_that_changed_about_a_field_is_one_change() -> None:
    before, after = text("f", max_length=40), text("f", max_length=60, nullable=False)
    assert told(entity(before), entity(after)) == [
        "Accounts.f changed: string(40), nullable → string(60), not nullable"
    ]


def test_another_key_is_told() -> None:
    assert told(entity(text("code")), entity(text("code"), key=("code",))) == [
        "Accounts changed: key ID → key code"
    ]


def test_capabilities_that_went_or_came_are_told() -> None:
    before = entity(capabilities=Capabilities(creates=True, version_fields=("version",)))
    after = entity(capabilities=Capabilities(delta=True, deletes=Deletes.NATIVE))
    (change,) = changes(before, after)
    assert change.before == (
        "changes ordered by version, changes are not tracked, deletions seen by key_sweep, "
        "records can be created"
    )
    assert change.after == (
        "changes ordered by none, changes are tracked, deletions seen by native, "
        "records cannot be created"
    )
    assert not change.is_harmless


def test_every_attribute_of_the_models_is_compared() -> None:
    """Also those that come to the models later."""
    for model, place in ((text("f"), "field"), (Capabilities(), "capabilities")):
        for name in type(model).model_fields.keys() - {"name", "kind"}:
            other = model.model_copy(update={name: _another(getattr(model, name), name)})
            sides = [
                entity(one) if place == "field" else entity(capabilities=one)
                for one in (model, other)
            ]
            assert len(changes(*sides)) == 1, name


def _another(value: object, name: str) -> object:
    if name == "lookup":
        return (LookupTarget(entity="Other"),)
    if name == "deletes":
        return Deletes.NATIVE
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, tuple) or name == "filter_functions":
        return ("x",)
    return "x" if isinstance(value, str) else 7


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("fax", "faxNumber"),
        ("faxNumber", "fax_number"),
        ("AccountNumber", "accountno"),
        ("phone", "telephone"),
        ("name", "displayName"),
        ("adress", "address"),
        ("postal_code", "zip_postal_code"),
        ("postcode", "zip"),
        ("custmerName", "customerName"),
        ("new_vat", "acme_vat"),
        ("descript", "description"),
        ("accountCreditLimit", "creditlimit"),
    ],
)
def test_a_name_that_looks_like_the_old_one_is_a_likely_rename(old: str, new: str) -> None:
    before, after = entity(text("a"), text(old), text("z")), entity(text("a"), text(new), text("z"))
    assert likely_renames(before, after) == {old: new}
    assert told(before, after) == [f"Accounts.{old} looks to be {new} now"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("first_name", "last_name"),
        ("firstname", "lastname"),
        ("startDate", "endDate"),
        ("billing_city", "shipping_city"),
        ("address1_line", "address2_line"),
        ("city", "country"),
        ("fax", "fact"),
        ("isActive", "isInactive"),
        ("paid", "unpaid"),
        ("email", "noEmail"),
        ("discountAllowed", "discountDisallowed"),
        ("age", "message"),
        ("age", "mileage"),
        ("date", "lastUpdate"),
        ("net", "netherlands"),
        ("shipToCity", "billToCity"),
        ("count", "country"),
        ("address", "address2"),
    ],
)
def test_names_of_other_things_are_no_renames(old: str, new: str) -> None:
    before, after = entity(text("a"), text(old), text("z")), entity(text("a"), text(new), text("z"))
    assert likely_renames(before, after) == {}


def test_a_label_that_stayed_gives_a_rename_away() -> None:
    before = entity(text("new_field17", label="Tax Number"))
    assert likely_renames(before, entity(text("cr_vat", label="tax number"))) == {
        "new_field17": "cr_vat"
    }


def test_a_field_of_another_kind_is_no_rename() -> None:
    assert likely_renames(entity(text("fax")), entity(number("faxNumber"))) == {}


def test_two_candidates_that_are_equally_likely_are_no_rename() -> None:
    before = entity(text("a"), text("fax"), text("b"))
    after = entity(text("a"), text("faxWork"), text("faxHome"), text("b"))
    assert likely_renames(before, after) == {}


def test_the_place_decides_between_two_that_are_alike() -> None:
    before = entity(text("a"), text("fax"), text("b"))
    after = entity(text("a"), text("faxWork"), text("b"), text("faxHome"))
    assert likely_renames(before, after) == {"fax": "faxWork"}


def test_an_equal_name_in_another_spelling_beats_what_only_looks_alike() -> None:
    after = entity(text("fax_number"), text("fax_number_2"))
    assert likely_renames(entity(text("faxNumber")), after) == {"faxNumber": "fax_number"}


def test_a_rename_with_another_type_is_told_as_both() -> None:
    assert told(entity(text("fax", max_length=20)), entity(text("faxNumber", max_length=40))) == [
        "Accounts.fax looks to be faxNumber now",
        "Accounts.faxNumber changed: string(20) → string(40)",
    ]


def test_an_entity_with_the_same_fields_is_a_likely_rename() -> None:
    fields = [text(name) for name in ("number", "name", "city")]
    before = Schema(entities=(entity(*fields, name="Accounts"),))
    after = Schema(entities=(entity(*fields, text("fax"), name="CustomerAccounts"),))
    assert likely_entity_renames(before, after) == {"Accounts": "CustomerAccounts"}
    assert [str(change) for change in diff(before, after)] == [
        "Accounts looks to be CustomerAccounts now",
        "CustomerAccounts.fax is new: string",
    ]


def test_twins_are_no_renames_of_one_entity() -> None:
    fields = [text(name) for name in ("number", "name", "city")]
    before = Schema(entities=(entity(*fields, name="Parties"),))
    after = Schema(entities=tuple(entity(*fields, name=name) for name in ("Buyers", "Sellers")))
    assert likely_entity_renames(before, after) == {}


def test_where_nearly_all_was_exchanged_only_spellings_are_matched() -> None:
    before = entity(*(text(f"field_of_size_{n}") for n in range(200)))
    after = entity(*(text(f"fieldOfSize{n}") for n in range(200)))
    assert len(likely_renames(before, after)) == 200


@pytest.mark.parametrize(
    "rename", ["new_{}".format, "acme_{}".format, "Acme{}".format, "{}_c".format]
)
def test_where_all_names_got_the_same_addition_all_are_found(
    rename: Callable[[str], str],
) -> None:
    names = [f"{thing}{part}" for thing in ("Home", "Work", "Post") for part in ("City", "Street")]
    before, after = entity(*map(text, names)), entity(*map(text, map(rename, names)))
    assert likely_renames(before, after) == {name: rename(name) for name in names}


def test_where_all_entities_got_the_same_addition_all_are_found() -> None:
    things = {
        name: entity(text(f"{name}Name"), text(f"{name}Code"), name=name)
        for name in ("Buyer", "Seller", "Part")
    }
    before = Schema(entities=tuple(things.values()))
    after = Schema(
        entities=tuple(
            one.model_copy(update={"name": f"acme_{one.name}s"}) for one in things.values()
        )
    )
    assert likely_entity_renames(before, after) == {name: f"acme_{name}s" for name in things}


names = st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=10)
fields = st.builds(
    Field,
    name=names,
    kind=st.sampled_from(Kind),
    nullable=st.booleans(),
    max_length=st.none() | st.integers(1, 100),
    read_only=st.booleans(),
    label=st.sampled_from(["", "A label"]),
    options=st.lists(st.sampled_from("xyz"), unique=True).map(tuple),
)
entities = st.builds(
    Entity,
    name=names,
    fields=st.lists(fields, min_size=1, max_size=8, unique_by=lambda f: f.name).map(tuple),
    capabilities=st.builds(Capabilities, creates=st.booleans(), delta=st.booleans()),
)
schemas = st.builds(
    Schema,
    entities=st.lists(entities, min_size=1, max_size=5, unique_by=lambda e: e.name).map(tuple),
)


def edited(schema: Schema, edit: Callable[[tuple[Field, ...]], tuple[Field, ...]]) -> Schema:
    """The schema with the fields of its first entity edited."""
    first, *rest = schema.entities
    return Schema(entities=(*rest, first.model_copy(update={"fields": edit(first.fields)})))


@given(schemas)
def test_a_schema_does_not_differ_from_itself(schema: Schema) -> None:
    assert diff(schema, Schema.model_validate_json(schema.model_dump_json())) == ()


@given(schemas, fields)
def test_a_field_that_was_added_is_all_that_is_told(schema: Schema, new: Field) -> None:
    assume(new.name not in schema.entities[0].by_name)
    (change,) = diff(schema, edited(schema, lambda known: (*known, new)))
    assert (change.kind, change.field) == ("added", new.name)


@given(schemas)
def test_a_field_that_was_removed_is_all_that_is_told(schema: Schema) -> None:
    gone = schema.entities[0].fields[0].name
    (change,) = diff(schema, edited(schema, lambda known: known[1:]))
    assert (change.kind, change.entity, change.field) == ("removed", schema.entities[0].name, gone)


@given(schemas, st.sampled_from(Kind))
def test_a_field_that_was_retyped_is_all_that_is_told(schema: Schema, kind: Kind) -> None:
    first = schema.entities[0].fields[0]
    assume(first.kind is not kind)
    retyped = first.model_copy(update={"kind": kind})
    (change,) = diff(schema, edited(schema, lambda known: (retyped, *known[1:])))
    assert (change.kind, change.field) == ("retyped", first.name)


@given(schemas, st.sampled_from([str.upper, str.title, "{}Number".format, "new_{}".format]))
def test_a_field_that_was_renamed_is_all_that_is_told(
    schema: Schema, rename: Callable[[str], str]
) -> None:
    first = schema.entities[0].fields[0]
    renamed = first.model_copy(update={"name": rename(first.name)})
    (change,) = diff(schema, edited(schema, lambda known: (renamed, *known[1:])))
    assert (change.kind, change.before, change.after) == ("renamed", first.name, renamed.name)


@given(schemas, schemas)
def test_a_difference_is_the_same_however_the_schemas_are_ordered(
    before: Schema, after: Schema
) -> None:
    turned = Schema(entities=tuple(reversed(after.entities)))
    assert diff(before, after) == diff(before, turned)
