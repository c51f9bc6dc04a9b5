"""Writes that are seen later than their row versions say."""

from dataclasses import dataclass

from tandem.demo.values import Stored
from tandem.demo.write import Writer


@dataclass(frozen=True, slots=True)
class Late(Writer):
    """Writes with a row version that was taken before."""

    version: int

    def _stamps(self) -> dict[str, Stored]:
        stamps = Writer._stamps(self)
        return stamps | {str(self.entity_set.row_version): self.version}
