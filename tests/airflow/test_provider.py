"""What Airflow's Connections page knows about our connection types."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tandem.airflow.forms import FORMS, ODATA
from tandem.connectors.odata.connection import ODataExtra
from tandem.connectors.registry import installed_connectors

ASK = """
import json
from airflow.providers_manager import ProvidersManager
manager = ProvidersManager()
hooks = {name: hook and hook.hook_name for name, hook in manager.hooks.items()}
print(json.dumps([hooks, list(manager.connection_form_widgets), manager.field_behaviours]))
"""


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Hooks, form fields and form behaviour, as Airflow's provider manager has them."""
    environment = {"AIRFLOW_HOME": str(tmp_path_factory.mktemp("home"))}
    done = subprocess.run(
        [sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_our_types_can_be_chosen_and_tested(known: Any) -> None:
    hooks, _, _ = known
    names = {form["connection-type"]: form["hook-name"] for form in FORMS}
    assert {name: hooks[name] for name in names} == names


def test_every_connector_has_a_type_of_its_own_but_for_the_one_in_memory() -> None:
    types = {form["connection-type"] for form in FORMS}
    assert types == installed_connectors().keys() - {"memory"}


def test_their_forms_have_our_fields(known: Any) -> None:
    _, widgets, behaviours = known
    assert {"extra__odata__auth", "extra__odata__client_id", "extra__sql__url"} < set(widgets)
    assert behaviours["odata"]["relabeling"]["host"] == "Service root URL"


def test_the_odata_form_offers_what_the_connector_takes() -> None:
    assert set(ODATA["conn-fields"]) < set(ODataExtra.model_fields)


def test_telling_about_the_provider_does_not_import_airflow() -> None:
    script = (
        "import sys, tandem.airflow.provider as p; p.get_provider_info();"
        "sys.exit('airflow' in sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", script], cwd=Path("/"), check=False).returncode == 0
    )
