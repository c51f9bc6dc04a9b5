"""Explain: why a record did, or did not, sync."""

from typing import Any

import httpx
from tests.web.conftest import Pages, text_of
from tests.web.test_data_previews import account, of_local, on_local, rename_there

EXPLAIN = "/integrations/northwind/explain"


def explained(pages: Pages, entity: str, record: str) -> Any:
    """What programs are answered."""
    answer = pages.program("viewer").get(EXPLAIN, params={"entity": entity, "record": record})
    assert answer.status_code == 200, answer.text
    return answer.json()["found"]


def page_of(pages: Pages, entity: str, record: str) -> str:
    """What a person reads."""
    return text_of(
        pages.browser("viewer").get(EXPLAIN, params={"entity": entity, "record": record})
    )


def fields_of(found: Any) -> dict[str, Any]:
    return {field["local"]: field for field in found["systems"]["fields"]}


def test_before_anything_is_asked_there_is_only_the_form(pages: Pages) -> None:
    found = pages.program("viewer").get(EXPLAIN).json()
    assert found["entities"] == ["Accounts", "Contacts", "WorkOrders"]
    assert found["found"] is None
    assert "to see whether it would sync now" in text_of(pages.browser("viewer").get(EXPLAIN))


def test_a_record_that_is_in_step_says_so_and_shows_both_sides(pages: Pages) -> None:
    pages.sync()
    id_ = account(pages)
    found = explained(pages, "Accounts", id_)
    assert found["systems"]["verdict"].startswith("Nothing")
    assert (found["external_id"], found["local_id"]) == (id_, id_)
    name = fields_of(found)["name"]
    assert name["external_value"] == name["base"] == name["local_value"] != ""
    number = fields_of(found)["registration_number"]
    assert isinstance(number["external_value"], str | None)
    modified = fields_of(found)["modified_at"]
    assert modified["base"] == modified["local_value"]
    assert [event["what"] for event in found["history"]] == [
        "create local record",
        "upload, full",
        "download, full",
    ]
    page = page_of(pages, "Accounts", id_)
    assert page.index(found["systems"]["verdict"]) < page.index("Both records")
    assert "linked" in page


def test_a_record_without_bases_that_is_in_step_says_so_too(pages: Pages) -> None:
    pages.sync()
    (id_, *_) = of_local(pages, "select id from work_order")
    found = explained(pages, "WorkOrders", id_)
    assert found["systems"]["verdict"] == "Nothing: the local record has these values already."


def test_what_would_be_written_is_shown_in_its_place(pages: Pages) -> None:
    pages.sync()
    id_ = account(pages)
    on_local(pages, f"update account set name = '<b>Ours</b>' where id = '{id_}'")
    found = explained(pages, "Accounts", id_)
    assert found["systems"]["verdict"] == "Update the external record."
    assert fields_of(found)["name"]["writes"] == {"external": "<b>Ours</b>"}
    assert {name for name, field in fields_of(found).items() if field["writes"]} == {"name"}
    answer = pages.browser().get(EXPLAIN, params={"entity": "Accounts", "record": id_})
    assert "<b>Ours" not in answer.text
    assert "would be written: &lt;b&gt;" in answer.text.replace('</span><span class="after">', "")


def test_nothing_is_written_by_asking(pages: Pages) -> None:
    pages.sync()
    id_ = account(pages)
    rename_there(pages, id_, "Theirs")
    before = of_local(pages, "select name from account order by id")
    assert explained(pages, "Accounts", id_)["systems"]["verdict"] == "Update the local record."
    assert of_local(pages, "select name from account order by id") == before
    assert pages.program().get("/integrations/northwind/data").json()["at_work"] == []


def test_an_unknown_record_is_said_with_what_to_try(pages: Pages) -> None:
    pages.sync()
    found = explained(pages, "Accounts", "nobody")
    assert not found["is_known"]
    page = page_of(pages, "Accounts", "nobody")
    assert "There is no record nobody of Accounts on either side" in page
    assert "the id of its row in account" in page
    assert "Both records" not in page


def test_a_record_that_was_deleted_is_known_by_its_history(pages: Pages) -> None:
    pages.sync()
    orders = httpx.get(f"{pages.service_url}WorkOrders?$select=contact_ID").json()["value"]
    used = {order["contact_ID"] for order in orders}
    id_ = next(id_ for id_ in of_local(pages, "select id from contact") if id_ not in used)
    httpx.delete(f"{pages.service_url}Contacts({id_})").raise_for_status()
    pages.sync()
    found = explained(pages, "Contacts", id_)
    assert found["is_known"]
    assert found["history"][0]["what"] == "delete local record"


def test_what_waits_is_said(pages: Pages) -> None:
    pages.sync()
    ids = of_local(pages, "select id from contact order by id limit 20")
    on_local(pages, "delete from contact where id in (select id from contact order by id limit 20)")
    pages.sync()
    assert "The deletion of the external record waits for approval." in page_of(
        pages, "Contacts", ids[0]
    )


def test_what_runs_noted_is_shown_where_the_systems_cannot_be_asked(pages: Pages) -> None:
    pages.sync()
    id_ = account(pages)
    file = pages.folder / "northwind.yaml"
    file.write_text(file.read_text().replace("northwind_api", "nowhere"))
    found = explained(pages, "Accounts", id_)
    assert found["systems"] is None
    assert "no connection 'nowhere'" in found["problem"]
    assert (found["external_id"], found["local_id"]) == (id_, id_)
    page = page_of(pages, "Accounts", id_)
    assert "The systems could not be asked." in page
    assert "create local record" in page


def test_an_entity_that_is_not_mapped_is_refused(pages: Pages) -> None:
    asked = {"entity": "Orders", "record": "1"}
    answer = pages.program("viewer").get(EXPLAIN, params=asked)
    assert answer.status_code == 422
    assert "no enabled entity 'Orders'" in answer.json()["problem"]
    assert answer.json()["remedy"] == "It has Accounts, Contacts or WorkOrders."


def test_strangers_are_told_nothing(pages: Pages) -> None:
    asked = {"entity": "Accounts", "record": "1"}
    assert pages.program("stranger").get(EXPLAIN, params=asked).status_code == 403
