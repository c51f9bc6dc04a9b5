"""New integrations: drafted from what the systems have, brought along, or copied."""

import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from tandem.connectors.base import Connector, DefaultMapping, HasDefaultMapping, Provisioner
from tandem.connectors.registry import open_connector
from tandem.connectors.sign_in import SignsIn
from tandem.errors import ConfigurationError
from tandem.integration_files import BrokenFile, list_integration_files, parse_integration
from tandem.model.edits import Replacement
from tandem.model.integration import Integration, Name, System
from tandem.model.schema import Entity, Schema
from tandem.sync.environment import Environment, sign_ins_of
from tandem.sync.people.draft import draft, draft_of_default
from tandem.yaml_edit import Edit, edited
from tandem.yaml_source import YamlSource

_BOM = "\ufeff"
_NAME: Final = re.compile(r"""^name:[ \t]*["']?([a-z][a-z0-9_]*)\b""", re.MULTILINE)


def new_file(folder: Path, name: str) -> Path:
    """Where the integration of that name would be.

    ConfigurationError if it cannot be called so, or there is one.
    """
    refuse_wrong_name(name)
    there = list_integration_files(folder) if folder.is_dir() else []
    taken = next((path for path in there if path.stem == name), None)
    if taken:
        raise ConfigurationError(f"{taken.name} is there already.", remedy="Choose another name.")
    return folder / f"{name}.yaml"


def refuse_wrong_name(name: str) -> None:
    """ConfigurationError if no integration can be called so."""
    try:
        TypeAdapter(Name).validate_python(name)
    except ValidationError:
        raise ConfigurationError(
            f"{name[:60]!r} cannot be the name of an integration.",
            remedy="Write a small letter, then small letters, digits and _; 100 at most.",
        ) from None


def drafted(
    path: Path, external: System, local: System, names: Sequence[str], environment: Environment
) -> str:
    """The draft of the file at that path: of the external entities named, or else the default
    mapping of the external system, or else of all its entities.

    ConfigurationError if nobody could load it.
    """
    environment.connections(local.connection)  # it has to be known, not reachable
    text = _text(path.stem, external, local, names, environment)
    try:
        parse_integration(path, text)
    except BrokenFile as error:
        raise ConfigurationError(
            f"The draft would not be a usable file: {error.problems[0].text}.",
            remedy="Name the entities that you want, or write the file by hand.",
        ) from None
    return text


def renamed(text: str, name: str) -> str:
    """The text of an integration file under that name; its comments stay.

    A text without a name stays as it is.
    """
    return edited(text, _renaming(text, name))


def copied(text: str, name: str) -> str:
    """The text of an integration file as another one of that name, which does not run by itself."""
    edits: list[Edit] = [*_renaming(text, name)]
    if _value(text).get("schedule") is not None:
        edits.append(Replacement(("schedule",), None))
    return edited(text, edits)


def name_in(text: str) -> str:
    """What the text of an integration file calls it; empty: it does not say. Cheap: whoever sent
    it may not be allowed to bring anything.
    """
    found = _NAME.search(text)
    return found[1] if found else ""


def parsed(path: Path, text: str) -> Integration:
    """The integration that the text would be there; BrokenFile names only the file, not where."""
    return parse_integration(Path(path.name), text)


def _renaming(text: str, name: str) -> list[Edit]:
    was = _value(text).get("name", name)
    return [] if was == name else [Replacement(("name",), name)]


def _value(text: str) -> dict[str, object]:
    value = YamlSource(text.removeprefix(_BOM)).value
    return value if isinstance(value, dict) else {}


def _text(
    name: str, external: System, local: System, names: Sequence[str], environment: Environment
) -> str:
    schema, default = _told(external, environment)
    if default and not names:
        return draft_of_default(name, external, local, default)
    return draft(name, external, local, _chosen(schema, names), _there(local, environment))


def _told(system: System, environment: Environment) -> tuple[Schema, DefaultMapping | None]:
    """What the system has, and the mapping that its users begin with."""
    with _opened(system, environment) as connector:
        schema = connector.schema()
        if isinstance(connector, HasDefaultMapping):
            return schema, connector.default_mapping(schema)
        return schema, None


def _there(local: System, environment: Environment) -> Schema | None:
    """What the local system has; None where tables and columns are made as they are needed."""
    with _opened(local, environment) as connector:
        return None if isinstance(connector, Provisioner) else connector.schema()


@contextmanager
def _opened(system: System, environment: Environment) -> Iterator[Connector]:
    connection = environment.connections(system.connection)
    with (
        closing(sign_ins_of(environment)) as sign_ins,
        closing(open_connector(system.connector, connection, sign_ins)) as connector,
    ):
        if isinstance(connector, SignsIn):
            connector.begin_sign_in()  # whoever drafts can enter a code, even if nobody just did
        yield connector


def _chosen(schema: Schema, names: Sequence[str]) -> list[Entity]:
    if names:
        return [schema.entity(name) for name in names]
    with_key = [entity for entity in schema.entities if entity.key]
    if not with_key:
        raise ConfigurationError(
            "The external system has no entity with a key.",
            remedy="Check the host of its connection, and the permissions of its user.",
        )
    return with_key
