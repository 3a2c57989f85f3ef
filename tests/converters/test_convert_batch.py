"""Raw batches become rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.batch import RecordBatch, Span
from s3sink.converters import (
    BytesConverter,
    Converter,
    IntegerConverter,
    JsonConverter,
    SimpleHeaderConverter,
    StringConverter,
    convert_batch,
)
from s3sink.errors import RecordError
from s3sink.record import Header, Headers, SinkRecord, TopicPartition
from s3sink.schema import Schema

SOURCE = TopicPartition("orders", 1)


class Raw(NamedTuple):
    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()


def batch_of(*pairs: tuple[bytes | None, bytes | None]) -> RecordBatch:
    raw = [Raw(10 + i, 1000 + i, key, value) for i, (key, value) in enumerate(pairs)]
    return RecordBatch(SOURCE, Span(8, 10 + len(raw)), raw=raw, nbytes=77)


DATA = st.none() | st.sampled_from(
    [b"1", b'{"a":[1]}', b"{bad", b"", b"\xff", b'{"schema":{"type":"int8"},"payload":1}']
)
CONVERTERS = st.sampled_from([JsonConverter(), JsonConverter(schemas_enable=True), StringConverter(), BytesConverter()])


@given(st.lists(st.tuples(DATA, DATA), max_size=6), CONVERTERS, CONVERTERS)
def test_a_batch_is_what_its_records_are_one_by_one(
    pairs: list[tuple[bytes | None, bytes | None]], keys: Converter, values: Converter
) -> None:
    batch = batch_of(*pairs)
    rows, errors = convert_batch(batch, keys, values)
    assert (rows.span, rows.nbytes) == (batch.span, 77)
    alone = [convert_batch(batch.slice(i, i + 1), keys, values) for i in range(batch.n)]
    assert list(rows.records()) == [row for one, _ in alone for row in one.records()]
    assert [str(e) for e in errors] == [str(e) for _, bad in alone for e in bad]
    assert sorted([*rows.offsets, *(e.offset or 0 for e in errors)]) == list(batch.offsets)


def test_a_row_has_everything_that_the_record_had() -> None:
    raw = [Raw(5, -1, b'"k"', b'{"a":1}', [("h", b"x"), ("n", None)]), Raw(7, 99, None, None)]
    rows, errors = convert_batch(RecordBatch(SOURCE, Span(5, 9), raw=raw), JsonConverter(), JsonConverter())
    assert not errors
    assert list(rows.records()) == [
        SinkRecord(SOURCE, 5, None, "orders", "k", {"a": 1}, (Header("h", b"x"), Header("n", None))),
        SinkRecord(SOURCE, 7, 99, "orders"),
    ]


def test_a_bad_key_counts_once_and_names_its_stage() -> None:
    rows, errors = convert_batch(batch_of((b"{", b"{"), (b"1", b"{"), (b"1", b"2")), JsonConverter(), JsonConverter())
    assert [row.value for row in rows.records()] == [2]
    assert [(e.offset, e.at_stage, e.executing) for e in errors] == [
        (10, "KEY_CONVERTER", "JsonConverter"),
        (11, "VALUE_CONVERTER", "JsonConverter"),
    ]
    assert all(e.source == SOURCE and e.__cause__ is not None for e in errors)


def test_schemas_of_envelopes_reach_the_rows() -> None:
    text = orjson.dumps({"schema": {"type": "string"}, "payload": "x"})
    rows, _ = convert_batch(batch_of((b"k", text), (b"l", text)), StringConverter(), JsonConverter(schemas_enable=True))
    first, second = rows.records()
    assert (first.key, first.key_schema) == ("k", Schema(type="string", optional=True))
    assert (first.value, first.value_schema) == ("x", Schema(type="string"))
    assert first.value_schema is second.value_schema


class Picky:
    """A converter of the user's own, with an error of its own."""

    def convert(self, topic: str, data: bytes | None, headers: Headers) -> tuple[Schema | None, Any]:
        if data == b"no":
            raise KeyError("no")
        return None, (topic, data, headers)


