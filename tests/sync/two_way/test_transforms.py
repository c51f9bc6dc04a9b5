"""Fields that are transformed on their way, both ways: each sync reaches a state that stays."""

import os
import tempfile
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tandem.connectors import memory
from tandem.connectors.memory import Habits
from tandem.errors import ConfigurationError
from tandem.model.schema import Entity, Field, Kind
from tandem.sync.lease import holding
from tandem.sync.people.preview import preview_all
from tandem.sync.people.verify import verify_all

EVENTS = Entity(
    name="Events",
    key=("ID",),
    fields=(
        Field(name="ID", kind=Kind.GUID, nullable=False),
        Field(name="name", kind=Kind.STRING),
        Field(name="first", kind=Kind.STRING),
        Field(name="last", kind=Kind.STRING),
        Field(name="full", kind=Kind.STRING, max_length=30),
        Field(name="day", kind=Kind.DATE),
        Field(name="hour", kind=Kind.TIME),
        Field(name="amount", kind=Kind.STRING),
        Field(name="state", kind=Kind.STRING),
        Field(name="version", kind=Kind.INT64),
        Field(name="modifiedAt", kind=Kind.INSTANT),
    ),
)
EVENT = Entity(
    name="event",
    key=("id",),
    fields=(
        Field(name="id", kind=Kind.GUID, nullable=False),
        Field(name="name", kind=Kind.STRING),
        Field(name="first", kind=Kind.STRING),
        Field(name="last", kind=Kind.STRING),
        Field(name="full", kind=Kind.STRING),
        Field(name="starts", kind=Kind.INSTANT),
        Field(name="amount", kind=Kind.DECIMAL, precision=18, scale=2),
        Field(name="state", kind=Kind.INT64),
        Field(name="label", kind=Kind.STRING),
    ),
)
PRAGUE = "Europe/Prague"
DOWN, UP = {"direction": "download_only"}, {"direction": "upload_only"}
NAME = {"external": "name", "local": "name"}
MOMENT = [
    {
        "external": "day",
        "local": "starts",
        **DOWN,
        "transform": [{"with_time": {"field": "hour", "zone": PRAGUE}}],
    },
    {"external": "day", "local": "starts", **UP, "transform": [{"date": {"zone": PRAGUE}}]},
    {"external": "hour", "local": "starts", **UP, "transform": [{"time": {"zone": PRAGUE}}]},
]
JOINED = [
    {
        "external": "first",
        "local": "full",
        **DOWN,
        "transform": [{"concat": {"fields": ["last"], "separator": " "}}],
    },
    *(
        {
            "external": name,
            "local": "full",
            **UP,
            "transform": [{"split": {"separator": " ", "part": part}}],
        }
        for part, name in ((1, "first"), (2, "last"))
    ),
]
PARTED = [
    *(
        {
            "external": "full",
            "local": name,
            **DOWN,
            "transform": [{"split": {"separator": " ", "part": part}}],
        }
        for part, name in ((1, "first"), (2, "last"))
    ),
    {
        "external": "full",
        "local": "first",
        **UP,
        "transform": [{"concat": {"fields": ["last"], "separator": " "}}],
    },
]


@pytest.fixture
def events(make_both, nature, tmp_path):
    """Makes two systems with events, whose mapping has these fields."""

    def make(*lines, trims=False, silent=False, **mapping):
        folder = Path(tempfile.mkdtemp(dir=tmp_path)) if mapping.pop("again", False) else tmp_path
        (folder / "integrations").mkdir()
        both = make_both(folder / "integrations", nature=nature(trims=trims))
        able = both.external.entities["Accounts"].capabilities
        habits = both.external.habits["Accounts"]
        if silent:  # it keeps what it is sent, chooses no keys and so has nothing to answer
            update = {"client_keys": True, "optimistic_concurrency": False}
            able, habits = able.model_copy(update=update), Habits()
            mapping["version_number"] = None
        both.external.define(EVENTS.model_copy(update={"capabilities": able}), habits)
        both.local.define(EVENT)
        both.world.mappings = [
            {
                "external": "Events",
                "local": "event",
                "direction": "bidirectional",
                "version_number": "version",
                "fields": [NAME, *lines],
                **mapping,
            }
        ]
        return both

    return make


