"""The filter builder: what it shows and says, what it counts, and what it makes of a draft."""

import re
from typing import Any

import pytest
from httpx import Client, Response
from tests.web.conftest import Pages, text_of

from tandem.sync.job import Request, open_job
from tandem.sync.people.schemas import refresh

PATH = "integrations/northwind/mapping/filter"
CITY = {"field": "address/city", "operator": "eq", "value": "Brno"}


@pytest.fixture
def seen(pages: Pages) -> Pages:
    """Both systems have been looked at."""
    pages.sync()
    return pages


def build(client: Client, condition: Any = ..., **asked: Any) -> Response:
    body = {"entity": "Accounts", **asked}
    if condition is not ...:
        body["condition"] = condition
    return client.post(f"/{PATH}", json=body)


def count(client: Client, condition: Any, **asked: Any) -> dict[str, Any]:
    body = {"entity": "Accounts", "condition": condition, **asked}
    answer = client.post(f"/{PATH}/count", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_filter_of_the_file_is_shown_as_conditions_words_and_yaml(seen: Pages) -> None:
    found = seen.browser().get(f"/{PATH}?entity=WorkOrders&side=external")
    assert found.status_code == 200
    assert "Download filter of WorkOrders" in text_of(found)
    assert "WorkOrders where status is not “Cancelled”" in text_of(found)
    assert "download_filter: {field: status, operator: ne, value: Cancelled}" in text_of(found)
    assert 'name="condition.and.0.field" value="status"' in found.text


def test_a_mapping_without_filter_says_that_all_records_travel(seen: Pages) -> None:
    found = seen.browser().get(f"/{PATH}?entity=Accounts&side=local")
    assert "Upload filter of Accounts" in text_of(found)
    assert "No condition: all records are uploaded." in text_of(found)
    assert "Remove filter" not in found.text


def test_operators_and_inputs_fit_the_kind_of_the_field(seen: Pages) -> None:
    asked = {
        "and": [
            {"field": "isActive", "operator": "eq", "value": "true"},
            {"field": "customerSince", "operator": "between", "value": ["2024-01-01", ""]},
            {"field": "revenue", "operator": "ge", "value": "1000.50"},
            {"field": "name", "operator": "in", "value": "Ada\nBob"},
            {"field": "modifiedAt", "operator": "last_x_days", "value": "3"},
        ]
    }
    rows = build(seen.program(), asked).json()["root"]["parts"]
    active, since, revenue, name, modified = rows
    assert [one["value"] for one in active["operators"]] == ["eq", "ne", "null", "not_null"]
    assert active["input"] == "choice"
    assert "contains" not in [one["value"] for one in since["operators"]]
    assert {"value": "ge", "label": "is on or after"} in since["operators"]
    assert (since["takes"], since["input"], since["values"]) == ("two", "date", ["2024-01-01", ""])
    assert (revenue["takes"], revenue["input"]) == ("one", "number")
    assert (name["takes"], name["values"]) == ("list", ["Ada", "Bob"])
    assert (modified["takes"], modified["values"]) == ("count", ["3"])


def test_typed_values_become_plain_values_of_the_fields_kind(seen: Pages) -> None:
    asked = {
        "or": {
            "0": {"field": "revenue", "operator": "ge", "value": "1000.50"},
            "1": {"field": "isActive", "operator": "eq", "value": "true"},
            "2": {"field": "customerSince", "operator": "gt", "value": "2024-01-31"},
            "10": {"field": "modifiedAt", "operator": "last_x_days", "value": "3"},
            "9": {"field": "accountNumber", "operator": "in", "value": "007\n8"},
        }
    }
    yaml = build(seen.program(), asked).json()["yaml"]
    assert "value: 1000.50}" in yaml
    assert "{field: isActive, operator: eq, value: true}" in yaml
    assert "value: 2024-01-31}" in yaml
    assert 'value: ["007", "8"]}' in yaml
    assert yaml.splitlines()[-1].strip(" -") == (
        "{field: modifiedAt, operator: last_x_days, value: 3}"
    )


def test_conditions_and_groups_are_added_removed_and_joined_otherwise(seen: Pages) -> None:
    client = seen.program()
    blank = {"field": "", "operator": "eq", "value": ""}

    def after(condition: Any, do: str, at: str) -> Any:
        root = build(client, condition, do=do, at=at).json()["root"]
        return plain(root)

    def plain(part: dict[str, Any]) -> Any:
        if "parts" not in part:
            return part["field"]
        return {part["join"]: [plain(one) for one in part["parts"]]}

    assert after(None, "add", "") == {"and": [""]}
    assert after(CITY, "add", "") == {"and": ["address/city", ""]}
    assert after(CITY, "group", "") == {"and": ["address/city", {"or": [""]}]}
    nested = {"and": [CITY, {"or": [blank]}]}
    assert after(nested, "add", "1") == {"and": ["address/city", {"or": ["", ""]}]}
    assert after(nested, "remove", "1.0") == {"and": ["address/city"]}
    assert after(nested, "switch", "1") == {"and": ["address/city", {"and": [""]}]}
    assert after(nested, "switch", "") == {"or": ["address/city", {"or": [""]}]}
    assert after(CITY, "remove", "0") == {"and": []}


def test_what_is_wrong_stands_beside_the_condition_that_it_is_about(seen: Pages) -> None:
    asked = {
        "and": [
            CITY,
            {"or": [{"field": "adress", "operator": "eq", "value": "x"}]},
            {"field": "employees", "operator": "gt", "value": "many"},
        ]
    }
    found = build(seen.program(), asked).json()
    city, group, employees = found["root"]["parts"]
    assert city["said"] == []
    assert "no field 'adress'" in group["parts"][0]["said"][0]["text"]
    assert "address/" in group["parts"][0]["said"][0]["remedy"]
    assert "'many' is no value of field 'employees'" in employees["said"][0]["text"]
    assert found["is_complete"]
    assert not found["is_right"]
    page = build(seen.browser(), asked, do="look")
    assert re.search(r'id="condition-2-said"[^>]*hx-swap-oob[^>]*>\s*<p class="error">', page.text)
    assert "Records are counted once this is correct." in page.text


def test_an_unfinished_condition_says_what_is_missing(seen: Pages) -> None:
    found = build(seen.program(), {"and": [{"field": "", "operator": "eq", "value": ""}]}).json()
    assert found["root"]["parts"][0]["said"][0]["text"] == "Choose a field."
    assert not found["is_complete"]
    asked = {"field": "name", "operator": "in", "value": ""}
    found = build(seen.program(), asked).json()
    assert found["root"]["parts"][0]["said"][0]["text"] == "Give at least one value."


def test_fields_of_lookups_targets_are_offered_and_counted(seen: Pages) -> None:
    asked = {"field": "account_ID.address/city", "operator": "not_null"}
    found = build(seen.program(), asked, entity="Contacts").json()
    assert "account_ID.address/city" in [one["name"] for one in found["fields"]]
    assert found["is_right"]
    counted = count(seen.program("user"), asked, entity="Contacts")
    assert 0 < counted["matching"] <= counted["total"] == 40


def test_matching_records_are_counted_as_they_are_now(seen: Pages) -> None:
    client = seen.program("user")
    assert count(client, None)["text"] == "30 of 30 records match."
    status = {"field": "status", "operator": "in", "value": "Cancelled"}
    cancelled = count(client, status, entity="WorkOrders")
    others = count(client, {**status, "operator": "not_in"}, entity="WorkOrders")
    assert cancelled["total"] == others["total"] == 50
    assert cancelled["matching"] + others["matching"] == 50
    assert cancelled["matching"] > 0


def test_local_records_are_counted_for_the_upload_filter(seen: Pages) -> None:
    local = {"field": "city", "operator": "not_null"}
    external = {"field": "address/city", "operator": "not_null"}
    counted = count(seen.program(), local, side="local")
    assert counted == count(seen.program(), external)


def test_a_local_table_that_is_not_there_yet_has_no_records(pages: Pages) -> None:
    integration = pages.folder / "northwind.yaml"
    integration.write_text(
        integration.read_text().replace("local: account\n", "local: account_of_ours\n")
    )
    from tandem.integration_files import load_integration

    with open_job(load_integration(integration), Request("look"), pages.environment) as run:
        refresh(run)
    asked = {"field": "city", "operator": "eq", "value": "Brno"}
    assert build(pages.program(), asked, side="local").json()["is_right"]
    assert count(pages.program(), asked, side="local")["text"] == "0 of 0 records match."


def test_a_system_that_does_not_answer_is_told_in_place_of_the_count(seen: Pages) -> None:
    asked = {"entity": "Accounts", "condition": {"and": ""}}
    (seen.folder / "northwind.yaml").write_text(
        (seen.folder / "northwind.yaml").read_text().replace("northwind_api", "nowhere")
    )
    told = seen.browser().post(f"/{PATH}/count", json=asked)
    assert told.status_code == 200
    assert "not counted There is no connection" in text_of(told)
    assert seen.program().post(f"/{PATH}/count", json=asked).status_code == 422


def test_without_a_look_at_the_systems_the_builder_says_what_to_do(pages: Pages) -> None:
    told = pages.browser().get(f"/{PATH}?entity=Accounts")
    assert told.status_code == 422
    assert "Update Schema" in text_of(told)


def test_a_filter_is_put_into_the_draft_and_taken_out_again(seen: Pages) -> None:
    client = seen.program()
    before = (seen.folder / "northwind.yaml").read_text()
    form = {"and": {"0": {"field": "revenue", "operator": "ge", "value": "1000"}}}
    used = client.post(f"/{PATH}/use", json={"entity": "Accounts", "condition": form})
    assert used.status_code == 200, used.text
    draft = used.json()["draft"]
    shown = build(client, draft=draft).json()
    assert shown["sentence"] == "revenue is at least 1000"
    assert shown["condition"] == {"field": "revenue", "operator": "ge", "value": 1000}
    assert shown["is_there"]
    asked = {"entity": "Accounts", "condition": {"and": ""}, "draft": draft}
    removed = client.post(f"/{PATH}/use", json=asked).json()["draft"]
    assert not build(client, draft=removed).json()["is_there"]
    assert (seen.folder / "northwind.yaml").read_text() == before


def test_an_incomplete_filter_is_not_used(seen: Pages) -> None:
    asked = {"entity": "Accounts", "condition": {"field": "", "operator": "eq", "value": "x"}}
    told = seen.program().post(f"/{PATH}/use", json=asked)
    assert told.status_code == 422
    assert "Choose a field." in told.json()["problem"]


@pytest.mark.parametrize(
    "condition",
    [
        "x", ["x"], {"and": {"x": {}}}, {"and": 3}, {"field": 3, "operator": "eq"},
        {"and": [], "or": []}, {"and": [{"and": [{"and": "x"}]}]},
    ],
)  # fmt: skip
def test_what_is_no_filter_is_refused(seen: Pages, condition: Any) -> None:
    told = build(seen.program(), condition)
    assert told.status_code == 422
    assert "This is no filter" in told.json()["problem"]


def test_who_may_not_run_sees_no_count_and_who_may_not_edit_uses_nothing(seen: Pages) -> None:
    viewer = seen.browser("viewer")
    shown = build(viewer, CITY)
    assert "not counted for you" in text_of(shown)
    assert "Use this filter" not in shown.text
    asked = {"entity": "Accounts", "condition": CITY}
    assert viewer.post(f"/{PATH}/count", json=asked).status_code == 403
    assert seen.browser("user").post(f"/{PATH}/use", json=asked).status_code == 403


def test_names_and_values_are_escaped(seen: Pages) -> None:
    evil = "\"><script>alert('x')</script>"
    shown = build(seen.browser(), {"field": evil, "operator": "eq", "value": evil}, do="shape")
    assert shown.status_code == 200
    assert "<script" not in shown.text
