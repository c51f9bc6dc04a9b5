"""How records are shown: lookups, etags and related records."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tandem.demo.conditions import column
from tandem.demo.read import Selection
from tandem.demo.resco.attributes import TARGET, Attribute, Entity
from tandem.demo.values import json_sql

ETAG: Final = '"%016X"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Records(Selection):
    """The properties of an entity's records, in JSON."""

    entity: Entity
    typed: bool = False
    """Whether a lookup is `logicalname:guid` rather than a guid."""
    labels: bool = False
    """Whether it is `logicalname:guid:label`, as Fetch has it."""
    expanded: Sequence[tuple[Attribute, tuple[Entity, ...]]] = ()
    """Lookups whose records are shown within, with their targets."""

    def _annotations(self) -> list[str]:
        """The etag is weak and hexadecimal: `W/"7511A7BA…"` (Resco wiki, OData service)."""
        context = f"'{self.control}context', '{self.context}'"
        etag = f"""'{self.control}etag', printf('W/{ETAG}', "versionnumber")"""
        return [context, etag] if self.context else [etag]

    def _members(self) -> list[str]:
        members = [
            self._member(name, name)
            for name in map(self.entity.column, self.entity.attributes)
            if name in self.paths
        ]
        return members + [self._related(*expansion) for expansion in self.expanded]

    def _member(self, name: str, path: str) -> str:
        if self.typed:
            for lookup in self.entity.lookups:
                if self.entity.column(lookup) == path:
                    return f"'{name}', {self._typed(lookup)}"
        property_ = self.entity_set.paths[path]
        return f"'{name}', {json_sql(property_, column(path), ieee754=self.ieee754)}"

    def _typed(self, lookup: Attribute) -> str:
        key = self._own(lookup)
        target = f"'{lookup.targets[0]}'"
        if lookup.polymorphic:
            target = self._own(lookup, TARGET)
        text = f"{target} || ':' || {key}"
        return f"{text} || {self._label(lookup)}" if self.labels else text

    def _label(self, lookup: Attribute) -> str:
        names = [
            f"""(SELECT ':' || its."name" FROM "{target}" AS its WHERE its."id" = {self._own(lookup)})"""  # noqa: S608, E501 names of the model
            for target in lookup.targets
        ]
        return f"coalesce({', '.join(names)}, '')"

    def _related(self, lookup: Attribute, targets: tuple[Entity, ...]) -> str:
        found = [
            f'(SELECT {_whole(target)} FROM "{target.name}" AS its WHERE its."id" = {self._own(lookup)})'  # noqa: S608, E501 names of the model
            for target in targets
        ]
        text = found[0] if len(found) == 1 else f"coalesce({', '.join(found)})"
        return f"'{lookup.name}', json({text})"

    def _own(self, lookup: Attribute, suffix: str = "") -> str:
        """A column of the record outside, not of the one that it refers to."""
        return f'"{self.entity.name}".{column(self.entity.column(lookup) + suffix)}'


def _whole(entity: Entity) -> str:
    paths = tuple(entity.shown.paths)
    members = [
        f"'{path}', {json_sql(entity.shown.paths[path], f'its.{column(path)}', ieee754=False)}"
        for path in paths
    ]
    return f"json_object({', '.join(members)})"
