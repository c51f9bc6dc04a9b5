"""Types with all that belongs to them: inheritance, definitions, annotations that stand apart."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from tandem.connectors.odata.csdl import Annotations, Csdl, Facets, StructuredType, invalid

_MOST_ANCESTORS: Final = 100
"""Types that one inherits from; published services have a handful."""


class Types:
    """What a document says about types, put together."""

    def __init__(self, csdl: Csdl) -> None:
        self._csdl = csdl
        self._lineages: dict[str, tuple[StructuredType, ...]] = {}
        self._derived: dict[str, list[str]] = {}
        self._sets: dict[str, list[str]] = {}
        self._heirs: dict[str, tuple[str, ...]] = {}
        self._types_of_sets = {known.name: known.type for known in csdl.sets}
        for name, known in csdl.types.items():
            if known.base:
                self._derived.setdefault(known.base, []).append(name)
        for entity_set in csdl.sets:
            self._sets.setdefault(entity_set.type, []).append(entity_set.name)

    def lineage(self, name: str) -> tuple[StructuredType, ...]:
        """The type and all it inherits from, the root first; empty if nothing defines it."""
        if name not in self._lineages:
            self._lineages[name] = tuple(reversed(list(self._upwards(name))))
        return self._lineages[name]

    def key(self, name: str) -> tuple[str, ...]:
        """The key; derived types may repeat what they inherit, as Dataverse's do."""
        return next((known.key for known in reversed(self.lineage(name)) if known.key), ())

    def is_abstract(self, name: str) -> bool:
        """Whether all records are of types that are derived from it."""
        return name in self._csdl.types and self._csdl.types[name].abstract

    def sets(self, name: str) -> tuple[str, ...]:
        """The entity sets of that very type."""
        return tuple(self._sets.get(name, ()))

    def of_set(self, name: str) -> str:
        """The type of an entity set; empty if there is no such set."""
        return self._types_of_sets.get(name, "")

    def derived_sets(self, name: str, having: str) -> Iterator[str]:
        """The entity sets of types derived from it that have a property of that name."""
        for derived in self._beneath(name):
            properties = (p.name for owner in self.lineage(derived) for p in owner.properties)
            if having in properties:
                yield from self.sets(derived)

    def beneath(self, facets: Facets) -> Facets:
        """Type definitions replaced by the type beneath; facets of the property win."""
        definition = self._csdl.definitions.get(facets.type)
        if definition is None:
            return facets
        return replace(
            facets,
            type=definition.type,
            max_length=facets.max_length or definition.max_length,
            precision=facets.precision or definition.precision,
            scale=definition.scale if facets.scale is None else facets.scale,
        )

    def is_flattened(self, facets: Facets) -> bool:
        """Whether it is one value that consists of others."""
        return facets.type in self._csdl.types and not facets.collection

    def members(self, name: str) -> tuple[str, ...] | None:
        """The members of an enumeration; None where it is none."""
        return self._csdl.enums.get(name)

    def annotations(self, inline: Annotations, *targets: str) -> Annotations:
        """What stands at the element, and what stands apart for these targets; the last wins."""
        found = [a for target in targets if (a := self._csdl.annotations.get(target))]
        if not found:
            return inline
        return {term: value for each in (inline, *found) for term, value in each.items()}

    def _beneath(self, name: str) -> tuple[str, ...]:
        """The types derived from it, at whatever remove, that have entity sets."""
        if name not in self._heirs:
            found = []
            left = list(reversed(self._derived.get(name, ())))
            while left:
                derived = left.pop()
                self.lineage(derived)  # refuses circles
                if derived in self._sets:
                    found.append(derived)
                left.extend(reversed(self._derived.get(derived, ())))
            self._heirs[name] = tuple(found)
        return self._heirs[name]

    def _upwards(self, type_name: str) -> Iterator[StructuredType]:
        seen: set[str] = set()
        name: str | None = type_name
        while name in self._csdl.types:
            if name in seen:
                raise invalid(f"type {type_name} inherits from itself")
            if len(seen) == _MOST_ANCESTORS:
                raise invalid(f"type {type_name} inherits from more than {len(seen)} types")
            seen.add(name)
            yield self._csdl.types[name]
            name = self._csdl.types[name].base
