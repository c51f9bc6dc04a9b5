"""How an integration stands: the worst of its entities."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tandem.model.changes import Counts
from tandem.model.integration import EntityMapping, FieldMapping, Integration, System
from tandem.state.overview import Waits, Way
from tandem.state.run_log import LogEntry
from tandem.sync.people.overview import Standing, standing

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def mapping(name: str, direction: str = "download_only", *, enabled: bool = True) -> EntityMapping:
    return EntityMapping(
        external=name,
        local=name.lower(),
        direction=direction,
        enabled=enabled,
        primary_key=("ID",),
        fields=(FieldMapping(external="ID", local="id"),),
    )


def entry(entity: str, status: str, direction: str = "download", run_id: str = "r1") -> LogEntry:
    return LogEntry(run_id, entity, direction, "auto", NOW, None, status, f"{status}!", Counts())


@dataclass
class Told:
    """What the state says."""

    entries: list[LogEntry] = field(default_factory=list)
    loads: dict[Way, datetime] = field(default_factory=dict)
    waiting: dict[str, Waits] = field(default_factory=dict)

    def waits(self, entities: Sequence[str]) -> dict[str, Waits]:
        return {name: self.waiting[name] for name in entities if name in self.waiting}

    def last_runs(self, entities: Sequence[str]) -> list[LogEntry]:
        return [entry for entry in self.entries if entry.entity in entities]

    def last_loads(self, ways: Sequence[Way]) -> dict[Way, datetime]:
        return {way: self.loads[way] for way in ways if way in self.loads}

    def link_counts(self) -> dict[str, int]:
        return {}


def stands(told: Told, *mappings: EntityMapping, at_work: tuple[str, ...] = ()) -> Standing:
    side = System(connector="sql", connection="c")
    integration = Integration(name="crm", external=side, local=side, entities=mappings)
    return standing(integration, told, NOW, at_work)


def test_the_worst_entity_says_how_the_integration_stands() -> None:
    told = Told([entry("A", "success"), entry("B", "partial"), entry("C", "failed")])
    assert stands(told, mapping("A")).status == "success"
    assert stands(told, mapping("A"), mapping("B")).status == "partial"
    assert stands(told, mapping("A"), mapping("B"), mapping("C")).status == "failed"
    assert stands(told, mapping("A"), mapping("New")).status is None
    assert stands(told, mapping("A"), mapping("C", enabled=False)).status == "success"


def test_the_worse_direction_says_how_an_entity_stands() -> None:
    told = Told([entry("A", "failed", "upload"), entry("A", "success")])
    (one,) = stands(told, mapping("A", "bidirectional")).entities
    assert one.last_run
    assert (one.last_run.status, one.last_run.message) == ("failed", "failed!")


def test_a_run_that_is_not_at_work_was_cut_short() -> None:
    told = Told([entry("A", "running", run_id="r7")])
    assert stands(told, mapping("A"), at_work=("r7",)).status == "running"
    assert stands(told, mapping("A")).status == "cut short"


def test_the_entity_that_is_furthest_behind_says_how_far_behind_the_integration_is() -> None:
    hour = timedelta(hours=1)
    told = Told(
        loads={
            ("A", "download"): NOW - hour,
            ("A", "upload"): NOW - 3 * hour,
            ("B", "download"): NOW - 2 * hour,
        }
    )
    assert stands(told, mapping("A"), mapping("B")).lag == 2 * hour
    assert stands(told, mapping("A", "bidirectional"), mapping("B")).lag == 3 * hour
    assert stands(told, mapping("A"), mapping("New")).lag is None
    assert stands(told, mapping("A"), mapping("New", enabled=False)).lag == hour
    assert stands(told, mapping("B", "bidirectional")).lag is None  # never uploaded


def test_what_waits_is_summed() -> None:
    told = Told(waiting={"A": Waits(1, 2, 3, 4), "B": Waits(rejected=5)})
    assert stands(told, mapping("A"), mapping("B")).waits == Waits(1, 7, 3, 4)
    assert stands(told, mapping("A"), mapping("B")).waits.all == 15
