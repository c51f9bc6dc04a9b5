import pyarrow as pa

from tandem.core.mapping import Mapped
from tandem.core.plan import Candidates, plan_download


def frame(names: str, rows: list[tuple]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(names.split())
    kinds = [pa.binary() if name == "base_hash" else pa.string() for name in names.split()]
    arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
    return pa.table(arrays, names=names.split())


def plan(record: str = "e1", *, new_id="n1", hash_=b"h", **known):
    candidates = Candidates(
        links=frame("external_id local_id base_hash", known.get("links", [])),
        matches=frame("external_id local_id", known.get("matches", [])),
        taken=frame("local_id external_id", known.get("taken", [])),
        local_key_is_mapped=known.get("local_key_is_mapped", False),
        clashes=known.get("clashes", {}),
    )
    mapped = Mapped({}, pa.array([record]), known.get("problems", {}))
    decisions = plan_download(
        mapped, pa.array([new_id]), pa.array([hash_]), known.get("waiting", {}), candidates
    )
    return (
        decisions.actions[0].as_py(),
        decisions.local_ids[0].as_py(),
        decisions.reasons[0].as_py(),
    )


def test_a_record_without_partner_is_created():
    assert plan() == ("create", "n1", None)


def test_a_linked_record_with_the_same_values_is_unchanged():
    assert plan(links=[("e1", "l1", b"h")]) == ("unchanged", "l1", None)


def test_a_linked_record_with_other_values_is_updated():
    assert plan(links=[("e1", "l1", b"old")]) == ("update", "l1", None)


def test_a_record_with_one_partner_of_the_same_primary_key_is_linked():
    assert plan(matches=[("e1", "l7")]) == ("link", "l7", None)


def test_nobody_is_linked_where_there_are_two_candidates():
    action, _, reason = plan(matches=[("e1", "l7"), ("e1", "l8")])
    assert (action, reason) == ("reject", "several local records have its primary key: l7, l8")


def test_a_partner_that_belongs_to_another_record_is_not_taken():
    action, _, reason = plan(matches=[("e1", "l7")], taken=[("l7", "e0")])
    assert (action, reason) == (
        "reject",
        "its local record is linked to external record e0 already",
    )


def test_a_new_id_that_belongs_to_another_record_is_not_taken():
    assert plan(taken=[("n1", "e0")])[0] == "reject"


def test_a_linked_record_keeps_its_local_key():
    action, _, reason = plan(links=[("e1", "l1", b"old")], new_id="l2", local_key_is_mapped=True)
    assert (action, reason) == ("reject", "its local key would change; its local record is l1")


def test_a_partner_with_another_local_key_than_the_mapped_one_is_not_linked():
    action, _, reason = plan(matches=[("e1", "l1")], new_id="l2", local_key_is_mapped=True)
    assert (action, reason) == ("reject", "its local key would change; its local record is l1")


def test_a_record_that_is_not_the_only_one_with_its_key_is_rejected_unless_it_is_linked():
    assert plan(clashes={0: "two of them"})[::2] == ("reject", "two of them")
    assert plan(clashes={0: "two of them"}, links=[("e1", "l1", b"old")])[0] == "update"


def test_a_record_that_waits_for_a_lookup_is_rejected_even_if_it_is_linked():
    links = [("e1", "l1", b"old")]
    assert plan(waiting={0: "waits"}, links=links)[::2] == ("reject", "waits")


def test_a_record_with_a_problem_is_rejected_with_its_reason():
    assert plan(problems={0: "too long"}) == ("reject", "n1", "too long")


def test_an_empty_batch_has_no_decisions():
    nothing = pa.array([], pa.string())
    empty = Candidates(
        frame("external_id local_id base_hash", []),
        frame("external_id local_id", []),
        frame("local_id external_id", []),
        local_key_is_mapped=False,
        clashes={},
    )
    decisions = plan_download(
        Mapped({}, nothing, {}), nothing, nothing.cast(pa.binary()), {}, empty
    )
    assert len(decisions.actions) == 0
