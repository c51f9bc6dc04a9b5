"""File systems that staged batches may lie on, and what goes wrong there, in our words.

A URL may name the connection that its credentials come from, as Airflow's object storage has it:
`s3://<connection id>@bucket/prefix`. Paths in manifests keep that form and hold no secret: a URL
with a password is refused.
"""

import errno
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import fsspec
from fsspec.implementations.local import LocalFileSystem

from tandem.errors import (
    AuthenticationError,
    ConfigurationError,
    RetryLater,
    TandemError,
    Throttled,
    Unreachable,
)
from tandem.model.connection import Connection

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FULL_CODES: Final = re.compile(
    r"InsufficientStorage|QuotaExceeded|StorageFull|NoSpaceLeft|\b507\b"
)
"""What S3 and those that speak like it call a store that is full."""
_BUSY_CODES: Final = re.compile(r"SlowDown|ServiceUnavailable|RequestLimitExceeded|\b503\b")
_OBJECT_STORES: Final = frozenset(("s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "oss"))
_CLIENTS: Final = frozenset(("botocore", "aiobotocore", "aiohttp", "azure", "google", "gcsfs"))
"""Packages whose errors are not always Python's own."""
_BEFORE_ACCOUNT: Final = frozenset(("abfs", "abfss", "az"))
"""Azure's schemes, where `container@account` is usual."""

Find = Callable[[str], Connection]
"""A connection by its id; ConfigurationError if there is none."""

_FINDERS: list[Find] = []
"""How this process finds connections: a path in a manifest has to be enough to open a file."""


def find_connections_by(find: Find) -> None:
    """How connections that URLs name are found in this process, from now on."""
    _FINDERS[:] = [find]


def options_of(connection: Connection) -> dict[str, Any]:
    """What fsspec is told: `storage_options` of the extra as they are, and of Amazon's connections
    their key, secret, token, endpoint and region.
    """
    extra = connection.extra
    options = dict(extra.get("storage_options") or {})
    if connection.conn_type in ("aws", "s3"):
        client = {
            "endpoint_url": extra.get("endpoint_url"),
            "region_name": extra.get("region_name"),
        }
        known = {
            "key": connection.login,
            "secret": connection.secret,
            "token": extra.get("aws_session_token"),
            "client_kwargs": {name: value for name, value in client.items() if value},
        }
        options = {**{name: value for name, value in known.items() if value}, **options}
    return options


def place_of(url: str) -> tuple[Any, str]:
    """The file system and the path in it; ConfigurationError if the URL holds a password, or the
    connection that it names cannot be found.
    """
    scheme, _, rest = url.partition("://")
    conn_id = _connection_of(scheme, rest)
    if not conn_id:
        system, path = fsspec.url_to_fs(url)
        return system, path
    options = _options(scheme, conn_id)
    system, path = fsspec.url_to_fs(f"{scheme}://{rest.partition('@')[2]}", **options)
    return system, path


def _connection_of(scheme: str, rest: str) -> str:
    """The connection id in a URL; empty if there is none."""
    authority = rest.partition("/")[0]
    before, at, after = authority.partition("@")
    if not at or (scheme in _BEFORE_ACCOUNT and "@" not in after):
        return ""
    if ":" in before:
        raise _without_user("holds a password, which whoever sees a path would see", scheme)
    return before


def _options(scheme: str, conn_id: str) -> dict[str, Any]:
    if not _FINDERS:
        raise _without_user("names a connection, and this process knows none", scheme)
    try:
        return options_of(_FINDERS[0](conn_id))
    except ConfigurationError:  # it quotes the id, which may be somebody's name or token
        raise _without_user("names a connection that is not there or is broken", scheme) from None


def _without_user(problem: str, scheme: str) -> ConfigurationError:
    return ConfigurationError(
        f"The {scheme}:// URL of staged batches {problem}.",
        remedy=f"Set TANDEM_STAGING to {scheme}://connection@…, with the id of a connection of "
        "Airflow that is of type aws, or has user and password in storage_options of its extra.",
    )


def has_folders(system: Any) -> bool:
    """Whether folders have to be made there. Where there are none, a bucket would be made."""
    spoken = (system.protocol,) if isinstance(system.protocol, str) else system.protocol
    return not _OBJECT_STORES & {*spoken}


def is_local(system: Any) -> bool:
    """Whether it is a disk of this machine (or one that is mounted as such)."""
    return isinstance(system, LocalFileSystem)


@contextmanager
def usable(
    path: str, but: type[OSError] | tuple[()] = (), *, by_caller: bool = False
) -> Iterator[None]:
    """What a place for staged batches raises, in our words, `but` for what its caller expects.

    `by_caller`: the caller's own code runs within, whose errors stay what they are.
    """
    try:
        yield
    except TandemError:
        raise
    except but:
        raise
    except Exception as error:
        if not _is_of_place(error, by_caller=by_caller):
            raise
        raise _in_our_words(path, error) from error


def _is_of_place(error: Exception, *, by_caller: bool) -> bool:
    if _is_full(error) or _client_error(error):
        return True
    return not by_caller and isinstance(error, OSError | ImportError | ValueError)


def _in_our_words(path: str, error: Exception) -> TandemError:
    codes = _codes(error)
    is_remote = "://" in path and not path.startswith(("file:", "local:"))
    if _is_full(error) or _FULL_CODES.search(codes):
        return RetryLater(
            f"There is no room left for staged batches at {path}: {error}.",
            remedy="Make room there, or set TANDEM_STAGING to a place that has some. "
            "Nothing was lost: the next run begins where the last one was accounted for.",
        )
    if "Credential" in codes or (is_remote and isinstance(error, PermissionError)):
        return AuthenticationError(
            f"Staged batches at {path} are denied to us: {error}.",
            remedy="Check key and secret, in the environment or in the connection that "
            "TANDEM_STAGING names, and their right to list, read, write and delete there.",
        )
    if _BUSY_CODES.search(codes):
        return Throttled(f"The store of staged batches at {path} is busy: {error}.")
    if isinstance(error, ConnectionError | TimeoutError) or _is_far(error):
        return Unreachable(f"The staged batches at {path} cannot be reached: {error}.")
    return ConfigurationError(
        f"Staged batches cannot be kept at {path}: {error}.",
        remedy="Set TANDEM_STAGING to a folder that can be written, such as file:///var/tandem, "
        "or to a bucket that is there, such as s3://bucket/prefix.",
    )


def _is_full(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno in _FULL


def _is_far(error: Exception) -> bool:
    """Whether a store that is reached over the network gave no usable answer."""
    internal = getattr(error, "errno", None) in (errno.EIO, errno.EREMOTEIO, errno.EBUSY)
    return internal or _client_error(error) is error


def _client_error(error: Exception) -> BaseException | None:
    """What the store's client raised: the error itself, or what it was made of."""
    for one in (error, error.__cause__):
        if type(one).__module__.partition(".")[0] in _CLIENTS:
            return one
    return None


def _codes(error: Exception) -> str:
    """What the store itself called the error and what its client did; never a text, which may
    hold a path.
    """
    told = _client_error(error)
    if told is None:
        return ""
    response = getattr(told, "response", None)
    answer = response if isinstance(response, dict) else {}
    codes = [
        type(told).__name__,
        answer.get("Error", {}).get("Code"),
        answer.get("ResponseMetadata", {}).get("HTTPStatusCode"),
        *(getattr(told, name, None) for name in ("status", "status_code", "error_code", "code")),
    ]
    return " ".join(str(code) for code in codes if isinstance(code, str | int))
