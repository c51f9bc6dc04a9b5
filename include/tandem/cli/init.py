"""`tandem init`: a first integration file from what the systems have."""

from collections.abc import Sequence
from typing import Annotated

import typer

from tandem.cli.output import out
from tandem.cli.session import environment, errors_as_exit_codes, find_connection
from tandem.connectors.registry import open_connector
from tandem.errors import ConfigurationError
from tandem.integration_files import load_integration
from tandem.model.integration import System
from tandem.model.schema import Entity, Schema
from tandem.sync.draft import draft

_SIDE = "As connector:connection, for example odata:crm."


def init(
    name: Annotated[str, typer.Argument(help="Name of the new integration: a-z, 0-9 and _.")],
    external: Annotated[str, typer.Option(help=f"External system. {_SIDE}")],
    local: Annotated[str, typer.Option(help="Local system, for example sql:crm_local.")],
    entity: Annotated[
        list[str] | None,
        typer.Option("--entity", "-e", help="External entity; may be repeated. Default: all."),
    ] = None,
) -> None:
    """Write a new integration file that downloads whole entities, ready to be edited."""
    with errors_as_exit_codes():
        systems = _system(external), _system(local)
        path = environment().settings.config / f"{name}.yaml"
        if path.exists():
            raise ConfigurationError(f"{path} is there already.", remedy="Choose another name.")
        find_connection(systems[1].connection)  # it has to be known, not reachable
        chosen = _chosen(_schema(systems[0]), entity or ())
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(draft(name, *systems, chosen), encoding="utf-8")
        integration = load_integration(path)
    out.print(f"Wrote {path}: {len(integration.entities)} entities.")
    out.print(f"Next: tandem check {name}, tandem preview {name}, tandem sync {name}.")


def _system(text: str) -> System:
    connector, _, connection = text.partition(":")
    if not connector or not connection:
        raise ConfigurationError(f"{text!r} names no connector and connection.", remedy=_SIDE)
    return System(connector=connector, connection=connection)


def _schema(system: System) -> Schema:
    connector = open_connector(system.connector, find_connection(system.connection))
    try:
        return connector.schema()
    finally:
        connector.close()


def _chosen(schema: Schema, names: Sequence[str]) -> list[Entity]:
    if names:
        return [schema.entity(name) for name in names]
    return [entity for entity in schema.entities if entity.key]
