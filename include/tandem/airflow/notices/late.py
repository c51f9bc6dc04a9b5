"""Deadlines: who is told when a sync has not ended in time."""

from typing import TYPE_CHECKING, Any

from tandem.model.integration import Integration

if TYPE_CHECKING:
    from airflow.sdk.definitions.deadline import DeadlineAlert


def deadline(integration: Integration) -> "DeadlineAlert | None":
    """The deadline of each run of its sync, whether scheduled or not; None: it is never late.

    It counts from when the run was queued: by hand there is no logical date.
    """
    if integration.late_after is None:
        return None
    from airflow.sdk.definitions.callback import AsyncCallback
    from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

    callback = AsyncCallback(told, {"name": integration.name})
    return DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, integration.late_after, callback)


async def told(name: str, context: dict[str, Any]) -> None:
    """Called in the triggerer, so that a lack of workers does not keep it back."""
    from asgiref.sync import sync_to_async

    await sync_to_async(_tell)(name, context)


def _tell(name: str, context: dict[str, Any]) -> None:
    from tandem.airflow.notices.events import late
    from tandem.integration_files import load_integration
    from tandem.settings import Settings

    integration = load_integration(Settings.from_environment().config / f"{name}.yaml")
    run = context["dag_run"]
    late(integration, context, dag_id=run["dag_id"], run_id=run["dag_run_id"])  # type: ignore[arg-type]
