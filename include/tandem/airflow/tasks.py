"""The tasks of an integration's DAG. Light to import: what they need to run is imported then."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.timezone import utcnow

from tandem.airflow.places import RunPage
from tandem.airflow.travels import Kind
from tandem.airflow.waiting import Waited, after
from tandem.errors import Busy, Throttled
from tandem.model.integration import Integration

if TYPE_CHECKING:
    from tandem.airflow.asked import Asked


class Step(BaseOperator):
    """One step of a run, the one that its task id names; XCom carries its manifest."""

    ui_color = "#e8f1f8"

    def __init__(
        self,
        *,
        integration: Integration,
        kind: Kind,
        entity: str = "",
        part: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.integration = integration
        self.kind = kind
        self.entity = entity
        self.part = part
        if self.name == "report":
            self.operator_extra_links = (RunPage(),)

    @property
    def name(self) -> str:
        """The step: `extract` for the task `Accounts.extract`."""
        return self.task_id.rpartition(".")[2]

    def execute(self, context: Context) -> dict[str, Any]:
        """Run the step and give its manifest."""
        return self._attempt(context, Waited())

    def resume(self, context: Context, event: Any = None, **waited: Any) -> dict[str, Any]:  # noqa: ARG002 - Airflow's signature
        """Go on after a wait: run the step anew, or wait on."""
        from tandem.airflow.steps import note_failure

        try:
            return self._attempt(context, Waited(**waited))
        except Exception as error:
            note_failure(self._asked, context, error)
            raise

    def get_openlineage_facets_on_complete(self, ti: Any) -> Any:
        """Which columns a load made of which: what the OpenLineage provider asks, if it is there.

        None of other steps, and of a load that was skipped or failed.
        """
        if self.name != "load" or ti.state != "success":
            return None
        from tandem.airflow.lineage import load_lineage

        return load_lineage(self.integration, self.entity, self.kind, ti.run_id)

    def _attempt(self, context: Context, waited: Waited) -> dict[str, Any]:
        """The step's manifest; TaskDeferred if it has to wait."""
        from tandem.airflow.metrics import throttled
        from tandem.airflow.steps import keep_turn, note_wait, run_step
        from tandem.connectors.throttling import WORKER

        WORKER.can_be_left = True
        asked = self._asked
        try:
            if waited.left(utcnow()) > timedelta(0):
                keep_turn(asked, context)
                self._defer_by(waited)
            return run_step(asked, context)
        except (Throttled, Busy) as error:
            more = after(error, waited, utcnow())
            if more is None:
                raise
            until = utcnow() + max(more.left(utcnow()), more.nap(utcnow()))
            said = f"{error.problem} This task waits without a worker until {_instant(until)}."
            self.log.warning(said)
            if isinstance(error, Throttled):
                throttled(asked, timedelta(seconds=more.throttled - waited.throttled))
                note_wait(asked, context, error, said)
            self._defer_by(more)

    @property
    def _asked(self) -> "Asked":
        from tandem.airflow.asked import Asked

        return Asked(self.integration, self.kind, self.entity, self.name, self.part)

    def _defer_by(self, waits: Waited) -> NoReturn:
        from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger

        trigger = TimeDeltaTrigger(waits.nap(utcnow()))
        self.defer(trigger=trigger, method_name="resume", kwargs=asdict(waits))


def _instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


class Refuse(BaseOperator):
    """The only task of a broken integration file: it fails and says what is wrong."""

    ui_color = "#f8d7da"

    def __init__(self, *, message: str, **options: Any) -> None:
        super().__init__(**options)
        self.message = message

    def execute(self, context: Context) -> None:  # noqa: ARG002 - Airflow's signature
        """Fail with the message; a retry would change nothing."""
        raise AirflowFailException(self.message)
