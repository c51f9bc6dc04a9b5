"""The fields in which the records of both sides meet: mappings bound to what the systems have."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import groupby

from tandem.model.integration import Direction, EntityMapping, FieldMapping, OnConflict
from tandem.model.schema import Entity, Field
from tandem.model.transforms import Step, UserTransforms


@dataclass(frozen=True, slots=True)
class Reference:
    """What a lookup's value refers to: the record of `entity` whose `fields` have that value."""

    entity: str
    fields: tuple[str, ...]
    """External fields of the target, in the order in which a composite value joins them."""


@dataclass(frozen=True, slots=True)
class Sending:
    """A line that says what an external field is sent, made of local fields by transforms."""

    line: FieldMapping
    external: Field
    reads: tuple[str, ...]
    """The local fields that it is made of, the line's own first."""


@dataclass(frozen=True, slots=True)
class BoundField:
    """One field of a pair of records."""

    mapping: FieldMapping
    """Of a composite lookup the first of its lines."""
    externals: tuple[Field, ...]
    """One external field; none for a constant of the local side, several for a composite lookup."""
    local: Field | None
    """None for what both sides compare in an external field: a constant of that side, or what is
    made of local fields and never comes back."""
    downloads: bool
    uploads: bool
    identifies: bool
    """Whether it is a part of the external key, which is only sent with a new record."""
    reference: Reference | None
    on_conflict: OnConflict | None
    """The field's own policy or its entity's; None: the integration's."""
    also_reads: tuple[Field, ...] = ()
    """External fields that transforms read beside its own on download."""
    sends_itself: bool = True
    """Whether its values are sent to `externals`; else only its sendings are."""
    sendings: tuple[Sending, ...] = ()
    """What is made of this field, and of others beside it, to be sent."""
    functions: UserTransforms = field(default_factory=dict)

    @property
    def made(self) -> Sending | None:
        """How it is made of local fields, where it is not one of them."""
        return self.sendings[0] if self.sendings and self.local is None else None

    @property
    def cuts(self) -> bool:
        """Whether a transform may cut its values."""
        return any(isinstance(step, Step) and step.truncate for step in self.mapping.transform)

    @property
    def turns(self) -> bool:
        """Whether it travels both ways, and may come back otherwise than it was sent."""
        line = self.mapping
        turned = line.transform or line.values or self.sendings or line.default is not None
        return self.downloads and self.uploads and not self.reference and bool(turned)

    @property
    def receivers(self) -> tuple[Field, ...]:
        """The external fields that it is sent to."""
        sent = [sending.external for sending in self.sendings if not self.made]
        return (*(self.externals if self.sends_itself else ()), *sent)

    @property
    def reads_externally(self) -> tuple[str, ...]:
        """The external fields that it is compared by, or made of."""
        sent = [sending.external.name for sending in self.sendings]
        own = [external.name for external in (*self.externals, *self.also_reads)]
        return tuple(dict.fromkeys([*own, *sent]))

    @property
    def reads_locally(self) -> tuple[str, ...]:
        """The local fields that it is, or is made of."""
        own = [self.local.name] if self.local else []
        return tuple(dict.fromkeys([*own, *(n for s in self.sendings for n in s.reads)]))

    @property
    def name(self) -> str:
        """The local field; what is compared in an external field has a name that none can have."""
        return self.target.name if self.local else f"@{self.target.name}"

    @property
    def target(self) -> Field:
        """The local field; the external one for a constant that is only sent there."""
        return self.local or self.externals[0]

    @property
    def external(self) -> Field | None:
        """The external field, where there is just one."""
        return self.externals[0] if len(self.externals) == 1 else None


def bound_fields(
    mapping: EntityMapping, external: Entity, local: Entity, functions: UserTransforms | None = None
) -> tuple[BoundField, ...]:
    """The enabled fields of the mapping, in the order of their names.

    The lines of a composite lookup are one field. So are a line that is only downloaded and those
    that send the same local field back to where it came from: they are compared as that field.
    What else is made of local fields is compared in the external field that it is sent to. What
    the external system sets itself is never uploaded.
    """
    binding = _Binding(mapping, external, local, functions or {})
    lines = sorted(mapping.active_fields, key=_place)
    fields: list[BoundField] = []
    sendings: list[Sending] = []
    for _, group in groupby(lines, _place):
        mine = list(group)
        sent = [line for line in mine if binding.is_made(line, alone=len(mine) == 1)]
        if rest := [line for line in mine if line not in sent]:
            fields.append(binding.field(rest))
        sendings += [binding.sending(line) for line in sent]
    return tuple(sorted(binding.with_sendings(fields, sendings), key=lambda one: one.name))


