"""What runs asked people before they went on, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from sqlalchemy import insert, update

from tandem.state.scope import Scope
from tandem.state.tables import question

Answer = Literal["approved", "rejected", "none"]


@dataclass(frozen=True, slots=True)
class QuestionEntry:
    """One question of a run, about one list."""

    id: int
    run_id: str
    fingerprint: str
    """Over the list that was asked about."""
    counts: str
    """JSON: how many it is, by entity and side."""
    asked_at: datetime
    answer: Answer | None
    """`none`: nobody said anything in time; None: it waits, or was given up."""
    answered_by: str | None
    answered_at: datetime | None


class QuestionReader(Protocol):
    """What people were asked."""

    def questions(self, fingerprint: str | None = None, *, limit: int = 50) -> list[QuestionEntry]:
        """The questions about that list (None: about any), newest first."""
        ...


class QuestionStore(Protocol):
    """What people are asked, and answer."""

    def ask(self, run_id: str, fingerprint: str, counts: str, *, at: datetime) -> int:
        """Note a question of a run; its id."""
        ...

    def answer(self, id_: int, answer: Answer, *, by: str | None, at: datetime) -> None:
        """Note what came of the question with that id, unless it has an answer already."""
        ...


def listed(scope: Scope, fingerprint: str | None, *, limit: int) -> list[QuestionEntry]:
    """The questions about that list (None: about any), newest first."""
    mine = scope.mine(question, fingerprint=fingerprint)
    rows = scope.newest(QuestionEntry, question, mine, by=("id",), limit=limit)
    return [QuestionEntry(**row) for row in rows]


def ask(scope: Scope, run_id: str, fingerprint: str, counts: str, *, at: datetime) -> int:
    """Note a question; its id."""
    asked = {"run_id": run_id, "fingerprint": fingerprint, "counts": counts, "asked_at": at}
    added = insert(question).values({**scope.place, **asked}).returning(question.c.id)
    return int(scope.connection.execute(added).scalar_one())


def answer(scope: Scope, id_: int, answer: Answer, *, by: str | None, at: datetime) -> None:
    """Note what came of a question that has no answer yet."""
    open_ = (*scope.mine(question), question.c.id == id_, question.c.answer.is_(None))
    said = {"answer": answer, "answered_by": by, "answered_at": at}
    scope.connection.execute(update(question).where(*open_).values(said))