def there(both, **values):
    return both.there("Fair", "Events", **values)


def of(both):
    """The one event there and the one here."""
    return both.is_there("Fair", "Events"), both.is_here("Fair", "event")


def at(*moment):
    return datetime(*moment, tzinfo=UTC)


def rejected(both):
    return [r.error for r in both.state(lambda state: state.rejected_records())]


def test_a_date_and_a_time_become_one_instant_and_come_apart_again(events):
    both = events(*MOMENT)
    there(both, day=date(2026, 7, 1), hour=time(0, 30))
    both.sync()
    here = of(both)[1]
    assert here["starts"] == at(2026, 6, 30, 22, 30)
    both.assert_quiet()
    both.local.edit("event", here["id"], starts=at(2026, 12, 31, 23, 15))
    both.sync()
    assert (of(both)[0]["day"], of(both)[0]["hour"]) == (date(2027, 1, 1), time(0, 15))
    assert of(both)[1]["starts"] == at(2026, 12, 31, 23, 15)
    both.assert_quiet()
    both.assert_quiet(mode="full")


def test_a_new_local_instant_comes_apart(events):
    both = events(*MOMENT)
    both.here("Fair", "event", starts=at(2026, 3, 1, 12))
    both.sync()
    assert (of(both)[0]["day"], of(both)[0]["hour"]) == (date(2026, 3, 1), time(13))
    both.assert_quiet()
    both.assert_quiet(mode="full")


def test_an_external_edit_of_one_part_moves_the_instant(events):
    both = events(*MOMENT)
    event = there(both, day=date(2026, 7, 1), hour=time(8))
    both.sync()
    both.external.edit("Events", event, hour=time(9))
    both.sync()
    assert of(both)[1]["starts"] == at(2026, 7, 1, 7)
    both.assert_quiet()


@pytest.mark.parametrize(("policy", "hour"), [("external_wins", 7), ("local_wins", 10)])
def test_edits_of_both_ends_of_a_joined_field_clash(events, policy, hour):
    both = events(*MOMENT, on_conflict=policy)
    event = there(both, day=date(2026, 7, 1), hour=time(8))
    both.sync()
    both.external.edit("Events", event, hour=time(9))
    both.local.edit("event", of(both)[1]["id"], starts=at(2026, 7, 1, 10))
    both.sync()
    there_now, here_now = of(both)
    assert here_now["starts"] == at(2026, 7, 1, hour)
    assert there_now["hour"] == time(hour + 2)
    both.assert_quiet()


def test_a_time_that_clocks_show_twice_is_its_records_problem(events):
    both = events(*MOMENT)
    there(both, day=date(2026, 10, 25), hour=time(2, 30))
    both.there("Good", "Events", day=date(2026, 10, 25), hour=time(3, 30))
    both.sync()
    assert both.is_here("Good", "event")["starts"] == at(2026, 10, 25, 2, 30)
    (error,) = rejected(both)
    assert "not one instant in Europe/Prague" in error
    both.assert_quiet()


def test_joined_names_are_not_taken_apart_by_a_sync_of_their_own_download(events):
    """A first name of two words would be cut in two if the download were taken for an edit."""
    both = events(*JOINED)
    event = there(both, first="Anna Maria", last="Lee")
    both.sync()
    assert of(both)[1]["full"] == "Anna Maria Lee"
    both.external.edit("Events", event, last="Li")
    both.sync()
    assert of(both)[1]["full"] == "Anna Maria Li"
    assert of(both)[0]["first"] == "Anna Maria"
    both.assert_quiet()
    both.assert_quiet(mode="full")


