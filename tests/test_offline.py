"""A preview is what the app would write."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink import (
    ConversionError,
    FieldPartitioner,
    FlushSize,
    JsonFormat,
    MaxAge,
    MemoryStore,
    S3Sink,
    S3Store,
    SinkRecord,
    Span,
    TransformError,
)
from s3sink.offline import Message, batch_of, preview

TREE = st.fixed_dictionaries({"n": st.integers(-(2**53), 2**53), "to": st.sampled_from("abc")})


@given(st.lists(TREE, max_size=40), st.integers(1, 50), st.integers(1, 10))
def test_every_message_is_in_exactly_one_object(values: list[Any], flush: int, poll: int) -> None:
    sink = S3Sink(store=MemoryStore(), partitioner=FieldPartitioner("to"), rotation=[FlushSize(flush)])
    batches = [batch_of("t", values[at : at + poll], start=at) for at in range(0, len(values), poll)]
    written = preview(sink, *batches).objects
    lines = [line for content in written.values() for line in content.splitlines()]
    assert sorted(lines) == sorted(batch_of("t", values).values(), key=bytes)  # type: ignore[arg-type]


def test_partitions_do_not_mix() -> None:
    sink = S3Sink(store=MemoryStore(), rotation=[FlushSize(2)])
    batches = [batch_of("t", [{"p": p}], partition=p, start=start) for start in (7, 8) for p in (0, 1)]
    assert preview(sink, *batches).objects == {
        f"t/partition={p}/t+{p}+0000000007.json": b'{"p":%d}\n' % p * 2 for p in (0, 1)
    }


def test_files_that_only_time_would_close_are_closed() -> None:
    sink = S3Sink(store=MemoryStore(), rotation=[MaxAge("1d")], format=JsonFormat(compression="gzip"))
    (content,) = preview(sink, batch_of("t", [{}])).objects.values()
    assert gzip.decompress(content) == b"{}\n"


def test_the_store_of_the_sink_is_not_touched() -> None:
    store = MemoryStore()
    preview(S3Sink(store=store), batch_of("t", [{}]))
    assert preview(S3Sink(store=S3Store("bucket", endpoint="http://127.0.0.1:1")), batch_of("t", [{}])).objects
    assert not store._state.objects


def test_an_error_comes_out_as_it_would_stop_the_app() -> None:
    with pytest.raises(ConversionError, match="offset=1"):
        preview(S3Sink(store=MemoryStore()), batch_of("t", [{}, b"{"]))


def test_what_a_transform_raises_comes_out_with_its_place() -> None:
    def fail(record: SinkRecord) -> SinkRecord:
        raise LookupError("no such customer")

    with pytest.raises(TransformError, match=r"fail: LookupError: no such customer .*offset=0"):
        preview(S3Sink(store=MemoryStore(), transforms=[fail]), batch_of("t", [{}]))


def test_nothing_becomes_nothing() -> None:
    assert preview(S3Sink(store=MemoryStore())).objects == {}
    assert preview(S3Sink(store=MemoryStore()), batch_of("t", [])).objects == {}
    assert preview(S3Sink(store=MemoryStore(), transforms=[lambda _: None]), batch_of("t", [{}])).objects == {}


def test_offsets_go_on_behind_a_gap() -> None:
    batch = batch_of("t", [Message(1), Message(2, offset=10), Message(3)], start=5)
    assert list(batch.offsets) == [5, 10, 11]
    assert batch.span == Span(5, 12)


def test_offsets_do_not_go_back() -> None:
    with pytest.raises(ValueError, match="offset 4 comes behind offset 5"):
        batch_of("t", [Message(1, offset=5), Message(2, offset=4)])


@given(st.datetimes(datetime(1970, 1, 1), datetime(2300, 1, 1), timezones=st.just(UTC)))
def test_a_moment_is_cut_to_milliseconds(moment: datetime) -> None:
    (millis,) = batch_of("t", [Message({}, timestamp=moment)]).timestamps
    assert millis is not None
    assert 0 <= moment.timestamp() * 1000 - millis < 1.01


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        batch_of("t", [Message({}, timestamp=datetime(2026, 1, 1))])


def test_headers_and_keys_are_bytes() -> None:
    batch = batch_of("t", [Message("text", key={"id": 1}, headers={"a": b"1", "b": None})])
    assert (batch.keys(), batch.values()) == ([b'{"id":1}'], [b"text"])
    assert batch.raw_headers(0) == (("a", b"1"), ("b", None))
