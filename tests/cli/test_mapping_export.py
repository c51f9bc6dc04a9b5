"""`tandem mapping export`: files that it writes, and those that it leaves alone."""

from pathlib import Path

import pytest
from tests.cli.conftest import Systems
from typer.testing import CliRunner

from tandem.cli.main import app


def test_a_file_that_is_there_is_replaced_only_on_request(
    systems: Systems, elsewhere: Path
) -> None:
    file = elsewhere / "mine.yaml"
    file.write_text("mine")
    link = elsewhere / "link.yaml"
    link.symlink_to(file)
    for name in (file, link):
        shown = systems.exits(2, "mapping", "export", "crm", "--output", str(name))
        assert "is there already" in shown
        assert "--force" in shown
    assert file.read_text() == "mine"
    systems.ok("mapping", "export", "crm", "--output", str(link), "--force")
    assert link.is_symlink()
    assert file.read_text().startswith("# Mappings")
    assert sorted(path.name for path in elsewhere.iterdir()) == ["link.yaml", "mine.yaml"]


def test_integration_files_are_never_overwritten(systems: Systems, elsewhere: Path) -> None:
    path = systems.folder / "crm.yaml"
    before = path.read_text()
    link = elsewhere / "link.yaml"
    link.symlink_to(path)
    for name in (path, link, systems.folder / "new.yaml"):
        shown = systems.exits(2, "mapping", "export", "crm", "--output", str(name), "--force")
        assert "the folder of integration files" in shown
    assert path.read_text() == before
    assert not (systems.folder / "new.yaml").exists()


def test_what_is_no_file_is_not_replaced(systems: Systems, elsewhere: Path) -> None:
    shown = systems.exits(2, "mapping", "export", "crm", "--output", str(elsewhere), "--force")
    assert "cannot be written" in shown


def test_an_export_is_utf_8_whatever_the_terminal_takes(
    systems: Systems, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = systems.folder / "crm.yaml"
    path.write_text(path.read_text().replace("external: name", "external: název"))
    result = CliRunner(charset="ascii").invoke(app, ["mapping", "export", "crm"])
    assert result.exit_code == 0
    assert "název" in result.stdout_bytes.decode()
