"""What a schema says about fields and entities, in words for people."""

from collections.abc import Iterable
from typing import Any, Final

from tandem.model.schema import Capabilities, Entity, Field, LookupTarget

_FEW: Final = 6
"""Names that are listed before the rest is counted."""

FIELD_FLAGS: Final = {
    "nullable": ("nullable", "not nullable"),
    "read_only": ("read-only", "writable"),
    "immutable": ("set once", "can be changed"),
    "defaulted": ("with a default", "without a default"),
    "unique": ("unique", "not unique"),
    "filterable": ("filterable", "not filterable"),
    "by_navigation": ("written by navigation", "written directly"),
}
"""Facet → what is said where it is true, and where it is not."""

CAPABILITY_FLAGS: Final = {
    "creates": ("records can be created", "records cannot be created"),
    "updates": ("records can be updated", "records cannot be updated"),
    "removes": ("records can be deleted", "records cannot be deleted"),
    "filter": ("conditions are evaluated", "conditions are not evaluated"),
    "sort": ("records can be ordered", "records cannot be ordered"),
    "delta": ("changes are tracked", "changes are not tracked"),
    "client_keys": ("keys can be chosen", "keys cannot be chosen"),
    "optimistic_concurrency": ("edits are guarded", "edits are not guarded"),
}


def type_in_words(field: Field) -> str:
    """The kind with its facets: `string(40)`, `decimal(10,2)`, `decimal(*,2)`."""
    unstated = None if field.scale is None else "*"
    precision = unstated if field.precision is None else field.precision
    facets = (field.max_length, precision, field.scale)
    told = ",".join(str(facet) for facet in facets if facet is not None)
    return f"{field.kind}({told})" if told else field.kind.value


def field_in_words(field: Field) -> str:
    """What matters most about a field: `string(40), read-only`."""
    marks = [type_in_words(field)]
    if field.is_required:
        marks.append("required")
    marks += [yes for name, (yes, _) in FIELD_FLAGS.items() if name in _MARKS and _is(field, name)]
    return ", ".join([*marks, *lookup_in_words(field.lookup)])


_MARKS: Final = ("read_only", "immutable")


def lookup_in_words(targets: Iterable[LookupTarget]) -> list[str]:
    """What a lookup refers to: `refers to Accounts.ID by parent`, one for each target."""
    return [f"refers to {target_in_words(target)}" for target in targets]


def target_in_words(target: LookupTarget) -> str:
    """`Accounts.ID by parent`."""
    field = f".{target.field}" if target.field else ""
    return f"{target.entity}{field}" + (f" by {target.navigation}" if target.navigation else "")


def capabilities_in_words(can: Capabilities) -> list[str]:
    """What can be done with the records of an entity, in sentences without an end."""
    written = [word for name, word in _WRITES.items() if _is(can, name)]
    tracked = ["by delta links"] * can.delta + [f"by {name}" for name in can.version_fields]
    return [
        f"records can be {_and(written)}" if written else "records can only be read",
        f"the system {_and(_read(can))}" if _read(can) else "conditions and order are ours",
        f"changes are seen {_or(tracked)}" if tracked else "changes are seen by comparing records",
        _DELETES[can.deletes.value],
    ]


_WRITES: Final = {"creates": "created", "updates": "updated", "removes": "deleted"}
_DELETES: Final = {
    "native": "deletions are told",
    "key_sweep": "deletions are seen by comparing keys",
    "none": "deletions are not seen",
}


def _read(can: Capabilities) -> list[str]:
    return [*(["evaluates conditions"] * can.filter), *(["orders records"] * can.sort)]


def entity_in_words(entity: Entity) -> str:
    """`12 fields, key ID`."""
    key = f", key {', '.join(entity.key)}" if entity.key else ", no key"
    return f"{len(entity.fields)} field{'' if len(entity.fields) == 1 else 's'}{key}"


def some_of(names: Iterable[str]) -> str:
    """The first names, and how many more there are."""
    known = list(names)
    more = f" and {len(known) - _FEW} more" if len(known) > _FEW else ""
    return ", ".join(known[:_FEW]) + more


def _is(model: Field | Capabilities, name: str) -> Any:
    return getattr(model, name)


def _and(words: list[str]) -> str:
    return " and ".join([*([", ".join(words[:-1])] if words[1:] else []), words[-1]])


def _or(words: list[str]) -> str:
    return " or ".join([*([", ".join(words[:-1])] if words[1:] else []), words[-1]])


def options_in_words(field: Field) -> list[str]:
    """The options, with what people call them: `1 (Active)`."""
    if not field.option_labels:
        return list(field.options)
    named = zip(field.options, field.option_labels, strict=True)
    return [option if label in ("", option) else f"{option} ({label})" for option, label in named]
