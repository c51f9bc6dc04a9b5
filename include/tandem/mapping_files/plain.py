"""Models of an integration as plain values, as they stand in its file."""

from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter

from tandem.model.config import Config
from tandem.model.integration import EntityMapping

_DURATION = TypeAdapter(timedelta)


def plain(model: Config) -> dict[str, Any]:
    """The model as `YamlSource` would read it, without what is the default anyway."""
    values = model.model_dump(by_alias=True, exclude_defaults=True)
    return {key: _plain(value) for key, value in values.items()}


def plain_entity(entity: EntityMapping) -> dict[str, Any]:
    """An entity mapping, with what everybody looks for first even where it is the default."""
    first = {
        "external": entity.external,
        "local": entity.local,
        "direction": entity.direction,
        "first_sync": entity.first_sync,
    }
    return {**first, **plain(entity)}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, timedelta):
        return _DURATION.dump_python(value, mode="json")
    return value
