"""How problems of mappings, as they are or as edits would leave them, are shown."""

from collections.abc import Callable, Iterable
from typing import Final

from tandem.cli.output import print_findings
from tandem.model.problems import Problem, Severity

_COLOURS: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def _entity(problem: Problem) -> str:
    return problem.entity


def print_problems(problems: Iterable[Problem], where: Callable[[Problem], str] = _entity) -> None:
    """Problems with what helps; `where` says in a word what each is about."""
    print_findings(
        [
            (problem.severity.value, _COLOURS[problem.severity], where(problem), _lines(problem))
            for problem in problems
        ]
    )


def _lines(problem: Problem) -> list[str]:
    choices = f"Choices: {', '.join(problem.choices)}." if problem.choices else ""
    return [line for line in (problem.text, problem.advice, choices) if line]
