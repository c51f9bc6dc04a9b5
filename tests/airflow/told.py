"""Airflow notifiers for tests: one that writes down what it is told, and some that cannot."""

import json
import os
from pathlib import Path
from typing import Any

from airflow.sdk import BaseNotifier


class WrittenDown(BaseNotifier):
    """Adds a line of JSON to the file that TOLD names."""

    template_fields = ("title", "message")

    def __init__(self, title: str, message: str, **options: Any) -> None:
        super().__init__(**options)
        self.title = title
        self.message = message

    def notify(self, context: Any) -> None:
        """Write it down."""
        line = json.dumps({"title": self.title, "message": self.message})
        with Path(os.environ["TOLD"]).open("a", encoding="utf-8") as file:
            file.write(line + "\n")


class Speechless(BaseNotifier):
    """Cannot tell anybody."""

    def notify(self, context: Any) -> None:
        """Fail."""
        raise OSError("no line")
