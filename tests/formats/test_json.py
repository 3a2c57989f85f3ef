from __future__ import annotations

import gzip
import json
import math
import subprocess
import sys
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from s3sink.formats import JsonFormat, PreparingFormat
from s3sink.schema import DATE, DECIMAL, TIMESTAMP, Field, Schema
from tests.formats.making import Sink, prepared, raw, rows, written

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def _lines(values: list[Any], schema: Schema | None = None, format: JsonFormat | None = None) -> list[str]:
    format = format or JsonFormat()
    batches, errors = prepared(format, rows(values, schema))
    assert errors == []
    return written(format, batches).decode().splitlines(keepends=True)


def _struct(**fields: Schema) -> Schema:
    return Schema(type="struct", fields=tuple(Field(name, schema) for name, schema in fields.items()))


# ---------------------------------------------------------------------------------------------- without a schema
@settings(deadline=None)
@given(st.lists(st.dictionaries(st.text(), _JSON, max_size=4), max_size=5))
@example([{"a": 2**70, "b": [2**64, -(2**63) - 1]}, {"b": 1, "a": 2}])
@example([{"n": "null", "x": None, "f": 1.5}])
def test_a_value_without_a_schema_reads_back_as_it_was_with_its_keys_in_order(values: list[Any]) -> None:
    lines = written(JsonFormat(), prepared(JsonFormat(), rows(values))[0]).split(b"\n")
    assert lines.pop() == b""
    decoded = [json.loads(line) for line in lines]
    assert decoded == values
    assert [list(d) for d in decoded] == [list(v) for v in values]


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ({"a": b"\x00\xff"}, '{"a":"AP8="}'),
        ({"a": datetime(2017, 3, 2, 10, tzinfo=UTC)}, '{"a":1488448800000}'),
        ({"a": date(1970, 1, 2)}, '{"a":86400000}'),
        ({"a": time(0, 0, 1)}, '{"a":1000}'),
        ({"a": Decimal("1.50")}, '{"a":1.50}'),
        ({"a": math.nan, "b": [-math.inf]}, '{"a":"NaN","b":["-Infinity"]}'),
        ({"a": None, "b": {"c": (1, math.inf)}}, '{"a":null,"b":{"c":[1,"Infinity"]}}'),
        (math.nan, '"NaN"'),
        ("null", '"null"'),
        ({"big": 123456789012345678901234567890}, '{"big":123456789012345678901234567890}'),
        ({"a": "é한😀"}, '{"a":"é한\\uD83D\\uDE00"}'),
        ({"a": "\x1f\\u001f\n"}, '{"a":"\\u001F\\\\u001f\\n"}'),
        ("text", '"text"'),
        (b"hello", '"aGVsbG8="'),
        ([1, None], "[1,null]"),
    ],
)
def test_values_without_a_schema_are_written_as_jackson_prints_them(value: Any, line: str) -> None:
    assert _lines([{"plain": 1}, value]) == ['{"plain":1}\n', line + "\n"]
    assert _lines([value, {"big": 2**80}])[0] == line + "\n"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "null"),
        ({"a": object()}, "object"),
        ({"a": {1, 2}}, "set"),
        ({1: "a"}, "str"),
        ({"a": "\ud800"}, "surrogates"),
        ({"a": Decimal("NaN")}, "NaN"),
    ],
)
def test_a_record_that_json_cannot_hold_is_refused_and_the_others_go_on(value: Any, reason: str) -> None:
    batches, errors = prepared(JsonFormat(), rows([{"a": 1}, value, {"a": 3}]))
    assert written(JsonFormat(), batches) == b'{"a":1}\n{"a":3}\n'
    assert [error.offset for error in errors] == [101]
    assert reason in errors[0].reason


def test_a_value_that_contains_itself_is_refused() -> None:
    value: dict[str, Any] = {}
    value["self"] = value
    assert [e.offset for e in prepared(JsonFormat(), rows([value]))[1]] == [100]


# ---------------------------------------------------------------------------------------------- with a schema
_DECIMAL2 = Schema(type="bytes", name=DECIMAL, parameters=(("scale", "2"),))


@pytest.mark.parametrize(
    ("schema", "value", "line"),
    [
        (_struct(a=Schema(type="string", optional=True, default="dflt")), {"a": None}, '{"a":"dflt"}'),
        (_struct(b=Schema(type="int32"), a=Schema(type="string", optional=True)), {"b": 1}, '{"b":1,"a":null}'),
        (_struct(f=Schema(type="float64")), {"f": 1e10}, '{"f":1.0E10}'),
        (_struct(f=Schema(type="float64")), {"f": -1.25e-7}, '{"f":-1.25E-7}'),
        (_struct(f=Schema(type="float64")), {"f": 12345678.9}, '{"f":1.23456789E7}'),
        (_struct(f=Schema(type="float64")), {"f": 9999999.0}, '{"f":9999999.0}'),
        (_struct(f=Schema(type="float64")), {"f": -0.0}, '{"f":-0.0}'),
        (_struct(f=Schema(type="float32")), {"f": 0.1}, '{"f":0.1}'),
        (_struct(f=Schema(type="float64")), {"f": math.nan}, '{"f":"NaN"}'),
        (_struct(d=_DECIMAL2), {"d": Decimal("1.56")}, '{"d":"AJw="}'),
        (_struct(b=Schema(type="bytes")), {"b": b"hello"}, '{"b":"aGVsbG8="}'),
        (_struct(d=Schema(type="int32", name=DATE)), {"d": date(2017, 3, 2)}, '{"d":17227}'),
        (_struct(s=Schema(type="string")), {"s": "é😀\x1f"}, '{"s":"é\\uD83D\\uDE00\\u001F"}'),
        (Schema(type="string"), "abc", '"abc"'),
        (Schema(type="int64", name=TIMESTAMP), datetime(2017, 3, 2, 10, tzinfo=UTC), "1488448800000"),
        (_DECIMAL2, Decimal("1.56"), "1.56"),
        (Schema(type="map", keys=Schema(type="int32"), items=Schema(type="int32")), {1: 10, 2: 20}, '{"1":10,"2":20}'),
    ],
)
def test_values_with_a_schema_are_written_byte_for_byte_as_connect_does(schema: Schema, value: Any, line: str) -> None:
    assert _lines([value, value], schema) == [line + "\n"] * 2


