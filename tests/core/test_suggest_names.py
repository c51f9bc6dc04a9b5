"""Suggestions by names that are alike and do not mean the same, and by what lookups refer to."""

import pytest
from tests.core.suggesting import ask, entity, field

from tandem.core.suggestions.lookups import MappedEntity, mapped_entity
from tandem.core.suggestions.suggest import ACCEPTABLE
from tandem.model.integration import EntityMapping, FieldMapping
from tandem.model.schema import Entity, LookupTarget


@pytest.mark.parametrize(
    ("external", "local"),
    [
        ("country_name", "country_code"),
        ("CountryCode", "countryName"),
        ("currency_iso", "currency_name"),
        ("discount", "discount_percent"),
        ("discount_amount", "discount_rate"),
        ("department_name", "department_code"),
        ("organizationid", "account_id"),
    ],
)
def test_a_code_is_no_name_and_a_percentage_no_amount(external: str, local: str) -> None:
    found = ask(entity("a", "id", **{external: "string"}), entity("b", "id", **{local: "string"}))
    assert all(one.score < ACCEPTABLE for one in found.values())


@pytest.mark.parametrize(
    ("external", "local"),
    [
        ("CountryRegionCode", "country"),
        ("country_name", "country"),
        ("discount_rate", "discountPct"),
    ],
)
def test_a_plain_word_may_be_either(external: str, local: str) -> None:
    found = ask(entity("a", "id", **{external: "string"}), entity("b", "id", **{local: "string"}))
    assert found[external].score >= ACCEPTABLE


def test_labels_count_where_names_say_nothing() -> None:
    external = Entity(name="a", key=("id",), fields=(field("f1", label="Phone"),))
    local = Entity(
        name="b", key=("id",), fields=(field("x", label="Phone"), field("y", label="Fax"))
    )
    found = ask(external, local)["f1"]
    assert found.local.name == "x"
    assert found.reason == "label 'Phone' equals"


def test_a_label_does_not_make_a_name_of_a_code() -> None:
    external = Entity(name="a", key=("id",), fields=(field("country_code", label="Country"),))
    local = Entity(name="b", key=("id",), fields=(field("country_name", label="Country"),))
    found = ask(external, local)["country_code"]
    assert found.score < ACCEPTABLE
    assert "one is a code and one a name" in found.reason


@pytest.mark.parametrize(
    ("external", "name", "local", "ours"),
    [
        ("Orders", "orderNumber", "accounts", "accountnumber"),
        ("accounts", "accountname", "contacts", "contact_name"),
        ("Customers", "CompanyName", "contacts", "fullname"),
    ],
)
def test_the_number_of_one_entity_is_not_that_of_another(
    external: str, name: str, local: str, ours: str
) -> None:
    found = ask(entity(external, "id", **{name: "string"}), entity(local, "id", **{ours: "string"}))
    assert all(one.score < ACCEPTABLE for one in found.values())


def test_the_number_of_an_entity_may_leave_its_name_out() -> None:
    found = ask(
        entity("accounts", "id", accountnumber="string"), entity("company", "id", number="string")
    )
    assert found["accountnumber"].score >= ACCEPTABLE


def test_of_several_words_for_one_thing_the_plain_one_is_chosen() -> None:
    external = entity("Customers", "id", Region="string")
    local = entity("account", "id", address1_county="string", address1_stateorprovince="string")
    assert ask(external, local)["Region"].local.name == "address1_stateorprovince"


CONTACTS = MappedEntity(
    entity("contacts", "contactid", contactid="guid"), entity("person", "id", id="guid")
)
USERS = MappedEntity(entity("Employees", "ID", ID="int64"), entity("user", "id", id="int64"))


@pytest.mark.parametrize(
    ("external", "local"),
    [
        ({"EmployeeID": "int64 > Employees"}, {"approved_by": "int64 > user"}),
        (
            {"_primarycontactid_value": "guid > contacts"},
            {"billing_contact_id": "guid > person"},
        ),
        ({"_primarycontactid_value": "guid > contacts"}, {"owner_id": "guid > person"}),
    ],
)
def test_the_only_lookups_of_an_entity_need_not_be_one(
    external: dict[str, str], local: dict[str, str]
) -> None:
    others = {"contacts": CONTACTS, "Employees": USERS}
    (found,) = ask(
        entity("cases", "id", **external), entity("ticket", "id", **local), others=others
    ).values()
    assert found.score < ACCEPTABLE
    assert "the only lookups of" in found.reason


@pytest.mark.parametrize("local", ["contact_id", "primary_id", "primary_contact"])
def test_lookups_that_are_named_after_what_they_refer_to_are_taken(local: str) -> None:
    external = entity("cases", "id", _primarycontactid_value="guid > contacts")
    ours = entity("ticket", "id", **{local: "guid > person"})
    (found,) = ask(external, ours, others={"contacts": CONTACTS}).values()
    assert found.score >= ACCEPTABLE


def test_a_lookup_of_several_entities_is_left_to_a_person() -> None:
    """Dataverse's customer is an account or a contact."""
    external = entity("cases", "id", _customerid_value="guid > accounts | contacts")
    accounts = MappedEntity(
        entity("accounts", "accountid", accountid="guid"), entity("company", "id", id="guid")
    )
    local = entity("ticket", "id", customerid="guid > company")
    found = ask(external, local, others={"accounts": accounts})["_customerid_value"]
    assert found.score < ACCEPTABLE
    assert "any of accounts, contacts" in found.reason


def test_a_reference_to_several_entities_is_no_plain_value_either() -> None:
    external = entity("cases", "id", _customerid_value="guid > accounts | contacts")
    found = ask(external, entity("ticket", "id", customerid="guid"))["_customerid_value"]
    assert found.score < ACCEPTABLE
    assert "refers to accounts, contacts" in found.reason


def customers(**number: object) -> Entity:
    fields = (field("id", "guid"), field("number", **number))
    return Entity(name="customers", key=("id",), fields=fields)


@pytest.mark.parametrize(
    ("external", "primary_key", "finds"),
    [
        (customers(), (), False),
        (customers(unique=True), (), True),
        (customers(), ("number",), True),
    ],
)
def test_a_lookup_goes_by_what_means_one_record(
    external: Entity, primary_key: tuple[str, ...], finds: bool
) -> None:
    """A key, an alternate key, or what the mapping finds partners by."""
    local = entity("company", "id", id="guid", number="string")
    mapping = EntityMapping(
        external="customers",
        local="company",
        primary_key=primary_key,
        fields=(FieldMapping(external="number", local="number"),),
    )
    others = {"customers": mapped_entity(mapping, external, local)}
    said = field("customerNumber").model_copy(
        update={"lookup": (LookupTarget(entity="customers", field="number"),)}
    )
    for number in (field("customerNumber"), said):  # by its name, and as the metadata says
        order = Entity(name="orders", key=("id",), fields=(number,))
        found = ask(order, entity("order", "id", company_id="guid > company"), others=others)
        assert bool(found) is finds


def test_a_guid_that_refers_to_nothing_means_one_record() -> None:
    """Dataverse's users are referred to by `systemuserid`; their key is `ownerid`."""
    users = entity("systemusers", "ownerid", ownerid="guid", systemuserid="guid", team="guid > t")
    mapped = frozenset(("ownerid", "systemuserid", "team"))
    known = MappedEntity(users, entity("user", "id", id="guid"), mapped)
    assert [name for name in sorted(mapped) if known.is_found_by(name)] == [
        "ownerid",
        "systemuserid",
    ]
