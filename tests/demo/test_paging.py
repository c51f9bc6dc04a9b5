import httpx
import pytest


def pages(client: httpx.Client, path: str, **headers: str) -> list[dict]:
    found = []
    while path:
        response = client.get(path, headers=headers)
        assert response.status_code == 200, response.text
        found.append(response.json())
        path = found[-1].get("@odata.nextLink")
    return found


def ids(found: list[dict]) -> list[str]:
    return [record["ID"] for page in found for record in page["value"]]


def test_walk_gives_each_row_once_in_key_order(client, orders):
    found = pages(client, "WorkOrders")
    assert [len(page["value"]) for page in found] == [100, 100, 100]
    assert ids(found) == sorted(ids(found)) == [order["ID"] for order in orders]


@pytest.mark.parametrize(("asked", "size"), [("7", 7), ("odata", 100), ("0", 100), ("999999", 300)])
def test_preferred_page_size_is_honoured(client, asked, size):
    response = client.get(
        "WorkOrders", headers={"prefer": f"respond-async, odata.maxpagesize={asked}"}
    )
    assert len(response.json()["value"]) == size


def test_applied_preference_is_announced(client):
    for asked, applied in (("7", "odata.maxpagesize=7"), ("9000", "odata.maxpagesize=5000")):
        response = client.get("Accounts", headers={"prefer": f"maxpagesize={asked}"})
        assert response.headers["preference-applied"] == applied
    assert "preference-applied" not in client.get("Accounts").headers


@pytest.mark.parametrize(
    "order",
    [
        "amount",
        "amount desc",
        "priority desc,amount",
        "description,dueDate desc,hours",
        "rowVersion",
        "modifiedAt desc",
        "ID desc",
        "status,isBillable desc",
    ],
)
def test_walk_in_any_order_neither_skips_nor_repeats(client, orders, order):
    whole = client.get(
        f"WorkOrders?$orderby={order}", headers={"prefer": "maxpagesize=5000"}
    ).json()
    found = pages(client, f"WorkOrders?$orderby={order}", prefer="maxpagesize=17")
    assert ids(found) == ids([whole])
    assert len(ids(found)) == len(orders)


def test_top_spans_pages_and_skip_is_done_once(client, orders):
    found = pages(client, "WorkOrders?$top=230&$skip=20&$count=true")
    assert [len(page["value"]) for page in found] == [100, 100, 30]
    assert ids(found) == [order["ID"] for order in orders[20:250]]
    assert {page["@odata.count"] for page in found} == {300}


def test_filter_and_select_hold_on_every_page(client, orders):
    query = (
        "WorkOrders?$filter=isBillable%20and%20rowVersion%20gt%20100&$orderby=rowVersion&$select=ID"
    )
    found = pages(client, query, prefer="maxpagesize=11")
    expected = [o for o in orders if o["isBillable"] and o["rowVersion"] > 100]
    assert ids(found) == [o["ID"] for o in sorted(expected, key=lambda o: o["rowVersion"])]


def test_rows_written_during_a_walk_do_not_shift_the_others(own_client):
    client = own_client
    before = ids(pages(client, "Contacts"))
    first = client.get("Contacts").json()
    low, high = "00000000-0000-4000-8000-000000000000", "ffffffff-ffff-4fff-8fff-ffffffffffff"
    for key in (low, high):
        client.post("Contacts", json={"ID": key, "lastName": "New"}).raise_for_status()
    for record in (first["value"][3], first["value"][99]):
        client.patch("WorkOrders", json={})
        orders = client.get(f"WorkOrders?$filter=contact_ID eq {record['ID']}").json()["value"]
        for order in orders:
            client.delete(f"WorkOrders({order['ID']})").raise_for_status()
        client.delete(f"Contacts({record['ID']})").raise_for_status()
    rest = ids(pages(client, first["@odata.nextLink"]))
    assert ids([first]) + rest == [*before, high]


@pytest.mark.parametrize("token", ["x", "", "e30", "W10", "WzEsMl0", "W3t9XQ", "%F0%9F%98%80"])
def test_foreign_skiptoken_is_refused(client, token):
    response = client.get(f"WorkOrders?$skiptoken={token}")
    assert response.status_code == 400
    assert response.json()["error"]["target"] == "$skiptoken"
