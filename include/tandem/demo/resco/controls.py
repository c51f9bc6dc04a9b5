"""What a test can make the organisation do."""

from dataclasses import dataclass, field


@dataclass
class Controls:
    """Set from outside while the service runs; each counter goes down as it is used."""

    throttled: int = 0
    """How many of the next requests are answered with 429. That Resco Cloud does so, and how, is
    not documented; it is what a service behind a gateway would answer."""
    retry_after: int = 1
    """Seconds that those are told to wait."""
    lost_answers: int = 0
    """How many of the next writes are done, but answered with 504 as by a gateway."""
    refused: bool = False
    """Whether login and password are refused, good or not."""
    execute_limit: int = 100
    """The most records of one ExecuteMultiple. 100 is what Resco's mobile application sends (Resco
    wiki, Synchronization steps); what the service takes is not documented."""
    held: list[int] = field(default_factory=list)
    """Row versions of transactions that are open."""

    def throttles(self) -> bool:
        """Whether the request at hand is one too many."""
        self.throttled, now = max(self.throttled - 1, 0), self.throttled
        return now > 0

    def loses_answer(self) -> bool:
        """Whether the answer of the write at hand gets lost."""
        self.lost_answers, now = max(self.lost_answers - 1, 0), self.lost_answers
        return now > 0
