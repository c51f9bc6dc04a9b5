"""Random histories in which syncs of windows, full and usual ones come in any order, also one in
the middle of another: at the end both sides agree, and no window has moved an anchor.
"""

import copy
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.sync.two_way.agreement import check
from tests.sync.two_way.history import (
    DEEDS,
    OTHER_MAPPINGS,
    SIDES,
    VARIANTS,
    History,
    Variant,
    external_of,
    folder_for,
    forgotten_afterwards,
    mappings_of,
)

from tandem.errors import StopRun
from tandem.sync import steps
from tandem.sync.job import Run, in_order
from tandem.sync.run import run_all
from tandem.sync.windows import Window

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
"""Each write to the external system is dated a second later."""
WINDOWS = st.tuples(st.integers(0, 30), st.integers(1, 30))
"""From so many seconds after the beginning, for so many seconds."""
ASKED = st.one_of(st.sampled_from([("auto",), ("full",)]), st.tuples(st.just("window"), WINDOWS))
WHOLE = ("window", (0, 100))
INSIDE = st.none() | st.tuples(st.integers(1, 4), st.lists(DEEDS, max_size=3), ASKED)
"""After which steps of the run another one comes, and what is done before that."""
CHANGES = st.sampled_from(["as it is", "as it is", "as it is", *OTHER_MAPPINGS])
ROUNDS = st.lists(
    st.tuples(st.lists(DEEDS, max_size=5), ASKED, INSIDE, CHANGES), min_size=1, max_size=5
)


@dataclass
class Crowd:
    """A history, and the runs that come."""

    history: History

    def run(self, asked: Any, inside: Any) -> None:
        """A run, perhaps with another one in its middle: what it finds stale then, it refuses."""
        before = self.anchors()
        with self._job(asked) as run:
            if inside is None:
                run_all(run)
            else:
                at, deeds, other = inside
                self._in_steps(run, at, lambda: self._between(deeds, other))
        windows = asked[0] == "window" and (inside is None or inside[2][0] == "window")
        after = self.anchors()
        assert not windows or before == after, "a window has moved an anchor"
        self.history.anchors_moved()

    def anchors(self) -> dict[Any, Any]:
        """By entity and side."""
        with self.history.both.world.job() as run:
            return {
                (m.external, side): known.anchor if known else None
                for m in run.integration.active_entities
                for side in SIDES
                for known in [run.state.set_anchor(m.external, side)]
            }

    def _between(self, deeds: Any, other: Any) -> None:
        for deed in deeds:
            self.history.do(*deed)
        with self._job(other) as run:
            run_all(run)

    @contextmanager
    def _job(self, asked: Any) -> Iterator[Run]:
        request: dict[str, Any] = {"mode": asked[0]}
        if asked[0] == "window":
            start = BEGINNING + timedelta(seconds=asked[1][0])
            request["window"] = Window(start, start + timedelta(seconds=asked[1][1]))
        with self.history.both.world.job(**request) as run:
            yield run

    @staticmethod
    def _in_steps(run: Run, at: int, do: Callable[[], None]) -> None:
        """The tasks of a run as Airflow carries them out; after some of them something else."""
        steps.refresh_schema(run)
        steps.validate_metadata(run)
        names = [mapping.external for mapping in in_order(run)]
        handed: dict[str, Any] = {}
        for number, step in enumerate(("extract", "transform", "load", "complete"), start=1):
            for name in names if step != "complete" else ():
                _carry_out(run, step, name, handed)
            if step == "complete" and handed:
                steps.complete_lookups(run)
            if number == at:
                do()


def _carry_out(run: Run, step: str, name: str, handed: dict[str, Any]) -> None:
    """One task; the tasks that follow one that failed are not carried out."""
    if step != "extract" and name not in handed:
        return
    known = handed.pop(name, name)
    with suppress(StopRun):
        handed[name] = getattr(steps, step)(run, known)


def begun(both: Any, variant: Variant) -> History:
    """Both systems say when a record was changed, beside the version that orders changes; a
    variant that is not tracked locally does not say it there.
    """
    for name in ("Accounts", "Contacts"):
        entity = both.external.entities[name]
        able = entity.capabilities.model_copy(update={"version_fields": ("modifiedAt",)})
        both.external.entities[name] = entity.model_copy(update={"capabilities": able})
    if variant.local_tracking:
        both.world.mappings[0]["local_version_number"] = "changedat"
    both.there("root", number="root")
    both.there("root", "Contacts", code="root")
    return History(both, variant)


@pytest.fixture
def make_crowd(make_both, nature, standard):
    def make(folder: Path, variant: Variant) -> Crowd:
        both = make_both(folder, mappings_of(variant, *standard), external_of(nature, variant))
        return Crowd(begun(both, variant))

    return make


EDITED = ("external", 0, "a", "name", "a", False)
PLAIN = Variant(False, True, False, "version", True, True, "external_wins", 2)


@example(variant=PLAIN, rounds=[([EDITED], ("auto",), (2, [EDITED], WHOLE), "as it is")])
@example(variant=PLAIN, rounds=[([EDITED], WHOLE, (2, [EDITED], ("auto",)), "as it is")])
@example(variant=PLAIN, rounds=[([EDITED], ("full",), (1, [EDITED], ("auto",)), "as it is")])
@given(variant=VARIANTS, rounds=ROUNDS)
@settings(
    max_examples=int(os.environ.get("TANDEM_HISTORIES", "15")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_runs_come_in_whatever_order_one_more_makes_both_sides_agree(
    make_crowd, variant, rounds
):
    with folder_for(variant) as folder:
        crowd = make_crowd(folder, variant)
        history = crowd.history
        with forgotten_afterwards(history):
            mapping = copy.deepcopy(history.both.mapping)
            for deeds, asked, inside, change in rounds:
                for deed in deeds:
                    history.do(*deed)
                history.map(mapping, OTHER_MAPPINGS.get(change))
                history.give_way()
                crowd.run(asked, inside)
            history.map(mapping)
            assert history.both.sync().status != "failed"
            check(history)
            before = history.both.writes()
            history.both.sync()
            assert history.both.writes() == before, "a further sync writes something"
