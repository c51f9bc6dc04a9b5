"""Creating, changing, upserting and deleting rows, alone and many at once."""

import json
from typing import Any

import pytest


def test_a_new_row_is_a_204_with_its_url(organization: Any) -> None:
    response = organization.client.post("accounts", json={"name": "New"})
    assert response.status_code == 204
    assert organization.get(response.headers["odata-entityid"])["name"] == "New"


def test_a_new_row_comes_back_to_who_prefers_that(organization: Any) -> None:
    headers = {"Prefer": "return=representation"}
    response = organization.client.post(
        "contacts?$select=fullname", json={"firstname": "Ada", "lastname": "L"}, headers=headers
    )
    assert response.status_code == 201
    assert response.headers["preference-applied"] == "return=representation"
    assert response.json()["fullname"] == "Ada L"


def test_a_row_can_bring_its_id_once(organization: Any) -> None:
    id_ = "11111111-2222-3333-4444-555555555555"
    url = organization.create("accounts", accountid=id_, name="Mine")
    assert url.endswith(f"accounts({id_})")
    response = organization.client.post("accounts", json={"accountid": id_, "name": "Mine"})
    assert organization.error(response, 412)[0] == "0x80040237"


def test_an_alternate_key_is_there_once(organization: Any) -> None:
    response = organization.client.post("accounts", json={"accountnumber": "a-000001"})
    assert organization.error(response, 412)[0] == "0x80060892"


@pytest.mark.parametrize("name", ["_primarycontactid_value", "primarycontactid"])
def test_lookups_are_not_written_as_values(organization: Any, name: Any) -> None:
    contact = organization.get("contacts?$top=1")["value"][0]["contactid"]
    response = organization.client.post("accounts", json={name: contact})
    code, message = organization.error(response, 400)
    assert (code, message[:45]) == ("0x80060888", "CRM do not support direct update of Entity Re")


def test_navigation_properties_are_case_exact(organization: Any) -> None:
    contact = organization.get("contacts?$top=1")["value"][0]["contactid"]
    wrong = {"msdyn_reportedbycontact@odata.bind": f"contacts({contact})"}
    code, message = organization.error(
        organization.client.post("msdyn_workorders", json=wrong), 400
    )
    assert code == "0x80048d19"
    assert "An undeclared property 'msdyn_reportedbycontact'" in message
    right = {"msdyn_ReportedByContact@odata.bind": f"/contacts({contact})"}
    row = organization.get(organization.create("msdyn_workorders", **right))
    assert row["_msdyn_reportedbycontact_value"] == contact


def test_a_polymorphic_lookup_is_written_by_the_target(organization: Any) -> None:
    account = organization.get("accounts?$top=1")["value"][0]["accountid"]
    url = organization.create(
        "incidents", **{"customerid_account@odata.bind": f"accounts({account})"}
    )
    name = "_customerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"
    headers = {"Prefer": 'odata.include-annotations="*"'}
    assert organization.get(url, **headers)[name] == "account"
    wrong = {"customerid_contact@odata.bind": f"accounts({account})"}
    organization.error(organization.client.patch(url, json=wrong), 400)
    organization.client.patch(url, json={"customerid_contact@odata.bind": None})
    assert organization.get(url)["_customerid_value"] is None


def test_a_lookup_to_a_missing_row_is_a_404(organization: Any) -> None:
    missing = "00000000-0000-0000-0000-000000000001"
    response = organization.client.post(
        "accounts", json={"primarycontactid@odata.bind": f"contacts({missing})"}
    )
    code, message = organization.error(response, 404)
    assert (code, message) == ("0x80040217", f"contact With Id = {missing} Does Not Exist")


def test_unknown_columns_long_texts_and_wrong_choices_are_refused(organization: Any) -> None:
    post = organization.client.post
    assert organization.error(post("accounts", json={"nme": "x"}), 400)[0] == "0x80048d19"
    code, message = organization.error(post("accounts", json={"accountnumber": "x" * 21}), 400)
    assert code == "0x80044331"
    assert "exceeded the maximum allowed length of '20'" in message
    organization.error(post("accounts", json={"customertypecode": 2}), 400)


def test_preconditions_without_codes(organization: Any) -> None:
    url = organization.create("accounts", name="One")
    stale = organization.client.patch(url, json={"name": "x"}, headers={"If-Match": 'W/"1"'})
    assert organization.error(stale, 412) == (
        "",
        "The version of the existing record doesn't match the RowVersion property provided.",
    )
    there = organization.client.patch(url, json={"name": "x"}, headers={"If-None-Match": "*"})
    assert organization.error(there, 412) == (
        "",
        "A record with matching key values already exists.",
    )
    gone = "accounts(00000000-0000-0000-0000-000000000001)"
    missing = organization.client.patch(gone, json={"name": "x"}, headers={"If-Match": "*"})
    assert organization.error(missing, 404)[0] == ""


def test_the_recommended_header_null_is_no_precondition(organization: Any) -> None:
    url = organization.create("accounts", name="One")
    headers = {"If-None-Match": "null"}
    assert organization.client.patch(url, json={"name": "Two"}, headers=headers).status_code == 204
    assert organization.get(url, **headers)["name"] == "Two"


