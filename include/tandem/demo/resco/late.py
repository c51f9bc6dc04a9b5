"""Writes that are seen later than their row versions say."""

from dataclasses import dataclass
from datetime import UTC

from tandem.demo.canonical import instant_text
from tandem.demo.values import Stored
from tandem.demo.write import Writer


@dataclass(frozen=True, slots=True)
class Late(Writer):
    """Writes with a row version that was taken before, so that the counter stays."""

    version: int

    def _stamps(self) -> dict[str, Stored]:
        now = self.clock().astimezone(UTC).isoformat()
        return {
            str(self.entity_set.row_version): self.version,
            str(self.entity_set.modified_at): instant_text(now),
        }
