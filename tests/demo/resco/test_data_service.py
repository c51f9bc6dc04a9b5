import pytest

NS = "{http://schemas.resco.net/XRM/Execute}"
NOWHERE = "99999999-9999-4999-8999-999999999999"


def entity(kind, action, key="", /, **values):
    keys = f' PrimaryKey="{key}"' if key else ""
    fields = "".join(f"<{k}>{v}</{k}>" if v else f"<{k} />" for k, v in values.items())
    return f'<Entity EntityName="{kind}" Action="{action}"{keys}>{fields}</Entity>'


def records(answer):
    return [
        {item.tag.removeprefix(NS): item.text for item in record}
        for record in answer.iter(f"{NS}Entity")
    ]


def test_who_am_i_names_organisation_and_user(resco):
    answer = resco.post("demo/WhoAmI")
    assert answer.get("OrganizationName") == "demo"
    assert answer.findtext(f"{NS}UserId") == resco.get("me")["id"]


def test_an_unknown_method_is_a_fault(resco):
    response = resco.client.post("/rest/v1/data/demo/Explode")
    assert response.status_code == 404
    assert resco.parsed(response).findtext(f"{NS}Fault/{NS}Code") == "404"


@pytest.mark.parametrize("path", ["", "/", "/demo", "/demo/", "/Fetch"])
def test_fetch_is_a_post_to_the_service_itself(resco, path):
    body = '<fetch count="1"><entity name="account"><attribute name="name" /></entity></fetch>'
    response = resco.client.post(f"/rest/v1/data{path}", content=body)
    (record,) = records(resco.parsed(response))
    assert record.keys() == {"id", "name"}


def test_fetch_tells_types_and_writes_values_as_texts(resco):
    order = resco.first("fs_workorder", "$filter=scheduledstart ne null and description eq null")
    condition = f'<condition attribute="id" operator="eq" value="{order["id"]}" />'
    answer = resco.fetch("fs_workorder", f"<filter>{condition}</filter>")
    types = {item.get("Name"): item.get("Type") for item in answer.iter(f"{NS}Attribute")}
    (record,) = records(answer)
    assert types["statuscode"] == "PicklistMap"
    assert types["customerid"] == "Lookup"
    assert record["description"] is None
    assert record["isbillable"] == str(order["isbillable"])
    assert record["scheduledstart"] == order["scheduledstart"]
    assert record["customerid"].startswith(f"account:{order['customerid']}:")


def test_fetch_pages_by_cookie_without_loss(resco):
    order = (
        '<attribute name="versionnumber" /><order attribute="versionnumber" descending="true" />'
    )
    found, cookie, page = [], "", 1
    while True:
        answer = resco.fetch(
            "fs_workorder", order, count="15", page=str(page), paging_cookie=cookie
        )
        found += [int(record["versionnumber"]) for record in records(answer)]
        if answer.findtext(f"{NS}MoreRecords") == "False":
            break
        cookie, page = answer.findtext(f"{NS}PagingCookie"), page + 1
    assert page == 3
    assert found == sorted(set(found), reverse=True)
    assert len(found) == 40


@pytest.mark.parametrize(
    ("condition", "odata"),
    [
        ('attribute="versionnumber" operator="ge" value="15"', "versionnumber ge 15"),
        ('attribute="versionnumber" operator="lt" value="15"', "versionnumber lt 15"),
        ('attribute="name" operator="like" value="%GmbH"', "endswith(name,'GmbH')"),
        ('attribute="name" operator="like" value="%o%"', "contains(name,'o')"),
        ('attribute="websiteurl" operator="null"', "websiteurl eq null"),
        ('attribute="websiteurl" operator="not-null"', "websiteurl ne null"),
        (
            'attribute="industrycode" operator="ne" value="1"',
            "industrycode ne 1 and industrycode ne null",
        ),
        ('attribute="creditonhold" operator="eq" value="True"', "creditonhold eq true"),
        ('attribute="creditlimit" operator="gt" value="250000.5"', "creditlimit gt 250000.5"),
        (
            'attribute="modifiedon" operator="le" value="2024-12-31T00:00:00Z"',
            "modifiedon le 2024-12-31T00:00:00Z",
        ),
    ],
)
def test_fetch_finds_what_odata_finds(resco, condition, odata):
    answer = resco.fetch("account", f'<filter type="and"><condition {condition} /></filter>')
    expected = {item["id"] for item in resco.get(f"account?$filter={odata}")["value"]}
    assert {record["id"] for record in records(answer)} == expected
    assert 0 < len(expected) < 20


def test_fetch_joins_conditions(resco):
    values = "".join(f"<value>{value}</value>" for value in (1, 2))
    some = f'<condition attribute="prioritycode" operator="in">{values}</condition>'
    none = '<condition attribute="prioritycode" operator="in" />'
    billable = '<condition attribute="isbillable" operator="eq" value="1" />'
    inside = f'<filter type="and"><filter type="or">{some}{none}</filter>{billable}</filter>'
    found = {record["id"] for record in records(resco.fetch("fs_workorder", inside))}
    odata = "prioritycode in (1,2) and isbillable eq true"
    assert found == {item["id"] for item in resco.get(f"fs_workorder?$filter={odata}")["value"]}


