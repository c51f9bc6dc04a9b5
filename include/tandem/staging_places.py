"""File systems that staged batches may lie on, and what goes wrong there, in our words.

A URL may name the connection that its credentials come from, as Airflow's object storage has it:
`s3://<connection id>@bucket/prefix`. Paths in manifests keep that form and hold no secret.
"""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

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
_FULL_CODES: Final = ("InsufficientStorage", "QuotaExceeded", "507", "StorageFull", "NoSpaceLeft")
"""What S3 and those that speak like it call a store that is full."""
_BUSY_CODES: Final = ("SlowDown", "503", "ServiceUnavailable", "RequestLimitExceeded")
_OBJECT_STORES: Final = frozenset(("s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "oss"))
_CLIENTS: Final = frozenset(("botocore", "aiobotocore", "aiohttp", "azure", "google", "gcsfs"))
"""Packages whose errors are not always Python's own."""

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
    """The file system and the path in it."""
    conn_id = _connection_of(url)
    if not conn_id:
        system, path = fsspec.url_to_fs(url)
        return system, path
    if not _FINDERS:
        raise ValueError(f"nobody knows connection {conn_id!r} here")
    options = options_of(_FINDERS[0](conn_id))
    scheme, _, rest = url.partition("://")
    system, path = fsspec.url_to_fs(f"{scheme}://{rest.partition('@')[2]}", **options)
    return system, path


def has_folders(system: Any) -> bool:
    """Whether folders have to be made there. Where there are none, a bucket would be made."""
    spoken = (system.protocol,) if isinstance(system.protocol, str) else system.protocol
    return not _OBJECT_STORES & {*spoken}


def is_local(system: Any) -> bool:
    """Whether it is a disk of this machine (or one that is mounted as such)."""
    return isinstance(system, LocalFileSystem)


@contextmanager
def usable(path: str, but: type[OSError] | tuple[()] = ()) -> Iterator[None]:
    """What a place for staged batches raises, in our words, `but` for what is the caller's."""
    try:
        yield
    except TandemError:
        raise
    except but:
        raise
    except Exception as error:
        known = _in_our_words(path, error)
        if known is None:
            raise
        raise known from error


def _in_our_words(path: str, error: Exception) -> TandemError | None:
    """None if it has nothing to do with the place."""
    is_client_s = type(error).__module__.partition(".")[0] in _CLIENTS
    if not (is_client_s or isinstance(error, OSError | ImportError | ValueError)):
        return None
    text = f"{type(error).__name__} {error} {_code(error)}"
    is_remote = "://" in path and not path.startswith(("file:", "local:"))
    if getattr(error, "errno", None) in _FULL or any(code in text for code in _FULL_CODES):
        return RetryLater(
            f"There is no room left for staged batches at {path}: {error}.",
            remedy="Make room there, or set TANDEM_STAGING to a place that has some. "
            "Nothing was lost: the next run begins where the last one was accounted for.",
        )
    if "Credential" in text or (is_remote and isinstance(error, PermissionError)):
        return AuthenticationError(
            f"Staged batches at {path} are denied to us: {error}.",
            remedy="Check key and secret, in the environment or in the connection that "
            "TANDEM_STAGING names, and their right to list, read, write and delete there.",
        )
    if any(code in text for code in _BUSY_CODES):
        return Throttled(f"The store of staged batches at {path} is busy: {error}.")
    if isinstance(error, ConnectionError | TimeoutError) or _is_far(error, is_client_s=is_client_s):
        return Unreachable(f"The staged batches at {path} cannot be reached: {error}.")
    return ConfigurationError(
        f"Staged batches cannot be kept at {path}: {error}.",
        remedy="Set TANDEM_STAGING to a folder that can be written, such as file:///var/tandem, "
        "or to a bucket that is there, such as s3://bucket/prefix.",
    )


def _is_far(error: Exception, *, is_client_s: bool) -> bool:
    """Whether a store that is reached over the network gave no usable answer."""
    internal = getattr(error, "errno", None) in (errno.EIO, errno.EREMOTEIO, errno.EBUSY)
    return is_client_s or internal


def _code(error: Exception) -> str:
    """What the store itself called the error, where its client was told."""
    response = getattr(error.__cause__ or error, "response", None)
    found = response.get("Error", {}) if isinstance(response, dict) else {}
    status = response.get("ResponseMetadata", {}) if isinstance(response, dict) else {}
    return f"{found.get('Code', '')} {status.get('HTTPStatusCode', '')}"


def _connection_of(url: str) -> str:
    """The connection id in a URL; empty if there is none."""
    return urlsplit(url).netloc.rpartition("@")[0]
