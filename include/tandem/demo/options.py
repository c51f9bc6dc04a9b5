"""Query options of a request (OData Protocol 4.01, 11.2.1, and URL Conventions 4.01, 5)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from tandem.demo.conditions import Sql, condition, unknown_property
from tandem.demo.errors import bad_request, not_implemented
from tandem.demo.model import ComplexProperty, EntitySet, ServiceModel
from tandem.demo.parser import parse_filter

OF_A_COLLECTION: Final = frozenset(
    ("$select", "$filter", "$orderby", "$top", "$skip", "$count", "$skiptoken", "$format")
)
OF_A_DELTA: Final = frozenset(("$deltatoken",))
OF_A_COUNT: Final = frozenset(("$filter",))
OF_AN_ENTITY: Final = frozenset(("$select", "$format"))
OF_A_DOCUMENT: Final = frozenset(("$format",))
NONE: Final[frozenset[str]] = frozenset()
_ELSEWHERE: Final = frozenset(
    ("$expand", "$search", "$apply", "$compute", "$deltatoken", "$index", "$schemaversion")
)


@dataclass(frozen=True, slots=True)
class Ordering:
    """One column of an ordering; null is less than anything."""

    path: str
    descending: bool = False


def system_options(query: str, allowed: frozenset[str]) -> dict[str, str]:
    """The `$` options of a raw query string, decoded once; a plus sign is a plus sign.

    Options without `$` are the client's own and ignored. ServiceError if one is repeated,
    unknown, or not for this resource.
    """
    options: dict[str, str] = {}
    for part in filter(None, query.split("&")):
        name, _, value = (unquote(text) for text in part.partition("="))
        if not name.startswith("$"):
            continue
        if name in options:
            raise bad_request(f"Query option {name!r} is given twice.", name)
        if name not in allowed:
            raise _refused(name)
        options[name] = value
    return options


def names_option(query: str, name: str) -> bool:
    """Whether the raw query string has this option."""
    return any(unquote(part.partition("=")[0]) == name for part in query.split("&"))


def _refused(name: str) -> Exception:
    if name in _ELSEWHERE:
        return not_implemented(f"Query option {name!r} is not supported.", name)
    return bad_request(f"Query option {name!r} is not known or not for this resource.", name)


def selected(text: str | None, entity_set: EntitySet) -> tuple[str, ...]:
    """The property paths to return, in the model's order; keys always are among them."""
    paths = tuple(entity_set.paths)
    if text is None:
        return paths
    wanted = set(entity_set.key)
    for item in (part.strip() for part in text.split(",")):
        wanted.update(paths if item == "*" else _paths_below(item, entity_set))
    return tuple(path for path in paths if path in wanted)


def _paths_below(item: str, entity_set: EntitySet) -> Iterable[str]:
    if item in entity_set.paths:
        return [item]
    for property_ in entity_set.properties:
        if isinstance(property_, ComplexProperty) and property_.name == item:
            return [path for path in entity_set.paths if path.startswith(f"{item}/")]
    raise unknown_property(entity_set, item)


def filtered(text: str | None, entity_set: EntitySet, model: ServiceModel) -> Sql:
    """The condition of a $filter; one that always holds if there is none."""
    if text is None:
        return Sql("1")
    return condition(parse_filter(text), entity_set, model)


def ordered(text: str | None, entity_set: EntitySet) -> tuple[Ordering, ...]:
    """The columns to order by: what $orderby says, then the key, so that no two rows tie."""
    asked = [_ordering(item, entity_set) for item in text.split(",")] if text is not None else []
    named = {ordering.path for ordering in asked}
    return (*asked, *(Ordering(path) for path in entity_set.key if path not in named))


def _ordering(item: str, entity_set: EntitySet) -> Ordering:
    path, *direction = item.split()[:3] or [""]
    if path not in entity_set.paths:
        raise unknown_property(entity_set, path)
    if direction not in ([], ["asc"], ["desc"]):
        raise bad_request(f"{item.strip()!r} is no ordering.", "$orderby")
    return Ordering(path, direction == ["desc"])


def whole_number(options: Mapping[str, str], name: str) -> int | None:
    """The value of $top or $skip."""
    text = options.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise bad_request(f"{name} takes a whole number that is not negative.", name)
    return int(text)


def flag(options: Mapping[str, str], name: str) -> bool:
    """The value of $count."""
    text = options.get(name, "false")
    if text not in ("true", "false"):
        raise bad_request(f"{name} takes true or false.", name)
    return text == "true"
