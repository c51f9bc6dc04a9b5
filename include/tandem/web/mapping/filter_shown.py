"""What the filter builder shows: each part with what can be chosen there, and what is wrong."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal

from pydantic import TypeAdapter

from tandem.core.filters.relations import SideName, compared
from tandem.core.filters.words import operator_words, operators_of, sentence
from tandem.editing.filter_tree import (
    At,
    Part,
    as_in_file,
    comparisons,
    joined,
    place_of,
    unfinished,
)
from tandem.editing.filter_values import Shape, shape_of, texts_of
from tandem.errors import ConfigurationError
from tandem.model.filters import Condition
from tandem.model.problems import Problem
from tandem.model.schema import Entity, Field
from tandem.sync.people.counting import FILTER_KEYS, Tried
from tandem.web.answers import Shown
from tandem.web.mapping.filter_inputs import Choice, Input, choices_of, input_of, shown_text
from tandem.yaml_edit.writing import Style, entry

_CONDITION: Final[TypeAdapter[Condition]] = TypeAdapter(Condition)
_FIELDS: Final = 1_000
"""Names that are offered; a lookup's target may have hundreds."""


class Said(Shown):
    """What is to be said about a condition."""

    severity: Literal["error", "warning", "note"]
    text: str
    remedy: str = ""


class Row(Shown):
    """One comparison."""

    at: str
    """Its place: positions from the root on, such as `1.0`."""
    name: str
    """How its values are called in the body of a request."""
    field: str
    kind: str | None
    """The kind of the field; null if it is not known."""
    type_name: str
    operator: str
    operators: tuple[Choice, ...]
    """Those that fit the kind, and the one that is chosen."""
    takes: Shape
    """How many values there are to be."""
    values: tuple[str, ...]
    input: Input
    choices: tuple[Choice, ...]
    """The values that the field may take, where they are known."""
    said: tuple[Said, ...]


class Group(Shown):
    """Conditions of which all (`and`) or any (`or`) have to hold."""

    at: str
    """Its place; empty for the outermost one."""
    name: str
    join: Literal["and", "or"]
    parts: tuple["Row | Group", ...]


class FieldName(Shown):
    """A field that can be compared."""

    name: str
    about: str
    """Its type, and its label where it has one."""


class Filter(Shown):
    """A filter while it is built."""

    entity: str
    """The external entity of its mapping."""
    side: SideName
    read: str
    """The entity that is filtered."""
    condition: Any
    """As it stands in the file; null: no filter."""
    sentence: str
    """The same in words; empty while something is missing, or without a filter."""
    yaml: str
    is_complete: bool
    """Whether nothing is missing: it can be used."""
    is_right: bool
    """Whether it fits the entity as well: its records can be counted."""
    is_there: bool
    """Whether the draft has a filter there by now."""
    root: Group
    fields: tuple[FieldName, ...]