def test_a_patch_creates_what_is_not_there(organization: Any) -> None:
    by_id = "accounts(11111111-2222-3333-4444-555555555555)"
    by_key = "accounts(accountnumber='U-1')"
    headers = {"Prefer": "return=representation"}
    statuses = [
        organization.client.patch(place, json={"name": "U"}, headers=headers).status_code
        for place in (by_id, by_id, by_key, by_key)
    ]
    assert statuses == [201, 200, 201, 200]
    assert organization.get(by_key)["accountnumber"] == "U-1"


def test_what_refers_to_a_row_keeps_it_lets_go_or_goes_with_it(organization: Any) -> None:
    account = organization.create("accounts", name="Parent")
    kept = organization.create(
        "accounts", **{"name": "Child", "parentaccountid@odata.bind": account}
    )
    case = organization.create("incidents", **{"customerid_account@odata.bind": account})
    order = organization.create("msdyn_workorders", **{"msdyn_serviceaccount@odata.bind": account})
    code, _ = organization.error(organization.client.delete(account), 405)
    assert code == "0x80040227"
    assert organization.client.delete(order).status_code == 204
    assert organization.client.delete(account).status_code == 204
    assert organization.get(kept)["_parentaccountid_value"] is None
    organization.error(organization.client.get(case), 404)


def _targets(*rows: Any) -> Any:
    type_ = "Microsoft.Dynamics.CRM.account"
    return {"Targets": [{"@odata.type": type_, **row} for row in rows]}


def test_many_rows_are_created_changed_and_upserted_at_once(organization: Any) -> None:
    action = "accounts/Microsoft.Dynamics.CRM."
    created = organization.client.post(
        f"{action}CreateMultiple", json=_targets({"name": "a"}, {"name": "b"})
    )
    ids = created.json()["Ids"]
    changes = _targets({"accountid": ids[0], "name": "A"})
    assert organization.client.post(f"{action}UpdateMultiple", json=changes).status_code == 204
    assert organization.get(f"accounts({ids[0]})")["name"] == "A"
    upserts = _targets({"@odata.id": "accounts(accountnumber='M-1')", "name": "m"})
    assert organization.client.post(f"{action}UpsertMultiple", json=upserts).status_code == 204
    assert organization.get("accounts(accountnumber='M-1')")["name"] == "m"


def test_many_rows_are_all_created_or_none(organization: Any) -> None:
    body = _targets({"name": "new"}, {"accountnumber": "A-000001"})
    response = organization.client.post("accounts/Microsoft.Dynamics.CRM.CreateMultiple", json=body)
    organization.error(response, 412)
    assert organization.get("accounts?$filter=name eq 'new'")["value"] == []


def test_not_every_table_has_bulk_operations(organization: Any) -> None:
    body = {"Targets": [{"@odata.type": "Microsoft.Dynamics.CRM.team", "name": "x"}]}
    response = organization.client.post("teams/Microsoft.Dynamics.CRM.CreateMultiple", json=body)
    organization.error(response, 404)


def _part(method: Any, url: Any, body: Any = None, id_: Any = None) -> Any:
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    lines += [f"Content-ID: {id_}"] if id_ else []
    lines += ["", f"{method} {url} HTTP/1.1", "Content-Type: application/json", ""]
    return "\r\n".join([*lines, json.dumps(body) if body else "", ""])


def _multipart(boundary: Any, *parts: Any) -> Any:
    joined = "".join(f"--{boundary}\r\n{part}" for part in parts)
    return f"{joined}--{boundary}--\r\n"


def _batch(organization: Any, *parts: Any, **headers: Any) -> Any:
    media_type = {"Content-Type": "multipart/mixed; boundary=b"}
    return organization.client.post(
        "$batch", content=_multipart("b", *parts), headers=media_type | headers
    )


def test_a_batch_ends_with_the_first_failure_and_is_a_400(organization: Any) -> None:
    parts = [_part("GET", "nothing"), _part("GET", "/api/data/v9.2/teams")]
    stopped = _batch(organization, *parts)
    assert stopped.status_code == 400
    assert stopped.text.count("HTTP/1.1 ") == 1
    went_on = _batch(organization, *parts, Prefer="odata.continue-on-error")
    assert went_on.status_code == 200
    assert went_on.text.count("HTTP/1.1 ") == 2


def test_a_change_set_is_one_transaction_with_references(organization: Any) -> None:
    inner = _multipart(
        "c",
        _part("POST", "accounts", {"name": "Set"}, 1),
        _part(
            "POST", "contacts", {"lastname": "Set", "parentcustomerid_account@odata.bind": "$1"}, 2
        ),
    )
    changes = f"Content-Type: multipart/mixed; boundary=c\r\n\r\n{inner}"
    assert _batch(organization, changes).status_code == 200
    (contact,) = organization.get("contacts?$filter=lastname eq 'Set'")["value"]
    (account,) = organization.get("accounts?$filter=name eq 'Set'")["value"]
    assert contact["_parentcustomerid_value"] == account["accountid"]
    failing = inner.replace('"lastname": "Set"', '"lastnme": "Set"').replace(
        '"name": "Set"', '"name": "Other"'
    )
    reply = _batch(organization, f"Content-Type: multipart/mixed; boundary=c\r\n\r\n{failing}")
    assert reply.status_code == 400
    assert organization.get("accounts?$filter=name eq 'Other'")["value"] == []


def test_batches_are_multipart_and_have_a_limit(organization: Any) -> None:
    assert organization.client.post("$batch", json={"requests": []}).status_code == 415
    organization.error(_batch(organization, *[_part("GET", "teams")] * 1_001), 400)
