"""Encrypted columns that tell which key opens them, and are good in their own row only."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.fernet import Fernet, InvalidToken

_LENGTH: Final = 16


class OtherKey(Exception):
    """It was encrypted with a key that we do not have."""


class Damaged(Exception):
    """It is not what was encrypted for this place."""


@dataclass(frozen=True, slots=True)
class Seal:
    """Encrypts with the first key; opens what any of them has encrypted.

    The bytes are the fingerprint of the key, a colon and a Fernet token; within it, JSON of the
    place and the text: what was copied from another row or column does not open.
    """

    fernets: Mapping[bytes, Fernet]
    """Fingerprint of a key → what it makes."""

    @classmethod
    def of(cls, keys: Sequence[str]) -> "Seal":
        """ValueError for what is no key."""
        return cls({_fingerprint(key): Fernet(key) for key in keys})

    def sealed(self, place: str, text: str) -> bytes:
        """The text, for this place alone."""
        fingerprint, fernet = next(iter(self.fernets.items()))
        return fingerprint + b":" + fernet.encrypt(json.dumps([place, text]).encode())

    def opened(self, place: str, kept: bytes) -> str:
        """What was sealed for this place; raises OtherKey, Damaged."""
        fingerprint, colon, token = kept.partition(b":")
        if not colon or len(fingerprint) != _LENGTH:
            raise Damaged
        if fingerprint not in self.fernets:
            raise OtherKey
        try:
            known, text = json.loads(self.fernets[fingerprint].decrypt(token))
        except (InvalidToken, ValueError):
            raise Damaged from None
        if known != place:
            raise Damaged
        return str(text)


def _fingerprint(key: str) -> bytes:
    """Too little of a hash to find a key of 32 random bytes by."""
    return hashlib.sha256(b"tandem " + key.encode()).hexdigest()[:_LENGTH].encode()
