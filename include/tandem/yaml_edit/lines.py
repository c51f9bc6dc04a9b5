"""A text by its lines."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import Final

_BREAK: Final = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_COMMENT: Final = re.compile(r"( *)#")


@dataclass(frozen=True)
class Lines:
    """Lines are counted from 0, positions in characters."""

    text: str

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(found.end() for found in _BREAK.finditer(self.text))]

    @property
    def count(self) -> int:
        """How many lines there are; an empty one behind the last line end does not count."""
        return len(self._starts) - (self._starts[-1] == len(self.text))

    @cached_property
    def line_end(self) -> str:
        """The line end that the text uses."""
        found = _BREAK.search(self.text)
        return found[0] if found else "\n"

    def of(self, position: int) -> int:
        """The line of a position."""
        return bisect_right(self._starts, position) - 1

    def start(self, line: int) -> int:
        """Where a line begins; the end of the text behind the last one."""
        return self._starts[line] if line < len(self._starts) else len(self.text)

    def stop(self, line: int) -> int:
        """Behind the last character of a line, before its line end."""
        found = _BREAK.search(self.text, self.start(line))
        return found.start() if found else len(self.text)

    def content(self, line: int) -> str:
        """A line without its line end."""
        return self.text[self.start(line) : self.stop(line)]

    def column(self, position: int) -> int:
        """The column of a position, from 0."""
        return position - self.start(self.of(position))

    def before(self, position: int) -> str:
        """What stands before a position on its line."""
        return self.text[self.start(self.of(position)) : position]

    def after(self, position: int) -> str:
        """What stands behind a position on its line, without the line end."""
        return self.text[position : self.stop(self.of(position))]

    def is_blank(self, line: int) -> bool:
        """Whether there is such a line, with nothing in it."""
        return 0 <= line < self.count and not self.content(line).strip()

    def comment_column(self, line: int) -> int | None:
        """Where the comment begins that is all there is on the line; None: it is another line."""
        found = _COMMENT.match(self.content(line)) if 0 <= line < self.count else None
        return len(found[1]) if found else None
