"""What drivers raise, in our words: by SQLSTATE, by SQLite's error name, else by text."""

from typing import Any, Final, NoReturn

from sqlalchemy import URL, Connection
from sqlalchemy.exc import DBAPIError

from tandem.errors import (
    AuthenticationError,
    ConfigurationError,
    TandemError,
    Unreachable,
)

_Meaning = tuple[type[TandemError], str]

_SIGN_IN: Final[_Meaning] = (AuthenticationError, "Check login and password of the connection.")
_PERMISSION: Final[_Meaning] = (AuthenticationError, "Grant the database user what it lacks.")
_WRONG_NAME: Final[_Meaning] = (ConfigurationError, "Check the database name of the connection.")
_CHANGED: Final[_Meaning] = (
    ConfigurationError,
    "Read the schema again; tables or columns may have been renamed or dropped.",
)
_BUSY: Final[_Meaning] = (Unreachable, "Try again; another program holds the database.")
_DOWN: Final[_Meaning] = (Unreachable, "Check that the database runs and can be reached.")
_FULL: Final[_Meaning] = (Unreachable, "Make room on the database's disk, then try again.")
_BROKEN: Final[_Meaning] = (
    ConfigurationError,
    "Check that the path is that of a SQLite database; restore it from a backup if it is damaged.",
)

_BY_CODE: Final[dict[str, _Meaning]] = {
    # SQLSTATE classes and codes: PostgreSQL documentation, Appendix A
    "08": _DOWN,
    "28": _SIGN_IN,
    "3D": _WRONG_NAME,
    "3F": _CHANGED,
    "40": _BUSY,
    "42": _CHANGED,
    "42501": _PERMISSION,
    "53": _DOWN,
    "53100": _FULL,
    "55P03": _BUSY,
    "57": _DOWN,
    "25006": (ConfigurationError, "The database takes no writes; connect to one that does."),
    # SQLite, "Result and Error Codes"
    "SQLITE_BUSY": _BUSY,
    "SQLITE_LOCKED": _BUSY,
    "SQLITE_CANTOPEN": (
        ConfigurationError,
        "Check the path of the connection; its folder must exist and be writable.",
    ),
    "SQLITE_READONLY": (ConfigurationError, "Make the file and its folder writable."),
    "SQLITE_PERM": (ConfigurationError, "Make the file and its folder accessible."),
    "SQLITE_NOTADB": _BROKEN,
    "SQLITE_CORRUPT": _BROKEN,
    "SQLITE_FULL": _FULL,
    "SQLITE_IOERR": _FULL,
    "SQLITE_ERROR": _CHANGED,
}

_BY_TEXT: Final[dict[str, _Meaning]] = {
    # A connection that PostgreSQL refuses comes without SQLSTATE.
    "password authentication failed": _SIGN_IN,
    "no password supplied": _SIGN_IN,
    "authentication failed": _SIGN_IN,
    "no pg_hba.conf entry": (AuthenticationError, "Let this machine in, in pg_hba.conf."),
    'role "': _SIGN_IN,
    'database "': _WRONG_NAME,
}

_ABOUT_A_ROW: Final = ("22", "23", "44", "P0", "21", "SQLITE_CONSTRAINT", "SQLITE_MISMATCH")
"""Data and constraint errors, a trigger's own, and two rows of one key in one statement."""


def translate(error: BaseException, url: URL) -> TandemError | None:
    """The error in our words; None where it is about a row, or no driver's."""
    code = _code(error)
    if code.startswith(_ABOUT_A_ROW) or not _is_driver_error(error):
        return None
    text = first_line(error)
    meaning = _by_code(code) if code else _by_text(text, type(error).__name__)
    if meaning is None:
        return None
    kind, remedy = meaning
    return kind(f"Database {shown(url)}: {text}", remedy=remedy)


def is_about_a_row(error: DBAPIError) -> bool:
    """Whether a row's values are at fault, so that the other rows may still be written."""
    cause = error.orig
    code = _code(cause) if cause else ""
    name = type(cause).__name__
    return code.startswith(_ABOUT_A_ROW) or name in ("IntegrityError", "DataError")


def first_line(error: BaseException) -> str:
    """The driver's words without statement, context and values of the row, ended by a point."""
    diagnostics = getattr(error, "diag", None)
    text = (getattr(diagnostics, "message_primary", None) or str(error)).strip()
    line = text.splitlines()[0] if text else type(error).__name__
    detail = getattr(diagnostics, "message_detail", None) or ""
    # "Key (code)=(7) already exists." helps; "Failing row contains (…)" shows a whole record.
    key = f" ({detail.splitlines()[0].rstrip('.')})" if detail.startswith("Key ") else ""
    return f"{line.rstrip('.')}{key}."


def shown(url: URL) -> str:
    """The address without secrets: `postgresql://user@host/database`, or a file's path."""
    if url.get_backend_name() == "sqlite":
        return url.database or ":memory:"
    plain = URL.create(url.get_backend_name(), url.username, None, url.host, url.port, url.database)
    return plain.render_as_string()


def driver_error(connection: Connection) -> type[Exception]:
    """The base class of the errors of the connection's driver."""
    driver: Any = connection.dialect.loaded_dbapi
    base: type[Exception] = driver.Error
    return base


def raise_driver_error(connection: Connection, error: Exception) -> NoReturn:
    """Raise what an engine of ours raises for an error of its driver."""
    known = translate(error, connection.engine.url)
    if known is not None:
        raise known from error
    base = driver_error(connection)
    raise DBAPIError.instance("COPY", None, error, base, dialect=connection.dialect) from error


def _is_driver_error(error: BaseException) -> bool:
    """PEP 249: all of a driver's errors are derived from its `Error`."""
    return any(base.__name__ == "Error" for base in type(error).__mro__)


def _code(error: BaseException) -> str:
    codes = (getattr(error, name, None) for name in ("sqlstate", "pgcode", "sqlite_errorname"))
    return next((code for code in codes if code), "")


def _by_code(code: str) -> _Meaning | None:
    known = [known for known in _BY_CODE if code.startswith(known)]
    return _BY_CODE[max(known, key=len)] if known else None


def _by_text(text: str, kind: str) -> _Meaning | None:
    found = next((meaning for part, meaning in _BY_TEXT.items() if part in text), None)
    return found or (_DOWN if kind in ("OperationalError", "ConnectionTimeout") else None)
