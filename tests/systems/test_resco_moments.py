"""Resco Cloud keeps whole seconds; a database keeps more."""

from pathlib import Path

from tests.systems.office import Office, counted
from tests.systems.resco_cloud import ORDERS, Resco

KEPT = ("id", "name", "scheduledstart")
MAPPING = {**ORDERS, "fields": [line for line in ORDERS["fields"] if line["external"] in KEPT]}
NEW = "0a000000-0000-0000-0000-000000000001"


def begun(folder: Path) -> tuple[Resco, Office]:
    """A work order that is in step, and a new one here with a fraction of a second."""
    resco = Resco(folder)
    resco.create("fs_workorder", name="W0", scheduledstart="2026-03-01T10:00:00Z")
    office = resco.office(folder, MAPPING)
    office.sync()
    office.local.run(
        "INSERT INTO work_order (id, name, scheduledstart) "
        f"VALUES ('{NEW}', 'W1', '2026-03-18 12:30:00.250000')"
    )
    return resco, office


def starts(resco: Resco) -> dict[str, str]:
    return {row["name"]: row["scheduledstart"] for row in resco.rows("fs_workorder").values()}


def writes_nothing(resco: Resco, office: Office) -> None:
    resco.wire.asked.clear()
    assert counted(office.sync()) == {}
    assert counted(office.sync(mode="full")) == {}
    assert not resco.wire.writes


def test_a_fraction_of_a_second_is_cut_and_both_sides_agree(tmp_path: Path) -> None:
    resco, office = begun(tmp_path)
    office.sync()
    assert b"<scheduledstart>2026-03-18T12:30:00Z<" in resco.wire.writes[0].content
    writes_nothing(resco, office)

    office.local.run(
        "UPDATE work_order SET scheduledstart = '2026-03-19 08:00:59.999000' WHERE name = 'W1'"
    )
    office.sync()
    writes_nothing(resco, office)
    assert starts(resco)["W1"] == "2026-03-19T08:00:59"
    here = {r["name"]: r["scheduledstart"] for r in office.local.rows("work_order").values()}
    assert here["W1"] == "2026-03-19 08:00:59.000000"


def test_a_side_that_is_only_read_keeps_its_fraction_and_is_not_sent_again(
    tmp_path: Path,
) -> None:
    resco, office = begun(tmp_path)
    office.sync()
    office = resco.office(tmp_path, {**MAPPING, "direction": "upload_only"})
    office.local.run(
        "UPDATE work_order SET scheduledstart = '2026-03-19 08:00:59.999000' WHERE name = 'W1'"
    )
    office.sync()
    assert starts(resco)["W1"] == "2026-03-19T08:00:59"
    writes_nothing(resco, office)