def test_any_exception_of_a_converter_belongs_to_one_record() -> None:
    rows, errors = convert_batch(batch_of((None, b"yes"), (None, b"no")), BytesConverter(), Picky())
    assert [row.value for row in rows.records()] == [("orders", b"yes", ())]
    assert [str(e) for e in errors] == ["VALUE_CONVERTER in Picky: KeyError: 'no' (topic=orders partition=1 offset=11)"]
    assert isinstance(errors[0], RecordError)


class OneByOne:
    """Another converter, unknown to any short cut."""

    def __init__(self, converter: Converter) -> None:
        self.convert = converter.convert


@given(st.lists(st.tuples(DATA, DATA), max_size=6), CONVERTERS, CONVERTERS)
def test_short_cuts_give_what_the_converter_gives(
    pairs: list[tuple[bytes | None, bytes | None]], keys: Converter, values: Converter
) -> None:
    rows, errors = convert_batch(batch_of(*pairs), keys, values)
    slow_rows, slow_errors = convert_batch(batch_of(*pairs), OneByOne(keys), OneByOne(values))
    assert list(rows.records()) == list(slow_rows.records())
    assert [(e.offset, e.reason) for e in errors] == [(e.offset, e.reason) for e in slow_errors]


# ---------------------------------------------------------------------------------------------- headers
def with_headers(*rows: Sequence[tuple[str, bytes | None]], value: bytes = b"1") -> RecordBatch:
    raw = [Raw(10 + i, 1000 + i, b"1", value, headers) for i, headers in enumerate(rows)]
    return RecordBatch(SOURCE, Span(10, 10 + len(raw)), raw=raw)


def test_headers_get_the_values_and_schemas_of_their_converter() -> None:
    batch = with_headers([("n", b"300"), ("n", None), ("t", b"x")], [])
    rows, errors = convert_batch(batch, BytesConverter(), BytesConverter(), SimpleHeaderConverter())
    assert not errors
    assert [row.headers for row in rows.records()] == [
        (Header("n", 300, Schema(type="int16")), Header("n", None), Header("t", "x", Schema(type="string"))),
        (),
    ]


def test_a_bad_header_fails_its_record_and_no_other() -> None:
    batch = with_headers([("n", b"\0\0\0\5")], [("n", b"\0\0\0\5"), ("m", b"bad")], [])
    rows, errors = convert_batch(batch, BytesConverter(), BytesConverter(), IntegerConverter())
    assert [row.offset for row in rows.records()] == [10, 12]
    assert rows.span == batch.span
    assert [(e.offset, e.at_stage, e.executing, e.reason) for e in errors] == [
        (11, "HEADER_CONVERTER", "IntegerConverter", "Failed to deserialize integer: ")
    ]


@pytest.mark.parametrize(
    ("key", "value", "stage"),
    [(b"{", b"{", "KEY_CONVERTER"), (b"1", b"{", "VALUE_CONVERTER"), (b"1", b"1", "HEADER_CONVERTER")],
)
def test_a_record_counts_once_for_what_was_bad_first(key: bytes, value: bytes, stage: str) -> None:
    batch = RecordBatch(SOURCE, Span(5, 6), raw=[Raw(5, 0, key, value, [("h", b"{")])])
    rows, errors = convert_batch(batch, JsonConverter(), JsonConverter(), JsonConverter())
    assert (list(rows.records()), [error.at_stage for error in errors]) == ([], [stage])


class Untouchable:
    """A converter that nobody may call."""

    def convert(self, topic: str, data: bytes | None, headers: Headers) -> tuple[Schema | None, Any]:
        raise AssertionError("there is no header to convert")


def test_without_headers_their_converter_is_not_called() -> None:
    rows, errors = convert_batch(with_headers([], []), BytesConverter(), BytesConverter(), Untouchable())
    assert (rows.n, errors) == (2, [])


def test_a_header_converter_sees_all_headers_of_its_record_as_bytes() -> None:
    rows, _ = convert_batch(with_headers([("a", b"1"), ("b", None)]), BytesConverter(), BytesConverter(), Picky())
    seen = (Header("a", b"1"), Header("b", None))
    assert rows.records()[0].headers == (Header("a", ("orders", b"1", seen)), Header("b", ("orders", None, seen)))
