"""A sign-in that a person has to complete."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """A sign-in that waits until somebody has entered its code."""

    message: str
    """What that person has to do: the address to go to, and the code."""
    flow: str = field(repr=False)
    """JSON of MSAL's flow. Whoever holds it can fetch the tokens: it is a secret."""
    expires_at: datetime
    """Aware; the code is of no use afterwards."""
