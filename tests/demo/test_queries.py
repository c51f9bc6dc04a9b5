import httpx
import pytest

from tandem.demo.schema import WORK_ORDERS


def test_select_returns_what_it_names_and_the_key(get):
    page = get("WorkOrders?$select=subject,site/city&$top=1")
    assert page["@odata.context"].endswith("$metadata#WorkOrders(ID,subject,site/city)")
    record = page["value"][0]
    assert list(record) == ["@odata.etag", "ID", "subject", "site"]
    assert list(record["site"]) == ["city"]


def test_selecting_everything_is_selecting_nothing_in_particular(get):
    page, plain = get("Accounts?$select=*&$top=3"), get("Accounts?$top=3")
    assert page["value"] == plain["value"]
    assert page["@odata.context"] == plain["@odata.context"]


def test_complex_property_is_selected_as_a_whole(get):
    record = get("Accounts?$select=address&$top=1")["value"][0]
    assert set(record["address"]) == {"street", "city", "postalCode", "country"}


@pytest.mark.parametrize("direction", ["", " asc", " desc"])
def test_null_sorts_below_everything(get, orders, direction):
    found = get(f"WorkOrders?$orderby=amount{direction}&$select=amount", prefer="maxpagesize=5000")
    amounts = [record["amount"] for record in found["value"]]
    expected = sorted((order["amount"] for order in orders), key=lambda a: (a is not None, a or 0))
    assert amounts == (expected[::-1] if direction == " desc" else expected)


def test_rows_are_ordered_by_several_properties(get, orders):
    found = get("WorkOrders?$orderby=priority desc,site/city", prefer="maxpagesize=5000")["value"]
    expected = sorted(orders, key=lambda r: (-r["priority"], r["site"]["city"], r["ID"]))
    assert found == expected


def test_top_and_skip_cut_a_window(get, orders):
    assert get("WorkOrders?$top=7&$skip=290")["value"] == orders[290:297]
    assert get("WorkOrders?$skip=299")["value"] == orders[299:]
    assert get("WorkOrders?$top=0") == {
        "@odata.context": get("WorkOrders?$top=1")["@odata.context"],
        "value": [],
    }


def test_count_ignores_the_window(get, orders):
    counted = get("WorkOrders?$count=true&$top=1&$filter=isBillable")
    assert counted["@odata.count"] == sum(order["isBillable"] for order in orders)
    assert get("WorkOrders/$count") == len(orders)


def test_entity_is_found_by_its_key(get, orders):
    order = orders[5]
    found = get(f"WorkOrders({order['ID'].upper()})")
    assert found.pop("@odata.context").endswith("$metadata#WorkOrders/$entity")
    assert found == order
    assert get(f"WorkOrders(ID={order['ID']})?$select=subject")["subject"] == order["subject"]


def test_etag_header_is_the_etag_in_the_body(client: httpx.Client, orders):
    response = client.get(f"WorkOrders({orders[0]['ID']})")
    assert response.headers["etag"] == orders[0]["@odata.etag"]


@pytest.mark.parametrize(
    "path",
    [
        "Nothing",
        "Accounts(00000000-0000-0000-0000-000000000000)",
        "Accounts('text')",
        "Accounts(ID=1,Other=2)",
        "Accounts/name",
        "WorkOrders(00000000-0000-0000-0000-000000000000)/subject",
        "accounts",
    ],
)
def test_what_is_not_there_is_a_404(client: httpx.Client, path):
    response = client.get(path)
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "NotFound"


@pytest.mark.parametrize(
    ("query", "status", "target"),
    [
        ("$top=-1", 400, "$top"),
        ("$top=1.5", 400, "$top"),
        ("$skip=many", 400, "$skip"),
        ("$count=yes", 400, "$count"),
        ("$top=1&$top=2", 400, "$top"),
        ("$select=colour", 400, "colour"),
        ("$select=", 400, None),
        ("$orderby=colour", 400, "colour"),
        ("$orderby=name%20up", 400, "$orderby"),
        ("$orderby=", 400, None),
        ("$Top=1", 400, "$Top"),
        ("$expand=parent", 501, "$expand"),
        ("$search=x", 501, "$search"),
        ("$apply=x", 501, "$apply"),
        ("$select=parent", 501, "parent"),
    ],
)
def test_bad_option_is_an_odata_error_that_names_it(client: httpx.Client, query, status, target):
    response = client.get(f"Accounts?{query}")
    assert response.status_code == status
    assert response.json()["error"].get("target") == target


def test_options_that_are_not_odatas_are_ignored(get):
    assert len(get("Accounts?$top=1&sap-client=100&x")["value"]) == 1


def test_plus_in_a_url_is_a_plus(client: httpx.Client):
    assert client.get("Accounts?$filter=name+eq+'x'").status_code == 400


def test_every_property_can_be_filtered_and_ordered(get):
    for path in WORK_ORDERS.paths:
        get(f"WorkOrders?$filter={path}%20ne%20null&$orderby={path}&$top=1")
