"""Random integrations: whatever the models allow."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

from hypothesis import strategies as st
from pydantic import ValidationError

from tandem.errors import is_one_line
from tandem.model.filters import A_COUNT, A_LIST, NO_VALUE, ONE_VALUE, AllOf, AnyOf, Comparison
from tandem.model.integration import EntityMapping, FieldMapping, Integration, Lookup, System
from tandem.model.transforms import Step, TransformName

NAMES = st.one_of(
    st.sampled_from(
        ["No", "Y", "off", "name", "address/city", "first name", " x ", "true", "7", "a: b}", "ž<&"]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cn"]), min_size=1, max_size=8).filter(
        is_one_line
    ),
)
_WORDS = st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True)
_TEXTS = st.one_of(
    st.sampled_from(["Y", "yes", "No", "on", "OFF", "\ufffe", "\uffff", "Null", "0o7"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)
_DECIMALS = st.decimals(-1000, 1000, places=3)
_CONSTANTS: st.SearchStrategy[Any] = st.one_of(
    st.booleans(), st.integers(-(10**9), 10**9), _DECIMALS, _TEXTS
)
_INSTANTS = st.integers(-(10**15), 10**15).map(
    lambda micros: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
)
_SCALARS: st.SearchStrategy[Any] = st.one_of(
    _CONSTANTS, _INSTANTS, st.dates(date(1900, 1, 1), date(2100, 1, 1))
)
_DIRECTIONS = st.sampled_from(["download_only", "upload_only", "bidirectional"])
_POLICIES = st.sampled_from(["external_wins", "local_wins", "newest_wins", "review"])
_UNMAPPED = st.sampled_from(["reject", "keep", "default"])
_ZONES = st.sampled_from(["Europe/Prague", "UTC"])
_MARKS = {"decimal": st.sampled_from([".", ",", "y"]), "thousands": st.sampled_from(["", " ", "'"])}
_ARGUMENTS: dict[str, st.SearchStrategy[Any]] = {
    "truncate": st.integers(1, 99),
    "split": st.fixed_dictionaries({"separator": NAMES, "part": st.integers(1, 9)}),
    "concat": st.fixed_dictionaries(
        {"fields": st.lists(NAMES, min_size=1, max_size=3)}, optional={"separator": _TEXTS}
    ),
    "with_time": st.fixed_dictionaries({"field": NAMES}, optional={"zone": _ZONES}),
    "date": st.fixed_dictionaries({"zone": _ZONES}),
    "time": st.fixed_dictionaries({"zone": _ZONES}),
    "number": st.fixed_dictionaries({}, optional=_MARKS),
    "format_number": st.fixed_dictionaries({}, optional={**_MARKS, "decimals": st.integers(0, 20)}),
    "custom": NAMES,
}
assert _ARGUMENTS.keys() == Step.model_fields.keys()
_TRANSFORMS = st.one_of(
    st.sampled_from(get_args(TransformName)),
    *(st.fixed_dictionaries({name: argument}) for name, argument in _ARGUMENTS.items()),
)


def valid(make: Callable[..., Any], **parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Models of these parts; those that the model refuses are not made."""

    def made(values: dict[str, Any]) -> Any:
        try:
            return make(**{key: value for key, value in values.items() if value is not _ABSENT})
        except ValidationError:
            return None

    return st.fixed_dictionaries(parts).map(made).filter(lambda model: model is not None)


_ABSENT = object()


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The key may be left out."""
    return st.one_of(st.just(_ABSENT), values)


def _comparisons() -> st.SearchStrategy[Any]:
    values = {
        ONE_VALUE: _SCALARS,
        A_COUNT: st.integers(1, 100),
        A_LIST: st.lists(_SCALARS, min_size=1, max_size=3).map(tuple),
        frozenset(["between"]): st.tuples(_SCALARS, _SCALARS),
        NO_VALUE: st.none(),
    }
    return st.one_of(
        *(
            valid(Comparison, field=NAMES, operator=st.sampled_from(sorted(operators)), value=value)
            for operators, value in values.items()
        )
    )


CONDITIONS = st.recursive(
    _comparisons(),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda cs: AllOf(conditions=tuple(cs))),
        st.lists(inner, min_size=1, max_size=3).map(lambda cs: AnyOf(conditions=tuple(cs))),
    ),
    max_leaves=4,
)
_LOOKUPS = valid(
    Lookup, entity=NAMES, field=NAMES, composite=maybe(st.sampled_from(["order", "service_order"]))
)
_PAIRED = valid(
    FieldMapping,
    external=NAMES,
    local=NAMES,
    enabled=st.booleans(),
    direction=maybe(_DIRECTIONS),
    values=maybe(st.dictionaries(_CONSTANTS, _CONSTANTS, min_size=1, max_size=3)),
    unmapped=maybe(_UNMAPPED),
    transform=maybe(st.lists(_TRANSFORMS, max_size=2).map(tuple)),
    default=maybe(_CONSTANTS),
    on_conflict=maybe(_POLICIES),
)
_REFERRING = valid(FieldMapping, external=NAMES, local=NAMES, lookup=_LOOKUPS)
_CONSTANT = st.one_of(
    valid(FieldMapping, local=NAMES, constant=_CONSTANTS),
    valid(FieldMapping, external=NAMES, constant=_CONSTANTS),
)
ENTITIES = valid(
    EntityMapping,
    external=NAMES,
    local=NAMES,
    enabled=st.booleans(),
    direction=maybe(_DIRECTIONS),
    first_sync=maybe(st.sampled_from(["replace_local", "link_and_merge"])),
    primary_key=maybe(st.lists(NAMES, max_size=2).map(tuple)),
    version_number=maybe(NAMES),
    local_version_number=maybe(NAMES),
    overlap=maybe(st.integers(0, 10**6).map(lambda n: timedelta(seconds=n / 8))),
    deletes=maybe(st.sampled_from(["propagate", "ignore"])),
    sweep_every=maybe(st.integers(1, 9)),
    filter_exit=maybe(st.sampled_from(["keep", "delete"])),
    on_conflict=maybe(_POLICIES),
    download_filter=maybe(CONDITIONS),
    upload_filter=maybe(CONDITIONS),
    composite_lookups=st.just(("order", "service_order")),
    fields=st.lists(st.one_of(_PAIRED, _REFERRING, _CONSTANT), min_size=1, max_size=5).map(tuple),
)
INTEGRATIONS = valid(
    Integration,
    name=_WORDS,
    description=_TEXTS,
    external=st.just(System(connector="odata", connection="secret_api")),
    local=st.just(System(connector="sql", connection="secret_db")),
    schedule=st.just("0 3 * * *"),
    on_conflict=_POLICIES,
    entities=st.lists(ENTITIES, min_size=1, max_size=3).map(tuple),
)