def test_what_comes_back_otherwise_than_it_was_sent_is_taken_over(events):
    both = events(*JOINED)
    there(both, first="Ada", last="Lee")
    both.sync()
    both.local.edit("event", of(both)[1]["id"], full="Ada Mary Lee")
    both.sync()
    assert (of(both)[0]["first"], of(both)[0]["last"]) == ("Ada", "Mary")
    assert of(both)[1]["full"] == "Ada Mary"
    both.assert_quiet()
    both.assert_quiet(mode="full")


def test_either_of_the_parts_that_are_joined_on_upload_can_be_edited(events):
    both = events(*PARTED)
    there(both, full="Ada Lee")
    both.sync()
    here = of(both)[1]
    assert (here["first"], here["last"]) == ("Ada", "Lee")
    both.local.edit("event", here["id"], last="King")
    both.sync()
    assert of(both)[0]["full"] == "Ada King"
    both.assert_quiet()
    both.assert_quiet(mode="full")


def test_edits_of_different_parts_on_both_sides_are_merged(events):
    both = events(*PARTED)
    event = there(both, full="Ada Lee")
    both.sync()
    both.external.edit("Events", event, full="Eva Lee")
    both.local.edit("event", of(both)[1]["id"], last="King")
    both.sync()
    there_now, here_now = of(both)
    assert there_now["full"] == "Eva King"
    assert (here_now["first"], here_now["last"]) == ("Eva", "King")
    both.assert_quiet()


def test_a_merge_that_does_not_fit_is_rejected_and_loses_nothing(events):
    both = events(*PARTED)
    event = there(both, full="Ada Lee")
    both.sync()
    both.external.edit("Events", event, full="E" * 16 + " Lee")
    both.local.edit("event", of(both)[1]["id"], last="L" * 16)
    both.sync()
    assert of(both)[0]["full"] == "E" * 16 + " Lee"
    assert of(both)[1]["last"] == "L" * 16
    assert rejected(both) == ["field 'full': longer than 30"]
    both.assert_quiet()


def label(**values):
    return {"external": "full", "local": "first", **UP, **values}


def test_what_is_only_sent_follows_everything_that_it_is_made_of(events):
    both = events(
        {"external": "first", "local": "first"},
        {"external": "last", "local": "last"},
        label(transform=["upper", {"concat": {"fields": ["last"], "separator": " "}}]),
    )
    event = there(both, first="Ada", last="Lee")
    both.sync()
    assert of(both)[0]["full"] == "ADA Lee"
    both.assert_quiet()
    both.external.edit("Events", event, last="King")
    both.sync()
    assert of(both)[0]["full"] == "ADA King"
    both.assert_quiet()
    both.local.edit("event", of(both)[1]["id"], first="Eva")
    both.sync()
    assert (of(both)[0]["full"], of(both)[0]["first"]) == ("EVA King", "Eva")
    both.assert_quiet()
    both.assert_quiet(mode="full")


def test_what_the_external_side_makes_of_a_sent_text_is_the_base(events):
    both = events(label(transform=["lower"]), trims=True)
    both.here("Fair", "event", first=" ADA ")
    both.sync()
    assert of(both)[0]["full"] == "ada"
    assert of(both)[1]["first"] == " ADA "
    both.assert_quiet()
    writes = both.external.writes
    both.external.edit("Events", of(both)[0]["ID"], last="Lee")
    both.sync()
    assert both.external.writes == writes + 1  # by whoever edited it
    both.assert_quiet(mode="full")


def test_a_local_value_that_cannot_be_sent_rejects_its_record_until_it_can(events):
    both = events({"external": "day", "local": "label", **UP, "transform": ["date"]})
    here = both.here("Fair", "event", label="soon")
    both.sync()
    assert not both.external.records["Events"]
    assert "'soon' is not a date" in rejected(both)[0]
    both.local.edit("event", here, label="2026-05-01")
    both.sync()
    assert of(both)[0]["day"] == date(2026, 5, 1)
    assert rejected(both) == []
    both.assert_quiet()


