"""Where people find a run: in Airflow, and in Tandem's pages."""

from typing import Any
from urllib.parse import quote

from airflow.sdk import BaseOperator, BaseOperatorLink
from airflow.sdk.configuration import conf


def run_in_airflow(dag_id: str, run_id: str) -> str:
    """URL of a run of that DAG in Airflow."""
    return f"{_base()}/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe=':')}"


def run_in_tandem(name: str, run_id: str) -> str:
    """URL of the page of that run of the integration."""
    return f"{_base()}/tandem/integrations/{name}/runs/{quote(run_id, safe=':')}"


def waiting_in_tandem(name: str) -> str:
    """URL of the page of what waits for a person."""
    return f"{_base()}/tandem/integrations/{name}/waiting"


def _base() -> str:
    return str(conf.get("api", "base_url", fallback="http://localhost:8080")).rstrip("/")


class RunPage(BaseOperatorLink):
    """A button of a task of a run, which leads to Tandem's page of the run."""

    name = "Tandem: this run"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """The page; `operator` is a step, `ti_key` has the id of the run."""
        integration = operator.integration  # type: ignore[attr-defined]
        return run_in_tandem(integration.name, ti_key.run_id)
