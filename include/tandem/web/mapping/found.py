"""Problems of mappings, as tools tell them."""

from tandem.model.problems import Problem
from tandem.web.answers import Shown


class Found(Shown):
    """One problem of an entity mapping."""

    severity: str
    """error, warning or note."""
    entity: str
    """External entity of the mapping."""
    code: str
    """What kind of problem it is, for programs."""
    text: str
    remedy: str
    """What to do, in sentences; empty: nothing."""
    choices: tuple[str, ...]
    """What could be chosen instead, the likeliest first."""


def found(problem: Problem) -> Found:
    """The problem, as tools tell it."""
    return Found(
        severity=problem.severity.value,
        entity=problem.entity,
        code=problem.code,
        text=problem.text,
        remedy=problem.advice,
        choices=problem.choices,
    )