def test_numbers_travel_as_text_in_their_own_format(events):
    german = {"decimal": ",", "thousands": "."}
    both = events(
        {"external": "amount", "local": "amount", **DOWN, "transform": [{"number": german}]},
        {
            "external": "amount",
            "local": "amount",
            **UP,
            "transform": [{"format_number": {**german, "decimals": 2}}],
        },
    )
    there(both, amount="1.234,5")
    both.sync()
    here = of(both)[1]
    assert str(here["amount"]) == "1234.50"
    assert of(both)[0]["amount"] == "1.234,5"
    both.local.edit("event", here["id"], amount=here["amount"] * 1000)
    both.sync()
    assert of(both)[0]["amount"] == "1.234.500,00"
    both.assert_quiet()
    both.assert_quiet(mode="full")


OPTIONS = {"external": "state", "local": "label", "values": {"open": "o", "closed": "c"}}


def test_an_option_without_partner_is_kept_both_ways(events):
    both = events({**OPTIONS, "unmapped": "keep"})
    event = there(both, state="odd")
    both.sync()
    here = of(both)[1]
    assert here["label"] == "odd"
    both.local.edit("event", here["id"], label="strange")
    both.sync()
    assert of(both)[0]["state"] == "strange"
    both.external.edit("Events", event, state="open")
    both.sync()
    assert of(both)[1]["label"] == "o"
    both.assert_quiet()
    both.assert_quiet(mode="full")


def test_a_kept_option_is_never_one_that_would_come_back_as_another(events):
    both = events({**OPTIONS, "unmapped": "keep"})
    there(both, state="o")
    both.sync()
    assert "cannot be kept" in rejected(both)[0]


def test_an_option_without_partner_becomes_the_default_and_is_not_sent_back(events):
    both = events({**OPTIONS, "unmapped": "default", "default": "x"})
    event = there(both, state="odd")
    both.sync()
    here = of(both)[1]
    assert (here["label"], of(both)[0]["state"]) == ("x", "odd")
    both.assert_quiet()
    both.local.edit("event", here["id"], label="c")
    both.sync()
    assert of(both)[0]["state"] == "closed"
    both.local.edit("event", here["id"], label="nonsense")
    both.sync()
    assert "has no partner" in rejected(both)[0]
    both.external.edit("Events", event, state=None)
    both.sync()
    both.assert_quiet()


def test_a_default_replaces_nulls_on_download(events):
    both = events({"external": "state", "local": "label", "default": "none"})
    there(both)
    both.sync()
    here = of(both)[1]
    assert (here["label"], of(both)[0]["state"]) == ("none", None)
    both.assert_quiet()
    both.local.edit("event", here["id"], label=None)
    both.sync()
    both.sync()
    assert of(both)[1]["label"] == "none"
    both.assert_quiet()
    both.assert_quiet(mode="full")


def test_a_default_of_an_upload_replaces_nulls_there(events):
    both = events({"external": "state", "local": "label", **UP, "default": "none"})
    both.here("Fair", "event")
    both.sync()
    assert (of(both)[0]["state"], of(both)[1]["label"]) == ("none", None)
    both.assert_quiet()
    both.assert_quiet(mode="full")


def test_a_transform_without_way_back_is_refused_on_a_two_way_line(events):
    both = events({"external": "first", "local": "first", "transform": [{"truncate": 3}]})
    with pytest.raises(ConfigurationError, match=r"'truncate' has no way back.*a line of its own"):
        both.sync()


def test_a_changed_transform_is_applied_to_what_is_there(events):
    both = events({"external": "first", "local": "first", **DOWN, "transform": ["upper"]})
    there(both, first="Ada")
    both.sync()
    assert of(both)[1]["first"] == "ADA"
    both.world.mappings[0]["fields"][1]["transform"] = ["lower"]
    both.sync()
    assert of(both)[1]["first"] == "ada"
    both.assert_quiet()


