import xml.etree.ElementTree as ET

import httpx
import pytest

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


def test_service_document_lists_the_entity_sets(client, get):
    document = get("")
    assert document["@odata.context"] == f"{client.base_url}$metadata"
    assert [entry["name"] for entry in document["value"]] == ["Accounts", "Contacts", "WorkOrders"]
    assert all(get(entry["url"]) for entry in document["value"])


def test_metadata_is_xml_unless_json_is_asked_for(client: httpx.Client):
    assert client.get("$metadata").headers["content-type"] == "application/xml"
    as_json = {"accept": "application/xml;q=0.1, application/json"}
    assert client.get("$metadata", headers=as_json).json()["$Version"] == "4.0"
    assert client.get("$metadata?$format=json").json()["$Version"] == "4.0"


def test_metadata_says_the_same_in_xml_and_json(client: httpx.Client):
    schema = ET.fromstring(client.get("$metadata").text).find(f".//{EDM}Schema")  # noqa: S314 ours
    as_json = client.get("$metadata?$format=json").json()["Tandem.Demo"]
    for entity_type in schema.findall(f"{EDM}EntityType"):
        members = as_json[entity_type.get("Name")]
        for element in entity_type.findall(f"{EDM}Property"):
            member = members[element.get("Name")]
            assert member.get("$Type", "Edm.String") == element.get("Type")
            assert member.get("$Nullable", False) is (element.get("Nullable") != "false")
            for facet in ("MaxLength", "Precision", "Scale"):
                assert str(member.get(f"${facet}")) == str(element.get(facet))


def test_every_property_in_the_data_is_in_the_metadata(client: httpx.Client, get):
    schema = client.get("$metadata?$format=json").json()["Tandem.Demo"]
    for name, set_ in schema["Container"].items():
        if name.startswith(("$", "@")):
            continue
        members = schema[set_["$Type"].removeprefix("Tandem.Demo.")]
        record = get(f"{name}?$top=1")["value"][0]
        sent = {member for member in record if "@" not in member}
        navigation = {n for n, m in members.items() if isinstance(m, dict) and "$Kind" in m}
        assert sent == {m for m in members if not m.startswith("$")} - navigation


@pytest.mark.parametrize(
    ("path", "accept", "status"),
    [
        ("Accounts", "text/html", 406),
        ("Accounts", "text/html, */*;q=0.1", 200),
        ("Accounts", "application/*", 200),
        ("Accounts", "application/json;odata.metadata=full", 200),
        ("Accounts?$format=atom", "*/*", 415),
        ("Accounts?$format=json", "text/html", 200),
        ("$metadata", "text/plain", 406),
    ],
)
def test_representation_is_negotiated(client: httpx.Client, path, accept, status):
    assert client.get(path, headers={"accept": accept}).status_code == status


def test_without_metadata_only_count_and_next_link_stay(get):
    page = get("WorkOrders?$count=true", accept="application/json;odata.metadata=none")
    assert set(page) == {"@odata.count", "value", "@odata.nextLink"}


def test_capabilities_are_the_same_in_xml_and_json(client: httpx.Client):
    schema = ET.fromstring(client.get("$metadata").text).find(f".//{EDM}Schema")  # noqa: S314 ours
    container = client.get("$metadata?$format=json").json()["Tandem.Demo"]["Container"]
    told = {"": schema.find(f"{EDM}EntityContainer")}
    told |= {element.get("Name"): element for element in schema.iter(f"{EDM}EntitySet")}
    for name, element in told.items():
        as_json = container[name] if name else container
        for annotation in element.findall(f"{EDM}Annotation"):
            if (record := annotation.find(f"{EDM}Record")) is not None:
                assert values(record) == as_json[f"@{annotation.get('Term')}"]


def values(record: ET.Element) -> dict:
    return {
        value.get("Property"): value.get("Bool") == "true"
        if value.get("Bool")
        else [item.text for item in value.iter(f"{EDM}String")]
        for value in record
    }


def test_what_the_service_can_do_is_announced(client: httpx.Client):
    container = client.get("$metadata?$format=json").json()["Tandem.Demo"]["Container"]
    assert container["@Capabilities.BatchSupport"]["Supported"] is True
    accounts = container["Accounts"]
    assert accounts["@Capabilities.ChangeTracking"] == {"Supported": True}
    assert accounts["@Capabilities.UpdateRestrictions"] == {"Updatable": True, "Upsertable": False}
    assert accounts["@Core.OptimisticConcurrency"] == ["rowVersion"]
