"""The way to S3: through a proxy, and under which name."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.config import from_properties
from s3sink.errors import ConfigError, StorageError, StoreRefusedError, StoreUnavailableError
from s3sink.storage import Proxy, S3Store
from s3sink.testing.proxy import Fault, FaultProxy
from s3sink.testing.services import SeaweedFS
from tests.storage.recording import read_back, store_at, while_open, write_both_ways

KEYS: dict[str, Any] = {"access_key": "a", "secret_key": "b", "max_attempts": 1}


@pytest.fixture
def closed() -> Iterator[FaultProxy]:
    """A proxy that lets nothing through."""
    with FaultProxy("http://127.0.0.1:1", [Fault("status", times=None)]) as running:
        yield running


@pytest.mark.parametrize(
    ("given", "address"),
    [
        (Proxy("http://proxy:3128"), "http://proxy:3128"),
        (Proxy("https://proxy:3128"), "https://proxy:3128"),
        (Proxy("http://proxy"), "http://proxy"),
        (Proxy("http://proxy:3128", "me", "p@ss:/?#"), "http://me:p%40ss%3A%2F%3F%23@proxy:3128"),
        (Proxy("http://me:p%40ss@proxy:3128"), "http://me:p%40ss@proxy:3128"),
        (Proxy("http://me:theirs@proxy:3128", password="mine"), "http://me:mine@proxy:3128"),
        (Proxy("http://me@proxy:3128"), "http://me@proxy:3128"),
        (Proxy("http://proxy:3128/"), "http://proxy:3128"),
        (Proxy("http://[::1]:3128"), "http://[::1]:3128"),
    ],
)
def test_a_proxy_has_one_address(given: Proxy, address: str) -> None:
    assert given.address() == address


@pytest.mark.parametrize(
    ("url", "options", "key"),
    [
        ("proxy:3128", {}, "url"),
        ("", {}, "url"),
        ("ftp://proxy", {}, "url"),
        ("http://", {}, "url"),
        ("http://me:hush@proxy:port", {}, "url"),
        ("http://me:hush@[proxy", {}, "url"),
        ("http://proxy", {"password": "hush"}, "user"),
    ],
)
def test_a_wrong_proxy_is_named_without_its_password(url: str, options: dict[str, str], key: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Proxy(url, **options)
    assert [problem.key for problem in raised.value.problems] == [key]
    assert "hush" not in str(raised.value)


@given(st.text())
def test_the_password_of_a_proxy_does_not_show(password: str) -> None:
    store = S3Store("lake", proxy=Proxy("http://proxy:3128", "user", "hush" + password))
    assert "hush" not in repr(store)


def test_properties_make_a_proxy() -> None:
    properties = {"s3.proxy.url": "http://proxy:1", "s3.proxy.user": "u", "s3.proxy.password": "p"}
    assert from_properties(Proxy, properties) == Proxy("http://proxy:1", "u", "p")


# ---------------------------------------------------------------------------------------------- requests
@pytest.mark.broker
def test_all_requests_go_through_the_proxy(seaweedfs: SeaweedFS, bucket: str) -> None:
    with FaultProxy(seaweedfs.endpoint) as proxy:
        way = Proxy(proxy.endpoint, "me", "p@ss:word")
        store = replace(store_at(seaweedfs, proxy, bucket), endpoint=seaweedfs.endpoint, proxy=way)

        async def work() -> None:
            await write_both_ways(store)
            await read_back(store)

        seen = while_open(store, proxy, work)
    assert all(request.path.startswith(f"{seaweedfs.endpoint}/{bucket}/t/") for request in seen)
    login = "Basic " + base64.b64encode(b"me:p@ss:word").decode()
    assert {request.headers["proxy-authorization"] for request in seen} == {login}
    assert {request.status for request in seen} == {200}


@pytest.mark.parametrize(
    ("bucket", "options", "url"),
    [
        ("lake", {"addressing_style": "path"}, "http://s3.test:9000/lake"),
        ("lake", {"addressing_style": "virtual"}, "http://lake.s3.test:9000/"),
        ("data.lake", {"addressing_style": "path"}, "http://s3.test:9000/data.lake"),
    ],
)
def test_at_another_server_the_bucket_is_in_path_or_host(
    closed: FaultProxy, bucket: str, options: dict[str, Any], url: str
) -> None:
    where: dict[str, Any] = {"region": "us-east-1", "endpoint": "http://s3.test:9000"}
    store = S3Store(bucket, proxy=Proxy(closed.endpoint), **where, **KEYS, **options)
    with pytest.raises(StoreUnavailableError):
        asyncio.run(store.open())
    assert closed.seen[0].path == url
    assert "/us-east-1/s3/" in closed.seen[0].headers["authorization"]


@pytest.mark.parametrize(
    ("options", "host"),
    [
        ({"region": "eu-west-1"}, "lake.s3.eu-west-1.amazonaws.com"),
        ({"region": "eu-west-1", "addressing_style": "virtual"}, "lake.s3.eu-west-1.amazonaws.com"),
        ({"region": "eu-west-1", "addressing_style": "path"}, "s3.eu-west-1.amazonaws.com"),
        ({"region": "cn-north-1", "addressing_style": "path"}, "s3.cn-north-1.amazonaws.com.cn"),
        ({"region": "eu-west-1", "accelerate": True}, "lake.s3-accelerate.amazonaws.com"),
        (
            {"region": "eu-west-1", "accelerate": True, "addressing_style": "virtual"},
            "lake.s3-accelerate.amazonaws.com",
        ),
    ],
)
def test_at_aws_the_options_decide_on_the_host(closed: FaultProxy, options: dict[str, Any], host: str) -> None:
    store = S3Store("lake", proxy=Proxy(closed.endpoint, "me", "hush"), **KEYS, **options)
    with pytest.raises(StorageError) as raised:
        asyncio.run(store.open())
    assert {(seen.method, seen.path) for seen in closed.seen} == {("CONNECT", f"{host}:443")}
    assert closed.seen[0].headers["proxy-authorization"] == "Basic " + base64.b64encode(b"me:hush").decode()
    assert "hush" not in str(raised.value)


def test_a_proxy_that_wants_to_know_who_it_is_is_a_refusal(closed: FaultProxy) -> None:
    closed.faults[:] = [Fault("status", status=407, code="ProxyAuthenticationRequired", times=None)]
    store = S3Store("lake", region="eu-west-1", proxy=Proxy(closed.endpoint), **KEYS)
    with pytest.raises(StoreRefusedError, match="`proxy`"):
        asyncio.run(store.open())


def test_a_proxy_that_is_not_there_is_unavailable_and_its_password_untold() -> None:
    store = S3Store("lake", region="eu-west-1", proxy=Proxy("http://127.0.0.1:9", "me", "hush"), **KEYS)
    with pytest.raises(StoreUnavailableError) as raised:
        asyncio.run(store.open())
    assert "hush" not in str(raised.value)
    assert "127.0.0.1:9" in str(raised.value)
