"""Each option is said in the requests that it is about, and in no other."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from s3sink.errors import StorageError, StoreRefusedError, StoreUnavailableError
from s3sink.storage import SseC, SseKms, SseS3
from s3sink.testing.proxy import Fault, FaultProxy, Seen
from s3sink.testing.services import SeaweedFS
from tests.storage.recording import LARGE, PART, kind_of, read_back, store_at, while_open, write_both_ways

pytestmark = pytest.mark.broker

KEY = bytes(range(32))
KEY_TEXT = base64.b64encode(KEY).decode()
CREATES = {"put", "initiate"}
SENDS = {"put", "part"}
EVERYWHERE = {"put", "initiate", "part", "complete", "head", "get"}
SSE_C = {
    "x-amz-server-side-encryption-customer-algorithm": "AES256",
    "x-amz-server-side-encryption-customer-key": KEY_TEXT,
    "x-amz-server-side-encryption-customer-key-md5": base64.b64encode(hashlib.md5(KEY).digest()).decode(),
}
KMS = {"x-amz-server-side-encryption": "aws:kms"}
ABOUT_OPTIONS = {
    *SSE_C,
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-acl",
    "x-amz-tagging",
    "content-md5",
}


@pytest.fixture
def proxy(seaweedfs: SeaweedFS) -> Iterator[FaultProxy]:
    with FaultProxy(seaweedfs.endpoint) as running:
        yield running


def said(requests: list[Seen], names: set[str]) -> dict[str, dict[str, str]]:
    """By kind of request, those headers of the last one."""
    return {kind_of(seen): {name: value for name, value in seen.headers.items() if name in names} for seen in requests}


@pytest.mark.parametrize(
    ("options", "headers", "requests"),
    [
        ({}, {}, set[str]()),
        ({"encryption": SseS3()}, {"x-amz-server-side-encryption": "AES256"}, CREATES),
        ({"encryption": SseC(KEY)}, SSE_C, EVERYWHERE),
        ({"acl": "bucket-owner-full-control"}, {"x-amz-acl": "bucket-owner-full-control"}, CREATES),
    ],
    ids=["nothing", "sse-s3", "sse-c", "acl"],
)
def test_an_option_is_said_where_it_belongs(
    seaweedfs: SeaweedFS,
    proxy: FaultProxy,
    bucket: str,
    options: dict[str, Any],
    headers: Mapping[str, str],
    requests: set[str],
) -> None:
    store = store_at(seaweedfs, proxy, bucket, **options)

    async def work() -> None:
        await write_both_ways(store)
        await read_back(store)

    found = said(while_open(store, proxy, work), ABOUT_OPTIONS)
    assert {kind for kind, about in found.items() if about} == requests
    assert all(about in ({}, headers) for about in found.values())
    assert found.keys() >= EVERYWHERE


@pytest.mark.parametrize(
    ("encryption", "headers"),
    [
        (SseKms("alias/lake"), {**KMS, "x-amz-server-side-encryption-aws-kms-key-id": "alias/lake"}),
        (SseKms(), KMS),
    ],
)
def test_a_kms_key_is_said_where_an_object_is_created(
    seaweedfs: SeaweedFS, proxy: FaultProxy, bucket: str, encryption: SseKms, headers: Mapping[str, str]
) -> None:
    """The server has no KMS: what counts is what it was asked for."""
    store = store_at(seaweedfs, proxy, bucket, encryption=encryption)

    async def work() -> None:
        for call in (store.put("k", [b"x"], metadata={}, if_absent=True), store.start_upload("k", metadata={})):
            with suppress(StorageError):
                await call

    proxy.faults.append(Fault("status", "PUT", status=200, times=2))  # the probe of open
    assert said(while_open(store, proxy, work), ABOUT_OPTIONS) == {"put": headers, "initiate": headers}


def test_what_is_encrypted_with_a_customer_key_is_not_read_without_it(
    seaweedfs: SeaweedFS, proxy: FaultProxy, bucket: str
) -> None:
    store = store_at(seaweedfs, proxy, bucket, encryption=SseC(KEY))
    plain, other = replace(store, encryption=None), replace(store, encryption=SseC(bytes(32)))

    async def work() -> None:
        await store.put("k", [b"secret"], metadata={}, if_absent=True)
        for stranger in (plain, other):
            await stranger.open()
            with pytest.raises(StoreRefusedError):
                await stranger.get("k")
            with pytest.raises(StoreRefusedError):
                await stranger.head("k")
            await stranger.close()

    while_open(store, proxy, work)


def test_somebody_elses_object_without_encryption_is_found_out_about(
    seaweedfs: SeaweedFS, proxy: FaultProxy, bucket: str
) -> None:
    plain = store_at(seaweedfs, proxy, bucket)
    store = replace(plain, encryption=SseC(KEY))

    async def work() -> None:
        await plain.open()
        await plain.put("k", [b"theirs"], metadata={"who": "them"}, if_absent=True)
        await plain.close()
        # S3 refuses a customer key for an object without one; this server overlooks it
        proxy.faults.append(Fault("status", "HEAD", status=400, code="InvalidRequest"))
        info = await store.head("k")
        assert info is not None
        assert info.metadata == {"who": "them"}

    heads = [seen.headers for seen in while_open(store, proxy, work) if seen.method == "HEAD" and "/k" in seen.path]
    assert [SSE_C.keys() <= headers.keys() for headers in heads] == [True, False]


# ---------------------------------------------------------------------------------------------- checksums
@pytest.mark.parametrize(
    ("kind", "name", "sums"),
    [
        ("crc32", "x-amz-checksum-crc32", {}),
        ("md5", "content-md5", {body: base64.b64encode(hashlib.md5(body).digest()).decode() for body in (LARGE, PART)}),
    ],
)
def test_every_body_has_one_checksum(
    seaweedfs: SeaweedFS, proxy: FaultProxy, bucket: str, kind: str, name: str, sums: Mapping[bytes, str]
) -> None:
    store = store_at(seaweedfs, proxy, bucket, checksum=kind)

    async def work() -> None:
        await write_both_ways(store)
        await read_back(store)

    both = {"content-md5", "x-amz-checksum-crc32"}
    requests = [seen for seen in while_open(store, proxy, work) if kind_of(seen) in SENDS]
    assert [both & seen.headers.keys() for seen in requests] == [{name}] * 3
    if sums:
        assert [seen.headers[name] for seen in requests] == [sums[LARGE], sums[PART], sums[LARGE]]


@pytest.mark.parametrize("body", [b"small", LARGE, PART], ids=["small", "large", "in a thread"])
def test_a_wrong_md5_is_refused(
    seaweedfs: SeaweedFS, proxy: FaultProxy, bucket: str, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_at(seaweedfs, proxy, bucket, checksum="md5")

    async def work() -> None:
        monkeypatch.setattr("s3sink.storage.s3_body.md5_of", lambda _: base64.b64encode(bytes(16)).decode())
        with pytest.raises(StoreUnavailableError, match="BadDigest"):
            await store.put("k", [body], metadata={}, if_absent=True)

    while_open(store, proxy, work)


# ---------------------------------------------------------------------------------------------- patience
@pytest.mark.parametrize(("asks", "expected"), [(True, {"put", "part"}), (False, set[str]())])
def test_bodies_are_announced_if_wanted(
    seaweedfs: SeaweedFS, proxy: FaultProxy, bucket: str, asks: bool, expected: set[str]
) -> None:
    store = store_at(seaweedfs, proxy, bucket, expect_continue=asks)

    async def work() -> None:
        await write_both_ways(store)
        await store.put("small", [b"x"], metadata={}, if_absent=True)

    requests = while_open(store, proxy, work)
    assert {kind_of(seen) for seen in requests if seen.headers.get("expect") == "100-continue"} == expected
    assert {asks} == {"expect" in seen.headers for seen in requests if kind_of(seen) in SENDS}


@pytest.mark.parametrize("attempts", [1, 2, 4])
def test_a_request_is_made_as_often_as_the_option_says(
    seaweedfs: SeaweedFS, proxy: FaultProxy, bucket: str, attempts: int
) -> None:
    store = store_at(seaweedfs, proxy, bucket, max_attempts=attempts, retry_backoff=1)

    async def work() -> None:
        proxy.faults.append(Fault("status", "PUT", times=None))
        with pytest.raises(StoreUnavailableError):
            await store.put("k", [b"x"], metadata={}, if_absent=True)

    assert len(while_open(store, proxy, work)) == attempts


def test_the_waits_between_attempts_double(
    seaweedfs: SeaweedFS, proxy: FaultProxy, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    store = store_at(seaweedfs, proxy, bucket, max_attempts=9, retry_backoff=500)
    backoff = replace(store._connection._backoff, random=lambda: 1.0, sleep=sleep)
    monkeypatch.setattr(store._connection, "_backoff", backoff)

    async def work() -> None:
        proxy.faults.append(Fault("status", "HEAD", times=None))
        with pytest.raises(StoreUnavailableError):
            await store.head("k")

    while_open(store, proxy, work)
    assert waits == [0.5, 1, 2, 4, 8, 16, 20, 20]


def test_what_is_refused_is_not_asked_again(seaweedfs: SeaweedFS, proxy: FaultProxy, bucket: str) -> None:
    store = store_at(seaweedfs, proxy, bucket, max_attempts=5)

    async def work() -> None:
        proxy.faults.append(Fault("status", "HEAD", status=403, code="AccessDenied", times=None))
        with pytest.raises(StoreRefusedError):
            await store.head("k")

    assert len(while_open(store, proxy, work)) == 1
