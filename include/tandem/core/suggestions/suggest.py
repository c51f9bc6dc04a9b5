"""Which local field an external one most likely belongs to, with a score and a reason."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from tandem.core.names.meaning import Likeness, same_stem
from tandem.core.names.words import entity_meaning
from tandem.core.suggestions.fields import fit_of, may_be_key
from tandem.core.suggestions.kept import is_kept_by_its_system
from tandem.core.suggestions.lookups import (
    MappedEntity,
    Reference,
    are_named_after,
    have_one_role,
    references,
    targets_in_words,
)
from tandem.core.suggestions.naming import Naming, alike, naming
from tandem.core.suggestions.options import options_of
from tandem.errors import is_one_line
from tandem.model.integration import Direction, FieldMapping, Lookup
from tandem.model.schema import Entity, Field

ACCEPTABLE: Final = 0.75
"""The score from which a suggestion is right nearly always (`tests/core/test_suggest.py`)."""

_LEAST: Final = 0.35
_UNMAPPED_TARGET: Final = 0.85
_SEVERAL_TARGETS: Final = 0.7
"""Which of them each record means, a lookup of one entity cannot say."""
_NO_KEY_THERE: Final = 0.75
_SAME_ROLE: Final = 0.88
_ONLY_LOOKUP: Final = 0.7
_ONLY_LOOKUP_AND_NAME: Final = 0.8
_BY_NAME_ONLY: Final = 0.95
_KEY: Final = Likeness(0.9, "key of the entity")
_HOLDS_THE_KEY: Final = "_pk"
"""How the local fields end that were made for another system's key: `integration_bc_pk`."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A local field for an external one."""

    external: Field
    local: Field
    score: float
    """From 0 to 1."""
    reason: str
    mapping: FieldMapping
    """The line for the integration file."""


@dataclass(frozen=True, slots=True)
class Question:
    """Two entities whose fields are to meet."""

    external: Entity
    local: Entity
    direction: Direction = "download_only"
    taken: Collection[FieldMapping] = ()
    """The lines that there are, disabled ones too: neither of their ends is suggested again."""
    others: Mapping[str, MappedEntity] = field(default_factory=dict)
    """External entity → what is mapped; the entity in question too, if it may look up itself."""

    @property
    def same_entity(self) -> bool:
        """Whether both entities' names mean the same."""
        return entity_meaning(self.external.name) == entity_meaning(self.local.name)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A pair that could be one; what it takes to say more of it."""

    score: float
    theirs: Field
    ours: Field
    like: Likeness
    reference: Reference | None = None


def suggest(question: Question) -> tuple[Suggestion, ...]:
    """The best local field for each external one that has none, in the order of the external
    entity; no local field twice. Fields without any likely partner are left out.
    """
    candidates = sorted(_candidates(question), key=lambda found: -found.score)
    ours: set[str] = set()
    chosen: dict[str, Suggestion] = {}
    for found in candidates:
        if found.theirs.name not in chosen and found.ours.name not in ours:
            ours.add(found.ours.name)
            chosen[found.theirs.name] = _suggestion(question, found)
    return tuple(chosen[f.name] for f in question.external.fields if f.name in chosen)


def _candidates(question: Question) -> Iterator[_Candidate]:
    """Every pair that could be one, in the order of both entities."""
    local, same = _free_locals(question), question.same_entity
    refers = {
        field.name: references(field, question.external, question.others)
        for field in question.external.fields
    }
    only = _only_lookups(question, refers.values())
    for theirs in _free_externals(question):
        for ours in local:
            like = alike(theirs, ours, same_entity=same)
            found = _candidate(question, theirs, ours, like, refers[theirs.field.name], only)
            if found and found.score >= _LEAST:
                yield found


def _free_externals(question: Question) -> list[Naming]:
    taken = {line.external for line in question.taken}
    meaning = entity_meaning(question.external.name)
    return [
        naming(f, meaning)
        for f in question.external.fields
        if f.name not in taken and is_one_line(f.name)
    ]


def _free_locals(question: Question) -> list[Naming]:
    taken = {line.local for line in question.taken}
    meaning = entity_meaning(question.local.name)
    return [
        naming(f, meaning)
        for f in question.local.fields
        if f.name not in taken
        and is_one_line(f.name)
        and may_be_key(question.local, f, question.direction)
    ]


def _candidate(
    question: Question,
    theirs: Naming,
    ours: Naming,
    like: Likeness,
    refers: tuple[Reference, ...],
    only: frozenset[tuple[str, str]],
) -> _Candidate | None:
    if question.direction == "upload_only" and _is_kept(question, theirs.field):
        return None
    reference = next((found for found in refers if found.fits(ours.field)), None)
    if reference:
        if question.direction == "upload_only" and theirs.field.read_only:
            return None
        return _as_lookup(theirs, ours, like, reference, only)
    if ours.field.lookup:
        return None  # a value of another system is no record of ours
    like = _is_key(question, theirs, ours, like) or like
    return _as_values(question, theirs.field, ours.field, like) if like.score >= _LEAST else None


def _is_key(question: Question, theirs: Naming, ours: Naming, like: Likeness) -> Likeness | None:
    """Keys meet keys; and the field that is made to hold the other system's key meets that."""
    key, name = question.external.key, theirs.field.name
    alone = key == (name,)
    if ours.field.name.lower().endswith(_HOLDS_THE_KEY):
        meant = alone or (name in key and theirs.short.name.core[-1:] == ("number",))
        return _KEY if meant else None
    if not alone or question.local.key != (ours.field.name,):
        return None
    return like if like.score > _KEY.score else _KEY


