"""What every object store must do, as checks to run over an implementation of your own.

```python
@pytest.mark.parametrize("check", store_contract.CHECKS, ids=store_contract.name_of)
def test_my_store_keeps_the_contract(check):
    asyncio.run(store_contract.run(check, lambda: MyStore(...)))
```

Each check gets an open store from the factory, which must be empty or have a prefix of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

from s3sink.errors import ObjectExistsError, StorageError, StoreRefusedError
from s3sink.storage import Buffer, ObjectInfo, ObjectStore, ObjectSummary

Check = Callable[[ObjectStore], Awaitable[None]]
Way = Literal["put", "complete"]

PART = 5 * 1024 * 1024
"""The smallest part that S3 takes, but for the last."""

WRITERS = 20
METADATA = {
    "start": "0",
    "stop": "42",
    "empty": "",
    "blanks": "  two  in a row ",
    "signs": "a=b&c%20d+e,\"f\"'g'<h>;{i}\\~|^`",
    "korean": "주문 내역",
    "emoji-key": "🪣\n\t",
}


async def run(check: Check, factory: Callable[[], ObjectStore]) -> None:
    """Open a store, do one check on it, close it."""
    store = factory()
    await store.open()
    try:
        await check(store)
    finally:
        await store.close()


def name_of(check: Check) -> str:
    """The name of a check, for test reports."""
    return str(getattr(check, "__name__", check))


async def create(
    store: ObjectStore, key: str, body: bytes, metadata: dict[str, str], *, way: Way = "put", if_absent: bool = True
) -> None:
    """Create an object in one step, or in parts."""
    if way == "put":
        await store.put(key, [body], metadata=metadata, if_absent=if_absent)
        return
    upload = await store.start_upload(key, metadata={})
    await upload.put_part(1, [body])
    await upload.complete(if_absent=if_absent, metadata=metadata)


async def listed(store: ObjectStore, prefix: str = "") -> list[ObjectSummary]:
    """A whole listing."""
    return [summary async for summary in store.list(prefix)]


async def fails(error: type[StorageError], call: Awaitable[object]) -> StorageError:
    """The error that a call raises; it must be one of this kind."""
    try:
        await call
    except error as raised:
        return raised
    raise AssertionError(f"{error.__name__} was not raised")


# ---------------------------------------------------------------------------------------------- reading and writing
async def what_was_put_is_read_back(store: ObjectStore) -> None:
    """Content, size and metadata."""
    await store.put("a/b+0+0000000000.json", [b"hello"], metadata={"stop": "5"}, if_absent=True)
    assert await store.get("a/b+0+0000000000.json") == b"hello"
    assert await store.head("a/b+0+0000000000.json") == ObjectInfo("a/b+0+0000000000.json", 5, {"stop": "5"})


async def an_empty_object_is_an_object(store: ObjectStore) -> None:
    """No buffers, and buffers without bytes."""
    bodies: dict[str, list[Buffer]] = {"none": [], "empty": [b"", memoryview(b"")]}
    for key, body in bodies.items():
        await store.put(key, body, metadata={}, if_absent=True)
        assert await store.get(key) == b""
        assert await store.head(key) == ObjectInfo(key, 0, {})


async def a_body_may_be_many_buffers_of_any_kind(store: ObjectStore) -> None:
    """bytes, bytearray, memoryviews, slices of them; small together and large together."""
    for size in (3, 100_000):
        whole = bytes(range(256)) * (size // 256 + 1)
        body: list[Buffer] = [whole, bytearray(whole), memoryview(whole)[1:-1], b"", memoryview(bytearray(whole))]
        await store.put("pieces", body, metadata={}, if_absent=False)
        assert await store.get("pieces") == b"".join(body)


async def a_body_of_20_mb_arrives_whole(store: ObjectStore) -> None:
    """Twenty different megabytes, so that a misplaced slice shows."""
    body: list[Buffer] = [number.to_bytes(1, "big") * 1_000_003 for number in range(20)]
    await store.put("big", body, metadata={}, if_absent=True)
    assert await store.get("big") == b"".join(body)


async def metadata_of_any_text_is_kept(store: ObjectStore) -> None:
    """Blanks, signs, other alphabets; in one step and in parts."""
    await create(store, "one", b"x", METADATA)
    await create(store, "parts", b"x", METADATA, way="complete")
    for key in ("one", "parts"):
        info = await store.head(key)
        assert info is not None
        assert dict(info.metadata) == METADATA, key


async def keys_may_have_the_characters_of_hive_paths(store: ObjectStore) -> None:
    """Signs that a URL must escape."""
    key = "topic/day=2026-11-21/name=a b&c%2F,é+주문/t+0+0000000000.json.gz"
    await store.put(key, [b"x"], metadata={}, if_absent=True)
    assert await store.get(key) == b"x"
    assert [summary.key for summary in await listed(store)] == [key]


async def what_is_not_there_has_no_head_and_cannot_be_read(store: ObjectStore) -> None:
    """None from head, StoreRefusedError from get; delete does not mind."""
    assert await store.head("nothing") is None
    error = await fails(StoreRefusedError, store.get("nothing"))
    assert not error.retriable
    await store.delete("nothing")


async def a_deleted_object_is_gone_and_its_key_free(store: ObjectStore) -> None:
    """With its metadata."""
    await create(store, "k", b"old", {"old": "1"})
    await store.delete("k")
    assert await store.head("k") is None
    await create(store, "k", b"new", {"new": "1"})
    assert await store.head("k") == ObjectInfo("k", 3, {"new": "1"})


async def an_unconditional_put_replaces(store: ObjectStore) -> None:
    """Content and metadata."""
    await create(store, "k", b"first", {"n": "1", "only": "first"})
    await create(store, "k", b"second one", {"n": "2"}, if_absent=False)
    assert await store.get("k") == b"second one"
    assert await store.head("k") == ObjectInfo("k", 10, {"n": "2"})


# ---------------------------------------------------------------------------------------------- create once
async def a_conditional_create_leaves_what_is_there(store: ObjectStore) -> None:
    """In one step and in parts, over an object of either kind."""
    for first in ("put", "complete"):
        await create(store, first, b"first", {"n": "1"}, way=first)
        for second in ("put", "complete"):
            error = await fails(ObjectExistsError, create(store, first, b"2", {"n": "2"}, way=second))
            assert (error.key or "").endswith(first)
        assert await store.get(first) == b"first"
        assert await store.head(first) == ObjectInfo(first, 5, {"n": "1"})


async def of_twenty_writers_one_wins(store: ObjectStore) -> None:
    """And the object has the content and the metadata of that one."""
    await _race(store, "put")


async def of_twenty_writers_in_parts_one_wins(store: ObjectStore) -> None:
    """The same, where each completes an upload."""
    await _race(store, "complete")


async def _race(store: ObjectStore, way: Way) -> None:
    names = [str(number) for number in range(WRITERS)]
    results = await asyncio.gather(
        *(create(store, way, name.encode() * 1000, {"writer": name}, way=way) for name in names),
        return_exceptions=True,
    )
    winners = [name for name, result in zip(names, results, strict=True) if result is None]
    assert len(winners) == 1, results
    assert all(result is None or isinstance(result, ObjectExistsError) for result in results), results
    assert await store.get(way) == winners[0].encode() * 1000
    assert await store.head(way) == ObjectInfo(way, len(winners[0]) * 1000, {"writer": winners[0]})


# ---------------------------------------------------------------------------------------------- parts
async def parts_make_one_object_in_the_order_of_their_numbers(store: ObjectStore) -> None:
    """Uploaded at once, in any order; visible only when complete."""
    bodies = {number: bytes([number]) * PART for number in (3, 1, 2)} | {4: b"the end"}
    upload = await store.start_upload("k", metadata={"start": "0"})
    assert upload.key == "k"
    await asyncio.gather(*(upload.put_part(number, [body[:7], body[7:]]) for number, body in bodies.items()))
    assert await store.head("k") is None
    assert await listed(store) == []
    await upload.complete(if_absent=True, metadata={"stop": "9"})
    assert await store.get("k") == b"".join(bodies[number] for number in (1, 2, 3, 4))
    assert await store.head("k") == ObjectInfo("k", 3 * PART + 7, {"start": "0", "stop": "9"})


async def the_later_metadata_wins(store: ObjectStore) -> None:
    """And a part that is uploaded again replaces the first."""
    upload = await store.start_upload("k", metadata={"a": "early", "b": "early"})
    await upload.put_part(1, [b"wrong"])
    await upload.put_part(1, [b"right"])
    await upload.complete(if_absent=True, metadata={"b": "late"})
    assert await store.get("k") == b"right"
    assert await store.head("k") == ObjectInfo("k", 5, {"a": "early", "b": "late"})


async def an_upload_without_parts_is_an_empty_object(store: ObjectStore) -> None:
    """A file may turn out to have no bytes."""
    upload = await store.start_upload("k", metadata={})
    await upload.complete(if_absent=True, metadata={"stop": "1"})
    assert await store.head("k") == ObjectInfo("k", 0, {"stop": "1"})


async def an_aborted_upload_leaves_nothing(store: ObjectStore) -> None:
    """It may be aborted again, and its key is free."""
    upload = await store.start_upload("k", metadata={})
    await upload.put_part(1, [b"x"])
    await upload.abort()
    await upload.abort()
    assert await store.head("k") is None
    await fails(StoreRefusedError, upload.complete(if_absent=True, metadata={}))
    await create(store, "k", b"new", {})


# ---------------------------------------------------------------------------------------------- listing
async def a_listing_is_in_key_order_and_has_the_prefix(store: ObjectStore) -> None:
    """A prefix may end within a name."""
    keys = ["a/1", "a/10", "a/2", "b/x/y", "b/x/z", "ba"]
    for key in reversed(keys):
        await store.put(key, [key.encode()], metadata={}, if_absent=True)
    assert await listed(store) == [ObjectSummary(key, len(key)) for key in keys]
    assert [summary.key for summary in await listed(store, "a/1")] == ["a/1", "a/10"]
    assert [summary.key for summary in await listed(store, "b")] == ["b/x/y", "b/x/z", "ba"]
    assert await listed(store, "c") == []


async def a_listing_has_more_than_one_page(store: ObjectStore) -> None:
    """S3 answers 1,000 keys at a time."""
    keys = [f"many/{number:05d}" for number in range(1105)]
    for start in range(0, len(keys), 50):
        await asyncio.gather(*(store.put(key, [b"x"], metadata={}, if_absent=True) for key in keys[start : start + 50]))
    assert [summary.key for summary in await listed(store, "many/")] == keys


# ---------------------------------------------------------------------------------------------- life
async def a_closed_store_refuses_and_can_be_opened_again(store: ObjectStore) -> None:
    """Closing twice does no harm."""
    await create(store, "k", b"x", {})
    await store.open()
    await store.close()
    await store.close()
    await fails(StoreRefusedError, store.head("k"))
    await store.open()
    assert await store.get("k") == b"x"


async def opening_leaves_no_object(store: ObjectStore) -> None:
    """The probe cleans up behind itself, and the url has no secret."""
    assert await listed(store) == []
    assert "secret" not in store.url


CONDITIONAL: tuple[Check, ...] = (
    a_conditional_create_leaves_what_is_there,
    of_twenty_writers_one_wins,
    of_twenty_writers_in_parts_one_wins,
)
"""For stores whose `open` answers `conditional_create`."""

SLOW: tuple[Check, ...] = (a_listing_has_more_than_one_page,)
"""Seconds, on a real server."""

CHECKS: tuple[Check, ...] = (
    what_was_put_is_read_back,
    an_empty_object_is_an_object,
    a_body_may_be_many_buffers_of_any_kind,
    a_body_of_20_mb_arrives_whole,
    metadata_of_any_text_is_kept,
    keys_may_have_the_characters_of_hive_paths,
    what_is_not_there_has_no_head_and_cannot_be_read,
    a_deleted_object_is_gone_and_its_key_free,
    an_unconditional_put_replaces,
    parts_make_one_object_in_the_order_of_their_numbers,
    the_later_metadata_wins,
    an_upload_without_parts_is_an_empty_object,
    an_aborted_upload_leaves_nothing,
    a_listing_is_in_key_order_and_has_the_prefix,
    a_closed_store_refuses_and_can_be_opened_again,
    opening_leaves_no_object,
    *CONDITIONAL,
    *SLOW,
)
"""The whole contract."""
