"""What fields refer to, and which navigation property writes a lookup that cannot be written."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from tandem.connectors.odata.csdl import EntitySet, Navigation
from tandem.connectors.odata.dialects.dialect import Dialect
from tandem.connectors.odata.dialects.families import dialect, dialect_name
from tandem.connectors.odata.metadata_types import Types
from tandem.model.schema import Field, LookupTarget

Lookups = dict[str, tuple[LookupTarget, ...]]
_SEVERAL: Final = 2


def lookups_of(types: Types, type_name: str, prefix: str, entity_set: EntitySet) -> Lookups:
    """Field → what it refers to, from the referential constraints of navigation properties.

    Each navigation property has its own target, so that a polymorphic lookup has several. Only
    single-valued ones count (CSDL 4.01, 8.5); Business Central writes others the wrong way round.
    It also says of all that they contain what they lead to, so that this makes no difference, but
    where the constraint is on the key: then what is contained, an item's picture, refers to it.
    Of several constraints only one on the whole key gives a lookup: the others are parts of a
    reference, and find any number of records. `prefix` is the path to a complex value whose type
    this is.
    """
    found: Lookups = {}
    spoken = dialect(dialect_name(entity_set.container))
    for navigation in _single_valued(types, type_name):
        path = prefix + navigation.name
        for own, referenced in navigation.constraints:
            if len(navigation.constraints) > 1 and not _is_key(types, navigation, referenced):
                continue
            name = prefix + own
            named = [
                _target(types, target, referenced, path, spoken)
                for target in _targets(types, navigation, path, referenced, entity_set)
            ]
            found[name] = (*found.get(name, ()), *named)
    return found


def written_by_navigation(
    types: Types, type_name: str, entity_set: EntitySet, lookups: Lookups
) -> frozenset[str]:
    """The fields that can be written by a navigation property: their value is the whole key of
    the one entity set that it leads to, which is the first of the field's targets.

    A field of several navigation properties, such as Dataverse's customer, does not say by which
    of them its value is to be written.
    """
    found: dict[str, list[bool]] = {}
    by_key = dialect(dialect_name(entity_set.container)).lookups_by_key
    for navigation in _single_valued(types, type_name):
        one_set = len(_direct(types, navigation, navigation.name, entity_set)) == 1
        for own, referenced in navigation.constraints:
            alone = len(navigation.constraints) == 1
            whole = alone and (by_key or _is_key(types, navigation, referenced))
            found.setdefault(own, []).append(whole and one_set)
    return frozenset(own for own, writes in found.items() if writes == [True] and lookups.get(own))


def parts_of(lookup: Field, types: Types) -> tuple[Field, ...]:
    """For each type of record that the lookup may refer to a field that writes it, named by the
    navigation property that leads there, and by the type where others are led to as well.

    None where there is but one type, or where records do not say of which type their target is.
    An abstract type is none: the types derived from it are.
    """
    said = [t for t in lookup.lookup if t.type and not types.is_abstract(types.of_set(t.entity))]
    by_type = {target.type: target for target in reversed(said)}
    if len(by_type) < _SEVERAL:
        return ()
    targets = [target for target in said if by_type[target.type] is target]
    shared = Counter(target.navigation for target in targets)
    return tuple(
        Field(
            name=target.navigation
            if shared[target.navigation] == 1
            else f"{target.navigation}_{target.type}",
            kind=lookup.kind,
            filterable=False,
            type_name=lookup.type_name,
            lookup=(target,),
            by_navigation=True,
            part_of=lookup.name,
        )
        for target in targets
    )


def _target(types: Types, target: str, referenced: str, path: str, spoken: Dialect) -> LookupTarget:
    type_name = types.of_set(target)
    key = types.key(type_name)
    by_key = spoken.lookups_by_key and len(key) == 1
    return LookupTarget(
        entity=target,
        field=key[0] if by_key else referenced,
        navigation=path,
        type=type_name.rpartition(".")[2] if spoken.target_type else "",
    )


def _is_key(types: Types, navigation: Navigation, referenced: str) -> bool:
    """Whether that property is the whole key of what it leads to."""
    return any(owner.key == (referenced,) for owner in types.lineage(navigation.type))


def _single_valued(types: Types, type_name: str) -> Iterator[Navigation]:
    key = types.key(type_name)
    for owner in types.lineage(type_name):
        for navigation in owner.navigations:
            inward = navigation.contains and tuple(own for own, _ in navigation.constraints) == key
            if not (navigation.collection or inward):
                yield navigation


def _targets(
    types: Types, navigation: Navigation, path: str, referenced: str, entity_set: EntitySet
) -> tuple[str, ...]:
    """Where it leads. Records of an abstract type, such as Dataverse's owners, are to be found
    in the sets of the types derived from it as well: these follow.
    """
    targets = _direct(types, navigation, path, entity_set)
    if types.is_abstract(navigation.type):
        targets = (*targets, *types.derived_sets(navigation.type, referenced))
    return tuple(dict.fromkeys(targets))


def _direct(
    types: Types, navigation: Navigation, path: str, entity_set: EntitySet
) -> tuple[str, ...]:
    """As its binding says, or the sets of its type."""
    for bound, target in entity_set.bindings.items():
        if bound == path or bound.endswith("/" + path):
            return (target.rpartition("/")[2],)
    return types.sets(navigation.type)
