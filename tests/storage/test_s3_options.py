"""S3Store is a value: valid or not made at all."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest

from s3sink.config import from_properties
from s3sink.errors import ConfigError, StoreRefusedError
from s3sink.storage import S3Store


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"bucket": ""}, "bucket"),
        ({"bucket": "s3://lake"}, "bucket"),
        ({"bucket": "lake/topics"}, "bucket"),
        ({"endpoint": "localhost:9000"}, "endpoint"),
        ({"endpoint": "http://user:pw@localhost:9000"}, "endpoint"),
        ({"access_key": "a"}, "secret_key"),
        ({"secret_key": "a"}, "secret_key"),
        ({"session_token": "t"}, "session_token"),
        ({"profile": "p", "access_key": "a", "secret_key": "b"}, "profile"),
        ({"max_connections": 0}, "max_connections"),
        ({"max_attempts": 0}, "max_attempts"),
        ({"read_timeout": "soon"}, "read_timeout"),
        ({"connect_timeout": 0}, "connect_timeout"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError) as raised:
        S3Store(**{"bucket": "lake", **options})
    assert [problem.key for problem in raised.value.problems] == [key]


def test_all_problems_come_together() -> None:
    with pytest.raises(ConfigError) as raised:
        S3Store("", endpoint="x", max_attempts=0)
    assert [problem.key for problem in raised.value.problems] == ["bucket", "endpoint", "max_attempts"]


def test_secrets_do_not_show() -> None:
    store = S3Store("lake", access_key="AKIA", secret_key="hush", session_token="hush")
    assert "hush" not in repr(store) + str(store) + store.url
    assert "AKIA" in repr(store)
    assert store.secret_key == "hush"


def test_the_same_options_are_the_same_store() -> None:
    assert S3Store("lake", "/topics/", read_timeout="1m") == S3Store("lake", "topics", read_timeout=60_000)
    assert len({S3Store("lake"), S3Store("lake"), S3Store("pond")}) == 2


@pytest.mark.parametrize(
    ("store", "url"),
    [
        (S3Store("lake"), "s3://lake"),
        (S3Store("lake", "topics/"), "s3://lake/topics"),
        (S3Store("lake", "topics", endpoint="http://localhost:9000/"), "http://localhost:9000/lake/topics"),
    ],
)
def test_the_url_says_where_it_is(store: S3Store, url: str) -> None:
    assert store.url == url


def test_a_connector_file_makes_one() -> None:
    properties = {"s3.bucket.name": "lake", "topics.dir": "topics", "s3.region": "eu-west-1", "read.timeout": "5s"}
    assert from_properties(S3Store, properties) == S3Store("lake", "topics", region="eu-west-1", read_timeout=5000)


def test_a_store_that_is_not_open_says_so() -> None:
    with pytest.raises(StoreRefusedError, match="not open"):
        asyncio.run(S3Store("lake").head("k"))


def test_no_s3_client_is_imported_before_a_store_is_opened() -> None:
    code = (
        "import sys; from s3sink.storage import S3Store, MemoryStore, LocalStore; S3Store('b');"
        "sys.exit(any(name in sys.modules for name in ('aiobotocore', 'botocore', 'aiohttp')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
