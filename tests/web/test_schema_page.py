"""Update Schema, and creating what is missing locally."""

import sqlite3

from tests.web.conftest import Pages, text_of
from tests.web.tools import MAPPING, dialog, edit_file, ended


def alter(pages: Pages, *statements: str) -> None:
    connection = sqlite3.connect(pages.database)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_the_first_look_has_nothing_to_compare_with(pages: Pages) -> None:
    answer = dialog(pages.browser("user"), "schema")
    assert answer.status_code == 200
    text = text_of(answer)
    assert "External version 1" in text
    assert "Local version 1" in text
    assert text.count("Read for the first time") == 2


def test_nothing_has_changed(pages: Pages) -> None:
    pages.sync()
    assert text_of(dialog(pages.browser("user"), "schema")).count("Nothing has changed") == 2


def test_changes_name_the_mappings_that_they_are_about(pages: Pages) -> None:
    pages.sync()
    alter(
        pages,
        "ALTER TABLE account DROP COLUMN website",
        "ALTER TABLE contact ADD COLUMN shoe_size INTEGER",
    )
    found = ended(pages.program("user"), "schema")["result"]["sides"][1]
    assert (found["side"], found["version"], found["is_new"]) == ("local", 2, True)
    gone, new = found["changes"]
    assert (gone["change"], gone["name"]) == ("removed", "account.website")
    assert (gone["mappings"], gone["is_harmless"]) == (["Accounts"], False)
    assert (new["change"], new["name"], new["mappings"]) == ("added", "contact.shoe_size", [])


def test_people_get_a_table_of_changes_with_links_to_the_mappings(pages: Pages) -> None:
    pages.sync()
    alter(pages, "ALTER TABLE account DROP COLUMN website")
    answer = dialog(pages.browser("user"), "schema")
    assert "removed account.website" in text_of(answer)
    assert f'href="/tandem{MAPPING}?entity=Accounts"' in answer.text


def test_a_system_that_cannot_be_read_is_told_in_the_dialog(pages: Pages) -> None:
    edit_file(pages, "connection: northwind_local", "connection: elsewhere")
    answer = dialog(pages.browser("user"), "schema")
    assert "There is no connection &#39;elsewhere&#39;" in answer.text
    assert ended(pages.program("user"), "schema")["state"] == "failed"


def test_who_only_reads_may_not_let_systems_be_read(pages: Pages) -> None:
    for path in ("schema", "missing", "missing/create"):
        assert pages.program("viewer").post(f"{MAPPING}/{path}", json={}).status_code == 403


def test_what_is_missing_is_listed_before_it_is_created(pages: Pages) -> None:
    missing = ended(pages.program("user"), "missing")["result"]
    assert not missing["done"]
    assert len(missing["lines"]) >= 3
    assert pages.program("user").post(f"{MAPPING}/missing/create", json={}).status_code == 403

    seen = dialog(pages.browser("editor"), "missing")
    assert "Create all" in text_of(seen)
    made = ended(pages.program("editor"), "missing/create")["result"]
    assert made["done"]
    assert made["lines"]
    nothing = text_of(dialog(pages.browser("editor"), "missing"))
    assert "Nothing is missing" in nothing
    assert "Create all" not in nothing


def test_who_may_not_create_sees_why(pages: Pages) -> None:
    answer = dialog(pages.browser("user"), "missing")
    assert 'disabled title="Permission to edit the DAG is needed."' in answer.text


def test_the_work_of_another_tool_is_not_shown_as_this_one(pages: Pages) -> None:
    client = pages.program("user")
    work = ended(client, "schema")["id"]
    answer = client.get(f"{MAPPING}/missing/{work}")
    assert answer.status_code == 422
    assert "another tool" in answer.json()["problem"]
    assert client.get(f"{MAPPING}/schema/{'0' * 16}").status_code == 422
    assert client.get(f"{MAPPING}/schema/..%2f..").status_code in (404, 422)