BACK = [
    ({"external": "first", "local": "first", "transform": ["trim"]}, " Bo ", "Bo", "Carl"),
    ({"external": "first", "local": "first", "default": "none"}, None, "none", "Carl"),
    (
        {
            "external": "state",
            "local": "state",
            "values": {"a": 1, "b": 2},
            "default": 3,
            "unmapped": "default",
        },
        None,
        3,
        2,
    ),
]
UPPER_AND_LOWER = [
    {"external": "first", "local": "first", **DOWN, "transform": ["upper"]},
    {"external": "first", "local": "first", **UP, "transform": ["lower"]},
]
NUMBERS = [
    {"external": "amount", "local": "amount", **DOWN, "transform": [{"number": {}}]},
    {
        "external": "amount",
        "local": "amount",
        **UP,
        "transform": [{"format_number": {"decimals": 1}}],
    },
]


@pytest.mark.parametrize("silent", [True, False])
@pytest.mark.parametrize(
    ("lines", "first", "back", "second"),
    [
        *(([line], first, back, second) for line, first, back, second in BACK),
        (UPPER_AND_LOWER, "Hello", "HELLO", "CARL"),
        (NUMBERS, Decimal("1.25"), Decimal("1.30"), Decimal("2.50")),
    ],
)
def test_what_comes_back_otherwise_is_nobodys_edit(events, silent, lines, first, back, second):
    """Also where the system has nothing to say of it, since it keeps what it is sent."""
    both, field = events(*lines, silent=silent), lines[0]["local"]
    there(both)
    both.sync()
    here = of(both)[1]["id"]
    if first is None:
        both.local.edit("event", here, **{field: second})
        both.sync()
    both.local.edit("event", here, **{field: first})
    both.sync()
    assert of(both)[1][field] == back
    both.assert_quiet()
    both.local.edit("event", here, **{field: second})
    both.sync()
    assert of(both)[1][field] == second
    both.assert_quiet(mode="full")


def test_a_new_local_record_takes_what_comes_back_of_it(events):
    both = events(BACK[0][0], silent=True)
    both.here("Fair", "event", first=" Bo ")
    both.sync()
    assert of(both)[1]["first"] == "Bo"
    both.local.edit("event", of(both)[1]["id"], first="Carl")
    both.sync()
    assert (of(both)[0]["first"], of(both)[1]["first"]) == ("Carl", "Carl")
    both.assert_quiet()


def messages(both):
    return [entry.message for entry in both.state(lambda state: state.log_entries())]


def test_how_many_values_were_cut_is_logged_in_each_direction(events):
    both = events(
        {"external": "first", "local": "first", **DOWN, "transform": [{"truncate": 3}]},
        {"external": "full", "local": "last", **UP, "transform": [{"truncate": 2}]},
    )
    there(both, first="Adam")
    both.here("Other", "event", last="King")
    both.sync()
    assert of(both)[1]["first"] == "Ada"
    assert both.is_there("Other", "Events")["full"] == "Ki"
    assert "Values were cut to fit: first (1), full (1)." in messages(both)
    both.assert_quiet()


FUNCTIONS = """
from tandem.transforms import register

@register
def twice(values):
    return values + values

@register
def fails(values):
    raise ValueError(f"secret {values.iloc[0]}")

@register
def longer(values):
    import pandas as pd
    return pd.Series(["a"] * 99)

def unregistered(values):
    return values
"""


def complaint(both):
    """What a sync stops with, or logs."""
    try:
        both.sync()
    except ConfigurationError as error:
        return str(error)
    return " ".join(messages(both))


def custom(name):
    return {"external": "first", "local": "first", **DOWN, "transform": [{"custom": name}]}


