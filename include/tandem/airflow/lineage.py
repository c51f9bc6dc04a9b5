"""A load as OpenLineage tells it: which columns were made of which.

Loaded only when the OpenLineage provider asks, in the process that it keeps for that.
"""

from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import Any, Final, TypeVar

from airflow.providers.openlineage.extractors import OperatorLineage
from openlineage.client.event_v2 import Dataset, InputDataset, OutputDataset
from openlineage.client.facet_v2 import column_lineage_dataset, schema_dataset

from tandem.airflow.assets import DIRECTIONS, directions
from tandem.airflow.connections import find_connection
from tandem.airflow.travels import Kind
from tandem.connectors.base import Place, Placed
from tandem.connectors.registry import open_connector
from tandem.core.lineage import Origin, origins
from tandem.model.integration import EntityMapping, Integration, System
from tandem.model.schema import Entity, Schema
from tandem.settings import Settings
from tandem.staging import Staging

SIDES: Final = ("external", "local")
Lineage = OperatorLineage[Dataset, Any]
_D = TypeVar("_D", bound=Dataset)


def load_lineage(integration: Integration, entity: str, kind: Kind, run_id: str) -> Lineage:
    """What a load of that external entity read, and what it wrote."""
    mapping = integration.entity(entity)
    if mapping is None:
        return Lineage()
    schemas = _pinned(integration, run_id)
    names = {"external": mapping.external, "local": mapping.local}
    places = {side: _place(getattr(integration, side), names[side]) for side in SIDES}
    entities = {side: schemas[side].by_name.get(names[side]) for side in SIDES & schemas.keys()}
    inputs: list[Dataset] = []
    outputs: list[Dataset] = []
    for way in directions(mapping, kind):
        read, written = DIRECTIONS[way]
        inputs.append(_dataset(InputDataset, places[read], _fields(mapping, read, entities)))
        facet = _columns(origins(mapping, way), places[read])
        outputs.append(
            _dataset(
                OutputDataset,
                places[written],
                _fields(mapping, written, entities),
                {"columnLineage": facet},
            )
        )
    return Lineage(inputs=inputs, outputs=outputs)


def _pinned(integration: Integration, run_id: str) -> dict[str, Schema]:
    """The schemas that the run is pinned to; none if they are gone."""
    staging = Staging(Settings.from_environment().staging, integration.name, run_id)
    try:
        staged = staging.read_json(staging.schema_path)
    except FileNotFoundError:
        return {}
    return {side: Schema.model_validate(staged[side]) for side in SIDES}


def _place(system: System, entity: str) -> Place:
    with closing(open_connector(system.connector, find_connection(system.connection))) as connector:
        if isinstance(connector, Placed):
            return connector.place(entity)
    return Place(f"{system.connector}://{system.connection}", entity)


def _fields(
    mapping: EntityMapping, side: str, entities: Mapping[str, Entity | None]
) -> list[schema_dataset.SchemaDatasetFacetFields]:
    """All fields of the entity with their types; where its schema is gone, those of the mapping."""
    entity = entities.get(side)
    if entity is None:
        names = dict.fromkeys(getattr(line, side) for line in mapping.active_fields)
        return [schema_dataset.SchemaDatasetFacetFields(name) for name in names if name]
    return [
        schema_dataset.SchemaDatasetFacetFields(
            field.name, field.type_name or field.kind.value, field.label or None
        )
        for field in entity.fields
    ]


def _dataset(
    kind: type[_D],
    place: Place,
    fields: list[schema_dataset.SchemaDatasetFacetFields],
    more: Mapping[str, Any] | None = None,
) -> _D:
    facets = {"schema": schema_dataset.SchemaDatasetFacet(fields=fields), **(more or {})}
    return kind(namespace=place.system, name=place.name, facets=facets)


def _columns(
    found: Iterable[Origin], read: Place
) -> column_lineage_dataset.ColumnLineageDatasetFacet:
    return column_lineage_dataset.ColumnLineageDatasetFacet(
        fields={
            origin.field: column_lineage_dataset.Fields(
                inputFields=[_input(read, source, origin.how) for source in origin.sources]
            )
            for origin in found
        }
    )


def _input(read: Place, field: str, how: str) -> column_lineage_dataset.InputField:
    transformation = column_lineage_dataset.Transformation(
        type="DIRECT", subtype="TRANSFORMATION" if how else "IDENTITY", description=how or None
    )
    return column_lineage_dataset.InputField(
        namespace=read.system, name=read.name, field=field, transformations=[transformation]
    )
