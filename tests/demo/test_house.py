"""The Airflow of `make up`, as other shells find it."""

import json
import stat
import subprocess
from pathlib import Path

from tandem.demo.house import House

OWN = {
    "TANDEM_STATE": 'postgresql://x/it\'s "$HOME" `id`\nand more',
    "AIRFLOW_CONN_CRM": '{"conn_type": "odata", "password": "a b"}',
    "AIRFLOW_CONN_NO-NAME": "of a shell",
    "SECRET": "of another program",
}


def test_another_shell_gets_the_variables_of_airflow_and_no_others(tmp_path: Path) -> None:
    house = House(tmp_path, tmp_path / "with a blank")
    house.home.mkdir()
    environment = house.environment(OWN, "http://localhost/")
    for _ in range(2):
        written = house.write_shell_file(environment)
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    show = "import json, os; print(json.dumps(dict(os.environ)))"
    script = f". '{written}' && python3 -c '{show}'"
    shell = ["env", "-i", "PATH=/usr/local/bin:/usr/bin:/bin", "sh", "-c", script]
    found = json.loads(subprocess.run(shell, capture_output=True, check=True).stdout)
    ours = {name for name in environment if name.startswith(("AIRFLOW_", "TANDEM_"))}
    assert {name: found.get(name) for name in ours - {"AIRFLOW_CONN_NO-NAME"}} == {
        name: environment[name] for name in ours - {"AIRFLOW_CONN_NO-NAME"}
    }
    assert "SECRET" not in found


def test_a_shell_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / "env").touch(0o644)
    written = House(tmp_path, tmp_path).write_shell_file({"AIRFLOW_HOME": str(tmp_path)})
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert written.read_text() == f"export AIRFLOW_HOME={tmp_path}\n"
