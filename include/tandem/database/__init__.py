"""Databases that we write to: engines, transactions, whole batches, errors in our words."""

from tandem.database.bulk import insert
from tandem.database.engine import open_engine, reading, set_text_forms, writing

__all__ = ["insert", "open_engine", "reading", "set_text_forms", "writing"]
