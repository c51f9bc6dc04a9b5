"""A connection that leads to other records than before, or is told nothing of what is under way."""

from pathlib import Path

import httpx
import pytest
from tests.systems.office import Office, counted
from tests.systems.resco_cloud import ACCOUNTS, Resco

from tandem.errors import ConfigurationError

NAMES = {**ACCOUNTS, "fields": ACCOUNTS["fields"][:3]}


@pytest.fixture
def contoso(tmp_path: Path) -> Resco:
    return Resco(tmp_path)


@pytest.fixture
def office(contoso: Resco, tmp_path: Path) -> Office:
    """Three accounts that are in step."""
    contoso.create_all("account", ({"name": f"A{n}"} for n in range(3)))
    office = contoso.office(tmp_path, NAMES)
    assert counted(office.sync()) == {"account download": {"created": 3}}
    return office


def points_at(office: Office, other: Resco) -> None:
    """The connection of the integration leads there from now on."""
    office.connection, office.connect = other.connection, other.connect


def test_another_organization_stops_the_run_before_anything_is_read_or_deleted(
    office: Office, contoso: Resco, tmp_path: Path
) -> None:
    fabrikam = Resco(tmp_path, name="fabrikam")
    points_at(office, fabrikam)
    with pytest.raises(ConfigurationError, match=r"fabrikam now.*contoso"):
        office.sync()
    assert len(office.local.rows("account")) == 3
    points_at(office, contoso)
    assert counted(office.sync()) == {}


def test_records_that_moved_are_the_same_ones_if_somebody_says_so(
    office: Office, contoso: Resco, tmp_path: Path
) -> None:
    fabrikam = Resco(tmp_path, name="fabrikam")
    kept = [{"id": key, "name": row["name"]} for key, row in contoso.rows("account").items()]
    fabrikam.create_all("account", kept)
    points_at(office, fabrikam)
    assert counted(office.sync(approved=True, mode="full")) == {}
    assert counted(office.sync()) == {}


def test_an_integration_that_has_linked_nothing_may_begin_elsewhere(
    contoso: Resco, tmp_path: Path
) -> None:
    office = contoso.office(tmp_path, NAMES)
    with office.job() as run:
        run.state.note_identity("external", run.external.identity(), run.now())  # type: ignore[attr-defined]
    fabrikam = Resco(tmp_path, name="fabrikam")
    fabrikam.create("account", name="Theirs")
    points_at(office, fabrikam)
    assert counted(office.sync()) == {"account download": {"created": 1}}


def test_an_anchor_stays_while_nobody_can_tell_what_is_under_way(
    office: Office, contoso: Resco
) -> None:
    late, other, *_ = contoso.rows("account")
    fetches = iter([httpx.Response(404)])

    def untold(request: httpx.Request) -> httpx.Response | None:
        return next(fetches, None) if b"<fetch" in request.content else None

    contoso.wire.before = untold
    with contoso.held("account", late, address1_city="Late"):
        contoso.change("account", other, address1_city="Soon")
        assert counted(office.sync()) == {"account download": {"updated": 1}}
    assert counted(office.sync()) == {"account download": {"updated": 1}}
    assert office.local.rows("account")[late]["city"] == "Late"


def test_a_service_that_does_not_tell_its_newest_version_is_read_all_the_same(
    office: Office, contoso: Resco
) -> None:
    def refused(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(403) if request.url.path.endswith("GetMaxRowVersion") else None

    contoso.wire.before = refused
    contoso.change("account", next(iter(contoso.rows("account"))), address1_city="Brno")
    assert counted(office.sync()) == {"account download": {"updated": 1}}