def test_numeric_decimals_keep_their_digits() -> None:
    schema = _struct(a=_DECIMAL2, b=Schema(type="bytes", name=DECIMAL, parameters=(("scale", "-3"),)))
    value = {"a": Decimal("1000000000000000000.00"), "b": Decimal("3E+3")}
    assert _lines([value], schema, JsonFormat(decimal_format="NUMERIC")) == ['{"a":1000000000000000000.00,"b":3E+3}\n']


def test_a_null_for_a_required_field_is_refused_and_the_others_go_on() -> None:
    batches, errors = prepared(
        JsonFormat(), rows([{"a": 1}, {"a": None}, None, {"a": 4}], _struct(a=Schema(type="int8")))
    )
    assert written(JsonFormat(), batches) == b'{"a":1}\n{"a":4}\n'
    assert [error.offset for error in errors] == [101, 102]


def test_schemas_may_change_from_row_to_row() -> None:
    a, b = _struct(x=Schema(type="int8")), _struct(x=Schema(type="string"))
    mixed = [
        *rows([{"x": 1}], a).records(),
        *rows([{"x": "1"}], b, 101).records(),
        *rows([{"x": []}], start=102).records(),
    ]
    batches, errors = prepared(JsonFormat(), rows([1, 2, 3]).with_rows(mixed))
    assert (written(JsonFormat(), batches), errors) == (b'{"x":1}\n{"x":"1"}\n{"x":[]}\n', [])


# ---------------------------------------------------------------------------------------------- as read
def test_json_text_passes_through_byte_for_byte() -> None:
    values: list[bytes | None] = [b'{"b": 1,  "a":1.50}', b'"x"', b"123456789012345678901234567890"]
    batch = raw(values)
    for given_batch in (batch, batch.with_encoded([v for v in values if v is not None])):
        batches, errors = prepared(JsonFormat(), given_batch)
        assert (written(JsonFormat(), batches), errors) == (b"".join(b"%b\n" % v for v in values if v), [])


def test_a_checked_batch_is_not_touched() -> None:
    batch = raw([b"1"]).with_encoded([b"1"])
    assert JsonFormat().prepare(batch)[0][0] is batch


def test_a_newline_in_text_that_nobody_checked_does_not_break_the_line() -> None:
    batches, _ = prepared(JsonFormat(), raw([b'{\n "a": 1\n}']))
    assert written(JsonFormat(), batches) == b'{  "a": 1 }\n'


@pytest.mark.parametrize("checked", [False, True])
def test_null_values_as_read_are_refused(checked: bool) -> None:
    batch = raw([b"1", b"null", b"2"])
    batches, errors = prepared(JsonFormat(), batch.with_encoded([b"1", b"null", b"2"]) if checked else batch)
    assert written(JsonFormat(), batches) == b"1\n2\n"
    assert [error.offset for error in errors] == [101]


def test_tombstones_as_read_are_refused() -> None:
    batches, errors = prepared(JsonFormat(), raw([None, b"2"]))
    assert (written(JsonFormat(), batches), len(errors)) == (b"2\n", 1)


def test_slices_of_a_long_batch_make_one_stream() -> None:
    values: list[bytes | None] = [b'{"id":%d}' % i for i in range(2500)]
    format = JsonFormat("gzip")
    batches, _ = prepared(format, raw(values))
    head, tail = batches[0].split(1234)
    assert gzip.decompress(written(format, [head, tail])) == b"".join(b"%b\n" % v for v in values if v)


def test_an_empty_batch_writes_nothing() -> None:
    assert written(JsonFormat(), prepared(JsonFormat(), rows([]))[0]) == b""


@pytest.mark.parametrize(
    ("format", "extension"),
    [
        (JsonFormat(), ".json"),
        (JsonFormat("gzip"), ".json.gz"),
        (JsonFormat("zstd"), ".json.zst"),
        (JsonFormat("snappy"), ".json.sz"),
    ],
)
def test_names_end_with_what_is_inside(format: JsonFormat, extension: str) -> None:
    assert format.extension == extension
    assert isinstance(format, PreparingFormat)


def test_json_files_are_written_without_loading_pyarrow() -> None:
    program = """
import sys
from s3sink.formats import JsonFormat, ParquetFormat
ParquetFormat("zstd")
JsonFormat("gzip").open(type("S", (), {"write": print})(), None).close()
assert not [module for module in sys.modules if module.startswith("pyarrow")]
"""
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def test_the_sink_gets_slices_and_not_records() -> None:
    sink = Sink()
    writer = JsonFormat().open(sink, None)
    writer.write(raw([b"1"] * 2500))
    writer.close()
    assert len(sink.writes) == 3
