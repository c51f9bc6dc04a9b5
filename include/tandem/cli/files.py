"""Files that commands write."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from tandem.errors import ConfigurationError


def write_file(path: Path, text: str) -> None:
    """Write the whole file in UTF-8, or none, and make its folder if there is none.

    What is there is replaced; a symbolic link stays, and what it names is replaced.
    ConfigurationError: it cannot be written.
    """
    target = Path(os.path.realpath(path))
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.unfinished")
    try:
        if target.exists() and not target.is_file():
            raise OSError(0, "it is a folder or a device")
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(text, encoding="utf-8", newline="\n")
        if target.exists():
            shutil.copymode(target, unfinished)
        unfinished.replace(target)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror or error}.",
            remedy="Choose another name, or make its folder writable.",
        ) from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
