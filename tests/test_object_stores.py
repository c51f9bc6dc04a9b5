"""Staged batches in S3, as moto's own server speaks it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import fsspec
import pyarrow as pa
import pytest
from moto.server import ThreadedMotoServer

from tandem.errors import (
    AuthenticationError,
    ConfigurationError,
    RetryLater,
    TandemError,
    Unreachable,
)
from tandem.model.connection import parse_connection
from tandem.staging import BatchWriter, Staging, read_batches, staged_runs
from tandem.staging_places import find_connections_by, usable

ROWS = pa.RecordBatch.from_pydict({"id": ["1", "2"], "name": ["Ada", "Eva"]})
FROM_ENVIRONMENT = "s3://tandem/staging"
FROM_CONNECTION = "s3://store@tandem/staging"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture(autouse=True)
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "demo")
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    boto3.client("s3").create_bucket(Bucket="tandem")


def connect(endpoint: str) -> None:
    """The connection `store`, as Airflow has those of Amazon."""
    text = (
        '{"conn_type": "aws", "login": "key", "password": "hush",'
        f' "extra": {{"endpoint_url": "{endpoint}", "region_name": "us-east-1"}}}}'
    )
    find_connections_by(lambda conn_id: parse_connection(conn_id, text))


@pytest.mark.parametrize("url", [FROM_ENVIRONMENT, FROM_CONNECTION])
def test_batches_are_written_read_listed_and_removed(
    url: str, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(server)
    if url == FROM_CONNECTION:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
            monkeypatch.delenv(name)
    staging = Staging(url, "crm", "manual__2026-01-01T00:00:00+00:00")
    writer = BatchWriter(staging.folder("Accounts", "extract-1"))
    writer.add(ROWS)
    paths = writer.written()
    staging.write_json(f"{staging.folder()}/schema.json", {"a": 1})
    assert [batch.to_pylist() for batch in read_batches(paths, ["name"])] == [
        [{"name": "Ada"}, {"name": "Eva"}]
    ]
    assert staging.read_json(f"{staging.folder()}/schema.json") == {"a": 1}
    assert staged_runs(url, "crm") == ["manual__2026-01-01T00:00:00+00:00"]
    assert "hush" not in paths[0]
    staging.remove()
    assert staged_runs(url, "crm") == []
    with pytest.raises(FileNotFoundError):
        staging.read_json(f"{staging.folder()}/schema.json")


def test_a_bucket_that_is_not_there_is_a_matter_of_configuration() -> None:
    _refused("s3://nowhere/staging", ConfigurationError, "a bucket that is there")


def test_a_store_that_cannot_be_reached_is_tried_later() -> None:
    connect("http://127.0.0.1:9")
    _refused(FROM_CONNECTION, Unreachable, "")


def test_credentials_that_are_missing_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    _refused("s3://tandem/other", AuthenticationError, "Check key and secret")


@pytest.mark.parametrize(
    ("code", "status", "expected", "remedy"),
    [
        ("InsufficientStorage", 507, RetryLater, "Make room"),
        ("QuotaExceeded", 403, RetryLater, "Make room"),
        ("AccessDenied", 403, AuthenticationError, "Check key and secret"),
        ("InternalError", 500, Unreachable, ""),
        ("SlowDown", 503, RetryLater, ""),
    ],
)
def test_what_the_store_answers_is_told_in_our_words(
    code: str, status: int, expected: type[TandemError], remedy: str
) -> None:
    answered = _answer(code, status)
    with pytest.raises(expected) as raised, usable("s3://tandem/staging/a"):
        raise answered
    assert remedy in raised.value.remedy


def test_a_full_disk_is_told_with_a_remedy() -> None:
    with pytest.raises(RetryLater, match="no room left") as raised, usable("/var/tandem"):
        Path("/dev/full").write_bytes(b"x")
    assert "Nothing was lost" in raised.value.remedy


def _answer(code: str, status: int) -> Any:
    """The error that s3fs makes of an answer of the store."""
    from botocore.exceptions import ClientError
    from s3fs.errors import translate_boto_error

    error = {
        "Error": {"Code": code, "Message": "no"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return translate_boto_error(ClientError(error, "PutObject"))


def _refused(url: str, expected: type[TandemError], remedy: str) -> None:
    staging = Staging(url, "crm", "run")
    with pytest.raises(expected) as raised:
        staging.write_json(f"{staging.folder()}/a.json", 1)
    assert remedy in raised.value.remedy
