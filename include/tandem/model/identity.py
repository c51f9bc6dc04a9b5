"""Whose records a system holds."""

from tandem.model.schema import Model


class Identity(Model):
    """What tells a system from another one of its kind: a company, an organization."""

    id: str
    """The same as long as the records are."""
    name: str
    """What people call it; it may change."""
