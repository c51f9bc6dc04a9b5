"""`tandem init`: a first integration file from what the systems have."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from tandem.cli.files import write_file
from tandem.cli.output import say
from tandem.cli.session import environment, errors_as_exit_codes, find_connection
from tandem.connectors.base import Connector, DefaultMapping, HasDefaultMapping, Provisioner
from tandem.connectors.registry import open_connector
from tandem.connectors.sign_in import SignsIn
from tandem.errors import ConfigurationError
from tandem.integration_files import BrokenFile, parse_integration
from tandem.model.integration import Integration, Name, System
from tandem.model.schema import Entity, Schema
from tandem.sync.environment import sign_ins_of
from tandem.sync.people.draft import draft, draft_of_default

_SIDE = "As connector:connection, for example odata:crm."


def init(
    name: Annotated[str, typer.Argument(help="Name of the new integration: a-z, 0-9 and _.")],
    external: Annotated[str, typer.Option(help=f"External system. {_SIDE}")],
    local: Annotated[str, typer.Option(help="Local system, for example sql:crm_local.")],
    entity: Annotated[
        list[str] | None,
        typer.Option(
            "--entity",
            "-e",
            help="External entity; may be repeated. Default: the system's default mapping, or all.",
        ),
    ] = None,
) -> None:
    """Write a new integration file, ready to be edited: one that downloads whole entities, or the
    default mapping that the external system has.
    """
    with errors_as_exit_codes():
        _refuse_other_than_a_name(name)
        systems = _system(external), _system(local)
        path = environment().settings.config / f"{name}.yaml"
        if path.exists():
            raise ConfigurationError(f"{path} is there already.", remedy="Choose another name.")
        find_connection(systems[1].connection)  # it has to be known, not reachable
        text = _text(name, *systems, entity or ())
        integration = _checked(path, text)
        write_file(path, text)
    say(f"Wrote {path}: {len(integration.entities)} entities.")
    say(f"Next: tandem check {name}, tandem preview {name}, tandem sync {name}.")


def _refuse_other_than_a_name(name: str) -> None:
    try:
        TypeAdapter(Name).validate_python(name)
    except ValidationError:
        raise ConfigurationError(
            f"{name[:60]!r} cannot be the name of an integration.",
            remedy="Write a small letter, then small letters, digits and _; 100 at most.",
        ) from None


def _checked(path: Path, text: str) -> Integration:
    """What the draft says; a draft that nobody could load is not written."""
    try:
        return parse_integration(path, text)
    except BrokenFile as error:
        raise ConfigurationError(
            f"The draft would not be a usable file: {error.problems[0].text}.",
            remedy="Name the entities that you want with --entity, or write the file by hand.",
        ) from None


def _system(text: str) -> System:
    connector, _, connection = text.partition(":")
    if not connector or not connection:
        raise ConfigurationError(f"{text!r} names no connector and connection.", remedy=_SIDE)
    return System(connector=connector, connection=connection)


def _text(name: str, external: System, local: System, names: Sequence[str]) -> str:
    """The draft: of the entities named, or else the default mapping of the external system, or
    else of all its entities.
    """
    schema, default = _told(external)
    if default and not names:
        return draft_of_default(name, external, local, default)
    return draft(name, external, local, _chosen(schema, names), _there(local))


def _told(system: System) -> tuple[Schema, DefaultMapping | None]:
    """What the system has, and the mapping that its users begin with."""
    with _opened(system) as connector:
        schema = connector.schema()
        if isinstance(connector, HasDefaultMapping):
            return schema, connector.default_mapping(schema)
        return schema, None


def _there(local: System) -> Schema | None:
    """What the local system has; None where tables and columns are made as they are needed."""
    with _opened(local) as connector:
        return None if isinstance(connector, Provisioner) else connector.schema()


@contextmanager
def _opened(system: System) -> Iterator[Connector]:
    connection = find_connection(system.connection)
    with (
        closing(sign_ins_of(environment())) as sign_ins,
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
