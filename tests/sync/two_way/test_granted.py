"""What a person was asked before a run, and has approved: that is deleted, and nothing else."""

import pytest

from tandem.errors import StopRun, Unreachable
from tandem.sync.granted import Granted
from tandem.sync.lease import holding
from tandem.sync.people import approvals
from tandem.sync.people.approvals import Deletions, FirstSync
from tandem.sync.people.deletions import approve, withheld
from tandem.sync.steps import extract, load, refresh_schema, transform, validate_metadata

MANY = 40
"""So many linked accounts that 12 deletions are more than a tenth."""


def linked(both, count=MANY):
    for n in range(count):
        both.there(f"N{n}", number=str(n))
    both.sync()


def remove(both, *numbers, on="external"):
    for n in numbers:
        if on == "external":
            both.external.remove("Accounts", both.is_there(f"N{n}")["ID"])
        else:
            both.local.remove("account", both.is_here(f"N{n}")["id"])


def needed(both, **request):
    with both.world.job(**request) as run:
        refresh_schema(run)
        return approvals.needed(run)


def granted(both):
    """An approval of what has to be approved now."""
    wanted = needed(both)
    first_syncs = {one.entity: one.records for one in wanted.first_syncs}
    return Granted(frozenset(wanted.ids), first_syncs)


def here(both):
    return {*both.names()[1]}


def some(*numbers):
    return {f"N{n}" for n in numbers}


def waiting(both):
    return len(both.state(withheld))


def gone(both, *numbers, on="external"):
    """Linked accounts of which these were removed on a side; their deletions wait."""
    linked(both)
    remove(both, *numbers, on=on)
    both.sync()


def test_where_nothing_waits_nobody_has_to_be_asked(both):
    linked(both)
    assert needed(both).is_nothing


@pytest.mark.parametrize(("on", "side"), [("external", "local"), ("local", "external")])
def test_withheld_deletions_are_counted_by_entity_and_side_with_keys_of_some(both, on, side):
    gone(both, *range(12), on=on)
    wanted = needed(both)
    (one,) = wanted.deletions
    assert one == Deletions("Accounts", side, 12, one.examples)
    assert len(one.examples) == 5
    local, external = both.local.records["account"], both.external.records["Accounts"]
    assert {*one.examples} <= {key for (key,) in (local if side == "local" else external)}
    assert len(wanted.ids) == 12


def test_only_entities_of_the_run_are_asked_about(both):
    both.with_contacts()
    gone(both, *range(12))
    assert needed(both, entities=("Contacts",)).is_nothing
    assert not needed(both, entities=("Accounts",)).is_nothing


def test_what_was_approved_is_deleted_and_nothing_that_came_later(both):
    gone(both, *range(12))
    asked = granted(both)
    remove(both, *range(12, 26))
    report = both.sync(granted=asked)
    assert here(both) == some(*range(12, MANY))
    assert report.status == "partial"
    assert waiting(both) == 14


def test_without_an_answer_all_else_is_synced(both):
    gone(both, *range(12))
    both.there("new", number="new")
    both.sync()
    assert here(both) == some(*range(MANY)) | {"new"}
    assert waiting(both) == 12


def test_what_another_run_withheld_meanwhile_is_not_among_them(both):
    gone(both, *range(12))
    asked = granted(both)
    remove(both, *range(12, 26))
    both.sync()
    both.sync(granted=asked)
    assert here(both) == some(*range(12, MANY))
    assert waiting(both) == 14


def test_what_another_run_deleted_meanwhile_is_no_error(both):
    gone(both, *range(12))
    asked = granted(both)
    both.sync(approved=True)
    report = both.sync(granted=asked)
    assert report.status == "success"
    assert here(both) == some(*range(12, MANY))


def test_a_record_that_was_edited_since_is_not_deleted(both):
    gone(both, *range(12))
    asked = granted(both)
    both.local.edit("account", both.is_here("N3")["id"], name="edited")
    both.sync(granted=asked)
    assert here(both) == some(*range(12, MANY)) | {"edited"}


