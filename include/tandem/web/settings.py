"""The integration's own settings: what its file says beside its systems and entities."""

from tandem.editing.changes import edits_of
from tandem.editing.draft import LostUpdate, fingerprint
from tandem.editing.settings import integration_changes
from tandem.errors import ConfigurationError
from tandem.model.integration import Integration, OnConflict
from tandem.sync.people.drafted import OpenDraft, open_draft
from tandem.web.access import Visit
from tandem.web.answers import Shown
from tandem.web.desk import Desk
from tandem.web.mapping.saving import save_draft


class Settings(Shown):
    """All of them, as they are or are to be."""

    fingerprint: str
    """Of the text of the file that says so: sent back, it shows whether somebody saved the file
    since.
    """
    description: str
    schedule: str | None
    """None or empty: by hand only."""
    on_conflict: OnConflict
    provision: bool
    """Whether missing local tables and columns are created."""

    @classmethod
    def of(cls, integration: Integration, text: str) -> "Settings":
        """Those of an integration whose file has that text."""
        return cls(
            fingerprint=fingerprint(text),
            description=integration.description,
            schedule=integration.schedule,
            on_conflict=integration.on_conflict,
            provision=integration.provision,
        )


def save_settings(desk: Desk, visit: Visit, wanted: Settings) -> None:
    """Write them down in the file, which keeps its comments and its form.

    LostUpdate if the file is not the one that they were read from; ConfigurationError if nothing
    is changed, or Airflow does not know the schedule; and what `save_draft` raises.
    """
    opened = open_draft(desk.file(visit.name), None)
    _refuse_changed(opened, wanted)
    _refuse_unknown_schedule(desk, (wanted.schedule or "").strip())
    changes = integration_changes(opened.value, wanted.model_dump(exclude={"fingerprint"}))
    for change in changes:
        opened = opened.after(edits_of(opened.value, change))
    save_draft(desk, visit, opened, reason="settings")


def _refuse_changed(opened: OpenDraft, wanted: Settings) -> None:
    if opened.draft.fingerprint != wanted.fingerprint:
        raise LostUpdate(
            f"Somebody saved {opened.file.name} after you opened this page, so nothing was saved.",
            remedy="Open the page again, and change what it says now.",
        )


def _refuse_unknown_schedule(desk: Desk, schedule: str) -> None:
    problem = desk.host.schedule_problem(schedule) if schedule else None
    if problem:
        raise ConfigurationError(
            f"Airflow does not know the schedule {schedule!r}: {problem.rstrip('.')}.",
            remedy="Write a cron expression such as 0 2 * * *, or @daily and the like; or nothing, "
            "and it runs by hand only.",
        )
