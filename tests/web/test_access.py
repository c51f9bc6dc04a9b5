"""Who may do what."""

from tests.web.conftest import Pages


def test_pages_show_what_there_is(pages: Pages) -> None:
    answer = pages.browser("viewer").get("/")
    assert answer.status_code == 200
    assert "northwind" in answer.text
    for path in ("", "/mapping", "/data", "/runs", "/waiting", "/explain"):
        assert pages.browser("viewer").get(f"/integrations/northwind{path}").status_code == 200


def test_programs_get_json(pages: Pages) -> None:
    answer = pages.program("viewer").get("/")
    assert answer.json()["integrations"][0]["name"] == "northwind"