class Building:
    """A tree of conditions (`editing.filter_tree`) in the place that it is built for."""

    def __init__(self, root: Part, without: Tried) -> None:
        """`without` is that side of the mapping without a filter."""
        self._root = root
        self._without = without
        self._entity = without.entity
        self._relations = without.relations
        names = {part["field"] for _, part in comparisons(root)}
        self._fields = {name: found for name in names if (found := self._field(name))}
        self._kinds = {name: field.kind for name, field in self._fields.items()}

    def changed(self, change: Callable[[Part, At], Part], at: At) -> "Building":
        """After a change of the part at that place."""
        return Building(change(self._root, at), self._without)

    @property
    def value(self) -> Part | None:
        """What the file would say."""
        return as_in_file(self._root, self._kinds)

    def refuse_incomplete(self) -> None:
        """ConfigurationError while something is missing."""
        for why in unfinished(self._root, self._kinds).values():
            raise ConfigurationError(
                f"The filter is not complete. {why}", remedy="Complete or remove that condition."
            )

    def tried(self) -> Tried:
        """The condition in its place; ConfigurationError while something is missing."""
        self.refuse_incomplete()
        value = self.value
        return self._without.having(_CONDITION.validate_python(value) if value else None)

    def shown(self, *, is_there: bool) -> Filter:
        """All of it. `is_there` says whether the draft has a filter in that place."""
        value, missing = self.value, unfinished(self._root, self._kinds)
        tried = None if missing else self.tried()
        problems = list(tried.problems()) if tried else []
        said = {at: self._said(at, missing, problems) for at, _ in comparisons(self._root)}
        errors = [one for found in said.values() for one in found if one.severity == "error"]
        key = FILTER_KEYS[self._without.side]
        return Filter(
            entity=self._without.mapping.external,
            side=self._without.side,
            read=self._entity.name,
            condition=value,
            sentence=sentence(tried.condition, self._kinds) if tried and tried.condition else "",
            yaml="\n".join(entry(key, value, Style())) if value else "",
            is_complete=not missing,
            is_right=not errors,
            is_there=is_there,
            root=self._group(self._root, (), said),
            fields=tuple(self._offered()),
        )

    def _said(self, at: At, missing: Mapping[At, str], problems: list[Problem]) -> tuple[Said, ...]:
        if at in missing:
            return (Said(severity="error", text=missing[at]),)
        place = place_of(self._root, at)
        mine = [one for one in problems if one.place[3:-1] == place]
        return tuple(_about(one) for one in mine)

    def _group(self, part: Part, at: At, said: Mapping[At, tuple[Said, ...]]) -> Group:
        found = joined(part)
        assert found  # noqa: S101 - its callers have looked
        join, parts = found
        name = f"{_name(self._root, at)}.{join}"
        return Group.model_validate(
            {
                "at": _place(at),
                "name": name,
                "join": join,
                "parts": tuple(
                    self._group(one, (*at, n), said)
                    if joined(one)
                    else self._row(one, (*at, n), said[(*at, n)])
                    for n, one in enumerate(parts)
                ),
            }
        )

    def _row(self, part: Part, at: At, said: tuple[Said, ...]) -> Row:
        name, operator = part["field"], part["operator"]
        field = self._fields.get(name)
        kind = field.kind if field else None
        fitting = dict.fromkeys([*operators_of(kind), operator])
        texts = texts_of(part.get("value"), operator)
        choices = choices_of(field, texts)
        return Row(
            at=_place(at),
            name=_name(self._root, at),
            field=name,
            kind=kind,
            type_name=field.type_name if field else "",
            operator=operator,
            operators=tuple(Choice(value=one, label=operator_words(one, kind)) for one in fitting),
            takes=shape_of(operator),
            values=tuple(shown_text(text, kind) for text in texts),
            input=input_of(kind, texts, operator, choices),
            choices=choices,
            said=said,
        )

    def _field(self, name: str) -> Field | None:
        try:
            return compared(name, self._entity, self._relations).field
        except ConfigurationError:
            return None

    def _offered(self) -> Iterator[FieldName]:
        """The entity's own fields, then those of its lookups' targets, as far as there is room."""
        yield from _names(self._entity)
        room = _FIELDS - len(self._entity.fields)
        for lookup, relation in self._relations.items():
            room -= len(relation.entity.fields)
            if room >= 0:
                yield from _names(relation.entity, f"{lookup}.")


def _names(entity: Entity, prefix: str = "") -> Iterator[FieldName]:
    for field in entity.fields:
        about = f"{field.label} · {field.kind}" if field.label else field.kind.value
        yield FieldName(name=f"{prefix}{field.name}", about=about)


def _place(at: At) -> str:
    return ".".join(map(str, at))


def _name(root: Part, at: At) -> str:
    """The name of that part in a form: `condition.and.1.or.0`."""
    name = "condition"
    for number in at:
        found = joined(root)
        assert found  # noqa: S101 - places are those of the tree
        join, parts = found
        name, root = f"{name}.{join}.{number}", parts[number]
    return name


def _about(problem: Problem) -> Said:
    text = problem.text.removeprefix("Filter: ")
    meant = f"Do you mean {', '.join(problem.choices)}?" if problem.choices else ""
    return Said(
        severity=problem.severity.value,
        text=f"{text[0].upper()}{text[1:]}",
        remedy=meant or problem.advice,
    )
