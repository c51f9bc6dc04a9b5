"""What a person has decided about records that both sides changed, and how that is kept as text.

Either one side wins the whole record (`external_wins`, `local_wins`) or, as JSON, each field that
clashed has its winner, with the values that the person saw.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from tandem.core.merge import EXTERNAL, LOCAL, NOBODY, FieldPair

Winner = Literal["local", "external"]

_POLICIES: Final[Mapping[Winner, str]] = {"local": "local_wins", "external": "external_wins"}
_CODES: Final[Mapping[str, int]] = {"external": EXTERNAL, "local": LOCAL}
_WINNERS: Final = {_POLICIES[winner]: _CODES[winner] for winner in _POLICIES}


@dataclass(frozen=True, slots=True)
class Choice:
    """Who wins one field, and what both sides held when that was decided."""

    winner: Winner
    external: str | None
    local: str | None


Choices = Mapping[str, Choice]
"""Field → what was decided about it."""
Decision = int | Choices
"""EXTERNAL or LOCAL: that side wins all fields."""


def policy_text(decided: Winner | Choices) -> str:
    """The text that is kept of a decision; `decision_of` reads it."""
    if isinstance(decided, str):
        return _POLICIES[decided]
    each = {name: [one.winner, one.external, one.local] for name, one in decided.items()}
    return json.dumps(each, ensure_ascii=False)


def decision_of(policy: str) -> Decision:
    """The decision that this text keeps."""
    if policy in _WINNERS:
        return _WINNERS[policy]
    return {name: Choice(*each) for name, each in json.loads(policy).items()}


def in_words(policy: str) -> str:
    """The decision for people: `local_wins`, or the fields and who wins each."""
    decided = decision_of(policy)
    if isinstance(decided, int):
        return policy
    return ", ".join(f"{name}: {one.winner} wins" for name, one in decided.items())


def winner_among(choices: Choices, parts: Mapping[str, FieldPair], row: int) -> int:
    """Who wins a field, or the parts of one lookup, in that row: NOBODY where that was not decided.

    Nor was it where a side holds another value than the person saw, or where the parts were given
    to different sides: they are one value.
    """
    winners: set[int] = set()
    for name, pair in parts.items():
        choice = choices.get(name)
        if choice is None:
            if not _same(pair, row):
                return NOBODY
        elif (choice.external, choice.local) == (
            pair.external[row].as_py(),
            pair.local[row].as_py(),
        ):
            winners.add(_CODES[choice.winner])
        else:
            return NOBODY
    return winners.pop() if len(winners) == 1 else NOBODY


def _same(pair: FieldPair, row: int) -> bool:
    """Whether both sides hold the same: a part that does not clash needs no decision."""
    same = pair.from_external[row].as_py() == pair.local[row].as_py()
    return same and not pair.external_waits[row]