def test_a_record_that_was_changed_and_withheld_anew_is_not_deleted(both):
    gone(both, *range(12))
    asked = granted(both)
    both.mapping["fields"].append({"external": "source", "local": "kind"})
    for n in range(12):
        both.local.edit("account", both.is_here(f"N{n}")["id"], kind="x")
    both.sync()
    before = here(both)
    both.sync(granted=asked)
    assert some(*range(12)) <= here(both) == before


def test_a_record_that_came_back_is_not_deleted(both):
    gone(both, *range(12))
    asked = granted(both)
    record = {**both.is_here("N3")}
    both.there("N3", number=record["accountnumber"])
    both.sync(granted=asked)
    assert "N3" in here(both)


def test_it_does_not_open_what_confirm_opens(both):
    linked(both)
    asked = Granted(frozenset({1, 2, 3}), {"Accounts": MANY})
    for n in range(MANY):
        both.external.edit("Accounts", both.is_there(f"N{n}")["ID"], number=None)
    report = both.sync(granted=asked)
    assert "has lost all its values" in report.entities[0].message
    remove(both, *range(12))
    both.sync(granted=asked)
    assert here(both) == some(*range(MANY))


class TestFirstSync:
    """That replaces local records."""

    @pytest.fixture
    def town(self, make_both):
        both = make_both(first_sync="replace_local")
        both.there("there", number="1")
        both.here("here", accountnumber="1")
        both.here("alone", accountnumber="2")
        return both

    def test_local_records_are_counted(self, town):
        assert needed(town).first_syncs == (FirstSync("Accounts", "account", 2),)

    def test_an_empty_local_entity_is_not_asked_about(self, make_both):
        both = make_both(first_sync="replace_local")
        both.there("there", number="1")
        assert needed(both).is_nothing

    def test_it_replaces_once_it_was_approved(self, town):
        town.sync(granted=granted(town))
        assert here(town) == {"there"}
        assert needed(town).is_nothing

    def test_of_an_entity_that_was_not_asked_about_it_does_not(self, town):
        report = town.sync(granted=Granted(first_syncs={"Contacts": 2}))
        assert "replace_local would remove 1 of 2" in report.entities[0].message
        assert here(town) == {"here", "alone"}

    def test_of_records_that_came_after_the_question_none_is_removed(self, town):
        asked = granted(town)
        town.here("later", accountnumber="3")
        report = town.sync(granted=asked)
        assert report.status == "failed"
        assert "replace_local would remove 2 of 3" in report.entities[0].message
        assert "2 were there when it was approved" in report.entities[0].message
        assert here(town) == {"here", "alone", "later"}
        town.sync(granted=granted(town))
        assert here(town) == {"there"}

    def test_what_another_mapping_of_the_local_entity_creates_is_none_of_them(self, town):
        town.mapping["fields"].append({"local": "kind", "constant": "company"})
        person = {"local": "kind", "constant": "person"}
        fields = [{"external": "name", "local": "name"}, person]
        town.world.mappings.append(
            {
                **town.mapping,
                "external": "Contacts",
                "primary_key": [],
                "fields": fields,
            }
        )
        for name in ("alone", "here"):
            town.local.edit("account", town.is_here(name)["id"], kind="company")
        town.here("person", kind="person")
        for n in range(6):
            town.there(f"N{n}", number=f"n{n}")
        town.there("Ada", entity="Contacts")
        asked = granted(town)
        assert asked.first_syncs == {"Accounts": 2, "Contacts": 1}
        assert town.sync(granted=asked).status == "success"
        assert here(town) == some(*range(6)) | {"there", "Ada"}

    def test_fewer_than_were_asked_about_are_covered(self, town):
        asked = granted(town)
        town.local.remove("account", town.is_here("here")["id"])
        town.sync(granted=asked)
        assert here(town) == {"there"}

    def test_an_approval_does_not_cover_an_empty_external_listing(self, town):
        asked = granted(town)
        town.external.remove("Accounts", town.is_there("there")["ID"])
        report = town.sync(granted=asked)
        assert report.status == "failed"
        message = report.entities[0].message
        assert "Accounts is empty" in message
        assert "tandem sync crm --yes" in message
        assert "confirm" in message
        assert here(town) == {"here", "alone"}
        town.sync(approved=True)
        assert here(town) == set()

    def test_of_an_empty_external_listing_nothing_is_said_where_nothing_is_there(self, town):
        asked = granted(town)
        town.external.remove("Accounts", town.is_there("there")["ID"])
        for name in ("here", "alone"):
            town.local.remove("account", town.is_here(name)["id"])
        assert town.sync(granted=asked).status == "success"

    def test_a_retry_of_load_that_was_approved_carries_on(self, town):
        for n in range(6):
            town.there(f"N{n}", number=f"n{n}")
        with town.world.job(granted=granted(town)) as run:
            refresh_schema(run)
            validate_metadata(run)
            planned = transform(run, extract(run, "Accounts"))
            town.local.before = refused_once(town.local, "delete")
            with pytest.raises(Unreachable):
                load(run, planned)
            load(run, planned)
        assert here(town) == some(*range(6)) | {"there"}

    def test_an_approval_of_it_is_none_for_later_deletions(self, town):
        asked = granted(town)
        for n in range(MANY):
            town.there(f"N{n}", number=f"n{n}")
        town.sync(granted=asked)
        remove(town, *range(12))
        town.sync(granted=asked)
        assert some(*range(12)) <= here(town)
        assert waiting(town) == 12


