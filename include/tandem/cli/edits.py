"""How planned edits of an integration file are shown."""

from collections.abc import Iterable
from typing import Final

from tandem.cli.output import print_marked
from tandem.model.problems import Problem, Severity

_COLOURS: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def print_problems(problems: Iterable[Problem]) -> None:
    """What is wrong with the edited entities."""
    for problem in problems:
        print_marked(problem.severity, _COLOURS[problem.severity], problem.entity, str(problem))
