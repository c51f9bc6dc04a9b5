"""Which mapped entity an external field refers to, and whether a local field can hold that."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from tandem.core.drift.words import some_of
from tandem.core.names.synonyms import ENTITY_MEANING
from tandem.core.names.words import IDENTIFYING, Term, Words, entity_meaning, meaning_of, term
from tandem.model.integration import EntityMapping, Lookup
from tandem.model.schema import Entity, Field, Kind


@dataclass(frozen=True)
class MappedEntity:
    """An entity that is mapped, or about to be: what lookups may refer to."""

    external: Entity
    local: Entity
    plain: frozenset[str] = frozenset()
    """External fields that are mapped, and are no lookups themselves."""
    business_key: tuple[str, ...] = ()
    """External fields by which its mapping finds partners, and so are said to identify them."""

    @cached_property
    def meaning(self) -> Words:
        """What the entity's name means."""
        return entity_meaning(self.external.name)

    def is_found_by(self, field: str) -> bool:
        """Whether one external field finds a record: its whole key, or a mapped field that
        identifies it as well.
        """
        if self.external.key == (field,):
            return True
        known = self.business_key == (field,) or identifies(self.external, field)
        return known and field in self.plain


def identifies(entity: Entity, name: str) -> bool:
    """Whether a value of that field means one record at most: it is the key, an alternate key, or
    a guid that refers to nothing. Dataverse's users have the key `ownerid`; they are referred to
    by their `systemuserid`.
    """
    field = entity.by_name.get(name)
    if field is None:
        return False
    return entity.key == (name,) or field.unique or (field.kind is Kind.GUID and not field.lookup)


def mapped_entity(mapping: EntityMapping, external: Entity, local: Entity) -> MappedEntity:
    """What other entities may look up of this one."""
    plain = frozenset(
        field.external
        for field in mapping.active_fields
        if field.external and field.local and not field.lookup
    )
    return MappedEntity(external, local, plain, mapping.primary_key)


@dataclass(frozen=True, slots=True)
class Reference:
    """One way to read an external field as a lookup."""

    lookup: Lookup
    target: MappedEntity
    stated: bool
    """The metadata says so; else the name does."""
    alone: bool
    """Every value refers to that entity."""

    def fits(self, local: Field) -> bool:
        """Whether the local field can hold the id of the record that is referred to, and is there
        for that: a text that nothing says to be a lookup rather holds the value itself.
        """
        entities = {target.entity for target in local.lookup}
        if local.read_only or (entities and self.target.local.name not in entities):
            return False
        if len(self.target.local.key) != 1:
            return False
        key = self.target.local.field(self.target.local.key[0])
        as_text = bool(entities) and local.kind is Kind.STRING and key.kind is Kind.GUID
        return local.kind is key.kind or as_text


def references(
    field: Field, entity: Entity, others: Mapping[str, MappedEntity]
) -> tuple[Reference, ...]:
    """What an external field may refer to among the mapped entities, the likeliest first."""
    if field.name in entity.key and len(entity.key) == 1:
        return ()
    return tuple(_stated(field, others)) or tuple(_named(field, entity, others))


def _stated(field: Field, others: Mapping[str, MappedEntity]) -> Iterator[Reference]:
    for stated in field.lookup:
        target = others.get(stated.entity)
        if target is None:
            continue
        name = stated.field or next(iter(target.external.key), "")
        if target.is_found_by(name):
            lookup = Lookup(entity=stated.entity, field=name)
            yield Reference(lookup, target, stated=True, alone=len(field.lookup) == 1)


def _named(field: Field, entity: Entity, others: Mapping[str, MappedEntity]) -> Iterator[Reference]:
    """Where the metadata states no relations: `CustomerNo` is the `No` of a customer."""
    name = term(field.name)
    last = name.meaning[-1:] if name.words and name.meaning[-1:] else ()
    if not last or last[0] not in IDENTIFYING or field.lookup:
        return
    for target in others.values():
        ends = name.stem[-len(target.meaning) :] == target.meaning
        # A customer's own CustomerNo is no lookup.
        itself = name.stem == entity_meaning(entity.name)
        if not target.meaning or not ends or itself:
            continue
        for found in target.external.fields:
            same = term(found.name, target.meaning).core == last and found.kind is field.kind
            if same and target.is_found_by(found.name):
                lookup = Lookup(entity=target.external.name, field=found.name)
                yield Reference(lookup, target, stated=False, alone=True)


def have_one_role(target: MappedEntity, one: Term, other: Term) -> bool:
    """Whether two lookups are called the same beside what they refer to: an account's `parent`
    and its `parent account`.
    """
    roles = {_without(target.meaning, _stem(name)) for name in (one, other)}
    return len(roles) == 1 and roles != {()}


def are_named_after(target: MappedEntity, one: Term, other: Term) -> bool:
    """Whether both lookups are called as what they refer to, and one of them just so: an order's
    `primary contact` and its `contact`, but not its `billing contact`.
    """
    stems = [_stem(name) for name in (one, other)]
    named = all(_without(target.meaning, stem) != stem for stem in stems)
    return named and target.meaning in stems


def _stem(name: Term) -> Words:
    return meaning_of(name.stem, ENTITY_MEANING)


def _without(target: Words, stem: Words) -> Words:
    """The stem without the target's own name at its end."""
    return stem[: -len(target)] if target and stem[-len(target) :] == target else stem


def targets_in_words(field: Field) -> str:
    """The entities that a field refers to: the first ones, and how many more."""
    return some_of(dict.fromkeys(target.entity for target in field.lookup))
