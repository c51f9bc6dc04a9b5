"""Entities for suggestions: the labelled ones, and random ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tandem.core.suggestions.lookups import MappedEntity
from tandem.core.suggestions.suggest import Question, Suggestion, suggest
from tandem.model.schema import Entity, Field, Kind, LookupTarget
from tandem.yaml_source import YamlSource

LABELLED = Path(__file__).with_name("suggestions.yaml")


def field(name: str, text: str = "string", **facets: Any) -> Field:
    """A field: its kind, then > and what it refers to, | between several."""
    kind, _, targets = (part.strip() for part in text.partition(">"))
    names = [name.strip() for name in targets.split("|") if name]
    lookup = tuple(LookupTarget(entity=name) for name in names)
    return Field(name=name, kind=Kind(kind), lookup=lookup, **facets)


def entity(name: str, key: str, /, **fields: str) -> Entity:
    """An entity with the kinds of its fields."""
    return Entity(name=name, key=(key,), fields=tuple(field(n, t) for n, t in fields.items()))


def ask(external: Entity, local: Entity, **more: Any) -> dict[str, Suggestion]:
    """What is suggested, by the external field."""
    return {found.external.name: found for found in suggest(Question(external, local, **more))}


@dataclass(frozen=True)
class Labelled:
    """A question, and what a person would answer."""

    question: Question
    pairs: dict[str, str]


def labelled() -> Iterator[Labelled]:
    """The questions of the file. Other entities are found by their keys and mapped fields."""
    cases = YamlSource(LABELLED.read_text(encoding="utf-8")).value
    known = {side: {case[side]["name"]: _entity(case[side]) for case in cases} for side in _SIDES}
    for case in cases:
        others = {
            theirs: _mapped(known["external"].get(theirs), theirs, known["local"].get(ours), ours)
            for theirs, ours in case.get("others", {}).items()
        }
        sides = [_entity(case[side]) for side in _SIDES]
        yield Labelled(Question(*sides, others=others), case["pairs"])


_SIDES = ("external", "local")


def _entity(case: dict[str, Any]) -> Entity:
    fields = tuple(field(name, text) for name, text in case["fields"].items())
    return Entity(name=case["name"], key=tuple(case["key"]), fields=fields)


def _mapped(external: Entity | None, theirs: str, local: Entity | None, ours: str) -> MappedEntity:
    integers = theirs in ("Suppliers", "Categories")
    kind = "int64" if integers else "guid"
    external = external or entity(theirs, "ID", ID=kind)
    return MappedEntity(external, local or entity(ours, "id", id=kind))


_NAMES = st.sampled_from(
    [
        "id",
        "name",
        "number",
        "No",
        "accountid",
        "customerNo",
        "account_id",
        "contactid",
        "phone",
        "telephone1",
        "mobile",
        "email",
        "emailaddress1",
        "address1_city",
        "city",
        "zip",
        "postalCode",
        "status",
        "statuscode",
        "createdon",
        "modifiedAt",
        "_primarycontactid_value",
        "primarycontactid",
        "new_x",
        "x_y",
        "amount",
        "total",
        "is_active",
    ]
)
_TARGETS = ("Accounts", "Contacts", "account", "contact")
_FIELDS = st.builds(
    Field,
    name=_NAMES,
    kind=st.sampled_from(Kind),
    read_only=st.booleans(),
    max_length=st.sampled_from([None, 10, 40]),
    label=st.sampled_from(["", "Phone", "Name", "Number"]),
    lookup=st.lists(st.builds(LookupTarget, entity=st.sampled_from(_TARGETS)), max_size=2).map(
        tuple
    ),
    options=st.sampled_from([(), ("Open", "Closed"), ("open", "closed", "lost")]),
)


def entities(name: str) -> st.SearchStrategy[Entity]:
    """Entities of that name; the first field is the key."""
    fields = st.lists(_FIELDS, min_size=1, max_size=12, unique_by=lambda f: f.name)
    return fields.map(lambda fs: Entity(name=name, key=(fs[0].name,), fields=tuple(fs)))


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Any two entities, and what else may be mapped."""
    others = {}
    for theirs, ours in (("Accounts", "account"), ("Contacts", "contact")):
        if draw(st.booleans()):
            external = draw(entities(theirs))
            plain = frozenset(f.name for f in external.fields if draw(st.booleans()))
            others[theirs] = MappedEntity(external, draw(entities(ours)), plain)
    direction = draw(st.sampled_from(["download_only", "upload_only", "bidirectional"]))
    return Question(draw(entities("Accounts")), draw(entities("account")), direction, others=others)
