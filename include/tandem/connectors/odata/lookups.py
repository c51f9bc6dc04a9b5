"""Which navigation property writes a lookup whose own field cannot be written."""

from collections.abc import Callable, Mapping, Sequence

from tandem.connectors.odata.csdl import StructuredType
from tandem.model.schema import LookupTarget


def written_by_navigation(
    lineage: Sequence[StructuredType],
    lineage_of: Callable[[str], Sequence[StructuredType]],
    lookups: Mapping[str, tuple[LookupTarget, ...]],
) -> frozenset[str]:
    """The fields that can be written by a navigation property: their value is the whole key of
    the one entity set that they refer to.

    `lineage` is the type with all it inherits from, `lineage_of` gives that of another type, and
    `lookups` the entity sets that fields refer to. A field of several navigation properties, such
    as Dataverse's customer, does not say by which of them its value is to be written.
    """
    found: dict[str, list[str]] = {}
    for navigation in (n for owner in lineage for n in owner.navigations if not n.collection):
        keys = [owner.key for owner in lineage_of(navigation.type) if owner.key]
        for own, referenced in navigation.constraints:
            whole = len(navigation.constraints) == 1 and (referenced,) in keys
            found.setdefault(own, []).append(navigation.name if whole else "")
    return frozenset(
        own
        for own, names in found.items()
        if len(names) == 1 and names[0] and len(lookups.get(own, ())) == 1
    )
