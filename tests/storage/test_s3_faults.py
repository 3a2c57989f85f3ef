"""S3Store against a real S3 server behind a proxy that breaks things."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from s3sink.errors import ObjectExistsError, StorageError, StoreRefusedError, StoreUnavailableError
from s3sink.storage import S3Store, s3
from s3sink.storage.s3 import PROBE
from s3sink.storage.s3_body import SMALL
from s3sink.testing.proxy import Fault, FaultProxy
from s3sink.testing.services import SeaweedFS

pytestmark = pytest.mark.broker
BIG = bytes(SMALL + 1)


@pytest.fixture
def proxy(seaweedfs: SeaweedFS) -> Iterator[FaultProxy]:
    with FaultProxy(seaweedfs.endpoint) as running:
        yield running


@pytest.fixture
def store(seaweedfs: SeaweedFS, proxy: FaultProxy, bucket: str) -> S3Store:
    return S3Store(
        bucket,
        "t",
        region="us-east-1",
        endpoint=proxy.endpoint,
        access_key=seaweedfs.access_key,
        secret_key=seaweedfs.secret_key,
        max_attempts=3,
        read_timeout="1s",
    )


def during(store: S3Store, proxy: FaultProxy, work: Callable[[], Awaitable[None]], *faults: Fault) -> None:
    """Open the store, then work while the faults are on."""

    async def main() -> None:
        await store.open()
        proxy.clear()
        proxy.faults.extend(faults)
        try:
            await work()
        finally:
            await store.close()

    asyncio.run(main())


# ---------------------------------------------------------------------------------------------- requests
def test_an_object_is_one_request(store: S3Store, proxy: FaultProxy) -> None:
    async def work() -> None:
        for number, body in enumerate([b"small", BIG]):
            await store.put(str(number), [body], metadata={"stop": "1"}, if_absent=True)

    during(store, proxy, work)
    assert proxy.requests == {"PUT": 2}
    assert [seen.status for seen in proxy.seen] == [200, 200]


def test_a_multipart_object_of_n_parts_is_n_plus_three_requests(store: S3Store, proxy: FaultProxy) -> None:
    async def work() -> None:
        upload = await store.start_upload("k", metadata={"start": "0"})
        await upload.put_part(1, [bytes(5 << 20)])
        await upload.put_part(2, [b"end"])
        await upload.complete(if_absent=True, metadata={"stop": "9"})

    during(store, proxy, work)
    assert proxy.requests == {"POST": 2, "PUT": 2 + 1}


# ---------------------------------------------------------------------------------------------- passing faults
@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", "PUT", times=2),
        Fault("status", "PUT", times=2, status=500, code="InternalError"),
        Fault("reset", "PUT", times=2),
        Fault("delay", "PUT", seconds=0.3),
        Fault("stall", "PUT", seconds=1.5),
    ],
    ids=lambda fault: f"{fault.kind}{fault.status}",
)
@pytest.mark.parametrize("body", [b"small", BIG], ids=["small", "big"])
def test_a_passing_fault_is_not_noticed(store: S3Store, proxy: FaultProxy, fault: Fault, body: bytes) -> None:
    async def work() -> None:
        await store.put("k", [body], metadata={}, if_absent=True)
        assert await store.get("k") == body

    during(store, proxy, work, fault)


@pytest.mark.parametrize("kind", ["status", "reset"])
@pytest.mark.parametrize("operation", ["put", "head", "get", "delete", "list", "start_upload", "complete"])
def test_a_lasting_fault_is_unavailable_and_retriable(
    store: S3Store, proxy: FaultProxy, operation: str, kind: str
) -> None:
    quick = replace(store, max_attempts=1)

    async def work() -> None:
        upload = await quick.start_upload("u", metadata={})
        await upload.put_part(1, [b"x"])
        proxy.faults.append(Fault("status" if kind == "status" else "reset", times=None))
        calls: dict[str, Callable[[], Awaitable[object]]] = {
            "put": lambda: quick.put("k", [BIG], metadata={}, if_absent=True),
            "head": lambda: quick.head("k"),
            "get": lambda: quick.get("k"),
            "delete": lambda: quick.delete("k"),
            "list": lambda: anext(quick.list()),
            "start_upload": lambda: quick.start_upload("k", metadata={}),
            "complete": lambda: upload.complete(if_absent=True, metadata={}),
        }
        with pytest.raises(StoreUnavailableError) as raised:
            await calls[operation]()
        assert raised.value.retriable

    during(quick, proxy, work)


def test_a_server_that_takes_no_more_of_a_body_is_unavailable(store: S3Store, proxy: FaultProxy) -> None:
    quick = replace(store, max_attempts=1, read_timeout="300ms")

    async def work() -> None:
        with pytest.raises(StoreUnavailableError):
            await asyncio.wait_for(quick.put("k", [bytes(40 << 20)], metadata={}, if_absent=True), 5)

    during(quick, proxy, work, Fault("stall", "PUT", seconds=8))


def test_a_server_that_is_not_there_is_unavailable() -> None:
    store = S3Store("b", endpoint="http://127.0.0.1:9", region="x", access_key="a", secret_key="b", max_attempts=1)
    with pytest.raises(StoreUnavailableError, match=r"127\.0\.0\.1:9"):
        asyncio.run(store.open())


# ---------------------------------------------------------------------------------------------- lost answers
@pytest.mark.parametrize("body", [b"small", BIG], ids=["small", "big"])
def test_a_put_whose_answer_was_lost_finds_its_own_object(store: S3Store, proxy: FaultProxy, body: bytes) -> None:
    async def work() -> None:
        with pytest.raises(ObjectExistsError):
            await store.put("k", [body], metadata={"mine": "1"}, if_absent=True)
        info = await store.head("k")
        assert info is not None
        assert info.metadata == {"mine": "1"}

    during(store, proxy, work, Fault("commit_then_reset", "PUT"))
    assert [seen.status for seen in proxy.seen] == [200, 412, 200]


@pytest.mark.parametrize("if_absent", [True, False])
def test_a_complete_whose_answer_was_lost_is_known_again(store: S3Store, proxy: FaultProxy, if_absent: bool) -> None:
    async def work() -> None:
        upload = await store.start_upload("k", metadata={"start": "0"})
        await upload.put_part(1, [b"x"])
        await upload.complete(if_absent=if_absent, metadata={"stop": "9"})
        info = await store.head("k")
        assert info is not None
        assert info.metadata == {"start": "0", "stop": "9"}

    during(store, proxy, work, Fault("commit_then_reset", "POST", path="uploadId="))


def test_tags_that_failed_are_written_when_complete_is_called_again(store: S3Store, proxy: FaultProxy) -> None:
    quick = replace(store, max_attempts=1)

    async def work() -> None:
        upload = await quick.start_upload("k", metadata={})
        await upload.put_part(1, [b"x"])
        with pytest.raises(StoreUnavailableError):
            await upload.complete(if_absent=True, metadata={"stop": "9"})
        await upload.complete(if_absent=True, metadata={"stop": "9"})
        info = await quick.head("k")
        assert info is not None
        assert info.metadata == {"stop": "9"}

    during(quick, proxy, work, Fault("status", "PUT", path=r"\?tagging"))


def test_an_upload_that_lost_is_aborted(store: S3Store, proxy: FaultProxy) -> None:
    async def work() -> None:
        await store.put("k", [b"first"], metadata={}, if_absent=True)
        upload = await store.start_upload("k", metadata={})
        await upload.put_part(1, [b"second"])
        with pytest.raises(ObjectExistsError):
            await upload.complete(if_absent=True, metadata={"stop": "9"})
        with pytest.raises(StoreRefusedError, match="upload is gone"):
            await upload.put_part(2, [b"more"])

    during(store, proxy, work)
    assert proxy.requests["DELETE"] == 1


# ---------------------------------------------------------------------------------------------- refusals
def test_a_body_that_was_damaged_on_the_way_is_refused(
    store: S3Store, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = replace(store, max_attempts=1)

    async def work() -> None:
        upload = await quick.start_upload("u", metadata={})
        monkeypatch.setattr("s3sink.storage.s3_body.crc32_of", lambda body: "AAAAAA==")
        for body in (b"small", BIG):
            with pytest.raises(StorageError, match=r"BadDigest|[Cc]hecksum"):
                await quick.put("k", [body], metadata={}, if_absent=True)
            with pytest.raises(StorageError, match=r"BadDigest|[Cc]hecksum"):
                await upload.put_part(1, [body])
        assert await quick.head("k") is None

    during(quick, proxy, work)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"bucket": "no-such-bucket-here"}, "the bucket does not exist: create it"),
        ({"access_key": "nobody"}, "the access key is unknown"),
        ({"secret_key": "wrong"}, "the secret key does not belong to the access key"),
        ({"access_key": None, "secret_key": None, "profile": "no-such-profile"}, "no-such-profile"),
    ],
)
def test_what_cannot_work_is_refused_at_open_with_one_sentence(
    store: S3Store, options: dict[str, str | None], sentence: str
) -> None:
    with pytest.raises(StoreRefusedError, match=sentence) as raised:
        asyncio.run(replace(store, **options).open())  # type: ignore[arg-type]
    assert "\n" not in str(raised.value)


def test_a_probe_that_may_not_write_names_the_permission(store: S3Store, proxy: FaultProxy) -> None:
    proxy.faults.append(Fault("status", "PUT", status=403, code="AccessDenied", times=None))
    with pytest.raises(StoreRefusedError, match=r"need s3:PutObject .*AccessDenied"):
        asyncio.run(store.open())


def test_a_probe_that_may_not_delete_stays_behind_unseen(
    store: S3Store, proxy: FaultProxy, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        assert (await store.open()).conditional_create
        assert [summary async for summary in store.list()] == []
        await store.close()

    proxy.faults.append(Fault("status", "DELETE", status=403, code="AccessDenied", times=None))
    with caplog.at_level(logging.WARNING, "s3sink"):
        asyncio.run(main())
    assert "s3:DeleteObject" in caplog.text


@pytest.mark.parametrize(("age", "left"), [(timedelta(0), 0), (timedelta(minutes=10), 1)])
def test_probes_that_a_killed_process_left_behind_are_removed_when_they_are_old(
    store: S3Store, monkeypatch: pytest.MonkeyPatch, age: timedelta, left: int
) -> None:
    async def main() -> list[str]:
        await store.open()
        await store.put(f"{PROBE}left", [b"x"], metadata={}, if_absent=False)
        await asyncio.sleep(1.1)  # S3 tells the time in seconds
        await store.open()
        page = await store._connection.ask("list_objects_v2", None, Prefix=store._place.full(PROBE))
        await store.delete(f"{PROBE}left")
        await store.close()
        return [item["Key"] for item in page.get("Contents", ())]

    monkeypatch.setattr(s3, "PROBE_AGE", age)
    assert len(asyncio.run(main())) == left


@pytest.mark.parametrize(
    "faults",
    [
        [Fault("status", "PUT", status=200, times=2)],
        [Fault("status", "PUT", status=501, code="NotImplemented")],
    ],
    ids=["ignored", "not implemented"],
)
def test_a_server_without_conditional_create_is_found_out(
    store: S3Store, proxy: FaultProxy, faults: list[Fault]
) -> None:
    async def main() -> None:
        proxy.faults.extend(faults)
        assert not (await store.open()).conditional_create
        for body in (b"first", b"second"):
            await store.put("k", [body], metadata={}, if_absent=True)
        assert await store.get("k") == b"second"
        await store.close()

    asyncio.run(main())


def test_a_store_belongs_to_the_loop_that_opened_it(store: S3Store) -> None:
    runner = asyncio.Runner()
    runner.run(store.open())
    with pytest.raises(StoreRefusedError, match="event loop"):
        asyncio.run(store.head("k"))
    runner.run(store.close())
    runner.close()
