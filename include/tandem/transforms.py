"""Transforms that users write: functions of `transforms.py`, beside the folder of integrations.

    import pandas as pd
    from tandem.transforms import register

    @register
    def phone(values: pd.Series) -> pd.Series:
        return values.str.replace(r"[^0-9+]", "", regex=True)

A field mapping refers to it as `transform: [{custom: phone}]`.
"""

import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeVar

from tandem.errors import ConfigurationError
from tandem.model.integration import Integration
from tandem.model.transforms import Step, UserTransform

FILE: Final = "transforms.py"
_MARK: Final = "_tandem_transform"

Function = TypeVar("Function", bound=Callable[[Any], Any])


def register(function: Function) -> Function:
    """Lets integrations use the function by its name.

    It takes a `pandas.Series` (Arrow-backed; nulls are `pd.NA`) of all values of a field of some
    records, and returns one of the same length.
    """
    setattr(function, _MARK, True)
    return function


def path_beside(config: Path) -> Path:
    """The file of user transforms that belongs to that folder of integration files."""
    return config.absolute().parent / FILE


def transforms_for(integration: Integration, config: Path) -> dict[str, UserTransform]:
    """The functions that the integration can use; none are loaded where it uses none.

    Where the file cannot be loaded, those that are asked for say why.
    """
    names = _asked_for(integration)
    if not names:
        return {}
    try:
        return load_transforms(path_beside(config))
    except ConfigurationError as error:
        return {name: UserTransform(name, FILE, _nothing, str(error)) for name in names}


def load_transforms(path: Path) -> dict[str, UserTransform]:
    """The registered functions of that file by their names; none where there is no file.

    ConfigurationError names the file, the line and the type of error where it fails.
    """
    if not path.is_file():
        return {}
    module = _loaded(path)
    return {
        name: UserTransform(name, path.name, value)
        for name, value in vars(module).items()
        if callable(value) and getattr(value, _MARK, False)
    }


def _loaded(path: Path) -> ModuleType:
    spec = spec_from_file_location(f"tandem_user_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"{path} cannot be loaded.", remedy="Name it transforms.py.")
    module = module_from_spec(spec)
    written, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ConfigurationError(
            f"{path} cannot be loaded: {type(error).__name__}{_where(error, path)}.",
            remedy="Mend the file, or remove the transforms that use it.",
        ) from error
    finally:
        sys.dont_write_bytecode = written
    return module


def _where(error: Exception, path: Path) -> str:
    line = error.lineno if isinstance(error, SyntaxError) else _last_line(error, path)
    return f" in line {line}" if line else ""


def _last_line(error: Exception, path: Path) -> int | None:
    found, trace = None, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == str(path):
            found = trace.tb_lineno
        trace = trace.tb_next
    return found


def _asked_for(integration: Integration) -> list[str]:
    """The names of the functions that the integration's mappings name."""
    return [
        step.custom
        for entity in integration.active_entities
        for line in entity.active_fields
        for step in line.transform
        if isinstance(step, Step) and step.custom
    ]


def _nothing(values: Any) -> Any:
    """A function that is not called, since it could not be loaded."""
    return values
