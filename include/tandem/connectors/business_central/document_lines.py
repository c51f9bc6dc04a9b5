"""Lines of documents: entities that have no field of their own that orders changes.

Business Central lists lines only for one document or one line, and lines have no modified field;
the document has one (Microsoft Learn, "salesOrderLine resource type"; the API's error "You must
specify an Id or a Document Id to get the lines."). So the line gets a field of ours, which has the
version of its document. All that is needed to read lines by their documents stands in the entity.

An edit of a line that changes no amount leaves its document's version as it was (Base Application,
codeunit "Graph Mgt - Sales Order Buffer": the document is changed only where the line says
"Recalculate Invoice Disc."), and so that field is none that orders changes: lines are read whole.
Whoever can do without such edits may choose it (`version_number: documentLastModifiedDateTime`).
"""

from dataclasses import dataclass
from typing import Final

from tandem.connectors.odata.csdl import Csdl
from tandem.model.schema import Entity, Field, Kind

DOCUMENT: Final = "documentId"
_KEY: Final = "id"
_PREFIX: Final = "document"
_TYPE: Final = "document.{}"
"""The type of the field of ours, for people, and what we know it by."""


@dataclass(frozen=True, slots=True)
class Lines:
    """An entity of lines, and how it is read."""

    entity: Entity
    version: str
    """The line's field that has its document's version."""
    headers: Entity
    """The documents: key and version, no more."""

    @property
    def navigation(self) -> str:
        """The documents' navigation property that leads to their lines."""
        return self.entity.name

    @property
    def header_version(self) -> str:
        """The document's field that orders changes."""
        return self.headers.fields[-1].name


def header_sets(csdl: Csdl) -> dict[str, str]:
    """Set of lines → set of their documents.

    Found by what the metadata says: the documents' type contains a collection named like the set,
    whose `documentId` is the document's key, and no other type does. (That constraint stands at the
    collection, where OData does not have any.)
    """
    sets_of: dict[str, list[str]] = {}
    for entity_set in csdl.sets:
        sets_of.setdefault(entity_set.type, []).append(entity_set.name)
    found: dict[str, list[str]] = {}
    for name, entity_sets in sets_of.items():
        for navigation in csdl.types[name].navigations if name in csdl.types else ():
            inward = any(referenced == DOCUMENT for _, referenced in navigation.constraints)
            if navigation.collection and inward and navigation.name in sets_of[navigation.type]:
                found.setdefault(navigation.name, []).extend(entity_sets)
    return {lines: headers[0] for lines, headers in found.items() if len(headers) == 1}


def with_version(lines: Entity, headers: Entity) -> Entity:
    """The lines with the version of their documents, if they have none, and those have one; it can
    be chosen to read them by, and is not by itself, as it misses edits that change no amount.
    """
    stamps = headers.capabilities.version_fields
    if lines.capabilities.version_fields or not stamps or headers.key != (_KEY,):
        return lines
    stamp = headers.field(stamps[0])
    if stamp.kind not in _EDM:
        return lines
    name = _PREFIX + stamp.name[:1].upper() + stamp.name[1:]
    if name in lines.by_name or DOCUMENT not in lines.by_name:
        return lines
    ours = Field(
        name=name,
        kind=stamp.kind,
        nullable=stamp.nullable,
        read_only=True,
        label=f"{stamp.name} of the document",
        type_name=_TYPE.format(f"{headers.name}.{stamp.name}"),
    )
    able = lines.capabilities.model_copy(
        update={"version_fields": (), "filter": False, "sort": False}
    )
    return lines.model_copy(update={"fields": (*lines.fields, ours), "capabilities": able})


def lines_of(entity: Entity) -> Lines | None:
    """How the entity is read by its documents; None if it is not."""
    ours = next((f for f in entity.fields if f.type_name.startswith(_TYPE.format(""))), None)
    if ours is None:
        return None
    _, headers, stamp = ours.type_name.split(".")
    return Lines(entity, ours.name, _headers(entity, headers, ours, stamp))


def _headers(entity: Entity, name: str, ours: Field, stamp: str) -> Entity:
    key = entity.field(DOCUMENT).model_copy(update={"name": _KEY, "nullable": False, "lookup": ()})
    folder = entity.path.rpartition("/")[0]
    able = entity.capabilities.model_copy(
        update={
            "version_fields": (stamp,),
            "filter": True,
            "sort": True,
            "creates": False,
            "updates": False,
        }
    )
    return Entity(
        name=name,
        key=(_KEY,),
        fields=(
            key,
            Field(name=stamp, kind=ours.kind, nullable=ours.nullable, type_name=_EDM[ours.kind]),
        ),
        path=f"{folder}/{name}" if folder else "",
        capabilities=able,
    )


_EDM: Final = {Kind.INSTANT: "Edm.DateTimeOffset", Kind.INT64: "Edm.Int64"}
