"""What the attributes of a table's definition say of its columns: options, lengths, what may be
written.

Microsoft Learn, "Query table definitions using the Web API" (options by a cast to the kind of
attribute) and "Web API EntityType reference" (AttributeMetadata). `Precision` is left alone: it
binds what is written, and values that are finer than it may be there from before.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from tandem.connectors.dynamics.labels import user_label
from tandem.connectors.dynamics.names import column_of
from tandem.connectors.odata.documents import load
from tandem.model.schema import Entity, Field, Kind

_CAST: Final = "Microsoft.Dynamics.CRM.{}AttributeMetadata?$select=LogicalName"
_OPTIONS: Final = _CAST + "&$expand=OptionSet,GlobalOptionSet"
_DOCUMENTS: Final = (
    "?$select=LogicalName,AttributeType,DisplayName,RequiredLevel,IsValidForCreate,"
    "IsValidForRead,IsValidForUpdate",
    *("/" + _CAST.format(kind) + ",MaxLength" for kind in ("String", "Memo")),
    *("/" + _OPTIONS.format(kind) for kind in ("Picklist", "State", "Status", "Boolean")),
)
"""Columns of several choices are not asked for: their values are any of the options together, such
as `1,2`, and so no list of what a value may be."""

_FILLED: Final = frozenset(
    ("BigInt", "Boolean", "EntityName", "Owner", "Picklist", "State", "Status", "Uniqueidentifier")
)
"""Kinds of column that Dataverse fills where a new record does not give them, required or not."""

Attributes = Mapping[str, Mapping[str, Any]]
"""Logical name of a column → the properties of its attribute."""


def paths(logical_name: str) -> tuple[str, ...]:
    """Where the attributes of a table are, below the service root: all of them, then by kinds."""
    return tuple(
        f"EntityDefinitions(LogicalName='{logical_name}')/Attributes{document}"
        for document in _DOCUMENTS
    )


def parse_attributes(documents: Iterable[bytes]) -> Attributes:
    """The attributes, each with all that the documents say. ValueError if one cannot be read."""
    found: dict[str, dict[str, Any]] = {}
    try:
        for document in documents:
            for attribute in load(document)["value"]:
                found.setdefault(attribute["LogicalName"], {}).update(attribute)
    except (KeyError, TypeError, AttributeError):
        raise ValueError("no list of attributes") from None
    return found


def with_attributes(entity: Entity, attributes: Attributes) -> Entity:
    """The entity as its columns are defined, without those that nobody can read."""
    about = [(field, attributes.get(column_of(field), {})) for field in entity.fields]
    readable = [
        _field(field, said, is_key=field.name in entity.key)
        for field, said in about
        if said.get("IsValidForRead") is not False
    ]
    return entity.model_copy(update={"fields": tuple(readable)})


def _field(field: Field, said: Mapping[str, Any], *, is_key: bool) -> Field:
    if not said:
        return field
    options = () if field.lookup else _options(said)
    update = {
        "label": user_label(said.get("DisplayName")) or field.label,
        **_writing(field, said, is_key=is_key),
    }
    if options:
        update["options"] = tuple(value for value, _ in options)
        labels = tuple(words for _, words in options)
        update["option_labels"] = labels if any(labels) else ()
    if field.kind is Kind.STRING and (length := _number(said.get("MaxLength"))):
        update["max_length"] = length
    return field.model_copy(update=update)


def _writing(field: Field, said: Mapping[str, Any], *, is_key: bool) -> dict[str, bool]:
    """As `$metadata` is understood elsewhere: what only new records can be given counts as
    read-only, but for the key; what they cannot be given is filled.
    """
    creates = said.get("IsValidForCreate") is not False
    updates = said.get("IsValidForUpdate") is not False
    immutable = field.immutable or not updates
    never = not creates and not updates
    filled = not creates or said.get("AttributeType") in _FILLED
    required = _required(said) and not (is_key or field.part_of)
    return {
        "immutable": immutable,
        "read_only": field.read_only or never or (immutable and not is_key),
        "defaulted": field.defaulted or (required and filled) or not creates,
        "nullable": field.nullable and not required,
    }


def _required(said: Mapping[str, Any]) -> bool:
    """ApplicationRequired binds the forms alone (Learn, "Column requirement levels")."""
    level = said.get("RequiredLevel")
    return isinstance(level, dict) and level.get("Value") == "SystemRequired"


def _options(said: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """Values with their labels, of a set of its own or of one that several columns share."""
    known = said.get("OptionSet") or said.get("GlobalOptionSet")
    if not isinstance(known, dict):
        return ()
    if known.get("TrueOption") and known.get("FalseOption"):
        return [
            ("false", user_label(known["FalseOption"].get("Label"))),
            ("true", user_label(known["TrueOption"].get("Label"))),
        ]
    return [
        (str(option["Value"]), user_label(option.get("Label")))
        for option in known.get("Options") or ()
        if isinstance(option, dict) and option.get("Value") is not None
    ]


def _number(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else None
