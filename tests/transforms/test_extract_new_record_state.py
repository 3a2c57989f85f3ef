"""Debezium's unwrap, with schema, without, and as text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3sink.batch import RecordBatch, Span
from s3sink.config import from_properties
from s3sink.converters import BytesConverter, JsonConverter, convert_batch
from s3sink.errors import ConfigError, TransformError
from s3sink.record import SinkRecord, TopicPartition
from s3sink.schema import Field, Schema
from s3sink.transforms import Chain, ExtractNewRecordState

SOURCE = TopicPartition("db.inventory.customers", 0)
UNWRAP, DROP = ExtractNewRecordState(), ExtractNewRecordState("drop")
ROW = Schema(
    type="struct",
    name="db.Value",
    optional=True,
    fields=(Field("id", Schema(type="int32")), Field("note", Schema(type="string", optional=True, default="d"))),
)
BEFORE, AFTER = {"id": 1, "note": "old"}, {"id": 1, "note": None}


def envelope_schema(*names: str, name: str = "db.Envelope") -> Schema:
    return Schema(type="struct", name=name, fields=tuple(Field(n, ROW) for n in names))


ENVELOPE = envelope_schema("before", "after")


def event(op: str, before: Any, after: Any) -> dict[str, Any]:
    return {"before": before, "after": after, "source": {"table": "customers"}, "op": op, "ts_ms": 1}


def record(value: Any, schema: Schema | None = None) -> SinkRecord:
    return SinkRecord(SOURCE, 42, 1500, SOURCE.topic, {"id": 1}, value, (), None, schema)


@pytest.mark.parametrize("op", ["c", "r", "u", "x"])
def test_a_change_becomes_the_row_with_a_required_schema(op: str) -> None:
    result = UNWRAP.apply(record(event(op, BEFORE, AFTER), ENVELOPE))
    assert result == record(AFTER, ROW.replace(optional=False))


@pytest.mark.parametrize("schema", [None, ENVELOPE])
def test_a_delete_becomes_a_record_without_value_or_is_dropped(schema: Schema | None) -> None:
    delete = record(event("d", BEFORE, None), schema)
    assert UNWRAP.apply(delete) == record(None, schema and ROW)
    assert DROP.apply(delete) is None


@pytest.mark.parametrize("value", [event("t", None, None), None])
@pytest.mark.parametrize("schema", [None, ENVELOPE])
def test_truncates_and_tombstones_are_dropped(value: Any, schema: Schema | None) -> None:
    assert UNWRAP.apply(record(value, schema)) is None


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ({"ts_ms": 1}, Schema(type="struct", name="io.debezium.connector.common.Heartbeat")),
        (event("c", None, AFTER), envelope_schema("before", "after", name="db.Value")),
        ({"ts_ms": 1}, None),
        ("text", None),
        ({"id": 1, "op": "c", "after": {"id": 2}, "before": None}, None),
        ({"op": ["c"], "source": {}, "before": None, "after": None}, None),
        ({"op": "m", "source": {}, "message": {}, "ts_ms": 1}, None),
        (event("c", None, "a column named after"), None),
    ],
)
def test_what_is_no_change_event_goes_on_unchanged(value: Any, schema: Schema | None) -> None:
    given_record = record(value, schema)
    assert UNWRAP.apply(given_record) is given_record


def test_debeziums_own_class_leaves_what_has_no_schema() -> None:
    given_record = record(event("c", None, AFTER))
    assert UNWRAP.apply(given_record) == record(AFTER)
    assert ExtractNewRecordState(schemaless=False).apply(given_record) is given_record


@pytest.mark.parametrize(
    ("value", "schema", "complaint"),
    [
        (
            "x",
            Schema(type="string", name="x.Envelope"),
            r"Only Struct objects supported for \[field extraction\], found: java",
        ),
        ({"before": BEFORE}, envelope_schema("before"), "Unknown field: after"),
        ({"after": None}, envelope_schema("after"), "Unknown field: before"),
    ],
)
def test_an_envelope_that_is_none_is_refused(value: Any, schema: Schema, complaint: str) -> None:
    with pytest.raises(TransformError, match=complaint):
        UNWRAP.apply(record(value, schema))


def test_options_have_debeziums_names() -> None:
    assert from_properties(ExtractNewRecordState, {"delete.tombstone.handling.mode": "drop"}) == DROP
    with pytest.raises(ConfigError):
        from_properties(ExtractNewRecordState, {"delete.tombstone.handling.mode": "bogus"})


# ---------------------------------------------------------------------------------------------- as text
class Raw(NamedTuple):
    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()


ROWS = st.none() | st.dictionaries(
    st.sampled_from(["id", "op", "näme", "after"]), st.integers() | st.text() | st.none()
)
EVENTS = st.fixed_dictionaries(
    {"op": st.sampled_from(["c", "d", "u", "r", "t", "m", "é"]), "source": st.just({"t": 1}), "after": ROWS},
    optional={"before": ROWS, "ts_ms": st.integers(), "note": st.text()},
)
OTHERS = st.none() | st.integers() | st.lists(st.none()) | st.dictionaries(st.sampled_from(["op", "after"]), st.text())
TEXTS = st.none() | st.builds(
    lambda value, indent, ascii_only: json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode(),
    EVENTS | OTHERS,
    st.sampled_from([None, 1]),
    st.booleans(),
)


@given(st.lists(TEXTS, max_size=6), st.sampled_from([UNWRAP, DROP, ExtractNewRecordState(schemaless=False)]))
@example([b"{bad"], UNWRAP)
@example([b'{"after":null,"before":{"x":"\xff"},"op":"c","source":{}}'], UNWRAP)
@example([b'{"\\u006fp":"c","after":{"a":1},"before":null,"source":{}}'], UNWRAP)
@example([b'{"op":"\\u0063","after":{"a":1},"before":null,"source":{}}'], UNWRAP)
@example([b' null\n{"op":"c"}'], UNWRAP)
@example([b" \n"], UNWRAP)
def test_unwrapping_texts_agrees_with_unwrapping_rows(texts: list[bytes | None], unwrap: ExtractNewRecordState) -> None:
    raw = [Raw(7 + i, 1000 + i, b"k%d" % i, text, [("h", b"x")]) for i, text in enumerate(texts)]
    batch = RecordBatch(SOURCE, Span(5, 7 + len(raw)), raw=raw)
    expected, errors = convert_batch(batch, BytesConverter(), JsonConverter())
    expected, more = Chain([unwrap]).apply(expected)
    got = unwrap.apply_batch(batch)
    if got is None:
        return
    assert got.span == batch.span
    rows, bad = convert_batch(got, BytesConverter(), JsonConverter())
    assert not more
    assert [error.offset for error in bad] == [error.offset for error in errors]
    assert list(rows.records()) == list(expected.records())


def test_texts_of_rows_are_not_decoded() -> None:
    text = b'{"before":null,"after": {"pi":3.14159265358979323846 } ,"source":{},"op":"c"}'
    delete = b'{"before":{"a":1},"after":null,"source":{},"op":"d"}'
    batch = RecordBatch(
        SOURCE, Span(0, 3), raw=[Raw(0, -1, None, text), Raw(1, 5, b"k", delete), Raw(2, 5, b"k", None)]
    )
    got = UNWRAP.apply_batch(batch)
    assert got is not None
    assert got.values() == [b'{"pi":3.14159265358979323846 }', None]
    assert (list(got.offsets), got.timestamps, got.keys()) == ([0, 1], [None, 5], [None, b"k"])