def refused_once(store, operation):
    def before(name):
        if name == operation:
            store.before = lambda _operation: None
            raise Unreachable("not now")

    return before


class TestQuestions:
    """What is remembered of them."""

    def ask(self, both):
        with both.world.job() as run:
            refresh_schema(run)
            wanted = approvals.needed(run)
            return run.run_id, approvals.ask(run, wanted)

    def answer(self, both, question, answer):
        with both.world.job() as run:
            run.state.answer(question, answer, by="Eva", at=run.now())

    def before(self, both):
        with both.world.job() as run:
            refresh_schema(run)
            return approvals.asked_before(run, approvals.needed(run))

    def test_the_same_list_is_recognised_after_it_was_rejected_or_left(self, both):
        gone(both, *range(12))
        assert self.before(both) is None
        for answer in ("rejected", "none"):
            run_id, question = self.ask(both)
            self.answer(both, question, answer)
            both.sync()
            found = self.before(both)
            assert (found.run_id, found.answer, found.answered_by) == (run_id, answer, "Eva")

    def test_another_list_is_asked_about_anew(self, both):
        gone(both, *range(12))
        self.answer(both, self.ask(both)[1], "rejected")
        remove(both, 12)
        both.sync()
        assert self.before(both) is None

    def test_one_that_was_given_up_or_approved_and_not_carried_out_is_asked_again(self, both):
        gone(both, *range(12))
        self.answer(both, self.ask(both)[1], "rejected")
        _, question = self.ask(both)
        assert self.before(both).answer == "rejected"
        self.answer(both, question, "approved")
        assert self.before(both) is None

    def test_the_list_is_kept_with_the_run_and_no_other_stands_in_for_it(self, both):
        gone(both, *range(12))
        with both.world.job() as run:
            refresh_schema(run)
            wanted = approvals.needed(run)
            path = approvals.list_of(run, approvals.ask(run, wanted))
            assert approvals.granted(run.staging, path).deletions == frozenset(wanted.ids)
            run.staging.remove()
            with pytest.raises(StopRun, match="The list that was approved is gone"):
                approvals.granted(run.staging, path)

    def test_the_list_tells_how_many_records_a_first_sync_was_asked_about(self, make_both):
        both = make_both(first_sync="replace_local")
        both.here("here", accountnumber="1")
        with both.world.job() as run:
            refresh_schema(run)
            path = approvals.list_of(run, approvals.ask(run, approvals.needed(run)))
            assert approvals.granted(run.staging, path) == Granted(first_syncs={"Accounts": 1})


def test_what_the_pages_approve_and_an_older_approval_do_not_meet(both):
    gone(both, *range(12))
    asked = granted(both)
    with both.world.job(only_waiting=True) as run, holding(run):
        approve(run, withheld(run.state)[:3])
    assert waiting(both) == 9
    both.sync(granted=asked)
    assert here(both) == some(*range(12, MANY))
