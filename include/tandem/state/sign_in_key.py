"""The key that sign-ins are encrypted with: Airflow's, or one in a file of our own."""

import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet

from tandem.errors import ConfigurationError
from tandem.state.sealing import Seal

VARIABLE = "AIRFLOW__CORE__FERNET_KEY"


@dataclass(frozen=True, slots=True)
class SignInKey:
    """Where the key is: `keys`, those of Airflow, if there are any, else in the file."""

    keys: str = field(repr=False)
    """Keys with commas between them: the first encrypts, all of them decrypt."""
    file: Path
    """Made with a new key, for its owner alone, when it is needed and not there."""

    @property
    def _named(self) -> list[str]:
        return [key.strip() for key in self.keys.split(",") if key.strip()]

    @property
    def where(self) -> str:
        """Where it comes from, for messages."""
        return VARIABLE if self._named else str(self.file)

    def seal(self) -> Seal:
        """What encrypts and decrypts; ConfigurationError for what is no key, which is not shown."""
        try:
            return Seal.of(self._named or [_key_in(self.file)])
        except (ValueError, UnicodeError):
            raise ConfigurationError(
                f"{self.where} holds no Fernet key.",
                remedy="It is 32 bytes in URL-safe base64, as cryptography.fernet.Fernet"
                ".generate_key() makes it.",
            ) from None


def _key_in(file: Path) -> str:
    try:
        if not file.exists():
            _make(file)
        return file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise ConfigurationError(
            f"{file}, which holds the key to kept sign-ins, cannot be used: {error.strerror}.",
            remedy=f"Make it readable for this user, or set {VARIABLE}.",
        ) from None


def _make(file: Path) -> None:
    """A file is whole when it gets its name, and whoever names it first has named it."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # 0600, O_EXCL
    try:
        with os.fdopen(handle, "wb") as made:
            made.write(Fernet.generate_key() + b"\n")
        with suppress(FileExistsError):
            os.link(draft, file)
    finally:
        Path(draft).unlink()