def test_fetch_by_a_lookup_of_either_target(resco):
    inside = (
        '<filter><condition attribute="customerid" operator="eq" value="contact:{0}" /></filter>'
    )
    order = resco.get("fs_workorder?$orderby=versionnumber&$top=10")["value"][9]
    found = records(resco.fetch("fs_workorder", inside.format(order["customerid"])))
    assert order["id"] in [record["id"] for record in found]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('<!DOCTYPE x [<!ENTITY e "e">]><fetch><entity name="account" /></fetch>', 400),
        ("<fetch>", 400),
        ("<fetch />", 400),
        ('<fetch><entity name="nothing" /></fetch>', 400),
        ('<fetch><entity name="account"><link-entity /></entity></fetch>', 400),
        ('<fetch count="0"><entity name="account" /></fetch>', 400),
        (
            '<fetch><entity name="account"><filter><condition attribute="name" '
            'operator="last-x-days" value="3" /></filter></entity></fetch>',
            501,
        ),
    ],
)
def test_what_is_no_query_is_a_fault(resco, body, status):
    response = resco.client.post("/rest/v1/data", content=body)
    assert response.status_code == status
    assert resco.parsed(response).find(f"{NS}Fault") is not None


def test_a_document_in_another_encoding_is_no_way_around(resco):
    body = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x><fetch />'.encode("utf-16")
    assert resco.client.post("/rest/v1/data", content=body).status_code == 400


def test_results_come_in_the_order_of_the_records(resco):
    account = resco.first("account")["id"]
    results = resco.execute(
        entity("account", "Create", name="One"),
        entity("account", "Update", id=account, telephone1=""),
        entity("account", "Update", id=NOWHERE, name="Nobody"),
        entity("contact", "Create", name="Two", parentcustomerid=f"account:{account}"),
        entity("account", "Explode", id=account),
    )
    assert [kind for kind, _ in results] == ["guid", "bool", "Fault", "guid", "Fault"]
    assert [text for _, text in results[1:3]] == ["True", "404"]
    assert resco.get(f"account('{account}')")["telephone1"] is None
    assert resco.get(f"contact('{results[3][1]}')")["parentcustomerid"] == account


def test_without_continue_on_error_the_first_fault_is_the_last_answer(resco):
    before = resco.get("account?$count=true")["@odata.count"]
    results = resco.execute(
        entity("account", "Create", name="One"),
        entity("account", "Create"),
        entity("account", "Create", name="Three"),
        continues=False,
    )
    assert [kind for kind, _ in results] == ["guid", "Fault"]
    assert resco.get("account?$count=true")["@odata.count"] == before + 1


def test_an_upsert_by_primary_key_changes_the_record_or_makes_it(resco):
    keys = "integration_bc_pk;integration_bc_documenttype"
    order = {"integration_bc_pk": "SO-1", "integration_bc_documenttype": "Order"}
    ((kind, new),) = resco.execute(entity("fs_workorder", "Upsert", keys, name="A", **order))
    ((again, answer),) = resco.execute(entity("fs_workorder", "Upsert", keys, name="B", **order))
    assert (kind, again, answer) == ("guid", "bool", "True")
    assert resco.get(f"fs_workorder('{new}')")["name"] == "B"
    other = order | {"integration_bc_documenttype": "Quote"}
    ((kind, newer),) = resco.execute(entity("fs_workorder", "Upsert", keys, name="C", **other))
    assert kind == "guid"
    assert newer != new


def test_an_upsert_by_id_takes_the_id(resco):
    ((kind, new),) = resco.execute(entity("account", "Upsert", id=NOWHERE, name="Mine"))
    assert (kind, new) == ("guid", NOWHERE)


def test_a_primary_key_needs_a_value_and_one_record(resco):
    ids = [item["id"] for item in resco.get("account?$top=2")["value"]]
    resco.execute(*(entity("account", "Update", id=i, integration_bc_pk="X") for i in ids))
    upsert = entity("account", "Upsert", "integration_bc_pk", integration_bc_pk="X", name="N")
    empty = entity("account", "Upsert", "integration_bc_pk", integration_bc_pk="", name="N")
    assert [text for _, text in resco.execute(upsert, empty)] == ["409", "400"]


def test_delete_by_primary_key(resco):
    resco.execute(entity("account", "Create", name="One", integration_bc_pk="X-1"))
    delete = entity("account", "Delete", "integration_bc_pk", integration_bc_pk="X-1")
    assert [kind for kind, _ in resco.execute(delete, delete)] == ["bool", "Fault"]


def test_no_version_is_checked(resco):
    account = resco.first("account")
    old = str(account["versionnumber"])
    resco.execute(entity("account", "Update", id=account["id"], name="Theirs"))
    update = entity("account", "Update", id=account["id"], name="Mine", versionnumber=old)
    assert resco.execute(update) == [("bool", "True")]


def test_more_records_than_the_limit_are_refused_as_a_whole(resco):
    resco.controls.execute_limit = 2
    one = entity("account", "Create", name="One")
    body = f"<ExecuteMultiple>{one * 3}</ExecuteMultiple>"
    before = resco.max_row_version()
    assert resco.client.post("/rest/v1/data/ExecuteMultiple", content=body).status_code == 400
    assert resco.max_row_version() == before


def test_single_writes(resco):
    root = resco.post("Create", '<Entity EntityName="account"><name>One</name></Entity>')
    key = root.findtext(f"{NS}Result")
    change = f'<Entity EntityName="account"><id>{key}</id><name>Two</name></Entity>'
    assert resco.post("Update", change).findtext(f"{NS}Result") == "True"
    new = f'<Entity EntityName="account"><id>{NOWHERE}</id><name>Three</name></Entity>'
    assert resco.post("Update?$create=false", new).find(f"{NS}Fault") is not None
    assert resco.post("Update?$create=true", new).findtext(f"{NS}Result") == NOWHERE
    assert resco.post("Delete", change).findtext(f"{NS}Result") == "True"
    assert resco.client.get(f"/odata/v4/account('{key}')").status_code == 404