def _place(line: FieldMapping) -> tuple[str, str]:
    return line.local or "", "" if line.local else line.external or ""


@dataclass(frozen=True, slots=True)
class _Binding:
    mapping: EntityMapping
    external: Entity
    local: Entity
    functions: UserTransforms

    def field(self, lines: list[FieldMapping]) -> BoundField:
        """One field of these lines, several of a composite lookup."""
        first = lines[0]
        externals = tuple(self.external.field(line.external) for line in lines if line.external)
        lookups = [line.lookup for line in lines if line.lookup]
        uploads = (
            bool(externals)
            and _goes(self.mapping, first, "upload_only")
            and not any(one.read_only for one in externals)
        )
        return BoundField(
            mapping=first,
            externals=externals,
            local=self.local.field(first.local) if first.local else None,
            downloads=bool(first.local) and _goes(self.mapping, first, "download_only"),
            uploads=uploads,
            identifies=self._identifies(externals),
            reference=Reference(lookups[0].entity, tuple(lookup.field for lookup in lookups))
            if lookups
            else None,
            on_conflict=first.on_conflict or self.mapping.on_conflict,
            also_reads=tuple(self.external.field(name) for name in first.also_reads),
            functions=self.functions,
        )

    def is_made(self, line: FieldMapping, *, alone: bool) -> bool:
        """Whether the line says what is made of a local field, rather than being that field."""
        leaves = "upload_only" in (self.mapping.direction, line.direction)
        if not (leaves and line.external and line.local) or line.lookup:
            return False
        return bool(line.transform) or line.default is not None or not alone

    def sending(self, line: FieldMapping) -> Sending:
        """What that line sends."""
        reads = [self.local.field(name).name for name in (line.local, *line.also_reads) if name]
        return Sending(line, self.external.field(line.external or ""), tuple(reads))

    def with_sendings(
        self, fields: list[BoundField], sendings: list[Sending]
    ) -> Iterable[BoundField]:
        """The fields, and what is made of them: with them where it is their way back."""
        by_name = {one.name: one for one in fields}
        alone = {one.name for one in fields if one.uploads}
        for sending in sendings:
            own = sending.reads[0]
            if own not in alone and _goes_back(by_name.get(own), sending):
                for name in sending.reads:
                    if _comes(by_name.get(name)) and self._sends(sending):
                        one = replace(by_name[name], sends_itself=name in alone)
                        by_name[name] = self._sent_back(one, sending)
            else:
                made = self._made(sending)
                by_name[made.name] = made
        return by_name.values()

    def _sent_back(self, one: BoundField, sending: Sending) -> BoundField:
        return replace(
            one,
            uploads=True,
            identifies=self._identifies((*one.receivers, sending.external)),
            sendings=(*one.sendings, sending),
        )

    def _made(self, sending: Sending) -> BoundField:
        line, sends = sending.line, self._sends(sending)
        return BoundField(
            mapping=line,
            externals=(sending.external,),
            local=None,
            downloads=False,
            uploads=sends,
            identifies=self._identifies((sending.external,)),
            reference=None,
            on_conflict=line.on_conflict or self.mapping.on_conflict,
            sends_itself=sends,
            sendings=(sending,),
            functions=self.functions,
        )

    def _sends(self, sending: Sending) -> bool:
        goes = _goes(self.mapping, sending.line, "upload_only")
        return goes and not sending.external.read_only

    def _identifies(self, externals: tuple[Field, ...]) -> bool:
        return any(one.name in self.external.key for one in externals)


def _comes(one: BoundField | None) -> bool:
    return one is not None and one.downloads and one.reference is None


def _goes_back(one: BoundField | None, sending: Sending) -> bool:
    """Whether it is sent to where the field comes from, by a line that is only downloaded."""
    if one is None or not _comes(one):
        return False
    return sending.external in (*one.externals, *one.also_reads)


def _goes(mapping: EntityMapping, line: FieldMapping, way: Direction) -> bool:
    return {mapping.direction, line.direction or way} <= {way, "bidirectional"}
