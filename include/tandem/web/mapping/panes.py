"""Building what the editor shows: the list of entities, and the mapping of the one that is open."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final

from tandem.core.drift.words import field_in_words, type_in_words
from tandem.core.suggestions.entities import LIKELY, suggest_entity
from tandem.model.problems import Place, Problem, Remedy, Severity
from tandem.model.schema import Entity, Field, Schema
from tandem.sync.people.draft import local_name
from tandem.sync.people.drafted import OpenDraft
from tandem.sync.people.drafted_problems import Known
from tandem.validation_problems import Complaint
from tandem.web.mapping.plain_texts import (
    filter_text,
    lookup_text,
    names_at,
    refers_to,
    scalar_at,
    steps_text,
    text_at,
)
from tandem.web.mapping.shown import (
    Fault,
    FieldChoice,
    ListedEntity,
    OpenEntity,
    Settings,
    ShownLine,
    State,
)

_NO_SCHEMA: Final = Schema()


@dataclass(frozen=True)
class Panes:
    """A draft, beside what both systems are known to have and what is wrong with it by that."""

    opened: OpenDraft
    known: Known
    problems: tuple[Problem, ...] = field(default=())

    @property
    def external(self) -> Schema:
        """The external side; empty if nobody has looked at it."""
        return self.known.external or _NO_SCHEMA

    @property
    def local(self) -> Schema:
        """The local side."""
        return self.known.local or _NO_SCHEMA

    def listed(self, names: Collection[str] | None = None) -> tuple[ListedEntity, ...]:
        """The external entities of these names (None: all), and those that only are mapped."""
        counts = self._counts()
        mapped = {str(one.get("external") or ""): one for one in self.opened.value["entities"]}
        there = self.external.by_name
        everything = dict.fromkeys([*sorted(there), *mapped]) if names is None else names
        return tuple(
            self._listed(name, counts.get(name, (0, 0)))
            for name in everything
            if name in there or name in mapped
        )

    def _listed(self, name: str, counts: tuple[int, int]) -> ListedEntity:
        mapping = self.opened.mapping(name)
        return ListedEntity(
            id=f"entity-{blake2b(name.encode(), digest_size=6).hexdigest()}",
            name=name,
            local=text_at(mapping, "local"),
            state=_state(mapping),
            is_gone=self.known.external is not None and name not in self.external.by_name,
            errors=counts[0],
            warnings=counts[1],
        )

    def _counts(self) -> dict[str, tuple[int, int]]:
        """External entity → how many errors and warnings its mapping has."""
        entities = self.opened.value["entities"]
        faults = [(one.entity, one.severity) for one in self.problems]
        faults += [
            (str(entities[one.place[1]].get("external")), Severity.ERROR)
            for one in self.opened.wrong
            if len(one.place) > 1 and isinstance(one.place[1], int)
        ]
        found: dict[str, tuple[int, int]] = {}
        for name, severity in faults:
            errors, warnings = found.get(name, (0, 0))
            errors += severity is Severity.ERROR
            found[name] = (errors, warnings + (severity is Severity.WARNING))
        return found

    def entity(self, name: str) -> OpenEntity | None:
        """That external entity with its mapping; None if there is neither."""
        there, at = self.external.by_name.get(name), self.opened.position(name)
        if there is None and at is None:
            return None
        mapping = self.opened.mapping(name)
        theirs = there or Entity(name=name)
        ours = self.local.by_name.get(text_at(mapping, "local")) or Entity(name="")
        faults = _Faults(tuple(self._faults_at(at)), mapping or {})
        return OpenEntity(
            name=name,
            label=theirs.label,
            is_gone=there is None and self.known.external is not None,
            at=at,
            suggested_local=self._suggested_local(theirs) if mapping is None else "",
            settings=_settings(mapping, faults, theirs, ours) if mapping is not None else None,
            lines=tuple(_Lines(theirs, ours, mapping or {}, faults).all()),
            external_fields=tuple(map(_choice, theirs.fields)),
            local_fields=tuple(map(_choice, ours.fields)),
        )

    def _suggested_local(self, external: Entity) -> str:
        """The likeliest local entity, or the name of one that could be made."""
        taken = [str(one.get("local")) for one in self.opened.value["entities"]]
        likely = (
            one.local for one in suggest_entity(external, self.local, taken) if one.score >= LIKELY
        )
        return next(likely, local_name(external.name))

    def _faults_at(self, at: int | None) -> Iterator[Fault]:
        """What is wrong with the mapping at that position."""
        found: list[Complaint | Problem] = [*self.opened.wrong, *self.problems]
        for one in found:
            if at is not None and one.place[:2] == ("entities", at):
                yield self._fault(one)

    def _fault(self, one: Complaint | Problem) -> Fault:
        if isinstance(one, Complaint):
            told = f"{_sentence(one.text)}."
            return Fault(severity="error", place=one.place, key=_key(one.place), text=told)
        there = _at(self.opened.value, one.place)
        last = one.place[-1]
        can_choose = isinstance(there, str) or (there is None and isinstance(last, str))
        return Fault(
            severity=one.severity.value,
            place=one.place,
            key=_key(one.place),
            text=one.text,
            advice=one.advice,
            choices=one.choices if can_choose else (),
            can_remove=one.remedy is Remedy.CLEAN_UP and last == "external" and len(one.place) == 5,
        )

    def wrong(self) -> tuple[Fault, ...]:
        """Why the draft cannot be saved."""
        return tuple(
            Fault(severity="error", place=one.place, text=f"{_sentence(str(one))}.")
            for one in self.opened.wrong
        )


@dataclass(frozen=True)
class _Faults:
    """What is wrong with one mapping, by what it is about."""

    all: tuple[Fault, ...]
    mapping: Mapping[str, Any]

    def of_line(self, at: int) -> tuple[Fault, ...]:
        return tuple(one for one in self.all if one.place[2:4] == ("fields", at))

    def of_settings(self) -> tuple[Fault, ...]:
        lines = len(self.mapping.get("fields", ()))
        return tuple(
            one
            for one in self.all
            if one.place[2:3] != ("fields",) or len(one.place) < 4 or not _is_below(one, lines)
        )


def _is_below(one: Fault, lines: int) -> bool:
    return isinstance(one.place[3], int) and one.place[3] < lines


@dataclass(frozen=True)
class _Lines:
    """The lines of a mapping, and the fields that it leaves out."""

    external: Entity
    local: Entity
    mapping: Mapping[str, Any]
    faults: _Faults

    def all(self) -> Iterator[ShownLine]:
        """In the order of the external entity; then what it does not have, and constants."""
        mapped: dict[str, list[int]] = {}
        for at, line in enumerate(self.mapping.get("fields", ())):
            mapped.setdefault(str(line.get("external") or ""), []).append(at)
        for number, one in enumerate(self.external.fields):
            places = mapped.pop(one.name, [])
            yield self._line(f"field-{number}", one.name, places[0] if places else None)
            yield from (self._line(f"line-{at}", one.name, at) for at in places[1:])
        for name, places in mapped.items():
            yield from (self._line(f"line-{at}", name, at) for at in places)

    def _line(self, id_: str, external: str, at: int | None) -> ShownLine:
        line = {} if at is None else self.mapping["fields"][at]
        theirs = self.external.by_name.get(external)
        ours = self.local.by_name.get(str(line.get("local") or ""))
        lookup, values = line.get("lookup"), line.get("values")
        return ShownLine(
            id=id_,
            at=at,
            external=external,
            external_type=field_in_words(theirs) if theirs else "",
            lacks_external=bool(external and self.external.fields) and theirs is None,
            local=text_at(line, "local"),
            local_type=type_in_words(ours) if ours else "",
            lacks_local=bool(line.get("local") and self.local.fields) and ours is None,
            constant=scalar_at(line, "constant"),
            enabled=at is not None and line.get("enabled") is not False,
            is_key=external in names_at(self.mapping, "primary_key"),
            direction=text_at(line, "direction"),
            lookup=lookup_text(lookup),
            composite=text_at(lookup, "composite"),
            refers_to=refers_to(theirs),
            values=len(values) if isinstance(values, dict) else 0,
            transform=steps_text(line.get("transform")),
            default=scalar_at(line, "default"),
            on_conflict=text_at(line, "on_conflict"),
            faults=() if at is None else self.faults.of_line(at),
        )


def _settings(
    mapping: Mapping[str, Any], faults: _Faults, external: Entity, local: Entity
) -> Settings:
    def text(key: str) -> str:
        return text_at(mapping, key)

    return Settings(
        local=text("local"),
        enabled=mapping.get("enabled") is not False,
        direction=text("direction"),
        primary_key=names_at(mapping, "primary_key"),
        version_number=text("version_number"),
        local_version_number=text("local_version_number"),
        composite_lookups=names_at(mapping, "composite_lookups"),
        deletes=text("deletes"),
        filter_exit=text("filter_exit"),
        on_conflict=text("on_conflict"),
        first_sync=text("first_sync"),
        overlap=text("overlap"),
        sweep_every=text("sweep_every"),
        download_filter=filter_text(mapping.get("download_filter"), external),
        upload_filter=filter_text(mapping.get("upload_filter"), local),
        faults=faults.of_settings(),
    )


def _state(mapping: Mapping[str, Any] | None) -> State:
    if mapping is None:
        return "not mapped"
    return "disabled" if mapping.get("enabled") is False else "mapped"


def _choice(one: Field) -> FieldChoice:
    return FieldChoice(name=one.name, type=type_in_words(one))


def _key(place: Place) -> str:
    return str(place[2]) if len(place) > 2 else ""


def _at(value: Any, place: Place) -> Any:
    for part in place:
        try:
            value = value[part]
        except (LookupError, TypeError):
            return None
    return value


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def differing(before: Iterable[ShownLine], after: Iterable[ShownLine]) -> frozenset[str]:
    """Ids of the lines that are shown otherwise than before."""
    known = {line.id: line for line in before}
    return frozenset(line.id for line in after if known.get(line.id) != line)
