"""Two organizations of Resco Cloud, between which `tandem init` needs no lookups configured."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import Result
from tests.systems.resco_cloud import Resco
from typer.testing import CliRunner

from tandem.cli.main import app
from tandem.demo.server import serving
from tandem.integration_files import load_integration

ENTITIES = ("account", "contact", "fs_workorder")
SHARED = {
    "account": ("name", "creditlimit", "industrycode", "parentaccountid", "primarycontactid"),
    "contact": ("name", "parentcustomerid"),
    "fs_workorder": ("name", "customerid", "customerid#target", "statuscode", "contactid"),
}


@dataclass
class Two:
    """Both organizations, and the file that `tandem init` wrote."""

    head: Resco
    branch: Resco
    file: Path

    def sync(self) -> str:
        return tandem("sync", "both", "--yes").stdout

    def agree(self) -> None:
        """Both have the same, and the next sync writes nothing."""
        before = [versions(one) for one in (self.head, self.branch)]
        self.sync()
        assert [versions(one) for one in (self.head, self.branch)] == before
        for entity, names in SHARED.items():
            head, branch = (one.rows(entity) for one in (self.head, self.branch))
            assert {k: [r[n] for n in names] for k, r in head.items()} == {
                k: [r[n] for n in names] for k, r in branch.items()
            }


def versions(resco: Resco) -> list[int]:
    return sorted(row["versionnumber"] for name in ENTITIES for row in resco.rows(name).values())


def tandem(*arguments: str) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.stderr + result.stdout
    return result


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Two]:
    head, branch = Resco(tmp_path, "head"), Resco(tmp_path, "branch")
    with serving(head.app, root="") as first, serving(branch.app, root="") as second:
        for name, url in (("head", first), ("branch", second)):
            connection = {"conn_type": "resco", "host": url, "login": "sync", "password": "sync"}
            connection["extra"] = {"organization": name}
            monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(connection))
        monkeypatch.setenv("TANDEM_CONFIG", str(tmp_path / "config"))
        monkeypatch.setenv("TANDEM_STATE", f"sqlite:///{tmp_path}/state.db")
        monkeypatch.setenv("TANDEM_STAGING", f"file://{tmp_path}/staging")
        chosen = [word for name in ENTITIES for word in ("--entity", name)]
        tandem("init", "both", "--external", "resco:head", "--local", "resco:branch", *chosen)
        file = tmp_path / "config" / "both.yaml"
        file.write_text(file.read_text().replace("download_only", "bidirectional"))
        yield Two(head, branch, file)


def test_the_draft_has_the_lookups_and_leaves_out_what_each_sets_itself(two: Two) -> None:
    drafted = {mapping.external: mapping for mapping in load_integration(two.file).entities}
    lookups = {
        (name, line.external, line.lookup.entity)
        for name, mapping in drafted.items()
        for line in mapping.fields
        if line.lookup
    }
    assert lookups == {
        ("account", "parentaccountid", "account"),
        ("account", "primarycontactid", "contact"),
        ("contact", "parentcustomerid", "account"),
        ("fs_workorder", "customerid_account", "account"),
        ("fs_workorder", "customerid_contact", "contact"),
        ("fs_workorder", "contactid", "contact"),
    }
    names = {line.external for mapping in drafted.values() for line in mapping.fields}
    assert names.isdisjoint({"customerid", "ownerid", "versionnumber", "modifiedon", "createdon"})
    ordered_by = {(m.version_number, m.local_version_number) for m in drafted.values()}
    assert ordered_by == {("versionnumber", "versionnumber")}
    tandem("validate", "both")


def test_two_organizations_come_in_step_and_stay_so(two: Two) -> None:
    head, branch = two.head, two.branch
    mother = head.create("account", name="Mother", creditlimit=12.5, industrycode=2)
    ann = head.create("contact", name="Ann", parentcustomerid=mother)
    head.change("account", mother, primarycontactid=ann)
    for_ann = head.create("fs_workorder", name="For Ann", customerid=f"contact:{ann}")
    two.sync()
    two.agree()

    daughter = branch.create("account", name="Daughter", parentaccountid=mother)
    branch.create("fs_workorder", name="New", customerid=f"account:{daughter}", contactid=ann)
    branch.change("fs_workorder", for_ann, customerid=f"account:{mother}", statuscode=10000)
    head.change("account", mother, creditlimit=13)
    branch.change("account", mother, industrycode=3)
    two.sync()
    two.agree()
    moved = head.rows("fs_workorder")[for_ann]
    assert (moved["customerid"], moved["customerid#target"]) == (mother, "account")

    branch.change("fs_workorder", for_ann, customerid=None)
    head.delete(
        "fs_workorder", next(k for k, r in head.rows("fs_workorder").items() if r["name"] == "New")
    )
    two.sync()
    two.agree()
    assert [r["name"] for r in branch.rows("fs_workorder").values()] == ["For Ann"]


def test_what_is_committed_late_on_the_local_side_is_not_missed(two: Two) -> None:
    first, second = two.branch.create_all("account", [{"name": "First"}, {"name": "Second"}])
    two.sync()
    with two.branch.held("account", first, name="Late"):
        two.branch.change("account", second, name="Meanwhile")
        two.sync()
        two.sync()
    two.sync()
    assert {r["name"] for r in two.head.rows("account").values()} == {"Late", "Meanwhile"}
    two.agree()
