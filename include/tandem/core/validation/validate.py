"""Every problem that an integration's mappings have with what both systems say they have."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Final

from tandem.core.order import waits_for
from tandem.core.validation.checked import Checked, Side, entities_of
from tandem.core.validation.filters import filter_problems
from tandem.core.validation.identity import identity_problems
from tandem.core.validation.kinds import kind_problems
from tandem.core.validation.lookups import cycles_of_required_lookups, lookup_problems
from tandem.core.validation.names import missing_names
from tandem.core.validation.options import option_problems
from tandem.core.validation.writing import writing_problems
from tandem.model.integration import EntityMapping, Integration
from tandem.model.problems import Problem, Severity
from tandem.model.schema import Schema

__all__ = ["Side", "stopped_entities", "validate"]

_CHECKS: Final[tuple[Callable[[Checked], Iterator[Problem]], ...]] = (
    missing_names,
    identity_problems,
    kind_problems,
    writing_problems,
    option_problems,
    filter_problems,
)

_TOLD: Final = 5
"""Errors of an entity that are told where there is room for a few only: in the log."""

_RANK: Final = {severity: rank for rank, severity in enumerate(Severity)}


def validate(  # noqa: PLR0913 - what it is checked by
    integration: Integration,
    external: Schema,
    local: Schema,
    *,
    before: Mapping[Side, Schema] | None = None,
    can_provision: bool = False,
    functions: Collection[str] | None = None,
    about: Collection[str] | None = None,
) -> tuple[Problem, ...]:
    """All problems of all enabled mappings: in the order of the file, the gravest of each first.

    `before` is what the sides were seen to have earlier, to recognise what was renamed;
    `can_provision` says that the local side could be given what it lacks; `functions` are the
    names of the user's transforms (None: they are not looked at); `about` are the external
    entities whose problems are wanted (None: all).
    """
    entities = list(
        entities_of(
            integration,
            external,
            local,
            before=before or {},
            can_provision=can_provision,
            functions=functions,
        )
    )
    targets = {checked.mapping.external: checked for checked in entities}
    cycles = list(cycles_of_required_lookups(targets))
    return tuple(
        problem
        for checked in entities
        if about is None or checked.mapping.external in about
        for problem in _gravest_first(
            [
                *(problem for check in _CHECKS for problem in check(checked)),
                *lookup_problems(checked, targets),
                *(problem for problem in cycles if problem.entity == checked.mapping.external),
            ]
        )
    )


def _gravest_first(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: _RANK[problem.severity])


def stopped_entities(integration: Integration, problems: Iterable[Problem]) -> dict[str, str]:
    """External entity → why it is not synced: its own errors, or which other one it waits for.

    An entity waits for those that it looks up, and for those that could have its local records
    first.
    """
    errors: dict[str, list[str]] = {}
    for problem in problems:
        if problem.severity is Severity.ERROR:
            errors.setdefault(problem.entity, []).append(str(problem))
    mappings = {mapping.external: mapping for mapping in integration.active_entities}
    stopped = {name: _own(mappings[name], texts) for name, texts in errors.items()}
    while waiting := _waiting(integration, stopped):
        stopped |= waiting
    return stopped


def _own(mapping: EntityMapping, texts: list[str]) -> str:
    more = len(texts) - _TOLD
    told = [*texts[:_TOLD], *([f"And {more} more problems."] if more > 0 else [])]
    return f"Mapping {mapping.external} → {mapping.local}: {' '.join(told)}"


def _waiting(integration: Integration, stopped: Mapping[str, str]) -> dict[str, str]:
    """Entities that need a stopped one, and are not stopped yet."""
    return {
        mapping.external: f"{mapping.external} waits for {' and '.join(sorted(needed))}, which "
        f"{'is' if len(needed) == 1 else 'are'} stopped until the mapping is mended."
        for mapping in integration.active_entities
        if mapping.external not in stopped
        and (needed := waits_for(integration, mapping) & stopped.keys())
    }
