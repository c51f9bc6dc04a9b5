"""Fields that a system sets by itself with every write: when, by whom, which version."""

from typing import Final

from tandem.core.names.words import Words, term
from tandem.model.schema import Field, Kind

_MOMENTS: Final = frozenset((Kind.INSTANT, Kind.LOCAL_DATETIME, Kind.DATE))
_NUMBERS: Final = frozenset((Kind.INT64, Kind.DECIMAL, Kind.BINARY))


def is_kept_by_its_system(field: Field, entity: Words) -> bool:
    """Whether the field says when or by whom a record was made or changed, or its version;
    `entity` is the meaning of its entity's name.

    Few systems say in their metadata that these cannot be written; none wants another's.
    """
    core, kind = term(field.name, entity).core, field.kind
    if core == ("version",):
        return kind in _NUMBERS
    if core[:1] not in (("created",), ("modified",)):
        return False
    return "by" in core or (len(core) == 1 and kind in _MOMENTS)
