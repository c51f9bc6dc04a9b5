"""New integrations: drafted, imported, copied; and who may not."""

import os
from typing import Any

import pytest
from httpx import Response
from tests.web.conftest import NORTHWIND, ROLES, Pages, text_of

from tandem.airflow.host import May
from tandem.errors import ConfigurationError
from tandem.integration_files import CannotWrite, create_integration_file, load_integration
from tandem.web import creating

TEXT = NORTHWIND.read_text(encoding="utf-8")
NEW: dict[str, Any] = {
    "name": "crm",
    "external": {"connector": "odata", "connection": "northwind_api"},
    "local": {"connector": "sql", "connection": "northwind_local"},
}


def create(pages: Pages, role: str = "editor", **changes: Any) -> Response:
    return pages.program(role).post("/integrations", json={**NEW, **changes})


def bring(pages: Pages, text: str, role: str = "editor", **named: str) -> Response:
    return pages.program(role).post("/integrations/import", json={"text": text, **named})


def copy(pages: Pages, name: str, role: str = "editor") -> Response:
    return pages.program(role).post("/integrations/northwind/copies", json={"name": name})


def files(pages: Pages) -> set[str]:
    return {path.name for path in pages.folder.iterdir()}


def test_installed_connectors_are_offered(pages: Pages) -> None:
    found = pages.program().get("/new").json()["connectors"]
    assert {"odata", "sql"} <= {*found}
    assert "memory" not in found
    assert "<option>odata</option>" in pages.browser().get("/new").text


def test_a_new_integration_is_drafted_from_both_systems(pages: Pages) -> None:
    answer = create(pages)
    assert (answer.status_code, answer.json()) == (
        201,
        {"location": "/tandem/integrations/crm"},
    )
    drafted = load_integration(pages.folder / "crm.yaml")
    assert "Accounts" in {mapping.external for mapping in drafted.entities}
    assert drafted.schedule is None
    assert pages.airflow.read_again == 1
    assert pages.program().get("/integrations/crm").status_code == 200


def test_a_browser_goes_on_at_the_new_integration(pages: Pages) -> None:
    answer = pages.browser().post("/integrations", json={**NEW, "entities": "Accounts\n"})
    assert answer.status_code == 204
    assert answer.headers["hx-redirect"] == "/tandem/integrations/crm"


def test_only_the_entities_that_are_named_are_drafted(pages: Pages) -> None:
    create(pages, entities="Contacts\n\n Accounts \n")
    drafted = load_integration(pages.folder / "crm.yaml")
    assert [mapping.external for mapping in drafted.entities] == ["Contacts", "Accounts"]


def test_an_entity_that_is_not_there_is_told(pages: Pages) -> None:
    answer = create(pages, entities=["Nothing"])
    assert answer.status_code == 422
    assert "Nothing" in answer.json()["problem"]
    assert files(pages) == {"northwind.yaml"}


@pytest.mark.parametrize("name", ["../evil", "a/b", "Crm", "x" * 101, "a b", "crm\n../x"])
def test_a_name_that_is_none_makes_no_file(pages: Pages, name: str) -> None:
    answers = (create(pages, name=name), bring(pages, TEXT, name=name), copy(pages, name))
    for answer in answers:
        assert answer.status_code == 422
        assert "cannot be the name" in answer.json()["problem"]
    assert files(pages) == {"northwind.yaml"}


@pytest.mark.parametrize("file", ["crm.yaml", "crm.yml"])
def test_a_file_that_is_there_is_never_replaced(pages: Pages, file: str) -> None:
    (pages.folder / file).write_text("mine", encoding="utf-8")
    for answer in (create(pages), bring(pages, TEXT, name="crm"), copy(pages, "crm")):
        assert answer.status_code == 422
        assert "is there already" in answer.json()["problem"]
    assert files(pages) == {"northwind.yaml", file}
    assert (pages.folder / file).read_text(encoding="utf-8") == "mine"


def test_of_two_who_make_the_same_file_one_is_told(pages: Pages) -> None:
    path = pages.folder / "crm.yaml"
    text = TEXT.replace("name: northwind", "name: crm", 1)
    create_integration_file(path, text)
    with pytest.raises(ConfigurationError, match="is there already"):
        create_integration_file(path, text.replace("Customers", "Others"))
    assert path.read_text(encoding="utf-8") == text
    assert files(pages) == {"northwind.yaml", "crm.yaml"}


