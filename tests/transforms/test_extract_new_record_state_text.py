"""Debezium's unwrap on JSON text: what rows say, without decoding them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3sink.batch import RecordBatch, Span
from s3sink.converters import BytesConverter, JsonConverter, convert_batch
from s3sink.record import TopicPartition
from s3sink.transforms import Chain, ExtractNewRecordState

SOURCE = TopicPartition("db.inventory.customers", 0)
UNWRAP, DROP, REWRITE = ExtractNewRecordState(), ExtractNewRecordState("drop"), ExtractNewRecordState("rewrite")


class Raw(NamedTuple):
    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()


def raw_batch(*texts: bytes | None, headers: Sequence[tuple[str, bytes | None]] = (("h", b"x"),)) -> RecordBatch:
    raw = [Raw(7 + i, 1000 + i, b"k%d" % i, text, headers) for i, text in enumerate(texts)]
    return RecordBatch(SOURCE, Span(5, 7 + len(raw)), raw=list(raw))


def values_of(unwrap: ExtractNewRecordState, *texts: bytes | None) -> list[bytes | None] | None:
    got = unwrap.apply_batch(raw_batch(*texts))
    return None if got is None else got.values()


# ---------------------------------------------------------------------------------------------- as rows say
NAMES = ["id", "op", "näme", "after", "__deleted", "__op", "a", 'q"\\']
ROWS = st.none() | st.dictionaries(st.sampled_from(NAMES), st.integers() | st.text() | st.none(), max_size=4)
PLACES = st.dictionaries(st.sampled_from(["t", "ts_ms", "op", "näme"]), st.integers() | st.text() | st.none())
EVENTS = st.fixed_dictionaries(
    {"op": st.sampled_from(["c", "d", "u", "r", "t", "m", "é"]), "source": PLACES, "after": ROWS, "before": ROWS},
    optional={"ts_ms": st.integers(), "note": st.text(), "transaction": st.sampled_from([None, {"id": "1"}, 5])},
)
OTHERS = st.none() | st.integers() | st.lists(st.none()) | st.dictionaries(st.sampled_from(["op", "after"]), st.text())
TEXTS = st.none() | st.builds(
    lambda value, indent, ascii_only: json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode(),
    EVENTS | OTHERS,
    st.sampled_from([None, 1]),
    st.booleans(),
)
REFERENCES = ["op", "ts_ms", "t", "source.t:a", "transaction.id", "id", "after.id:x", "nope", "source.op", "op.x"]
REFERENCES += ["näme", 'op:q"\\', "source", "nope.x", "source.ts_ms"]
MODES = [None, "drop", "tombstone", "rewrite", "rewrite-with-tombstone", "delete-to-tombstone"]
UNWRAPS = st.builds(
    ExtractNewRecordState,
    st.sampled_from(MODES),
    drop_tombstones=st.sampled_from([None, False]),
    add_fields=st.lists(st.sampled_from(REFERENCES), max_size=3),
    add_fields_prefix=st.sampled_from(["", "__"]),
    drop_fields_header_name=st.sampled_from([None, None, "h", "other"]),
    schemaless=st.sampled_from([True, True, True, False]),
)


@given(st.lists(TEXTS, max_size=4), UNWRAPS)
@example([b"{bad"], UNWRAP)
@example([b'{"after":null,"before":{"x":"\xff"},"op":"c","source":{}}'], UNWRAP)
@example([b'{"\\u006fp":"c","after":{"a":1},"before":null,"source":{}}'], UNWRAP)
@example([b'{"op":"\\u0063","after":{"a":1},"before":null,"source":{}}'], UNWRAP)
@example([b' null\n{"op":"c"}'], UNWRAP)
@example([b" \n"], UNWRAP)
@example([b" null "], ExtractNewRecordState("rewrite-with-tombstone"))
@example([b'{"op":"c","after":{ },"before":null,"source":{}}'], REWRITE)
@example([b'{"op":"c","after":{"\\u005f_deleted":1},"before":null,"source":{}}'], REWRITE)
@example([b'{"op":"c","after":{"x":{"__deleted":1}},"before":null,"source":{}}'], REWRITE)
@example([b'{"op":"c","after":{},"before":null,"source":{},"op":"d"}'], ExtractNewRecordState(add_fields=["op"]))
@example([b'{"op":"c","after":{},"before":null,"source":{"t":-0.0}}'], ExtractNewRecordState(add_fields=["t"]))
@example([b'{"op":"c","after":{},"before":null,"source":{"t":1e999}}'], ExtractNewRecordState(add_fields=["t"]))
def test_texts_say_what_rows_say(texts: list[bytes | None], unwrap: ExtractNewRecordState) -> None:
    batch = raw_batch(*texts)
    got = unwrap.apply_batch(batch)
    if got is None:
        return
    expected, errors = convert_batch(batch, BytesConverter(), JsonConverter())
    expected, more = Chain([unwrap]).apply(expected)
    rows, bad = convert_batch(got, BytesConverter(), JsonConverter())
    assert not more
    assert got.span == batch.span
    assert [error.offset for error in bad] == [error.offset for error in errors]
    assert list(rows.records()) == list(expected.records())


# ---------------------------------------------------------------------------------------------- slices
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


CHANGE = b'{"op":"u","before":{"a":0},"after":{"a":1.50},"source":{"lsn": 123456789012345678901, "n":null},"ts_ms":7}'
DELETE = b'{"op":"d","before":{"a":0},"after":null,"source":{"lsn":2,"n":[1, 2]},"ts_ms":8}'


def test_what_is_added_is_cut_out_of_the_text_too() -> None:
    unwrap = ExtractNewRecordState("rewrite-with-tombstone", add_fields=["op", "source.lsn", "n:N", "ts_ms", "nope"])
    assert values_of(unwrap, CHANGE, DELETE, None, b"null") == [
        b'{"a":1.50,"__deleted":"false","__op":"u","__source_lsn":123456789012345678901,"__N":null,"__ts_ms":7}',
        b'{"a":0,"__deleted":"true","__op":"d","__source_lsn":2,"__N":[1, 2],"__ts_ms":8}',
        None,
        None,
    ]


def test_a_row_without_columns_gets_its_first_members() -> None:
    assert values_of(REWRITE, b'{"op":"c","before":null,"after":{},"source":{}}') == [b'{"__deleted":"false"}']


@pytest.mark.parametrize(
    ("unwrap", "text"),
    [
        (REWRITE, b'{"op":"c","before":null,"after":{"__deleted":1},"source":{}}'),
        (REWRITE, b'{"op":"c","before":null,"after":{"__dele\\u0074ed":1},"source":{}}'),
        (ExtractNewRecordState(add_fields=["op", "op"]), CHANGE),
        (ExtractNewRecordState(add_fields=["nope.x"]), CHANGE),
        (ExtractNewRecordState(add_fields=["op.x"]), CHANGE),
        (ExtractNewRecordState(add_headers=["op"]), CHANGE),
        (ExtractNewRecordState(route_by_field="a"), CHANGE),
        (ExtractNewRecordState(drop_fields_header_name="h"), CHANGE),
    ],
)
def test_rows_decide_what_takes_more_than_a_look(unwrap: ExtractNewRecordState, text: bytes) -> None:
    assert values_of(unwrap, text) is None


@pytest.mark.parametrize(
    "text",
    [
        b'{"op":"c","before":null,"after":{"x":"__deleted"},"source":{}}',
        b'{"op":"c","before":null,"after":{"x":"a \\"__deleted\\" b"},"source":{}}',
        b'{"op":"c","before":null,"after":{"x":{"__deleted":"\\u0041"}},"source":{}}',
    ],
)
def test_a_name_somewhere_in_a_row_is_no_column(text: bytes) -> None:
    row: dict[str, Any] = json.loads(text)["after"]
    (value,) = values_of(REWRITE, text) or [None]
    assert value is not None
    assert json.loads(value) == row | {"__deleted": "false"}


def test_a_header_name_without_such_headers_costs_no_rows() -> None:
    assert values_of(ExtractNewRecordState(drop_fields_header_name="other"), CHANGE) == [b'{"a":1.50}']
