"""Hypothesis strategies that the tests share, and that users may take for tests of their own transforms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from s3sink.batch import RecordBatch, Span
from s3sink.connect_json import shortest_float32
from s3sink.record import Header, Headers, SinkRecord, TopicPartition
from s3sink.schema import DATE, DECIMAL, TIME, TIMESTAMP, Field, Schema
from s3sink.testing.broker import FakeRecord

SOURCE = TopicPartition("orders", 0)

#: Milliseconds since the epoch, from 1970 to 2100.
timestamps = st.integers(0, 4_102_444_800_000)
#: What JSON can say, numbers within 64 bits.
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
json_objects: st.SearchStrategy[dict[str, Any]] = st.dictionaries(st.text(max_size=6), json_values, max_size=5)


def raw_headers(max_size: int = 3) -> st.SearchStrategy[tuple[tuple[str, bytes | None], ...]]:
    """Headers as read."""
    return st.lists(st.tuples(st.text(max_size=6), st.none() | st.binary(max_size=8)), max_size=max_size).map(tuple)


def headers(max_size: int = 3) -> st.SearchStrategy[Headers]:
    """Headers of a row."""
    return raw_headers(max_size).map(lambda pairs: tuple(Header(key, value) for key, value in pairs))


@st.composite
def offsets(draw: st.DrawFn, max_size: int = 20, start: int = 0) -> list[int]:
    """Increasing offsets, mostly without gaps."""
    gaps = draw(st.lists(st.sampled_from([1, 1, 1, 1, 2, 5]), max_size=max_size))
    at, found = start - 1, []
    for gap in gaps:
        at += gap
        found.append(at)
    return found


@st.composite
def records(
    draw: st.DrawFn, values: st.SearchStrategy[Any] = json_objects, source: TopicPartition = SOURCE, offset: int = 0
) -> SinkRecord:
    """A row without schemas."""
    timestamp, key = draw(st.none() | timestamps), draw(st.none() | st.binary(max_size=8))
    return SinkRecord(source, offset, timestamp, source.topic, key, draw(values), draw(headers()))


@st.composite
def _span(draw: st.DrawFn, at: Sequence[int]) -> Span:
    """A span around these offsets."""
    first, last = (at[0], at[-1]) if at else (0, 0)
    return Span(max(0, first - draw(st.integers(0, 2))), last + 1 + draw(st.integers(0, 2)))


@st.composite
def row_batches(
    draw: st.DrawFn, values: st.SearchStrategy[Any] = json_objects, max_size: int = 20, source: TopicPartition = SOURCE
) -> RecordBatch:
    """Rows with gaps between their offsets and around them."""
    at = draw(offsets(max_size))
    rows = [draw(records(values, source, offset)) for offset in at]
    return RecordBatch(source, draw(_span(at)), rows=rows, nbytes=100 * len(rows))


@st.composite
def raw_batches(
    draw: st.DrawFn,
    values: st.SearchStrategy[bytes | None],
    max_size: int = 20,
    source: TopicPartition = SOURCE,
) -> RecordBatch:
    """Raw records with gaps between their offsets and around them."""
    at = draw(offsets(max_size))
    raw = [
        FakeRecord(offset, draw(st.none() | timestamps), draw(st.none() | st.binary(max_size=8)), draw(values),
                   draw(raw_headers()))
        for offset in at
    ]  # fmt: skip
    return RecordBatch(source, draw(_span(at)), raw=list(raw), nbytes=sum(len(r.value or b"") for r in raw))


# ---------------------------------------------------------------------------------------------- values with a schema
Typed = tuple[Schema, st.SearchStrategy[Any]]
"""A schema with a strategy for its values."""


def _integers(bits: int) -> Typed:
    return Schema(type=f"int{bits}"), st.integers(-(1 << bits - 1), (1 << bits - 1) - 1)  # type: ignore[arg-type]


def _decimal(unscaled: int) -> Decimal:
    return Decimal((int(unscaled < 0), tuple(map(int, str(abs(unscaled)))), -2))


#: One of each type that holds no others, logical types included; floats are finite, Decimals have a scale of 2.
scalar_types: dict[str, Typed] = {
    **{f"int{bits}": _integers(bits) for bits in (8, 16, 32, 64)},
    "float32": (
        Schema(type="float32"),
        st.floats(width=32, allow_nan=False, allow_infinity=False).map(shortest_float32),
    ),
    "float64": (Schema(type="float64"), st.floats(allow_nan=False, allow_infinity=False)),
    "boolean": (Schema(type="boolean"), st.booleans()),
    "string": (Schema(type="string"), st.text()),
    "bytes": (Schema(type="bytes"), st.binary()),
    "decimal": (
        Schema(type="bytes", name=DECIMAL, version=1, parameters=(("scale", "2"),)),
        st.integers(-(10**40), 10**40).map(_decimal),
    ),
    "date": (Schema(type="int32", name=DATE, version=1), st.dates()),
    "time": (
        Schema(type="int32", name=TIME, version=1),
        st.integers(0, 86_399_999).map(lambda ms: (datetime.min + timedelta(milliseconds=ms)).time()),
    ),
    "timestamp": (
        Schema(type="int64", name=TIMESTAMP, version=1),
        st.integers(-(10**13), 10**13).map(lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)),
    ),
}


def _optional(inner: Typed) -> Typed:
    return inner[0].replace(optional=True), st.none() | inner[1]


def _array(inner: Typed) -> Typed:
    return Schema(type="array", items=inner[0]), st.lists(inner[1], max_size=3)


def _map(keys: str, inner: Typed) -> Typed:
    key_schema, key_values = scalar_types[keys]
    return Schema(type="map", keys=key_schema, items=inner[0]), st.dictionaries(key_values, inner[1], max_size=3)


def _struct(members: list[Typed]) -> Typed:
    fields = tuple(Field(f"f{i}", schema) for i, (schema, _) in enumerate(members))
    values = st.fixed_dictionaries({f"f{i}": strategy for i, (_, strategy) in enumerate(members)})
    return Schema(type="struct", fields=fields, name="row", doc="a row", version=3), values


#: Every kind of schema, nested too, each with a strategy for its values.
value_types: st.SearchStrategy[Typed] = st.recursive(
    st.sampled_from(sorted(scalar_types)).map(scalar_types.__getitem__),
    lambda inner: (
        inner.map(_optional)
        | inner.map(_array)
        | inner.map(lambda typed: _map("string", typed))
        | inner.map(lambda typed: _map("int32", typed))
        | st.lists(inner, max_size=4).map(_struct)
    ),
    max_leaves=6,
)
#: Pairs of a schema and a value of it.
typed_values: st.SearchStrategy[tuple[Schema, Any]] = value_types.flatmap(
    lambda typed: st.tuples(st.just(typed[0]), typed[1])
)
