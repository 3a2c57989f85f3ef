"""Inference must never damage data: each habit of Arrow's JSON reader that would is a row of a table here."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from s3sink.errors import RecordError
from s3sink.formats import ParquetFormat
from s3sink.formats.inference import Hints, Inferred, exact, infer
from s3sink.formats.merging import conformed, writable_schema
from tests.formats.making import prepared, raw, rows, without_nulls


def _columns(*lines: bytes) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Types and rows of records that must go into one set of columns."""
    batches, errors = prepared(ParquetFormat(), raw(list(lines)))
    assert (len(batches), errors) == (1, [])
    columns = batches[0].columns()
    assert columns is not None
    columns.validate(full=True)
    return {field.name: str(field.type) for field in columns.schema}, columns.to_pylist()


def _refused(*lines: bytes) -> list[RecordError]:
    return prepared(ParquetFormat(), raw(list(lines)))[1]


# ------------------------------------------------------------------- values that must come out as they went in
@pytest.mark.parametrize(
    ("lines", "type_", "values"),
    [
        # text that looks like a time would become a time, and lose its zone
        ([b'{"a":"2024-01-01T00:00:00Z"}', b'{"a":"2024-01-02T00:00:00+09:00"}'], "string", None),
        ([b'{"a":"2024-01-01"}'], "string", None),
        ([b'{"a":"2024-01-01 00:00:00"}', b'{"a":"2024-01-01T00:00:00.123Z"}'], "string", None),
        ([b'{"a":["2024-01-01"]}'], "list<item: string>", None),
        ([b'{"a":{"t":"2024-01-01","n":1}}'], "struct<t: string, n: int64>", None),
        # integers
        ([b'{"a":1}', b'{"a":1.5}'], "double", None),
        ([b'{"a":5.0}', b'{"a":1e3}'], "double", None),
        ([b'{"a":9007199254740993}', b'{"a":null}'], "int64", None),
        ([b'{"a":9223372036854775807}', b'{"a":-9223372036854775808}'], "int64", None),
        ([b'{"a":9223372036854775808}', b'{"a":1}'], "decimal128(38, 0)", None),
        ([b'{"a":-12345678901234567890123456789012345678}'], "decimal128(38, 0)", None),
        ([b'{"a":1e300}', b'{"a":1}'], "double", None),
        # what is not there, and what is empty
        ([b'{"a":1}', b'{"b":2}', b'{"a":null}'], "int64", [1, None, None]),
        ([b'{"a":null}', b'{"b":2}'], "null", [None, None]),
        ([b'{"a":{}}', b'{"a":null}', b'{"b":1}'], "struct<>", [{}, None, None]),
        ([b'{"a":[]}', b'{"a":[null]}', b'{"a":null}'], "list<item: null>", None),
        ([b'{"a":[null,null,null]}'], "list<item: null>", None),
        ([b'{"a":{}}', b'{"a":{"b":1}}'], "struct<b: int64>", [{"b": None}, {"b": 1}]),
        ([b'{"a":[]}', b'{"a":[1]}'], "list<item: int64>", None),
        # text
        (['{"a":"한😀"}'.encode(), b'{"a":"\\u0000"}', b'{"a":"\\ud83d\\ude00"}'], "string", None),
        ([b'{"a":"}\\n{"}', b'{"a":"\\"a\\":1"}'], "string", None),
        # base64 stays text
        ([b'{"a":"AP8="}'], "string", None),
        # white space
        ([b'{\n  "a": 1\n}', b' {"a":2} ', b'{ "a" :3}'], "int64", [1, 2, 3]),
    ],
)
def test_values_come_out_as_they_went_in(lines: list[bytes], type_: str, values: list[Any] | None) -> None:
    types, found = _columns(*lines)
    assert types["a"] == type_
    assert [row["a"] for row in found] == (values or [json.loads(line).get("a") for line in lines])


# ------------------------------------------------------------------- records that no columns can hold
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a":NaN}', "JSON"),
        (b'{"a":-Infinity}', "JSON"),
        (b'{"a":1e400}', "out of range"),
        (b'{"a":"\xff"}', "utf-8"),
        (b'{"\xff":1}', "utf-8"),
        (b'{"a":"\\ud800"}', "JSON"),
        (b"", "JSON"),
        (b"  ", "JSON"),
        (b'{"a":1', "JSON"),
        (b'{"a":1}{"a":2}', "JSON"),
        (b'{"a":1},{"a":2}', "JSON"),
        (b'{"a":1}\n{"a":2}', "JSON"),
        (b'{"a":1,"a":2}', "twice"),
        (b'{"b":{"a":1, "a" : 2}}', "twice"),
        (b'{"b":"\\":","a":1,"a":2}', "twice"),
        (b"null", "objects"),
        (b"5", "objects"),
        (b'[{"a":1}]', "objects"),
        (b"{}", "empty"),
        (b"{ }", "empty"),
        (b'{"a":[1,"x"]}', "int and string"),
        (b'{"a":[1.5,9007199254740993]}', "double and long"),
        (b'{"a":[{},1]}', "an object and int"),
        (b'{"a":123456789012345678901234567890123456789}', "38 digits"),
        (b'{"a":' * 101 + b"1" + b"}" * 101, "deep"),
        (b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}", "recursion"),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "recursion"),
    ],
)
def test_a_bad_record_is_refused_alone_and_named_by_its_own_offset(line: bytes, reason: str) -> None:
    batches, errors = prepared(ParquetFormat(), raw([b'{"a":1}', line, b'{"a":3}']))
    assert [error.offset for error in errors] == [101]
    assert reason in errors[0].reason
    assert [columns.to_pylist() for part in batches if (columns := part.columns())] == [[{"a": 1}, {"a": 3}]]


