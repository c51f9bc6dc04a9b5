"""Integration files: found, read, and refused with file, line, cause and remedy.

Cheap to import, since Airflow parses the files with every DAG.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from tandem.errors import ConfigurationError
from tandem.model.integration import Integration
from tandem.yaml_source import Problem, YamlSource, shortened


class BrokenFile(ConfigurationError):
    """An integration file that cannot be used, with everything that is wrong in it."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self.path = path
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        super().__init__("\n".join(self.lines))

    @property
    def lines(self) -> list[str]:
        """One line for each problem: file, line number and what to write instead."""
        return [f"{self.path}:{problem.line}: {problem.text}." for problem in self.problems]


def list_integration_files(folder: Path) -> list[Path]:
    """The integration files of a folder, sorted; ConfigurationError if there is no such folder."""
    if not folder.is_dir():
        raise ConfigurationError(
            f"There is no folder {str(folder)!r} for integration files.",
            remedy="Create it, or set TANDEM_CONFIG to the folder that holds them.",
        )
    return sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml"))


def load_integration(path: Path) -> Integration:
    """The integration in that file; BrokenFile with all its problems if there are any."""
    return parse_integration(path, _text(path))


def parse_integration(path: Path, text: str) -> Integration:
    """The integration that a file of that path and text would hold; BrokenFile as above."""
    source = YamlSource(text)
    problems = source.problems + list(_name_problems(path, source))
    integration = None
    if isinstance(source.value, dict):
        try:
            integration = Integration.model_validate(source.value)
        except ValidationError as error:
            from tandem.validation_problems import problems_of  # only for broken files

            problems += problems_of(error, source)
    elif not problems:
        remedy = "write name, external, local and entities, or draft one with tandem init"
        problems.append(Problem(1, f"the file holds no integration; {remedy}"))
    if integration is None or problems:
        raise BrokenFile(path, problems)
    return integration


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        problem = Problem(1, f"the file cannot be read: {error.strerror or error}")
    except UnicodeDecodeError as error:
        line = path.read_bytes().count(b"\n", 0, error.start) + 1
        problem = Problem(line, "this is not UTF-8; save the file in that encoding")
    raise BrokenFile(path, [problem])


def _name_problems(path: Path, source: YamlSource) -> Iterator[Problem]:
    if path.suffix != ".yaml":
        yield Problem(1, f"integration files end in .yaml; rename it to {path.stem}.yaml")
    name = source.value.get("name") if isinstance(source.value, dict) else None
    if isinstance(name, str) and name != path.stem:
        remedy = f"write name: {path.stem}, or rename the file to {shortened(name)}.yaml"
        yield Problem(
            source.line(("name",)), f"name {shortened(name)!r} is not the file's name; {remedy}"
        )
