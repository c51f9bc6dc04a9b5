"""What the annotations of a metadata document tell us (Core, Capabilities, Validation, Common)."""

import re
from collections.abc import Mapping
from typing import Any, Final

from tandem.connectors.odata.csdl import Annotations
from tandem.connectors.versions import version_fields as by_name
from tandem.model.schema import Field, Kind

_CORE: Final = "Org.OData.Core.V1."
_CAPABILITIES: Final = "Org.OData.Capabilities.V1."
_LABELS: Final = ("com.sap.vocabularies.Common.v1.Label", _CORE + "Description")
_ALLOWED: Final = "Org.OData.Validation.V1.AllowedValues"
_ALTERNATE_KEYS: Final = (_CORE + "AlternateKeys", "OData.Community.Keys.V1.AlternateKeys")
"""The vocabulary's term, and the one that came before it, which Dataverse uses."""
_PERMISSIONS: Final = {"None": 0, "Read": 1, "Write": 2, "ReadWrite": 3, "Invoke": 4}
"""Core.Permission, of which several may be given."""
_WRITE: Final = 2
_DIGITS: Final = tuple("01234567")


def label(annotations: Annotations) -> str:
    """The words for people; empty if there are none."""
    texts = (annotations.get(term) for term in _LABELS)
    return next((text for text in texts if isinstance(text, str)), "")


def is_read_only(annotations: Annotations) -> bool:
    """Whether the service sets the value: Core.Computed, Core.Immutable, Core.Permissions."""
    return is_computed(annotations) or is_immutable(annotations)


def is_computed(annotations: Annotations) -> bool:
    """Whether the service alone sets the value, when a record is created too."""
    return annotations.get(_CORE + "Computed") is True or is_for_reading(annotations)


def is_immutable(annotations: Annotations) -> bool:
    """Whether the value can be given to new records only."""
    return annotations.get(_CORE + "Immutable") is True


def is_defaulted(annotations: Annotations) -> bool:
    """Whether the service fills the value where a new record does not give it."""
    return annotations.get(_CORE + "ComputedDefaultValue") is True


def is_written_by_navigation(name: str, annotations: Annotations) -> bool:
    """Whether a lookup field cannot be written itself, but its navigation property can.

    Dataverse calls such fields `_name_value` and annotates them only when it is asked to.
    """
    own = is_computed(annotations) or (name.startswith("_") and name.endswith("_value"))
    return own and not is_immutable(annotations)


def alternate_keys(annotations: Annotations) -> frozenset[str]:
    """The paths of the properties that are an alternate key alone, of an entity type or a set."""
    found = set()
    for term in _ALTERNATE_KEYS:
        for record in _records(annotations.get(term)):
            parts = [part.get("Name") for part in _records(record.get("Key"))]
            if len(parts) == 1 and isinstance(parts[0], str):
                found.add(parts[0])
    return frozenset(found)


def _records(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def options(annotations: Annotations) -> tuple[str, ...]:
    """The values that Validation.AllowedValues lists: SAP CAP's way to write enumerations."""
    allowed = annotations.get(_ALLOWED)
    if not isinstance(allowed, list):
        return ()
    return tuple(
        str(item["Value"]) for item in allowed if isinstance(item, dict) and "Value" in item
    )


def without(annotations: Annotations, term: str, member: str) -> bool:
    """Whether a Capabilities term says that this cannot be done. Unsaid means it can."""
    record = annotations.get(_CAPABILITIES + term)
    return isinstance(record, dict) and record.get(member) is False


def filter_functions(entity_set: Annotations, container: Annotations) -> tuple[str, ...] | None:
    """Functions and operators that `$filter` may use: as the set lists them, or its container."""
    term = _CAPABILITIES + "FilterFunctions"
    listed = entity_set.get(term, container.get(term))
    return tuple(map(str, listed)) if isinstance(listed, list) else None


def excepted(annotations: Annotations, term: str, member: str) -> frozenset[str]:
    """Paths of the properties that a Capabilities term excepts from what the set can do."""
    record = annotations.get(_CAPABILITIES + term)
    paths = record.get(member) if isinstance(record, dict) else None
    return frozenset(map(str, paths)) if isinstance(paths, list) else frozenset()


def is_for_reading(annotations: Annotations) -> bool:
    """Whether Core.Permissions leave out writing: by names or numbers, of which there may be
    several (CSDL JSON 4.01, 14.3.7).
    """
    words = re.split(r"[\s,]+", str(annotations.get(_CORE + "Permissions", "")))
    given = [_PERMISSIONS.get(word, int(word) if word in _DIGITS else None) for word in words]
    known = [permission for permission in given if permission is not None]
    return bool(known) and not any(permission & _WRITE for permission in known)


def is_unreadable(annotations: Annotations) -> bool:
    """Whether there is no list of the set's records."""
    return without(annotations, "ReadRestrictions", "Readable")


def with_default_capabilities(entity_set: Annotations, container: Annotations) -> Annotations:
    """The set's annotations, and those that its container has for all sets without."""
    defaults = container.get(_CAPABILITIES + "DefaultCapabilities")
    if not isinstance(defaults, dict):
        return entity_set
    return {**{_CAPABILITIES + term: said for term, said in defaults.items()}, **entity_set}


def has_etags(annotations: Annotations) -> bool:
    """Whether changes are guarded by etags; the list of what makes them may be empty."""
    return isinstance(annotations.get(_CORE + "OptimisticConcurrency"), list)


def takes_batches(container: Annotations) -> bool:
    """Whether there is `$batch`. Unsaid means that it is worth trying."""
    deprecated = container.get(_CAPABILITIES + "BatchSupported")
    return deprecated is not False and not without(container, "BatchSupport", "Supported")


def tracks_changes(entity_set: Annotations, container: Annotations) -> bool:
    """Whether delta links are to be had: as the set says, or else its container.

    Unsaid means no. `Supported` is true where the record leaves it out, as the vocabulary has it.
    """
    term = _CAPABILITIES + "ChangeTracking"
    record = entity_set.get(term, container.get(term))
    return isinstance(record, dict) and record.get("Supported", True) is True


def version_fields(fields: Mapping[str, Field], annotations: Annotations) -> tuple[str, ...]:
    """Fields that order changes, the best first: increasing integers, then timestamps. Changes
    are found by conditions on them.

    A timestamp that makes the etag (Core.OptimisticConcurrency) counts as well; an integer that
    does so does not, because it may count each record's changes by itself.
    """
    usable = {name: field for name, field in fields.items() if field.filterable}
    guards = annotations.get(_CORE + "OptimisticConcurrency")
    named = [g for g in guards if isinstance(g, str)] if isinstance(guards, list) else []
    stamps = [g for g in named if g in usable and usable[g].kind is Kind.INSTANT]
    return tuple(dict.fromkeys([*by_name(usable.values()), *stamps]))