def test_functions_of_the_user_are_applied(events, tmp_path):
    (tmp_path / "transforms.py").write_text(FUNCTIONS)
    both = events(custom("twice"))
    there(both, first="Bora")
    both.there("Void", "Events")
    both.sync()
    assert of(both)[1]["first"] == "BoraBora"
    assert both.is_here("Void", "event")["first"] is None
    both.assert_quiet()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("fails", "Function 'fails' of transforms.py raised ValueError in line 10."),
        ("longer", "Function 'longer' of transforms.py returned 99 values for 1."),
        ("twise", "registers no function 'twise'. Did you mean twice?"),
        ("unregistered", "registers no function 'unregistered'. It has fails, longer or twice."),
    ],
)
def test_a_function_that_does_not_work_is_named_without_any_value(events, tmp_path, name, says):
    (tmp_path / "transforms.py").write_text(FUNCTIONS)
    both = events(custom(name))
    there(both, first="Bora")
    said = complaint(both)
    assert says in said
    assert "secret" not in said
    assert "Bora" not in said


def test_a_broken_file_of_functions_stops_only_the_entity_that_uses_it(events, tmp_path):
    (tmp_path / "transforms.py").write_text("import json\njson.loads('secret')\n")
    both = events(custom("twice"))
    other = {"external": "Accounts", "local": "account", "direction": "bidirectional"}
    fields = [{"external": "name", "local": "name"}]
    both.world.mappings.append({**other, "fields": fields})
    there(both, first="Bora")
    both.there("Ada")
    report = both.sync()
    (stopped,) = {entity.message for entity in report.entities if entity.status == "failed"}
    assert "transforms.py cannot be loaded: JSONDecodeError in line 2." in stopped
    assert both.names() == (["Ada"], ["Ada"])


def test_a_value_that_a_function_does_not_take_is_its_records_problem(events, tmp_path):
    (tmp_path / "transforms.py").write_text(
        "from tandem.transforms import register\n\n@register\n"
        "def counted(values):\n    return values.astype('int64').astype(str)\n"
    )
    both = events(custom("counted"))
    for n in range(9):
        both.there(f"Fair {n}", "Events", first="none" if n == 4 else str(n))
    both.sync()
    assert sorted(r["first"] for r in both.local.records["event"].values()) == list("01235678")
    assert rejected(both) == ["field 'first': function 'counted' raised ValueError in line 5"]
    both.assert_quiet()


def test_a_preview_shows_what_is_made_and_verify_finds_both_sides_in_step(events):
    both = events(*PARTED, label(external="amount", transform=["upper"]))
    event = there(both, full="Ada Lee")
    both.sync()
    both.external.edit("Events", event, full="Eva Lee")
    with both.world.job() as run:
        (plan,) = preview_all(run, limit=10)
    (record,) = plan.records
    assert {n: c.after for n, c in record.changes["local"].items()} == {"first": "Eva"}
    assert {n: c.after for n, c in record.changes["external"].items()} == {"amount": "EVA"}
    both.sync()
    assert of(both)[0]["amount"] == "EVA"
    with both.world.job() as run, holding(run):
        assert verify_all(run, sample=None, seed="")[0].found == 0


@pytest.mark.parametrize(
    "lines",
    [
        PARTED,
        [
            {"external": "full", "local": "label", **DOWN},
            label(transform=[{"concat": {"fields": ["last"]}}]),
        ],
    ],
)
def test_a_key_that_does_not_mean_the_same_on_both_sides_finds_nobody(events, lines):
    """By a first name alone the wrong records would be linked."""
    both = events(*lines, primary_key=["full"])
    there(both, full="Ada Lee")
    both.here("Fair", "event", first="Ada", last="King")
    assert "no record can be found by it" in complaint(both)
    assert both.is_here("Fair", "event")["last"] == "King"
    assert len(both.external.records["Events"]) == 1


def test_records_meet_by_a_key_that_is_written_otherwise_on_both_sides(events):
    both = events(
        {"external": "full", "local": "label", **DOWN, "transform": ["trim", "upper"]},
        {"external": "full", "local": "label", **UP, "transform": ["lower"]},
        primary_key=["full"],
    )
    there(both, full="no 1")
    both.here("Fair", "event", label="NO 1")
    both.here("Fete", "event", label="NO 2")
    both.sync()
    assert len(both.external.records["Events"]) == len(both.local.records["event"]) == 2
    assert both.is_there("Fete", "Events")["full"] == "no 2"
    both.assert_quiet()
    both.assert_quiet(mode="full")


