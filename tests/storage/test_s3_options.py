"""S3Store is a value: valid or not made at all."""

from __future__ import annotations

import asyncio
import base64
import subprocess
import sys
from typing import Any

import pytest

from s3sink.config import from_properties
from s3sink.errors import ConfigError, StoreRefusedError
from s3sink.storage import AssumeRole, Proxy, S3Store, SseC, SseKms, SseS3, Tagging


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
        "import sys; from s3sink.storage import S3Store, SseS3, Tagging, WebIdentity;"
        "S3Store('b', encryption=SseS3(), tagging=Tagging(), credentials=WebIdentity());"
        "sys.exit(any(name in sys.modules for name in ('aiobotocore', 'botocore', 'aiohttp')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ---------------------------------------------------------------------------------------------- options of S3
KEY = bytes(range(32))


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({"acl": "everybody"}, ["acl"]),
        ({"checksum": "sha1"}, ["checksum"]),
        ({"addressing_style": "host"}, ["addressing_style"]),
        ({"encryption": "AES256"}, ["encryption"]),
        ({"tagging": True}, ["tagging"]),
        ({"proxy": "http://proxy"}, ["proxy"]),
        ({"retry_backoff": -1}, ["retry_backoff"]),
        ({"retry_backoff": "soon"}, ["retry_backoff"]),
        ({"accelerate": True, "addressing_style": "path"}, ["accelerate"]),
        ({"accelerate": True, "endpoint": "http://localhost:1"}, ["accelerate"]),
        ({"accelerate": True, "bucket": "data.lake"}, ["accelerate"]),
        ({"encryption": SseC(KEY), "endpoint": "http://s3.example.com"}, ["encryption"]),
        ({"acl": "x", "checksum": "y", "max_attempts": 0}, ["acl", "checksum", "max_attempts"]),
    ],
)
def test_a_wrong_option_of_s3_is_named(options: dict[str, Any], keys: list[str]) -> None:
    with pytest.raises(ConfigError) as raised:
        S3Store(**{"bucket": "lake", **options})
    assert [problem.key for problem in raised.value.problems] == keys


@pytest.mark.parametrize("endpoint", [None, "https://s3.example.com", "http://localhost:9000", "http://[::1]:9000"])
def test_a_customer_key_goes_where_nobody_reads_it(endpoint: str | None) -> None:
    S3Store("lake", endpoint=endpoint, encryption=SseC(KEY))


@pytest.mark.parametrize("key", ["", "a2V5", "=" * 44, "é" * 44, b"", bytes(31), bytes(33), "x" * 32])
def test_a_customer_key_has_256_bits(key: str | bytes) -> None:
    with pytest.raises(ConfigError) as raised:
        SseC(key)
    assert [problem.key for problem in raised.value.problems] == ["key"]


def test_a_customer_key_is_bytes_or_text_and_does_not_show() -> None:
    text = base64.b64encode(KEY).decode()
    assert SseC(KEY) == SseC(text) == SseC(SseC(KEY).key)
    assert text not in repr(S3Store("lake", encryption=SseC(KEY)))


def test_options_are_values() -> None:
    options: dict[str, Any] = {
        "encryption": SseKms("k"),
        "tagging": Tagging({"a": "b"}),
        "proxy": Proxy("http://u:p@proxy"),
        "credentials": AssumeRole("arn:aws:iam::123456789012:role/x"),
    }
    assert len({S3Store("lake", **options), S3Store("lake", **options), S3Store("lake", encryption=SseS3())}) == 2
