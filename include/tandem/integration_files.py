"""Integration files: found, read, refused with file, line, cause and remedy, and saved.

Cheap to import, since Airflow parses the files with every DAG.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from tandem.errors import ConfigurationError
from tandem.model.integration import Integration
from tandem.yaml_source import Problem, YamlSource, shortened

_BOM: Final = "\ufeff"


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

    @property
    def lines_without_folder(self) -> list[str]:
        """The same for people who are not to know where on the server the file is."""
        return [f"{self.path.name}:{problem.line}: {problem.text}." for problem in self.problems]


class NotWritable(ConfigurationError):
    """An integration file that cannot be saved where it is."""


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
    source = YamlSource(text.removeprefix(_BOM))
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


def integration_text(path: Path) -> str:
    """The file's text as it is, with its byte order mark and line ends; BrokenFile as above."""
    return _text(path, encoding="utf-8", newline="")


class CannotWrite(ConfigurationError):
    """A file that cannot be made where integration files are: the folder is read-only, say."""


def create_integration_file(path: Path, text: str) -> Integration:
    """Make the file with that text, and its folder if there is none; what it says.

    BrokenFile if it is no usable integration; ConfigurationError if there is such a file, which is
    never replaced; CannotWrite. Nothing is left behind then.
    """
    integration = parse_integration(path, text)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(path, error) from error
    _claim(path)
    try:
        with replacing_integration_text(path, "", text):
            pass
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return integration


def _claim(path: Path) -> None:
    """Let the file be there, empty, unless somebody else was first."""
    try:
        path.open("x").close()
    except FileExistsError:
        raise ConfigurationError(
            f"{path} is there already.", remedy="Choose another name."
        ) from None
    except OSError as error:
        raise _cannot_write(path, error) from error


def _cannot_write(path: Path, error: OSError) -> CannotWrite:
    return CannotWrite(
        f"{path} cannot be written: {error.strerror or error}.",
        remedy="Let this user write to its folder, or put the file there by hand.",
    )


@contextmanager
def replacing_integration_text(path: Path, before: str, after: str) -> Iterator[None]:
    """Make `after` the file's text when the body ends, at once; if it fails, the file stays.

    ConfigurationError if `after` is no usable integration, if the file's text is not `before`
    any more, or if the file cannot be written. Permissions and symbolic links stay.
    """
    target = path.resolve()
    parse_integration(path, after)
    _refuse_changed(path, before)
    with _telling_of(path):
        unfinished = _new_file_beside(target)
    try:
        with _telling_of(path):
            _write(unfinished, after, like=target)
        yield
        _refuse_changed(path, before)
        with _telling_of(path):
            unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _refuse_changed(path: Path, before: str) -> None:
    if integration_text(path) != before:
        raise ConfigurationError(
            f"{path} is not what it was when it was read: somebody saved it in between.",
            remedy="Nothing was changed; try again, from what it says now.",
        )


def _new_file_beside(target: Path) -> Path:
    """An empty file in the same folder, that no other try uses."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(handle)
    return Path(name)


def _write(path: Path, text: str, *, like: Path) -> None:
    """Write the text safely to disk, with the permissions and the owner of another file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    shutil.copymode(like, path)
    owner = like.stat()
    with suppress(OSError, AttributeError):  # only root may, and Windows cannot
        os.chown(path, owner.st_uid, owner.st_gid)


@contextmanager
def _telling_of(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotWritable(
            f"{path} cannot be saved: {error.strerror or error}.",
            remedy="Let this user write to its folder, or make the change that was shown by hand.",
        ) from error


def _text(path: Path, encoding: str = "utf-8-sig", newline: str | None = None) -> str:
    try:
        with path.open(encoding=encoding, newline=newline) as file:
            return file.read()
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
