import pytest

from tandem.demo.data import Sizes
from tandem.demo.resco.attributes import LookupForm

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
STRICT = "odata.include-annotations=*,resco.strictlookup=true"
NOWHERE = "99999999-9999-4999-8999-999999999999"


def test_both_forms_of_address_lead_to_the_same_records(resco):
    for root in "/odata/v4/", "/odata/v4/demo/":
        assert resco.client.get(f"{root}account?$top=3").status_code == 200
    assert resco.client.get("/odata/v4/demo").json() == resco.client.get("/odata/v4/demo/").json()
    assert resco.client.get("/odata/v4/other/account").status_code == 404


def test_the_service_document_gives_entities_with_their_labels(resco):
    document = resco.get("?$kind=EntitySet&$entitySet=fs_workorder")
    assert document["value"] == [
        {"kind": "EntitySet", "title": "Work Order", "name": "fs_workorder", "url": "fs_workorder"}
    ]
    assert len(resco.get("")["value"]) == 4


def test_metadata_is_of_resco_and_promises_nothing(resco):
    document = resco.parsed(resco.client.get("/odata/v4/$metadata"))
    (schema,) = document.iter(f"{EDM}Schema")
    assert schema.get("Namespace") == "RescoCrm"
    assert {item.get("Name") for item in schema.iter(f"{EDM}EntitySet")} == {
        "account",
        "contact",
        "systemuser",
        "fs_workorder",
    }
    terms = {item.get("Term") for item in schema.iter(f"{EDM}Annotation")}
    assert not [term for term in terms if term.startswith("Capabilities.")]
    assert not [p for p in schema.iter(f"{EDM}Property") if "#" in p.get("Name")]


def test_there_is_no_batch(resco):
    assert resco.client.post("/odata/v4/$batch", json={"requests": []}).status_code == 404


def test_me_is_the_user_whose_credentials_came(resco):
    assert resco.get("me")["name"] == "sync"


def test_pages_have_1000_records_whatever_is_preferred(made):
    resco = made(sizes=Sizes(2, 2, 1_100))
    page = resco.get("fs_workorder?$count=true", prefer="odata.maxpagesize=5000")
    assert (len(page["value"]), page["@odata.count"]) == (1_000, 1_100)
    link = page["@odata.nextLink"]
    rest = resco.client.get(link).json()
    assert "$skiptoken=" in link
    assert (len(rest["value"]), "@odata.nextLink" in rest) == (100, False)


def test_keys_are_quoted(resco):
    record = resco.first("account")
    assert resco.get(f"account('{record['id']}')")["name"] == record["name"]
    assert resco.client.get(f"/odata/v4/account({record['id']})").status_code == 404
    assert resco.client.get(f"/odata/v4/account('{NOWHERE}')").status_code == 404


@pytest.mark.parametrize("literal", ["{0}", "'{0}'", "'account:{0}'"])
def test_lookups_are_compared_with_guids_quoted_or_not(resco, literal):
    order = resco.first("fs_workorder")
    condition = f"customerid eq {literal.format(order['customerid'])}"
    found = resco.get(f"fs_workorder?$filter={condition}")["value"]
    assert order["id"] in [item["id"] for item in found]
    assert {item["customerid"] for item in found} == {order["customerid"]}


def test_rows_are_found_by_their_versions(resco):
    top = resco.max_row_version()
    found = resco.get(f"fs_workorder?$filter=versionnumber ge {top - 1}&$select=versionnumber")
    assert sorted(item["versionnumber"] for item in found["value"]) == [top - 1, top]


def test_etags_are_weak_and_hexadecimal(resco):
    record = resco.first("account")
    assert record["@odata.etag"] == f'W/"{record["versionnumber"]:016X}"'
    assert resco.get(f"account('{record['id']}')")["@odata.etag"] == record["@odata.etag"]


def test_a_lookup_tells_its_target_where_strict_lookups_are_preferred(resco):
    query = "fs_workorder?$top=10&$orderby=versionnumber"
    plain, strict = resco.get(query)["value"], resco.get(query, prefer=STRICT)["value"]
    assert {item["customerid"].partition(":")[0] for item in strict} == {"account", "contact"}
    for one, other in zip(plain, strict, strict=True):
        assert other["customerid"].partition(":")[2] == one["customerid"]
        assert other["ownerid"] == f"systemuser:{one['ownerid']}"


def test_lookups_can_be_guids_whatever_is_preferred(made):
    resco = made(LookupForm.GUID)
    order = resco.get("fs_workorder?$top=1", prefer=STRICT)["value"][0]
    assert ":" not in order["customerid"]


