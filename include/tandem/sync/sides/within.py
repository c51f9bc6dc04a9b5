"""Which records of a side were changed last within the window of a run."""

import logging
from typing import Final

from tandem.core.anchors import version_field
from tandem.core.mapping import BoundMapping
from tandem.errors import ConfigurationError
from tandem.model.filters import Comparison, Condition, all_of
from tandem.model.schema import Kind
from tandem.sync.job import Job
from tandem.sync.sides.held import Side
from tandem.sync.windows import Window

_log: Final = logging.getLogger(__name__)


def within(job: Job, bound: BoundMapping, side: Side, window: Window) -> Condition | None:
    """The condition; None: all records of a side that does not say when they were changed.

    A sync reads such a side as a whole, as long as the other one says when; what is as it was
    agreed on is left alone. Otherwise ConfigurationError.
    """
    dated = _dated_by(job, bound, side.name)
    if dated is None:
        if not any(_dated_by(job, bound, name) for name in _read(job, bound)):
            raise _undated(job, side)
        _log.warning(
            "%s: no field of %r says when a record was changed; all of them are compared",
            bound.mapping.external,
            side.entity.name,
        )
        return None
    bounds = (("ge", window.start), ("lt", window.end))
    return all_of(
        *(Comparison(field=dated, operator=op, value=at) for op, at in bounds if at is not None)
    )


def _dated_by(job: Job, bound: BoundMapping, side: str) -> str | None:
    """The field of that side that says when a record was changed last."""
    if side == "external":
        entity, chosen = bound.external, version_field(bound.mapping, bound.external)
    else:
        entity, chosen = bound.local, bound.mapping.local_version_number
    # An export has to go by what is there. A sync need not trust a local field for its name.
    guesses = job.kind != "sync" or side == "external"
    offered = [chosen, *(entity.capabilities.version_fields if guesses else ())]
    names = (name for name in offered if name and entity.field(name).kind is Kind.INSTANT)
    return next(names, None)


def _read(job: Job, bound: BoundMapping) -> list[str]:
    """The sides that are read for changes."""
    ways = (
        ("external", job.downloads and bound.is_downloaded),
        ("local", job.uploads and bound.is_uploaded),
    )
    return [side for side, is_read in ways if is_read]


def _undated(job: Job, side: Side) -> ConfigurationError:
    setting = "version_number" if side.name == "external" else "local_version_number"
    instead = "Use mode full" if job.kind == "sync" else "Run without a window"
    return ConfigurationError(
        f"{side.entity.name!r} has no field that says when a record was changed.",
        remedy=f"{instead}, or name one as {setting}.",
    )
