"""What places for staged batches raise, in our words, and how URLs name connections."""

import errno
import json

import fsspec
import pytest
from botocore.exceptions import ClientError

from tandem import staging_places
from tandem.errors import ConfigurationError, RetryLater, TandemError, Throttled, Unreachable
from tandem.model.connection import Connection, parse_connection
from tandem.staging_places import find_connections_by, place_of, usable


@pytest.fixture(autouse=True)
def finders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections `store` and `azure`, and no others."""
    monkeypatch.setattr(staging_places, "_FINDERS", [])

    def find(conn_id: str) -> Connection:
        if conn_id not in ("store", "azure"):
            raise ConfigurationError(f"There is no connection {conn_id!r}.")
        options = {"storage_options": {"of": conn_id}}
        return parse_connection(conn_id, json.dumps({"conn_type": "generic", "extra": options}))

    find_connections_by(find)


@pytest.mark.parametrize(
    "path",
    [
        "/tandem/scheduled__2026-11-29T00:00:18.507123/000000.arrow",
        "/tandem/Accounts/000503.arrow",
        "/tandem/Accounts/000507.arrow",
        "/Credentials/503/507/SlowDown/QuotaExceeded/a.json",
    ],
)
@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS])
def test_a_path_is_not_taken_for_what_a_store_answered(path: str, code: int) -> None:
    with pytest.raises(ConfigurationError, match="cannot be kept"), usable(path):
        raise OSError(code, "denied", path)


def test_a_remote_path_is_not_taken_for_it_either() -> None:
    with pytest.raises(Unreachable), usable("s3://b/000503.arrow"):
        raise ConnectionError("s3://b/000503.arrow: reset after 507 bytes")


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("503", 503, Throttled),
        ("", 503, Throttled),
        ("ServiceUnavailable", 503, Throttled),
        ("", 507, RetryLater),
        ("XMinioStorageFull", 500, RetryLater),
        ("1503", 500, Unreachable),
    ],
)
def test_numbers_of_a_store_are_compared_whole(
    code: str, status: int, expected: type[TandemError]
) -> None:
    answered = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    with pytest.raises(TandemError) as raised, usable("s3://bucket/a"):
        raise ClientError(answered, "PutObject")
    assert type(raised.value) is expected


@pytest.mark.parametrize("attribute", ["status", "status_code", "code"])
def test_clients_that_keep_the_status_elsewhere_are_understood(attribute: str) -> None:
    error = type("ResponseError", (Exception,), {"__module__": "google.api", attribute: 503})("no")
    with pytest.raises(Throttled), usable("gs://bucket/a"):
        raise error


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fsspec is asked stands in the place of its file system."""
    monkeypatch.setattr(fsspec, "url_to_fs", lambda url, **options: (options, url))


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    "url",
    [
        "s3://bucket/a@b",
        "/var/tandem/a@b",
        "file:///var/tandem/a@b",
        "abfs://container@account.dfs.core.windows.net/x",
        "abfss://container@account.dfs.core.windows.net/x",
        "az://container@account.blob.core.windows.net",
    ],
)
def test_usual_urls_name_no_connection(url: str) -> None:
    assert place_of(url) == ({}, url)


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("url", "conn_id", "rest"),
    [
        ("s3://store@bucket/x@y", "store", "s3://bucket/x@y"),
        ("sftp://store@host:22/x", "store", "sftp://host:22/x"),
        (
            "abfs://azure@container@account.dfs.core.windows.net/x",
            "azure",
            "abfs://container@account.dfs.core.windows.net/x",
        ),
    ],
)
def test_what_stands_before_the_first_at_names_the_connection(
    url: str, conn_id: str, rest: str
) -> None:
    assert place_of(url) == ({"of": conn_id}, rest)


@pytest.mark.parametrize("url", ["ftp://joe:pw@host/x", "ftp://joe:p@w@host/x", "sftp://joe@host"])
def test_what_stands_before_at_is_never_told(url: str) -> None:
    scheme = url.partition(":")[0]
    with pytest.raises(ConfigurationError, match=f"{scheme}://") as raised, usable(url):
        place_of(url)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
    assert not [word for word in ("joe", "pw", "p@w") if word in str(raised.value)]
    assert f"{scheme}://connection@" in raised.value.remedy


def test_a_process_that_knows_no_connections_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging_places, "_FINDERS", [])
    with pytest.raises(ConfigurationError, match="s3://") as raised:
        place_of("s3://store@bucket")
    assert "store" not in raised.value.problem