TRIMMED = {"external": "first", "local": "label", "transform": ["trim"], "default": "none"}
NAMES = st.sampled_from(["Ada", "Eva", "Ida"])
SPACED = st.sampled_from(["Ada ", " Eva", "Ida", "none", None])
HOURS = st.sampled_from([time(0, 30), time(12), time(23, 59)])
DAYS = st.sampled_from([date(2026, 1, 1), date(2026, 7, 1)])
EDITS = st.one_of(
    st.tuples(st.just("external"), st.just("day"), DAYS),
    st.tuples(st.just("external"), st.just("hour"), HOURS),
    st.tuples(st.just("external"), st.just("full"), st.builds("{} {}".format, NAMES, NAMES)),
    st.tuples(st.just("local"), st.sampled_from(["first", "last"]), NAMES),
    st.tuples(
        st.just("local"), st.just("starts"), st.sampled_from([at(2026, 3, 1), at(2026, 9, 1)])
    ),
    st.tuples(st.just("external"), st.just("first"), SPACED),
    st.tuples(st.just("local"), st.just("label"), SPACED),
)
TROUBLE = st.tuples(
    st.sampled_from(
        [("before", "external"), ("after", "external"), ("after", "local"), ("crash",)]
    ),
    st.integers(1, 30),
)


@given(
    policy=st.sampled_from(["external_wins", "local_wins"]),
    silent=st.booleans(),
    rounds=st.lists(st.tuples(st.lists(EDITS, max_size=4), st.none() | TROUBLE), max_size=4),
)
@settings(
    max_examples=int(os.environ.get("TANDEM_HISTORIES", "25")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_after_any_history_both_sides_say_the_same(events, fuse, policy, silent, rounds):
    sent = {"external": "amount", "local": "last", **UP, "transform": ["upper"]}
    lines = [*MOMENT, *PARTED, sent, TRIMMED]
    both = events(*lines, on_conflict=policy, silent=silent, again=True)
    try:
        there(both, day=date(2026, 1, 1), hour=time(8), full="Ada Lee")
        both.sync()
        settled = True
        for edits, trouble in rounds:
            for side, name, value in edits:
                edit(both, side, **{name: value})
            sync(both, trouble, fuse)
            if settled and not trouble:
                assert_kept(both, edits)
            settled = not trouble
        both.sync()
        both.assert_quiet()
        both.assert_quiet(mode="full")
        agree(*of(both))
    finally:
        for side in ("external", "local"):
            memory.forget(f"{both.world.name}-{side}")


def assert_kept(both, edits):
    """A text that one side alone has edited is not lost."""
    fields = {("external", "first"), ("local", "label")}
    texts = [(side, value) for side, name, value in edits if (side, name) in fields]
    if len({side for side, _ in texts}) == 1:
        _, value = texts[-1]
        assert of(both)[1]["label"] == trimmed(of(both)[0]["first"]) == trimmed(value)


def trimmed(value):
    return "none" if value is None else value.strip()


def edit(both, side, **values):
    external, local = of(both)
    if side == "external":
        both.external.edit("Events", external["ID"], **values)
    else:
        both.local.edit("event", local["id"], **values)


def sync(both, trouble, fuse):
    what, when = trouble or (("none",), 0)
    if what[0] == "crash":
        both.world.sync_with(fuse(when * 3))
        return
    if len(what) > 1:
        both.disturb(what[1], [(what, when)], lambda *_: None)
    both.sync()
    for side in ("external", "local"):
        both.disturb(side, [], lambda *_: None)


def agree(external, local):
    """What each side says is made of what the other says."""
    prague = local["starts"].astimezone(ZoneInfo(PRAGUE))
    assert (prague.date(), prague.time()) == (external["day"], external["hour"])
    assert external["full"] == f"{local['first']} {local['last']}"
    assert external["amount"] == local["last"].upper()
    assert local["label"] == trimmed(external["first"])
