"""Change tracking."""

from typing import Any

import pytest

TRACK = {"Prefer": "odata.track-changes"}


def _begin(organization: Any, path: str = "accounts?$select=name") -> Any:
    return organization.get(path, **TRACK)["@odata.deltaLink"]


def test_the_first_answer_has_all_rows_and_a_delta_link(organization: Any) -> None:
    page = organization.get("accounts?$select=name", **TRACK)
    assert len(page["value"]) == 12
    token = page["@odata.deltaLink"].partition("?$select=name&$deltatoken=")[2]
    assert token.endswith("%2103%2f01%2f2026%2012%3a00%3a00")


def test_pages_of_a_tracked_reading_end_with_the_delta_link(organization: Any) -> None:
    headers = {"Prefer": "odata.track-changes, odata.maxpagesize=5"}
    first = organization.get("accounts?$select=name", **headers)
    assert "istracking=%22True%22" in first["@odata.nextLink"]
    assert "@odata.deltaLink" not in first
    # Somebody creates a row whose id has been passed by already.
    passed = first["value"][0]["accountid"]
    organization.client.delete(f"accounts({passed})")
    second = organization.get(first["@odata.nextLink"], **headers)
    third = organization.get(second["@odata.nextLink"], **headers)
    changes = organization.get(third["@odata.deltaLink"])["value"]
    assert [item["id"] for item in changes if "reason" in item] == [passed]


def test_changes_come_before_deletions(organization: Any) -> None:
    rows = organization.get("accounts?$select=name")["value"]
    link = _begin(organization)
    orphan = organization.create("accounts", name="Short")
    organization.client.delete(orphan)
    new = organization.create("accounts", name="New")
    organization.client.patch(f"accounts({rows[0]['accountid']})", json={"name": "Changed"})
    page = organization.get(link)
    assert page["@odata.context"].endswith("$metadata#accounts(name)/$delta")
    names = [item.get("name") for item in page["value"]]
    assert names == ["New", "Changed", None]
    assert new.endswith(f"({page['value'][0]['accountid']})")
    deletion = page["value"][2]
    assert deletion["@odata.context"].endswith("$metadata#accounts/$deletedEntity")
    assert orphan.endswith(f"({deletion['id']})")
    assert deletion["reason"] == "deleted"
    assert organization.client.get(page["@odata.deltaLink"]).json()["value"] == []


def test_changes_are_paged_and_counted(organization: Any) -> None:
    link = _begin(organization)
    for name in "abc":
        organization.create("accounts", name=name)
    organization.client.delete(organization.create("accounts", name="d"))
    pages = organization.walk(link, Prefer="odata.maxpagesize=2")
    assert [len(page) for page in pages] == [2, 2]
    token = link.partition("$deltatoken=")[2]
    assert organization.client.get(f"accounts/$count?$deltatoken={token}").text == "4"


@pytest.mark.parametrize(
    "option", ["$filter=name eq 'x'", "$orderby=name", "$expand=ownerid", "$top=3"]
)
def test_tracking_goes_with_select_only(organization: Any, option: Any) -> None:
    response = organization.client.get(f"accounts?{option}", headers=TRACK)
    name = option.partition("=")[0]
    assert organization.error(response, 400)[1] == (
        f'The "{name}" query parameter isn\'t supported when Change Tracking is enabled.'
    )


def test_only_some_tables_are_tracked(organization: Any) -> None:
    organization.error(organization.client.get("teams", headers=TRACK), 400)


def test_tracking_needs_a_privilege(organization: Any) -> None:
    organization.control.take_privilege("account")
    response = organization.client.get("accounts", headers=TRACK)
    assert organization.error(response, 403)[0] == "0x80040220"
    organization.control.take_privilege()
    _begin(organization)


def test_tokens_expire_after_seven_days(organization: Any) -> None:
    link = _begin(organization)
    organization.later(days=7)
    organization.get(link)
    organization.later(seconds=1)
    code, message = organization.error(organization.client.get(link), 400)
    assert code == "0x80044352"
    assert message.startswith("Version stamp associated with the client has expired.")


def test_tokens_expire_when_the_table_changes(organization: Any) -> None:
    link = _begin(organization)
    organization.control.expire_delta_tokens(organization.time[0])
    assert organization.error(organization.client.get(link), 400)[0] == "0x80044352"
    organization.later(seconds=1)
    organization.get(_begin(organization))
