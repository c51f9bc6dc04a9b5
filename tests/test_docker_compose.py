"""The deployment of docker-compose.yaml and the Dockerfile, without Docker."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from jsonschema import Draft202012Validator

from tandem.settings import Settings

PROJECT: Final = Path(__file__).parents[1]
TEXT: Final = (PROJECT / "docker-compose.yaml").read_text()
HEAD: Final = TEXT[: TEXT.index("\nx-environment")]
COMPOSE: Final[dict[str, Any]] = yaml.safe_load(TEXT)
SERVICES: Final[dict[str, dict[str, Any]]] = COMPOSE["services"]
OURS: Final = {name: one for name, one in SERVICES.items() if one["image"] == "tandem-airflow"}
SCHEMA: Final = json.loads((Path(__file__).parent / "data" / "compose.schema.json").read_text())
SECRETS: Final = {
    "ADMIN_PASSWORD",
    "FERNET_KEY",
    "JWT_SECRET",
    "POSTGRES_PASSWORD",
    "REDIS_PASSWORD",
    "SECRET_KEY",
}
DOCKERFILE: Final = (PROJECT / "Dockerfile").read_text()


def test_it_is_a_compose_file() -> None:
    problems = Draft202012Validator(SCHEMA).iter_errors(COMPOSE)
    assert [f"{problem.json_path}: {problem.message}" for problem in problems] == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("comand",), "scheduler"),
        (("services", "worker", "restart"), "sometimes"),
        (("services", "worker", "healtcheck"), {}),
        (("services", "worker", "depends_on", "init", "condition"), "done"),
        (("services", "worker", "healthcheck", "interval"), "often"),
        (("services", "apiserver", "ports"), [{"8080": "8080"}]),
    ],
)
def test_mistakes_are_noticed(path: tuple[str, ...], value: Any) -> None:
    wrong = json.loads(json.dumps(COMPOSE))
    place = wrong
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert list(Draft202012Validator(SCHEMA).iter_errors(wrong))


def test_what_services_refer_to_is_there() -> None:
    for service in SERVICES.values():
        assert set(service.get("depends_on", ())) <= SERVICES.keys()
        named = {volume.split(":")[0] for volume in service.get("volumes", ())}
        assert {name for name in named if not name.startswith(".")} <= COMPOSE["volumes"].keys()
        assert all((PROJECT / name).is_dir() for name in named if name.startswith("."))
        assert {one["source"] for one in service.get("configs", ())} <= COMPOSE["configs"].keys()


def test_no_secret_has_a_default() -> None:
    """A container that made a key of its own could not read what another one wrote."""
    said = re.findall(r"\$\{(\w+)(:?[-?+])?", TEXT)
    with_default = {name for name, operator in said if operator.endswith("-")}
    required = {name for name, operator in said if operator == ":?"}
    assert {name for name, _ in said} == with_default | required
    assert required == SECRETS
    assert not with_default & SECRETS


def test_the_head_tells_of_every_variable() -> None:
    assert {name for name in re.findall(r"\$\{(\w+)", TEXT) if name not in HEAD} == set()


def test_the_recipe_of_the_head_makes_every_secret(tmp_path: Path) -> None:
    recipe = re.search(r"^#   (\(umask.*?> \.env\))$", HEAD, re.MULTILINE | re.DOTALL)
    assert recipe
    command = re.sub(r"^#", "", recipe[1], flags=re.MULTILINE)
    subprocess.run(["bash", "-euc", command], cwd=tmp_path, check=True)
    made = dict(line.split("=", 1) for line in (tmp_path / ".env").read_text().splitlines())
    assert made.keys() >= SECRETS
    assert len(made["FERNET_KEY"]) == 44
    assert all(made[name].isalnum() and len(made[name]) == 64 for name in SECRETS - {"FERNET_KEY"})
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0


def test_airflow_knows_every_setting() -> None:
    listed = _airflow("config", "list", "--defaults")
    known = set(re.findall(r"^# Variable: (AIRFLOW__\w+)$", listed, re.MULTILINE))
    used = {key for one in OURS.values() for key in one["environment"] if "__" in key}
    assert used - known == set()


def test_tandem_knows_every_setting() -> None:
    used = {key for one in OURS.values() for key in one["environment"] if key[:7] == "TANDEM_"}
    values = {key: f"/{key}" for key in used}
    assert {f"/{key}" for key in used} <= set(map(str, vars_of(Settings.from_environment(values))))


def vars_of(settings: Settings) -> list[object]:
    return [getattr(settings, name) for name in settings.__dataclass_fields__]


def test_airflow_knows_every_command() -> None:
    commands = [words for one in OURS.values() for words in _airflow_commands(one)]
    assert ["celery", "worker"] in commands
    script = (
        "import json, sys; from airflow.cli.cli_parser import get_parser;"
        "[get_parser().parse_args(words) for words in json.loads(sys.argv[1])]"
    )
    _run(sys.executable, "-c", script, json.dumps(commands))


def _airflow_commands(service: dict[str, Any]) -> list[list[str]]:
    """What the service has Airflow do, to run and to say whether it is healthy."""
    command, health = service["command"], service.get("healthcheck", {}).get("test", [])
    if isinstance(command, str):
        found = [command.split()[1:]] if command.startswith("airflow ") else []
    else:
        steps = command[-1].split("&&")
        found = [shlex.split(step.replace("$$", ""))[1:] for step in steps]
    return found + ([health[2:]] if health[1:2] == ["airflow"] else [])


def test_whatever_goes_on_says_whether_it_is_healthy() -> None:
    assert {name for name, one in SERVICES.items() if "healthcheck" not in one} == {"init"}


def test_workers_scale() -> None:
    """Neither names nor ports of the host would be taken twice."""
    assert not SERVICES["worker"].keys() & {"container_name", "ports", "hostname"}


def test_the_image_compiles_nothing_and_is_not_run_by_root() -> None:
    """`make wheels` asks whether that is possible."""
    assert "--only-binary :all: -r requirements.txt" in DOCKERFILE
    assert re.findall(r"^USER (\w+)$", DOCKERFILE, re.MULTILINE)[-1] == "airflow"


def test_what_the_image_is_made_of_is_not_ignored() -> None:
    copied = {
        name
        for line in re.findall(r"^COPY (.*) \S+$", DOCKERFILE, re.MULTILINE)
        for name in line.split()
    }
    kept = re.findall(r"^!(.+)$", (PROJECT / ".dockerignore").read_text(), re.MULTILINE)
    assert copied == set(kept)
    assert all((PROJECT / name).exists() for name in copied)


def _airflow(*arguments: str) -> str:
    return _run(sys.executable, "-m", "airflow", *arguments)


def _run(*command: str) -> str:
    environment = OURS["apiserver"]["environment"]
    executor = {key: environment[key] for key in environment if "__CORE__A" in key or "EXEC" in key}
    ran = subprocess.run(command, env=os.environ | executor, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
