"""How planned edits of an integration file are shown."""

from collections.abc import Iterable
from typing import Final

from tandem.cli.output import print_findings
from tandem.model.problems import Problem, Severity

_COLOURS: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def print_problems(problems: Iterable[Problem]) -> None:
    """What would be wrong with the edited entities."""
    print_findings(
        [
            (problem.severity.value, _COLOURS[problem.severity], problem.entity, _lines(problem))
            for problem in problems
        ]
    )


def _lines(problem: Problem) -> list[str]:
    choices = f"Choices: {', '.join(problem.choices)}." if problem.choices else ""
    return [line for line in (problem.text, problem.advice, choices) if line]