@pytest.mark.parametrize(
    "lines",
    [
        [b'{"a":1', b',"b":2}', b'{"a":1}{"a":2}'],
        [b'{"a":1}\n{"a":2', b"}"],
        [b'{"a":1}\n{"a":2}', b""],
        [b'{"a":1}\n{"a":2}', b"{"],
        [b'{"a":{}', b',"b":2}', b'{"b":1}{"b":2}'],
        [b'{"a":', b'{"b":1}}', b'{"a":{}}{"a":{}}'],
        [b'{"a":[{}', b'{"a":1}]}', b'{"a":1}{"a":2}'],
    ],
)
def test_records_that_make_up_for_each_other_are_all_refused(lines: list[bytes]) -> None:
    """Arrow reads as many rows as there are records."""
    assert [e.offset for e in _refused(*lines)] == list(range(100, 100 + len(lines)))


def test_a_batch_of_bad_records_keeps_its_span() -> None:
    batches, errors = prepared(ParquetFormat(), raw([b"x", b"", b"{}"]))
    assert ([b.n for b in batches], len(errors)) == ([0], 3)


def test_null_values_are_refused() -> None:
    assert [e.offset for e in _refused(b"null", b'{"a":1}')] == [100]
    batches, errors = prepared(ParquetFormat(), raw([None, b'{"a":1}', None]))
    assert ([b.n for b in batches], [e.offset for e in errors]) == ([1], [100, 102])


@pytest.mark.parametrize("opening", [b'{"a":', b'{"a":['])
def test_deep_nesting_does_not_overflow_the_stack_of_the_process(opening: bytes) -> None:
    closing = b"]}" if opening.endswith(b"[") else b"}"
    line = opening * 50_000 + b"1" + closing * 50_000
    assert [error.offset for error in _refused(line)] == [100]


# ------------------------------------------------------------------- types that contradict each other
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", '"1"'),
        ("true", "1"),
        ("true", '"true"'),
        ("{}", '"x"'),
        ("[1]", "1"),
        ('{"b":1}', '{"b":"x"}'),
        ('[{"b":1}]', '[{"b":[]}]'),
        ("9007199254740993", "1.5"),
        ("9223372036854775808", "1.5"),
        ('"2024-01-01"', "20240101"),
    ],
)
def test_types_that_contradict_each_other_split_the_batch_at_the_record(one: str, other: str) -> None:
    lines = [f'{{"a":{text}}}'.encode() for text in (one, "null", one, other, one)]
    batches, errors = prepared(ParquetFormat(), raw(list(lines)))
    assert [(b.span.start, b.span.stop) for b in batches] == [(100, 103), (103, 104), (104, 105)]
    assert errors == []
    found = [row["a"] for b in batches if (columns := b.columns()) for row in columns.to_pylist()]
    assert [without_nulls(v) for v in found] == [json.loads(line)["a"] for line in lines]


def test_a_bad_record_between_two_types_is_in_neither_batch() -> None:
    batches, errors = prepared(ParquetFormat(), raw([b"x", b'{"a":1}', b"y", b'{"a":"s"}', b"z"]))
    assert [(b.span, list(b.offsets)) for b in batches] == [((100, 103), [101]), ((103, 105), [103])]
    assert [e.offset for e in errors] == [100, 102, 104]


