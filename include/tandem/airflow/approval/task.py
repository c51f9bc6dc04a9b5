"""The task that asks a person. Light to import, as `tasks`."""

from datetime import timedelta
from typing import Any, NoReturn

from airflow.sdk import Context
from airflow.sdk.bases.skipmixin import SkipMixin
from airflow.sdk.exceptions import TaskAwaitingInput

from tandem.airflow.notices.events import approval_waits
from tandem.airflow.tasks import Step
from tandem.airflow.waiting import Waited


class Approve(Step, SkipMixin):
    """Asks whether the run may delete what needs approval; waits without a worker or triggerer.

    Airflow's `ApprovalOperator` on its own terms would skip the report too, or run transforms
    after a rejection; and importing it takes longer than parsing a file of ten entities.
    """

    ui_color = "#fdf3d8"
    inherits_from_skipmixin = True

    def _attempt(self, context: Context, waited: Waited) -> dict[str, Any]:
        """An empty manifest if nobody has to be asked."""
        manifest = super()._attempt(context, waited)
        if "question" in manifest:
            self._await_answer(context, manifest)
        return manifest

    def _await_answer(self, context: Context, asked: dict[str, Any]) -> NoReturn:
        from airflow.sdk.execution_time.hitl import upsert_hitl_detail

        upsert_hitl_detail(
            ti_id=context["ti"].id,
            options=asked["options"],
            subject=asked["subject"],
            body=asked["body"],
            params={},  # None, its default, is refused
        )
        approval_waits(self.integration, context, asked["subject"])
        self.log.info("%s\n%s", asked["subject"], asked["body"])
        raise TaskAwaitingInput(
            method_name="answered",
            kwargs={"question": asked["question"]},
            timeout=timedelta(seconds=asked["seconds"]),
        )

    def answered(self, context: Context, question: int, event: dict[str, Any]) -> dict[str, Any]:
        """Hand over the answer; after a rejection all that follows is skipped but the report."""
        from tandem.airflow.asked import Asked
        from tandem.airflow.steps import take_answer

        asked = Asked(self.integration, self.kind, self.entity, self.name)
        answer = take_answer(asked, context, question, event)
        if answer["answer"] == "rejected":
            context["ti"].xcom_push(key="return_value", value=answer)  # `skip` raises
            follow = self.get_flat_relatives(upstream=False)
            skipped = [task for task in follow if task.task_id != "report"]
            self.skip(ti=context["ti"], tasks=skipped)
        return answer
