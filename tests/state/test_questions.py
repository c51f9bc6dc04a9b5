"""Questions of runs, and their answers."""

from datetime import UTC, datetime, timedelta

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LATER = AT + timedelta(hours=1)


def test_a_question_waits_until_it_is_answered(state):
    question = state.ask("r1", "list", "{}", at=AT)
    (asked,) = state.questions("list")
    assert (asked.id, asked.run_id, asked.asked_at) == (question, "r1", AT)
    assert (asked.answer, asked.answered_by, asked.answered_at) == (None, None, None)
    state.answer(question, "approved", by="Eva", at=LATER)
    (told,) = state.questions("list")
    assert (told.answer, told.answered_by, told.answered_at) == ("approved", "Eva", LATER)


def test_the_first_answer_holds(state):
    question = state.ask("r1", "list", "{}", at=AT)
    state.answer(question, "rejected", by="Eva", at=AT)
    state.answer(question, "approved", by="Jan", at=LATER)
    assert [(one.answer, one.answered_by) for one in state.questions()] == [("rejected", "Eva")]


def test_questions_are_found_by_their_list_newest_first(state):
    first = state.ask("r1", "list", "{}", at=AT)
    state.ask("r2", "another", "{}", at=AT)
    last = state.ask("r3", "list", "{}", at=LATER)
    assert [one.id for one in state.questions("list")] == [last, first]
    assert [one.run_id for one in state.questions(limit=2)] == ["r3", "r2"]


def test_those_of_another_integration_are_its_own(state, another):
    question = state.ask("r1", "list", "{}", at=AT)
    other = another("erp")
    other.answer(question, "approved", by="Eva", at=LATER)
    assert other.questions() == []
    assert state.questions()[0].answer is None