# ------------------------------------------------------------------- the fast way and the slow way agree
_KEYS = st.sampled_from(["a", "b", "ts", "é", "x y", 'q"'])
_NUMBERS: list[Any] = [
    0,
    -5,
    2**53 - 1,
    2**53,
    2**53 + 1,
    2**63 - 1,
    2**63,
    -(2**63) - 1,
    10**30,
    1.5,
    -0.0,
    5.0,
    1e300,
]
_TEXTS: list[Any] = ["", "x", "2024-01-01", "2024-01-01T00:00:00Z", "10:00:00", "한😀", "\x00", '{"a":1}\n', "\\"]
_SCALARS = st.sampled_from([None, True, False, *_NUMBERS, *_TEXTS])
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3), max_leaves=5
)
_RECORDS = st.dictionaries(_KEYS, _VALUES, max_size=4)
_ALIKE = st.lists(st.dictionaries(_KEYS, st.sampled_from([None, 1, 2.5]) | st.just({"ts": "2024-01-01"}), min_size=1))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(_RECORDS, min_size=1, max_size=6) | _ALIKE.filter(bool),
    st.lists(_RECORDS, min_size=1, max_size=3),
    st.booleans(),
)
@example([{"x y": [None, None]}, {"ts": "x"}], [{"ts": "2024-01-01"}], False)
@example([{"é": {"ts": "2024-01-01"}}], [{"é": {"ts": "2024-01-01"}}], True)
@example([{"a": None}], [{"b": "2024-01-01"}], False)
def test_the_fast_way_and_the_slow_way_give_the_same_columns(
    records: list[dict[str, Any]], earlier: list[dict[str, Any]], ascii_only: bool
) -> None:
    hints: Hints = {}
    infer(_lines(earlier, ascii_only), "orders", hints)
    lines = _lines(records, ascii_only)
    fast, slow = infer(lines, "orders", hints), exact(lines)
    assert fast.bad == slow.bad
    assert [run.indices for run in fast.runs] == [run.indices for run in slow.runs]
    assert [_known(run.columns) for run in fast.runs] == [_known(run.columns) for run in slow.runs]
    _check_values(slow, records)


def _lines(records: list[dict[str, Any]], ascii_only: bool) -> list[bytes]:
    return [json.dumps(record, ensure_ascii=ascii_only, separators=(",", ":")).encode() for record in records]


def _known(columns: pa.RecordBatch) -> tuple[Any, list[Any]]:
    """Types without regard to order, and values; a column of nulls is not known yet."""
    columns.validate(full=True)
    named = {f.name: (_type(f.type), c.to_pylist()) for f, c in zip(columns.schema, columns.columns, strict=True)}
    return {name: pair for name, pair in named.items() if pair[0] != "null"}, [columns.num_rows]


def _type(type_: pa.DataType) -> Any:
    if pa.types.is_struct(type_):
        return {field.name: _type(field.type) for field in type_}
    return [_type(type_.value_type)] if pa.types.is_list(type_) else str(type_)


def _check_values(inferred: Inferred, records: list[dict[str, Any]]) -> None:
    for run in inferred.runs:
        for index, row in zip(run.indices, run.columns.to_pylist(), strict=True):
            assert without_nulls(row) == without_nulls(records[index])
        conformed(run.columns, writable_schema(run.columns.schema)).validate(full=True)


def test_plain_records_take_the_fast_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("s3sink.formats.inference.exact", lambda lines: pytest.fail("the slow way"))
    format = ParquetFormat()
    for day in (1, 2):
        batch = raw([b'{"id":%d,"at":"2024-01-0%dT00:00:00Z","d":{"e":[1.5]}}' % (i, day) for i in range(10)])
        types = {f.name: f.type for f in format.prepare(batch)[0][0].columns().schema}  # type: ignore[union-attr]
        assert list(types) == ["id", "at", "d"]
        assert types["at"] == pa.string()


def test_times_for_keys_do_not_let_the_hints_grow_for_ever() -> None:
    hints: Hints = {}
    for i in range(300):
        lines = [b'{"k%d":"2024-01-01","same":["2024-01-01"]}' % i]
        assert infer(lines, "orders", hints).runs[0].columns.to_pylist() == [json.loads(lines[0])]
    assert len(hints["orders"]) <= 200


def test_columns_stand_in_the_order_of_their_first_appearance() -> None:
    format = ParquetFormat()
    for _ in range(2):
        batch = format.prepare(raw([b'{"z":1,"m":"2024-01-01"}', b'{"b":"2024-01-01","a":1,"z":2}']))[0][0]
        columns = batch.columns()
        assert columns is not None
        assert columns.schema.names[:2] == ["z", "m"]


# ------------------------------------------------------------------- rows
def test_rows_without_a_schema_have_the_columns_of_their_json() -> None:
    batches, errors = prepared(ParquetFormat(), rows([{"a": b"\x00", "n": 2**63}, {"a": None, "n": 1}]))
    columns = batches[0].columns()
    assert columns is not None
    assert (columns.to_pylist(), errors) == ([{"a": "AA==", "n": 2**63}, {"a": None, "n": 1}], [])


def test_rows_that_are_no_objects_are_refused() -> None:
    batches, errors = prepared(ParquetFormat(), rows([{"a": 1}, None, "text", 5, {"a": object()}, {"a": 2}]))
    assert [e.offset for e in errors] == [101, 102, 103, 104]
    assert [b.n for b in batches] == [2]


def test_long_batches_are_read_in_slices() -> None:
    batches, _ = prepared(ParquetFormat(), raw([b'{"a":%d}' % i for i in range(4500)]))
    assert [b.n for b in batches] == [2000, 2000, 500]
    assert [c.column(0)[0].as_py() for b in batches if (c := b.columns())] == [0, 2000, 4000]


def test_slices_of_long_records_are_short() -> None:
    batches, _ = prepared(ParquetFormat(), raw([b'{"a":"%b"}' % (b"x" * 1_000_000)] * 40))
    assert max(b.n for b in batches) <= 17
    assert sum(b.n for b in batches) == 40
