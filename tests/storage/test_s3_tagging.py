"""Tags of the user's, beside the tag in which a multipart object has its metadata."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink import generation
from s3sink.errors import ConfigError, ObjectExistsError, StorageError, StoreRefusedError, StoreUnavailableError
from s3sink.storage import Tagging
from s3sink.storage.s3_metadata import MOST_TAGS, from_tags, to_tags
from s3sink.storage.s3_tagging import COMPANION, COUNTED, as_set
from s3sink.testing.proxy import Fault, FaultProxy
from s3sink.testing.services import SeaweedFS
from tests.storage.recording import OPENING, SEALING, kind_of, read_back, store_at, tags_of, while_open, write_both_ways

WHOLE = {**OPENING, **SEALING}
OFFSETS = {"startOffset": "3", "endOffset": "9", "recordCount": "5"}
_ALPHABET = "abcXYZ 0123_.:/=+-@é주"
keys = st.text(_ALPHABET, min_size=1, max_size=128).filter(
    lambda key: not key.startswith(("aws:", "s3sink")) and key not in COUNTED
)


@pytest.fixture
def proxy(seaweedfs: SeaweedFS) -> Iterator[FaultProxy]:
    with FaultProxy(seaweedfs.endpoint) as running:
        yield running


# ---------------------------------------------------------------------------------------------- which
def test_a_file_of_values_says_its_offsets_and_count() -> None:
    assert Tagging().tags_of(WHOLE) == OFFSETS
    assert Tagging({"team": "core"}).tags_of(WHOLE) == {**OFFSETS, "team": "core"}
    assert Tagging({"endOffset": "x"}).tags_of(WHOLE) == {**OFFSETS, "endOffset": "x"}


@pytest.mark.parametrize("metadata", [{}, OPENING, SEALING, {**WHOLE, COMPANION: "keys"}])
def test_nothing_else_is_tagged(metadata: dict[str, str]) -> None:
    assert Tagging({"team": "core"}).tags_of(metadata) == {}


def test_the_names_of_the_metadata_are_those_of_a_generation() -> None:
    assert list(COUNTED.values()) == [generation.FIRST, generation.LAST, generation.COUNT]
    assert generation.KIND == COMPANION


@given(st.dictionaries(keys, st.text(_ALPHABET, max_size=256), max_size=6))
def test_whatever_is_accepted_fits_beside_what_a_sink_has_to_say(pairs: dict[str, str]) -> None:
    tags = Tagging(pairs).tags_of(WHOLE)
    own = to_tags({"s3sink-stop": "9" * 19, "s3sink-digest": "f" * 24}, "k", len(tags))
    assert len(own) + len(tags) <= MOST_TAGS
    assert from_tags(as_set({**own, **tags})).keys() == {"s3sink-stop", "s3sink-digest"}


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"pairs": {"": "x"}}, "pairs"),
        ({"pairs": {"k" * 129: "x"}}, "pairs"),
        ({"pairs": {"k": "x" * 257}}, "pairs"),
        ({"pairs": {"aws:k": "x"}}, "pairs"),
        ({"pairs": {"s3sink": "x"}}, "pairs"),
        ({"pairs": {"a&b": "x"}}, "pairs"),
        ({"pairs": {"a": "{x}"}}, "pairs"),
        ({"pairs": {"s3sink.1": "x"}}, "pairs"),
        ({"pairs": [(str(number), "") for number in range(7)]}, "pairs"),
        ({"on_error": "panic"}, "on_error"),
    ],
)
def test_tags_that_s3_would_never_take_are_named(options: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Tagging(**options)
    assert [problem.key for problem in raised.value.problems] == [key]


def test_the_same_tags_are_the_same_value() -> None:
    assert Tagging({"a": "1", "b": "2"}) == Tagging([("a", "1"), ("b", "2")])
    assert len({Tagging({"a": "1"}), Tagging((("a", "1"),))}) == 1


# ---------------------------------------------------------------------------------------------- how
@pytest.mark.broker
def test_tags_cost_no_request(seaweedfs: SeaweedFS, proxy: FaultProxy, bucket: str) -> None:
    tagging = Tagging({"team + co": "a+b=c/20 @"})
    plain = store_at(seaweedfs, proxy, bucket)
    store = replace(plain, prefix="tagged", tagging=tagging)
    tagged = while_open(store, proxy, lambda: write_both_ways(store))
    assert len(tagged) == len(while_open(plain, proxy, lambda: write_both_ways(plain)))
    assert [kind_of(seen) for seen in tagged if "x-amz-tagging" in seen.headers] == ["put"]


@pytest.mark.broker
def test_tags_and_metadata_are_both_read_back(seaweedfs: SeaweedFS, proxy: FaultProxy, bucket: str) -> None:
    store = store_at(seaweedfs, proxy, bucket, tagging=Tagging({"team + co": "a+b c"}))

    async def work() -> None:
        await write_both_ways(store)
        await read_back(store)
        expected = {**OFFSETS, "team + co": "a+b c"}
        assert await tags_of(store, "one") == expected
        parts = await tags_of(store, "parts")
        assert {key: value for key, value in parts.items() if key in expected} == expected
        assert len(parts) == len(expected) + 1

    while_open(store, proxy, work)


@pytest.mark.broker
def test_files_of_keys_are_not_tagged(seaweedfs: SeaweedFS, proxy: FaultProxy, bucket: str) -> None:
    store = store_at(seaweedfs, proxy, bucket, tagging=Tagging())

    async def work() -> None:
        await store.put("k", [b"x"], metadata={**WHOLE, COMPANION: "keys"}, if_absent=True)
        assert await tags_of(store, "k") == {}

    while_open(store, proxy, work)


# ---------------------------------------------------------------------------------------------- when refused
DENIED = Fault("status", "PUT", path=r"\?tagging", status=403, code="AccessDenied", times=None)


@pytest.mark.broker
def test_refused_tags_of_parts_leave_the_metadata(
    seaweedfs: SeaweedFS, proxy: FaultProxy, bucket: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = store_at(seaweedfs, proxy, bucket, tagging=Tagging())

    async def work() -> None:
        proxy.faults.append(Fault("status", "PUT", path=r"\?tagging", status=400, code="InvalidTag"))
        await write_both_ways(store)
        await read_back(store)
        assert list(await tags_of(store, "parts")) == ["s3sink"]

    with caplog.at_level(logging.WARNING, "s3sink"):
        while_open(store, proxy, work)
    assert "parts has no tags" in caplog.text


@pytest.mark.broker
def test_refused_tags_of_parts_are_an_error_if_wanted(seaweedfs: SeaweedFS, proxy: FaultProxy, bucket: str) -> None:
    store = store_at(seaweedfs, proxy, bucket, tagging=Tagging(on_error="fail"))

    async def work() -> None:
        proxy.faults.append(Fault("status", "PUT", path=r"\?tagging", status=400, code="InvalidTag"))
        with pytest.raises(StorageError, match="Unable to tag S3 object parts") as raised:
            await write_both_ways(store)
        assert not isinstance(raised.value, (StoreRefusedError, StoreUnavailableError))  # both have another meaning
        await read_back(store)

    while_open(store, proxy, work)


@pytest.mark.broker
def test_an_object_whose_tags_are_refused_goes_without_and_no_later_body_is_sent_twice(
    seaweedfs: SeaweedFS, proxy: FaultProxy, bucket: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = store_at(seaweedfs, proxy, bucket, tagging=Tagging())

    async def work() -> None:
        proxy.faults.extend([Fault("status", "PUT", path="first", status=403, code="AccessDenied"), DENIED])
        await store.put("first", [b"x"], metadata=WHOLE, if_absent=True)
        await store.put("second", [b"x"], metadata=WHOLE, if_absent=True)
        proxy.faults.clear()
        await store.put("allowed", [b"x"], metadata=WHOLE, if_absent=True)
        assert [await tags_of(store, key) for key in ("first", "second", "allowed")] == [{}, {}, OFFSETS]

    with caplog.at_level(logging.WARNING, "s3sink"):
        seen = while_open(store, proxy, work)
    writes = [(kind_of(request), request.status) for request in seen if request.method == "PUT"]
    untagged = [("put", 200), ("tags", None)]
    assert writes == [("put", None), *untagged, *untagged, ("put", 200), ("tags", 200)]
    assert "first has no tags" in caplog.text
    assert "s3:PutObjectTagging" in caplog.text


@pytest.mark.broker
def test_an_object_whose_tags_are_refused_is_not_written_if_wanted(
    seaweedfs: SeaweedFS, proxy: FaultProxy, bucket: str
) -> None:
    store = store_at(seaweedfs, proxy, bucket, tagging=Tagging(on_error="fail"))

    async def work() -> None:
        proxy.faults.append(Fault("status", "PUT", status=403, code="AccessDenied"))
        with pytest.raises(StoreRefusedError, match="s3:PutObjectTagging"):
            await store.put("k", [b"x"], metadata=WHOLE, if_absent=True)
        assert await store.head("k") is None

    while_open(store, proxy, work)


@pytest.mark.broker
def test_permission_for_tags_is_tried_out_at_open(seaweedfs: SeaweedFS, proxy: FaultProxy, bucket: str) -> None:
    store = store_at(seaweedfs, proxy, bucket, tagging=Tagging(on_error="fail"))
    proxy.faults.append(Fault("status", "PUT", status=403, code="AccessDenied"))
    with pytest.raises(StoreRefusedError, match="s3:PutObjectTagging"):
        asyncio.run(store.open())
    assert "x-amz-tagging" in next(seen for seen in proxy.seen if seen.method == "PUT").headers


@pytest.mark.broker
@pytest.mark.parametrize("on_error", ["ignore", "fail"])
def test_a_taken_key_is_no_refusal_of_tags(
    seaweedfs: SeaweedFS, proxy: FaultProxy, bucket: str, on_error: Literal["ignore", "fail"]
) -> None:
    store = store_at(seaweedfs, proxy, bucket, tagging=Tagging(on_error=on_error))

    async def work() -> None:
        await store.put("k", [b"first"], metadata=WHOLE, if_absent=True)
        with pytest.raises(ObjectExistsError):
            await store.put("k", [b"second"], metadata=WHOLE, if_absent=True)

    assert len(while_open(store, proxy, work)) == 2
