"""What Airflow's Connections page knows about our connection types."""

import json
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any, get_args

import pytest

from tandem.airflow.forms import FORMS, ODATA
from tandem.connectors.business_central.connection import BusinessCentralExtra
from tandem.connectors.odata.connection import ODataExtra
from tandem.connectors.registry import installed_connectors
from tandem.connectors.resco.urls import RescoExtra

EXTRAS: dict[str, Collection[str]] = {
    "odata": ODataExtra.model_fields,
    "dynamics": ODataExtra.model_fields,
    "business_central": BusinessCentralExtra.model_fields,
    "resco": RescoExtra.model_fields,
    "sql": {"url"},
}
"""Connection type → all that its extra may hold."""
OTHER_WAYS = {"header", "token_url"}
"""Of ways to sign in that Microsoft's services do not have."""
BY_HAND = {
    "odata": {"headers"},
    "dynamics": {"headers", *OTHER_WAYS},
    "business_central": {"headers", *OTHER_WAYS},
    "resco": {"headers"},
}
"""What few need, and no field of a form can hold: it is written as JSON below the form."""
SHOWN = {
    "odata": {"host", "login", "password"},
    "dynamics": {"host", "login", "password"},
    "business_central": {"host", "login", "password"},
    "resco": {"host", "login", "password"},
    "sql": {"login", "password"},
}

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


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form["connection-type"])
def test_a_form_offers_what_its_connector_takes(form: dict[str, Any]) -> None:
    name = form["connection-type"]
    assert {*form["conn-fields"]} | BY_HAND.get(name, set()) == {*EXTRAS[name]}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form["connection-type"])
def test_a_form_shows_what_its_connector_needs_and_hides_the_rest(form: dict[str, Any]) -> None:
    behaviour = form["ui-field-behaviour"]
    shown = {"host", "schema", "login", "password", "port"} - {*behaviour["hidden-fields"]}
    assert shown == SHOWN[form["connection-type"]]
    assert {*behaviour["relabeling"]} <= shown


def test_ways_to_sign_in_are_those_that_there_are() -> None:
    known = {*get_args(ODataExtra.model_fields["auth"].annotation)}
    for form in FORMS:
        ways = form["conn-fields"].get("auth", {"schema": {"enum": []}})["schema"]["enum"]
        assert {*ways} - {None} <= known
    assert {*ODATA["conn-fields"]["auth"]["schema"]["enum"]} - {None} == known


def test_telling_about_the_provider_does_not_import_airflow() -> None:
    script = (
        "import sys, tandem.airflow.provider as p; p.get_provider_info();"
        "sys.exit('airflow' in sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", script], cwd=Path("/"), check=False).returncode == 0
    )
