"""The tasks of an integration's DAG. Light to import: what they need to run is imported then."""

from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException

from tandem.airflow.travels import Kind
from tandem.model.integration import Integration


class Step(BaseOperator):
    """One step of a run, the one that its task id names; XCom carries its manifest."""

    ui_color = "#e8f1f8"

    def __init__(
        self, *, integration: Integration, kind: Kind, entity: str = "", **options: Any
    ) -> None:
        super().__init__(**options)
        self.integration = integration
        self.kind = kind
        self.entity = entity

    @property
    def name(self) -> str:
        """The step: `extract` for the task `Accounts.extract`."""
        return self.task_id.rpartition(".")[2]

    def execute(self, context: Context) -> dict[str, Any]:
        """Run the step and give its manifest."""
        from tandem.airflow.asked import Asked
        from tandem.airflow.steps import run_step

        asked = Asked(self.integration, self.kind, self.entity, self.name)
        return run_step(asked, context)


class Refuse(BaseOperator):
    """The only task of a broken integration file: it fails and says what is wrong."""

    ui_color = "#f8d7da"

    def __init__(self, *, message: str, **options: Any) -> None:
        super().__init__(**options)
        self.message = message

    def execute(self, context: Context) -> None:  # noqa: ARG002 - Airflow's signature
        """Fail with the message; a retry would change nothing."""
        raise AirflowFailException(self.message)
