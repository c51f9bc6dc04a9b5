"""What must hold at the end of a history: both sides agree, nothing is lost, nothing is double."""

from typing import Any

from tests.sync.two_way.history import FIELDS, PARTNERS, SIDES, History


def check(history: History) -> None:
    """Both sides agree, nothing is lost and nothing there twice."""
    held = exempt(history)
    ids = {}
    for which in (0, 1):
        tags = {
            r[FIELDS[s][which]["tag"]] for s in SIDES for r in history.records(s, which).values()
        }
        for tag in tags:
            there, here = (history.found(side, which, tag) for side in SIDES)
            assert len(there) <= 1, f"{tag} is there {len(there)} times"
            assert len(here) <= 1, f"{tag} is here {len(here)} times"
            keys = [r[0][k] for r, k in ((there, "ID"), (here, "id")) if r]
            ids |= dict.fromkeys(keys, (which, tag))
            if not set(keys) & held:
                assert len(there) == len(here) == 1, f"{tag} is on one side only"
                agree(history, which, tag, there[0], here[0])
    for which, tag in {(w, t) for w, t, _ in history.written.values()} - history.removed:
        assert any(history.found(side, which, tag) for side in SIDES), f"{tag} is lost"
    references(history, held)
    nothing_lost(history, held)


def exempt(history: History) -> set[str]:
    """Ids of records that are rejected, or that a person has to decide about."""
    with history.both.world.job() as run:
        rejected = run.state.rejected_records(limit=1000)
        conflicts = run.state.conflicts(limit=1000)
        withheld = [run.state.pending_deletes(m.external) for m in run.integration.active_entities]
    ids = {r.record_id for r in rejected}
    ids |= {id_ for table in withheld for row in table.to_pylist() for id_ in row.values()}
    ids |= {i for c in conflicts for i in (c.external_id, c.local_id) if i}
    partners = set()
    with history.both.world.job() as run:
        for m in run.integration.active_entities:
            for links in run.state.all_links(m.external):
                for one in links.to_pylist():
                    if {one["external_id"], one["local_id"]} & ids:
                        partners |= {one["external_id"], one["local_id"]}
    return ids | partners


def agree(history: History, which: int, tag: str, there: Any, here: Any) -> None:
    for name, external in FIELDS["external"][which].items():
        local = FIELDS["local"][which][name]
        assert there[external] == here[local], f"{tag}.{name}"


def references(history: History, held: set[str]) -> None:
    """Lookups mean the same record on both sides, where it is there on both."""
    pairs = [(which, *pair) for which in (0, 1) for pair in pairs_of(history, which)]
    partner = {there["ID"]: here["id"] for _, there, here in pairs}
    back = {local: external for external, local in partner.items()}
    for which, there, here in pairs:
        for external, local in PARTNERS[which].items():
            one, other = there[external], here[local]
            dangling = (one and one not in partner) or (other and other not in back)
            known = {one, other, partner.get(one), back.get(other), there["ID"], here["id"]}
            if not dangling and not known & held:
                assert partner.get(one) == other, f"{there} {external} against {here}"


def pairs_of(history: History, which: int) -> list[tuple[Any, Any]]:
    """The records that both sides hold."""
    name = FIELDS["external"][which]["tag"]
    theirs = history.records("external", which).values()
    return [(r, here) for r in theirs for here in history.found("local", which, r[name])]


def nothing_lost(history: History, held: set[str]) -> None:
    """Whatever somebody wrote and nobody who saw it replaced is there, or is in a conflict."""
    with history.both.world.job() as run:
        conflicts = run.state.conflicts(status=None, limit=1000)
    losers = {v.strip() for c in conflicts for f in c.fields.values() for v in f.values() if v}
    present = {
        v.strip()
        for side in SIDES
        for which in (0, 1)
        for r in history.records(side, which).values()
        for v in r.values()
        if isinstance(v, str)
    }
    lost = history.written.keys() - history.overwritten - losers - present
    assert not lost, f"{[(v, history.written[v]) for v in lost]} lost"
