"""Where warnings go, such as the code that somebody has to enter."""

import io
import logging
import sys

import pytest
from rich.console import Console
from rich.file_proxy import FileProxy

from tandem.cli import output
from tandem.cli.main import ToStandardError
from tandem.cli.output import progress_shown


def test_a_warning_appears_above_a_progress_display(monkeypatch: pytest.MonkeyPatch) -> None:
    """The display would overwrite what is written past it."""
    handler, terminal = ToStandardError(), io.StringIO()
    monkeypatch.setattr(output, "err", Console(file=terminal, force_terminal=True, width=80))
    record = logging.LogRecord("tandem", logging.WARNING, "", 0, "enter the code X", (), None)
    with progress_shown() as progress:
        progress("Accounts", "read", 3)
        assert isinstance(sys.stderr, FileProxy)
        handler.emit(record)
    assert "enter the code X" in terminal.getvalue()