@pytest.mark.parametrize("role", ["stranger", "viewer", "user"])
def test_who_may_not_edit_makes_nothing(pages: Pages, role: str) -> None:
    answers = create(pages, role), bring(pages, TEXT, role, name="crm"), copy(pages, "crm", role)
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert files(pages) == {"northwind.yaml"}


def test_a_copy_needs_permission_for_its_own_name(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    def may(_user: object, dag_ids: list[str]) -> dict[str, frozenset[May]]:
        return {id_: ROLES["viewer" if "northwind" in id_ else "editor"] for id_ in dag_ids}

    monkeypatch.setattr(pages.airflow, "may", may)
    assert copy(pages, "crm").status_code == 201
    assert copy(pages, "northwind_2").status_code == 403


@pytest.mark.parametrize("conn_id", ["northwind_api", "northwind_local"])
def test_nobody_reads_through_a_connection_that_is_not_his(pages: Pages, conn_id: str) -> None:
    pages.airflow.connections.discard(conn_id)
    for answer in (create(pages), bring(pages, TEXT, name="crm"), copy(pages, "crm")):
        assert answer.status_code == 403
        assert conn_id in answer.json()["problem"]
        assert "granted" in answer.json()["remedy"]
    assert files(pages) == {"northwind.yaml"}


def test_a_text_is_imported_under_its_own_name(pages: Pages) -> None:
    text = "\ufeff" + TEXT.replace("name: northwind", "name: elsewhere  # of Kim", 1)
    assert bring(pages, text).json() == {"location": "/tandem/integrations/elsewhere"}
    assert (pages.folder / "elsewhere.yaml").read_text(encoding="utf-8") == text


def test_a_text_is_imported_under_another_name(pages: Pages) -> None:
    assert bring(pages, TEXT, name="crm").status_code == 201
    made = (pages.folder / "crm.yaml").read_text(encoding="utf-8")
    assert made == TEXT.replace("name: northwind", "name: crm", 1)


def test_a_text_that_is_no_integration_is_told_with_its_lines(pages: Pages) -> None:
    answer = bring(pages, "name: crm\nexternal: {connector: odata}\nentitees: []\n")
    assert answer.status_code == 422
    assert any("crm.yaml:3:" in line for line in answer.json()["problems"])
    assert str(pages.folder) not in answer.text
    assert "crm.yaml:3:" in text_of(
        pages.browser().post("/integrations/import", json={"text": "name: crm\na: 1\nentitees: []"})
    )
    assert files(pages) == {"northwind.yaml"}


@pytest.mark.parametrize("text", ["", "- a\n", "just words", "a: [", "name: [crm]\n"])
def test_a_text_without_a_name_needs_one(pages: Pages, text: str) -> None:
    assert bring(pages, text).status_code == 422
    assert bring(pages, text, name="crm").status_code == 422
    assert files(pages) == {"northwind.yaml"}


def test_a_copy_keeps_the_comments_and_does_not_start_by_itself(pages: Pages) -> None:
    assert copy(pages, "twin").json() == {"location": "/tandem/integrations/twin"}
    made = (pages.folder / "twin.yaml").read_text(encoding="utf-8")
    assert "# every night at two" in made
    twin, of = (load_integration(pages.folder / f"{n}.yaml") for n in ("twin", "northwind"))
    assert twin == of.model_copy(update={"name": "twin", "schedule": None})


def test_where_nothing_can_be_written_the_file_is_given(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object) -> None:
        raise CannotWrite("It cannot be written: read-only file system.")

    monkeypatch.setattr(creating, "create_integration_file", refuses)
    answer = copy(pages, "twin")
    assert answer.status_code == 200
    assert "name: twin" in answer.json()["text"]
    assert "read-only" in answer.json()["why"]
    assert pages.airflow.read_again == 0
    page = pages.browser().post("/integrations/northwind/copies", json={"name": "twin"}).text
    assert 'data-as="twin.yaml"' in page
    assert "name: twin" in page


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_one_where_nothing_can_be_written(pages: Pages) -> None:
    pages.folder.chmod(0o555)
    try:
        assert "cannot be written" in copy(pages, "twin").json()["why"]
    finally:
        pages.folder.chmod(0o755)