def test_lookups_can_have_names_of_their_own_beside_navigation_properties(made):
    resco = made(LookupForm.SUFFIXED)
    order = resco.first("fs_workorder", "$expand=customerid,ownerid&$select=__customerid_id")
    assert order["customerid"]["id"] == order["__customerid_id"]
    assert order["ownerid"]["name"]
    found = resco.get(f"fs_workorder?$filter=__customerid_id eq {order['__customerid_id']}")
    assert found["value"]
    document = resco.parsed(resco.client.get("/odata/v4/$metadata"))
    names = {item.get("Name") for item in document.iter(f"{EDM}NavigationProperty")}
    assert "ownerid" in names


def test_expansion_goes_on_over_pages(made):
    resco = made(LookupForm.SUFFIXED, Sizes(2, 2, 1_001))
    page = resco.get("fs_workorder?$expand=ownerid&$select=name")
    (last,) = resco.client.get(page["@odata.nextLink"]).json()["value"]
    assert last["ownerid"]["id"]


def test_a_new_record_is_answered_with_defaults(resco):
    response = resco.client.post("/odata/v4/account", json={"name": "Bäckerei"})
    record = response.json()
    assert response.status_code == 201
    assert response.headers["location"].endswith(f"/odata/v4/account('{record['id']}')")
    assert record["ownerid"] == resco.get("me")["id"]
    assert record["statuscode"] == 1
    assert record["createdon"] == record["modifiedon"] == "2026-03-01T12:00:00Z"
    assert record["versionnumber"] == resco.max_row_version()


def test_a_change_is_answered_with_the_record(resco):
    record = resco.first("account")
    response = resco.client.patch(
        f"/odata/v4/account('{record['id']}')",
        json={"name": "New"},
        headers={"if-match": record["@odata.etag"]},
    )
    assert (response.status_code, response.json()["name"]) == (200, "New")
    assert response.headers["etag"] == response.json()["@odata.etag"] != record["@odata.etag"]


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_write_with_an_old_etag_is_refused(resco, method):
    record = resco.first("fs_workorder")
    url = f"/odata/v4/fs_workorder('{record['id']}')"
    resco.client.patch(url, json={"name": "Meanwhile"}).raise_for_status()
    body = {"name": "Late"} if method == "PATCH" else None
    headers = {"if-match": record["@odata.etag"]}
    response = resco.client.request(method, url, json=body, headers=headers)
    assert response.status_code == 412
    assert response.json()["error"].keys() == {
        "code",
        "message",
        "target",
        "details",
        "innererror",
    }
    assert resco.client.get(url).json()["name"] == "Meanwhile"


def test_a_deleted_record_is_gone(resco):
    record = resco.first("fs_workorder")
    url = f"/odata/v4/fs_workorder('{record['id']}')"
    headers = {"if-match": record["@odata.etag"]}
    assert resco.client.delete(url, headers=headers).status_code == 204
    assert resco.client.get(url).status_code == 404


def test_a_record_that_others_refer_to_stays(resco):
    order = resco.get("fs_workorder?$top=10&$orderby=versionnumber", prefer=STRICT)["value"][9]
    kind, _, key = order["customerid"].partition(":")
    assert kind == "contact"
    assert resco.client.delete(f"/odata/v4/contact('{key}')").status_code == 409
    assert resco.get(f"contact('{key}')")["id"] == key


@pytest.mark.parametrize(
    "body",
    [
        {"customerid": "contact:{0}"},
        {"customerid@odata.bind": "contact('{0}')"},
        {"customerid@odata.bind": "/odata/v4/contact({0})"},
    ],
)
def test_a_lookup_is_written_with_its_target(resco, body):
    contact, order = resco.first("contact")["id"], resco.first("fs_workorder")["id"]
    ((name, value),) = body.items()
    url = f"/odata/v4/fs_workorder('{order}')"
    response = resco.client.patch(
        url, json={name: value.format(contact)}, headers={"prefer": STRICT}
    )
    assert response.json()["customerid"] == f"contact:{contact}"
    assert resco.client.patch(url, json={"customerid": None}).json()["customerid"] is None


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"customerid": NOWHERE}, 400),
        ({"customerid": f"systemuser:{NOWHERE}"}, 400),
        ({"customerid": f"account:{NOWHERE}"}, 409),
        ({"customerid": "account"}, 400),
        ({"prioritycode": 99}, 400),
        ({"name": "x" * 201}, 400),
        ({"name": None}, 400),
        ({"unheard": 1}, 400),
        ({"scheduledstart": "soon"}, 400),
    ],
)
def test_values_that_do_not_fit_are_refused(resco, values, status):
    order = resco.first("fs_workorder")
    url = f"/odata/v4/fs_workorder('{order['id']}')"
    response = resco.client.patch(url, json=values)
    assert (response.status_code, response.json()["error"]["target"]) == (
        status,
        next(iter(values)),
    )
    assert resco.first("fs_workorder") == order
