"""Where staged batches lie, and who may read them."""

import errno
import json
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError

from tandem.errors import ConfigurationError, RetryLater, Unreachable
from tandem.staging import Staging, staged_runs, writing


def staging(url: object, run_id: str = "run") -> Staging:
    return Staging(str(url), "crm", run_id)


@pytest.mark.parametrize("name", [".", "..", "...", "../..", "a/../b", "/", "a b"])
def test_no_name_leads_out_of_its_folder(tmp_path: Path, name: str) -> None:
    folder = Path(staging(tmp_path).folder(name, "step"))
    assert folder.resolve() == folder
    assert folder.parent.parent == tmp_path / "crm" / "run"
    assert staging(tmp_path).folder("a.b.") == f"{tmp_path}/crm/run/a.b."


def test_different_names_have_different_folders() -> None:
    names = [".", "..", "%2E", "a/b", "a%2Fb"]
    assert len({staging("memory://x").folder(name) for name in names}) == len(names)


@pytest.mark.parametrize(("run_id", "names"), [("", ()), ("run", ("",))])
def test_a_name_must_not_be_empty(run_id: str, names: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError, match="no name"):
        staging("memory://x", run_id).folder(*names)


def test_an_empty_run_id_removes_nothing(tmp_path: Path) -> None:
    other = staging(tmp_path)
    other.write_json(other.folder() + "/a.json", 1)
    with pytest.raises(ConfigurationError):
        staging(tmp_path, "").remove()
    assert other.read_json(other.folder() + "/a.json") == 1


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_folders_on_this_machine_are_their_owner_s_alone(tmp_path: Path, scheme: str) -> None:
    place = staging(f"{scheme}{tmp_path}/staging")
    place.write_json(place.folder("Accounts") + "/a.json", {"a": 1})
    made = [tmp_path / "staging", *(tmp_path / "staging").rglob("*/")]
    assert len(made) == 4
    assert {oct(folder.stat().st_mode & 0o777) for folder in made} == {"0o700"}
    assert place.read_json(place.folder("Accounts") + "/a.json") == {"a": 1}


def test_elsewhere_folders_are_made_as_that_system_makes_them() -> None:
    place = staging("memory://tandem-test-staging")
    place.write_json(place.folder("Accounts") + "/a.json", 1)
    assert place.read_json(place.folder("Accounts") + "/a.json") == 1
    place.remove()
    with pytest.raises(FileNotFoundError):
        place.read_json(place.folder("Accounts") + "/a.json")


@pytest.mark.parametrize("url", ["foo://x", "/dev/null/staging", "/proc/staging"])
def test_a_place_that_is_none_is_named(url: str) -> None:
    place = staging(url)
    with pytest.raises(ConfigurationError, match=r"TANDEM_STAGING") as raised:
        place.write_json(place.folder() + "/a.json", 1)
    assert url in str(raised.value)


def test_removing_from_a_place_that_is_none_is_told() -> None:
    with pytest.raises(ConfigurationError, match="TANDEM_STAGING"):
        staging("foo://x").remove()


@pytest.mark.parametrize("scheme", ["file", "memory"])
def test_runs_of_which_something_is_staged_are_listed(tmp_path: Path, scheme: str) -> None:
    url = f"{scheme}://{tmp_path}/staging"
    assert staged_runs(url, "crm") == []
    for run_id in ("manual__2026-01-01T00:00:00+00:00", "a/b", ".."):
        place = staging(url, run_id)
        place.write_json(place.folder() + "/a.json", 1)
    assert sorted(staged_runs(url, "crm")) == ["..", "a/b", "manual__2026-01-01T00:00:00+00:00"]
    assert staged_runs(url, "other") == []


def test_a_document_is_replaced_at_once(tmp_path: Path) -> None:
    place = staging(tmp_path)
    path = place.folder() + "/a.json"
    place.write_json(path, 1)
    with Path(path).open() as reading:
        place.write_json(path, [1, 2, 3])
        assert reading.read() == "1"
    assert place.read_json(path) == [1, 2, 3]
    assert [file.name for file in Path(place.folder()).iterdir()] == ["a.json"]


@pytest.mark.parametrize(
    "error",
    [ValueError("bad value 'Ada Lovelace'"), ImportError("pandas"), PermissionError("elsewhere")],
)
def test_what_a_writer_raises_stays_its_own(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(type(error)) as raised, writing(f"{tmp_path}/a.csv"):
        raise error
    assert raised.value is error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.ENOSPC, "full"), RetryLater),
        (EndpointConnectionError(endpoint_url="http://x"), Unreachable),
    ],
)
def test_a_place_that_fails_while_it_is_written_to_is_told(
    tmp_path: Path, error: Exception, expected: type[Exception]
) -> None:
    with pytest.raises(expected, match="staged batches"), writing(f"{tmp_path}/a.csv"):
        raise error


def test_a_damaged_document_is_no_matter_of_configuration(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(json.JSONDecodeError):
        staging(tmp_path).read_json(f"{tmp_path}/a.json")
