"""Sign-ins by device code that wait for somebody, on top of every page."""

from datetime import UTC, datetime, timedelta

from tests.web.conftest import Pages, text_of

from tandem.model.sign_in import PendingSignIn
from tandem.sync.environment import sign_ins_of

CODE = "To sign in, open https://login.example.com/device and enter the code ABCD1234."


def wait(pages: Pages) -> None:
    """A run has begun a sign-in."""
    expires_at = datetime.now(UTC) + timedelta(minutes=15)
    sign_ins = sign_ins_of(pages.environment)
    sign_ins.begin("somebody at contoso", PendingSignIn(CODE, "{}", expires_at))
    sign_ins.close()


def test_who_may_run_sees_what_to_do_and_until_when(pages: Pages) -> None:
    wait(pages)
    page = pages.browser("user").get("/sign-ins")
    assert CODE in text_of(page)
    assert "UTC" in page.text
    (shown,) = pages.program("user").get("/sign-ins").json()["sign_ins"]
    assert shown["message"] == CODE
    assert set(shown) == {"message", "expires_at"}, "the flow is a secret"


def test_who_may_only_read_is_shown_no_code(pages: Pages) -> None:
    wait(pages)
    for role in ("stranger", "viewer"):
        assert pages.program(role).get("/sign-ins").json() == {"sign_ins": []}


def test_every_page_looks_for_them(pages: Pages) -> None:
    page = pages.browser("user")
    del page.headers["HX-Request"]
    for path in ("/", "/integrations/northwind/mapping", "/integrations/northwind/data"):
        assert 'hx-get="/tandem/sign-ins"' in page.get(path).text
