"""Rows define, batches accelerate: a chain gives the same lines, routes and errors either way."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.batch import RecordBatch, Span
from s3sink.converters import BytesConverter, JsonConverter
from s3sink.formats import JsonFormat
from s3sink.metrics import CountingMetrics
from s3sink.partitioners import DefaultPartitioner, FieldPartitioner, HourlyPartitioner, Partitioner, RecordField
from s3sink.pipeline import NullValues, Pipeline
from s3sink.record import SinkRecord, TopicPartition
from s3sink.transforms import (
    Cast,
    Chain,
    Drop,
    ExtractField,
    Filter,
    FilterByCondition,
    Flatten,
    HasHeaderKey,
    HoistField,
    InsertField,
    MaskField,
    MessageTimestampRouter,
    NestedReplaceField,
    RecordIsTombstone,
    RegexRouter,
    ReplaceField,
    TimestampConverter,
    TombstoneHandler,
    TopicNameMatches,
    TransformLike,
    When,
)

SOURCE = TopicPartition("orders.eu", 3)
CHOICES: list[TransformLike] = [
    MaskField(["a"]),
    MaskField(["a", "b"], replacement="7"),
    ReplaceField(exclude=["b"]),
    ReplaceField(include=["a", "c"], renames=["a:z"]),
    InsertField(offset_field="o", static_field="a", static_value="s"),
    InsertField(topic_field="t", partition_field="p", timestamp_field="ts"),
    RegexRouter(r"orders\.(.*)", "$1.orders"),
    When(RecordIsTombstone(), MaskField(["b"]), negate=True),
    When(HasHeaderKey("h"), ReplaceField(exclude=["a"])),
    When(TopicNameMatches("orders.*"), MaskField(["c"])),
    Cast(["a:string", "c:int32"]),
    ExtractField("a"),
    Filter(),
    When(TopicNameMatches("eu.*"), Filter()),
    Flatten("_"),
    HoistField("a"),
    TimestampConverter("string", "a", "yyyy-MM-dd HH:mm:ss.SSS"),
    TimestampConverter("unix", "b", "'x'", unix_precision="seconds"),
    Drop(),
    FilterByCondition("$[?(@.a > 0 || @.b == 'x')]", "include"),
    FilterByCondition("$.c[?(@.a)]", "exclude", missing_or_null_behavior="include"),
    FilterByCondition("$..b", "exclude", missing_or_null_behavior="exclude"),
    MessageTimestampRouter("yyyy", "'x'", ["b"]),
    NestedReplaceField(exclude=["b.a", "c"], renames=["b:z", "b.c:a"]),
    NestedReplaceField(include=["a", "c.b"]),
    TombstoneHandler("ignore"),
    TombstoneHandler("fail"),
]


class Raw(msgspec.Struct):
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


def same(record: SinkRecord) -> SinkRecord:
    """Nothing but a function: a chain with one in it goes by rows."""
    return record


scalars: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers() | st.text() | st.just("x")
scalars |= st.floats(allow_nan=False, allow_infinity=False)
members = st.sampled_from("abc") | st.text(max_size=2)
documents = st.dictionaries(members, scalars | st.lists(scalars, max_size=2) | st.dictionaries(members, scalars))
texts = (
    documents.map(msgspec.json.encode)
    | scalars.map(msgspec.json.encode)
    | st.sampled_from(
        [b"", b" ", b"null", b" null ", b"null x", b"{bad", b'{"a":01}', b'{"a":1} {', b"\xff", b'"\xff"']
    )
)
values = st.lists(st.none() | documents.map(msgspec.json.encode), max_size=4) | st.lists(st.none() | texts, max_size=4)


@st.composite
def batches(draw: st.DrawFn) -> RecordBatch:
    raw = [
        Raw(
            offset,
            draw(st.sampled_from([-1, 1_700_000_000_000])),
            None,
            value,
            draw(st.sampled_from([[], [("h", b"")]])),
        )
        for offset, value in enumerate(draw(values), 10)
    ]
    return RecordBatch(SOURCE, Span(10, 10 + len(raw)), raw=raw)


def outcome(batch: RecordBatch, transforms: list[TransformLike], partitioner: Partitioner, nulls: NullValues) -> Any:
    metrics = CountingMetrics()
    pipeline = Pipeline(JsonConverter(), BytesConverter(), Chain(transforms), partitioner, JsonFormat(), nulls, metrics)
    prepared = asyncio.run(pipeline.run(batch, 0))
    lines = [
        (record_offset, routed.route_at(index), msgspec.json.decode(line))
        for routed in prepared.routed
        for index, (record_offset, line) in enumerate(
            zip(routed.batch.offsets, routed.batch.encoded() or [], strict=True)
        )
    ]
    return lines, sorted((e.offset, e.reason) for e in prepared.errors), metrics.counters


PARTITIONERS: list[Partitioner] = [
    DefaultPartitioner(),
    FieldPartitioner("a"),
    FieldPartitioner("b.a", "c"),
    HourlyPartitioner(extractor=RecordField("a")),
]


@given(
    batches(),
    st.lists(st.sampled_from(CHOICES), max_size=4),
    st.sampled_from(PARTITIONERS),
    st.sampled_from(["fail", "ignore"]),
)
def test_a_chain_by_batches_agrees_with_the_chain_by_rows(
    batch: RecordBatch, transforms: list[TransformLike], partitioner: Partitioner, nulls: NullValues
) -> None:
    by_rows = outcome(batch, [*transforms, same], partitioner, nulls)
    assert outcome(batch, transforms, partitioner, nulls) == by_rows


@pytest.mark.parametrize("transform", CHOICES, ids=repr)
def test_clean_batches_do_not_become_rows(transform: TransformLike) -> None:
    raw = [Raw(n, 1, None, b'{"a":1,"b":"x","c":1.5}', []) for n in range(3)]
    done = Chain([transform]).apply_batch(RecordBatch(SOURCE, Span(0, 3), raw=raw))
    assert done is not None
    assert done.is_raw


def test_the_source_batch_is_not_changed() -> None:
    raw = [Raw(0, 1, None, b'{"a":1}', [])]
    batch = RecordBatch(SOURCE, Span(0, 1), raw=raw)
    Chain([MaskField(["a"]), RegexRouter(".*", "x")]).apply_batch(batch)
    assert (batch.values(), batch.topic, batch.documents()) == ([b'{"a":1}'], "orders.eu", [{"a": 1}])


def test_documents_are_given_away_once() -> None:
    batch = RecordBatch(SOURCE, Span(0, 1), raw=[Raw(0, 1, None, b"1", [])]).with_documents([2])
    assert batch.documents() == [2]
    with pytest.raises(RuntimeError, match="given away"):
        batch.documents()


def test_transforms_of_keys_go_by_rows() -> None:
    assert not Chain([MaskField(["a"], of="key")]).takes_batches
    assert not Chain([When(lambda record: True, MaskField(["a"]))]).takes_batches