def _as_lookup(
    theirs: Naming,
    ours: Naming,
    like: Likeness,
    reference: Reference,
    only: frozenset[tuple[str, str]],
) -> _Candidate:
    target = reference.lookup.entity
    names = theirs.short.name, ours.short.name
    ways = [like, same_stem(theirs.short, ours.short)]
    if have_one_role(reference.target, *names):
        ways.append(Likeness(_SAME_ROLE, f"refer to {target}", (names[0].words, names[1].words)))
    if (target, ours.field.name) in only:
        after = are_named_after(reference.target, *names)
        score = _ONLY_LOOKUP_AND_NAME if after else _ONLY_LOOKUP
        ways.append(Likeness(score, f"the only lookups of {target}"))
    best = max(ways, key=lambda way: way.score)
    score = best.score * (1 if reference.stated else _BY_NAME_ONLY)
    score *= 1 if reference.alone else _SEVERAL_TARGETS
    return _Candidate(score, theirs.field, ours.field, best, reference)


def _only_lookups(
    question: Question, refers: Iterable[tuple[Reference, ...]]
) -> frozenset[tuple[str, str]]:
    """Where one external field refers to an entity, and one local field to its partner: the
    external entity and that local field.
    """
    asked = Counter(found.lookup.entity for found in (f for fs in refers for f in fs[:1]))
    only = set()
    for entity, other in question.others.items():
        ours = [
            field.name
            for field in question.local.fields
            if other.local.name in {target.entity for target in field.lookup}
        ]
        if asked[entity] == 1 and len(ours) == 1:
            only.add((entity, ours[0]))
    return frozenset(only)


def _as_values(question: Question, theirs: Field, ours: Field, like: Likeness) -> _Candidate | None:
    score = like.score * fit_of(theirs, ours, question.direction).factor
    if score < _LEAST:
        return None
    if _refers_elsewhere(question, theirs):
        score *= _UNMAPPED_TARGET if len(theirs.lookup) == 1 else _SEVERAL_TARGETS
    if _is_only_local_key(question, theirs, ours):
        score *= _NO_KEY_THERE
    if options := options_of(theirs, ours):
        score *= options.factor
    return _Candidate(score, theirs, ours, like)


def _is_kept(question: Question, theirs: Field) -> bool:
    return is_kept_by_its_system(theirs, entity_meaning(question.external.name))


def _refers_elsewhere(question: Question, theirs: Field) -> bool:
    return bool(theirs.lookup) and theirs.name not in question.external.key


def _is_only_local_key(question: Question, theirs: Field, ours: Field) -> bool:
    return ours.name in question.local.key and theirs.name not in question.external.key


def _suggestion(question: Question, found: _Candidate) -> Suggestion:
    lookup = found.reference and found.reference.lookup
    line, notes = _line_of_lookup(found, lookup) if lookup else _line_of_values(question, found)
    if question.direction == "bidirectional" and _is_kept(question, found.theirs):
        line = line.model_copy(update={"direction": "download_only"})
        notes.append("set by the external system")
    reason = "; ".join([found.like.reason, *notes])
    return Suggestion(found.theirs, found.ours, round(found.score, 2), reason, line)


def _line_of_lookup(found: _Candidate, lookup: Lookup) -> tuple[FieldMapping, list[str]]:
    line = FieldMapping(external=found.theirs.name, local=found.ours.name, lookup=lookup)
    notes = [f"looks up {lookup.entity}"]
    if len(found.theirs.lookup) > 1:
        notes.append(f"its values refer to any of {targets_in_words(found.theirs)}")
    return line, notes


def _line_of_values(question: Question, found: _Candidate) -> tuple[FieldMapping, list[str]]:
    theirs, ours = found.theirs, found.ours
    fit, options = fit_of(theirs, ours, question.direction), options_of(theirs, ours)
    line = FieldMapping(
        external=theirs.name,
        local=ours.name,
        direction=fit.direction,
        values=options.values if options else None,
    )
    notes = {
        f"{theirs.kind} as {ours.kind}": theirs.kind is not ours.kind,
        "too small for some values": fit.is_narrow,
        f"refers to {targets_in_words(theirs)}, which is no lookup here": _refers_elsewhere(
            question, theirs
        ),
        "the local key, and none there": _is_only_local_key(question, theirs, ours),
        f"{options.matched} of {options.of} options" if options else "": bool(options),
    }
    return line, [note for note, holds in notes.items() if holds]
