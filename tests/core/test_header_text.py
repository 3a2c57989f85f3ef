"""What the texts of headers say. The tables are answers of Kafka Connect 4.3.0."""

from __future__ import annotations

import math
import struct
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3sink.header_text import parse, text_of
from s3sink.schema import DATE, DECIMAL, TIME, TIMESTAMP, Field, Schema

TEXT, BOOLEAN = Schema(type="string"), Schema(type="boolean")
INT8, INT16, INT32, INT64 = Schema(type="int8"), Schema(type="int16"), Schema(type="int32"), Schema(type="int64")
FLOAT32, FLOAT64 = Schema(type="float32"), Schema(type="float64")
DAY = Schema(type="int32", name=DATE, version=1)
HOUR = Schema(type="int32", name=TIME, version=1)
MOMENT = Schema(type="int64", name=TIMESTAMP, version=1)


def decimal(scale: int) -> Schema:
    return Schema(type="bytes", name=DECIMAL, version=1, parameters=(("scale", str(scale)),))


def array(items: Schema | None) -> Schema:
    return Schema(type="array", items=items)


def mapping(keys: Schema | None, values: Schema | None) -> Schema:
    return Schema(type="map", keys=keys, items=values)


# ---------------------------------------------------------------------------------------------- properties
@given(st.text(alphabet='[]{}:,"\\ 0159.-+eEZTnultrfasx\t', max_size=30) | st.text(max_size=20))
@example("[" * 100_000)
@example('{"a":' * 50_000)
@example("9" * 10_000)
@example("1e99999999999999999999")
@example("1e-2147483648")
@example("1e2147483647")
def test_every_text_is_something_and_can_be_written(text: str) -> None:
    schema, value = parse(text)
    assert isinstance(text_of(value, schema), str)
    assert (schema is None) == (value is None)


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_whole_number_comes_back_in_the_smallest_type(number: int) -> None:
    schema, value = parse(text_of(number))
    bits = next(bits for bits in (8, 16, 32, 64) if -(1 << bits - 1) <= number < 1 << bits - 1)
    assert (schema, value) == (Schema(type=f"int{bits}"), number)  # type: ignore[arg-type]


@given(st.floats(width=32, allow_nan=False, allow_infinity=False).filter(lambda x: not x.is_integer()))
def test_a_float32_comes_back(number: float) -> None:
    schema, value = parse(text_of(number, FLOAT32))
    assert schema == FLOAT32
    assert struct.pack("<f", value) == struct.pack("<f", number)


@given(st.decimals(-(10**12), 10**12, places=6).filter(lambda x: x != x.to_integral_value()))
@example(Decimal("1.000000059604644775390625000001"))  # just above the middle of two float32; a double is on it
@example(Decimal("16777217.0000000000000000000001"))
def test_a_fraction_becomes_the_nearest_float32(number: Decimal) -> None:
    schema, value = parse(format(number, "+f"))
    assert schema == FLOAT32
    packed = struct.unpack("<i", struct.pack("<f", value))[0]
    nearby = [Decimal(struct.unpack("<f", struct.pack("<i", packed + step))[0]) for step in (-1, 0, 1)]
    assert abs(nearby[1] - number) == min(abs(near - number) for near in nearby)


moments = st.datetimes(datetime(1583, 1, 1), datetime(9999, 12, 31)).map(
    lambda d: d.replace(microsecond=d.microsecond // 1000 * 1000, tzinfo=UTC)
)
leaves = (
    st.integers(-(2**63), 2**63 - 1)
    | st.booleans()
    | st.none()
    | st.text(alphabet="abc ,:[]{}", min_size=1, max_size=5).filter(lambda t: all(map(str.strip, t)))
)


@given(moments.filter(lambda d: d >= datetime(1970, 1, 2, tzinfo=UTC) and d.time() != time(0)))
def test_moments_come_back(moment: datetime) -> None:
    assert parse(text_of(moment, MOMENT)) == (MOMENT, moment)
    assert parse(text_of(moment.date(), DAY)) == (DAY, moment.date())
    assert parse(text_of(moment.time(), HOUR)) == (HOUR, moment.time())


@given(st.lists(leaves, max_size=4) | st.dictionaries(st.text("abc", min_size=1), leaves, max_size=4))
def test_arrays_and_maps_come_back_or_are_refused_for_a_null_among_others_of_one_type(value: Any) -> None:
    text = text_of(value)
    schema, found = parse(text)
    assert found == value or (schema == TEXT and None in (value.values() if isinstance(value, dict) else value))


@given(st.lists(st.none() | st.text(alphabet='a"\\ ') | st.integers(), max_size=4))
def test_quotes_and_backslashes_are_escaped(value: list[Any]) -> None:
    escaped = [
        "null" if v is None else str(v) if isinstance(v, int) else '"' + v.translate({34: '\\"', 92: "\\\\"}) + '"'
        for v in value
    ]
    assert text_of(value) == f"[{','.join(escaped)}]"


# ---------------------------------------------------------------------------------------------- Connect's answers
@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("", TEXT, ""), ("  ", TEXT, "  "), ("NaN", TEXT, "NaN"), ("0x1F", TEXT, "0x1F"), ("1L", TEXT, "1L"),
        ("null ", None, None), ("null,", TEXT, "null,"), (" true", BOOLEAN, True), ("TRUE", TEXT, "TRUE"),
        ("true,", TEXT, "true,"), ('"q"', TEXT, '"q"'), ("1,2", INT8, 1), ("1 2", TEXT, "1 2"), ("1]x", INT8, 1),
        ("14:34:54", INT8, 14), ("a,b", TEXT, "a,b"), ("--5", TEXT, "--5"), ("192.168.0.1", TEXT, "192.168.0.1"),
    ],
)  # fmt: skip
def test_a_single_value_begins_the_text(text: str, schema: Schema | None, value: Any) -> None:
    assert parse(text) == (schema, value)


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("-128", INT8, -128), ("-129", INT16, -129), ("00012", INT8, 12), ("+5", INT8, 5), ("-0.0", INT8, 0),
        ("1.0", INT8, 1), ("1e3", INT16, 1000), ("1.e5", INT32, 100_000), ("१२", INT8, 12), ("1\x01", INT8, 1),
        ("1e18", INT64, 10**18), ("1e19", FLOAT32, 1e19), ("9223372036854775808.0", FLOAT32, 9.223372e18),
        (".5", TEXT, ".5"), ("+.5", FLOAT32, 0.5), ("0.1", FLOAT32, 0.1), ("3.14159265358979", FLOAT32, 3.1415927),
        ("149250549.5", FLOAT32, 149250540.0), ("3.4028236e38", FLOAT64, 3.4028236e38), ("1e-400", FLOAT32, 0.0),
        ("1e400", decimal(-400), Decimal("1E+400")), ("1.23e400", decimal(-398), Decimal("1.23E+400")),
        ("9223372036854775808", decimal(0), Decimal(2**63)), ("1e2147483648", TEXT, "1e2147483648"),
        ("1\u2003", TEXT, "1\u2003"), ("²", TEXT, "²"), ("1_000", TEXT, "1_000"),
    ],
)  # fmt: skip
def test_numbers_get_the_first_type_that_holds_them(text: str, schema: Schema, value: Any) -> None:
    found = parse(text)
    assert found == (schema, value)
    assert type(found[1]) is type(value)


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("2019-08-23", DAY, date(2019, 8, 23)), ("2019-13-45", DAY, date(2020, 2, 14)), ("2019-08-2", TEXT, None),
        ("2019-8-2xx", DAY, date(2019, 8, 2)), ("2019-08-23 ", DAY, date(2019, 8, 23)), ("2019-08-23x", TEXT, None),
        ("2019-08-23,x", DAY, date(2019, 8, 23)), ("2019--8-23", DAY, date(2018, 4, 23)), ("+2019-8-23", TEXT, None),
        ("14:34:54.346Z", HOUR, time(14, 34, 54, 346_000)), ("14:34:54.346Z ", INT8, 14),
        ("14\\:34\\:54.346Z", HOUR, time(14, 34, 54, 346_000)), ("1:1:1.123Zxxx", HOUR, time(1, 1, 1, 123_000)),
        ("99:99:99.999Z", HOUR, datetime(1970, 1, 5, 4, 40, 39, 999_000, UTC)),
        ("2019-08-23T14:34:54.346Z", MOMENT, datetime(2019, 8, 23, 14, 34, 54, 346_000, UTC)),
        ("2019-08-23T14:34:54Z", TEXT, None), ("12019-8-23", TEXT, None),
    ],
)  # fmt: skip
def test_moments_are_known_by_their_length(text: str, schema: Schema, value: Any) -> None:
    assert parse(text) == (schema, text if value is None else value)


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("[ 1 , 2 ]x", array(INT8), [1, 2]), ("[1,300]", array(INT16), [1, 300]), ("[1,]", array(INT8), [1]),
        ("[1,1.5]", array(FLOAT32), [1.0, 1.5]), ("[0.1,1e300]", array(FLOAT64), [0.10000000149011612, 1e300]),
        ("[16777217,1.5]", array(FLOAT32), [16777216.0, 1.5]), ("[]", array(None), []),
        ("[[]]", array(array(None)), [[]]),
        ('[1,"a",null]', array(None), [1, "a", None]), ("[null]", array(None), [None]),
        ('[[1],["a"]]', array(array(TEXT)), [[1], ["a"]]), ('["2019-08-23"]', array(DAY), [date(2019, 8, 23)]),
        ("[300,2019-08-23]", array(DAY), [date(1970, 10, 28), date(2019, 8, 23)]),
        ("[14:34:54.346Z,300]", array(HOUR), [time(14, 34, 54, 346_000), time(0, 0, 0, 300_000)]),
        ('[" "]', array(TEXT), [""]), ('[" a ","]"]', array(TEXT), [" a ", "]"]), ('[" ]"]', array(TEXT), ["]"]),
        ('["a\\"b"]', array(TEXT), ['a\\"b']), ("{}", mapping(None, None), {}),
        ('{"a":1 "b":2}', mapping(TEXT, INT8), {"a": 1, "b": 2}), ("{true:1,}", mapping(BOOLEAN, INT8), {True: 1}),
        ('{1:"a",1.5:2}', mapping(FLOAT32, None), {1.0: "a", 1.5: 2}),
        ('{1:2,"x":3}', mapping(None, None), {1: 2, "x": 3}),
        ('{"a":{"b":[1]}}', mapping(TEXT, mapping(TEXT, array(INT8))), {"a": {"b": [1]}}),
        ('{"a":"x","a":1}', mapping(TEXT, None), {"a": 1}),
    ],
)  # fmt: skip
def test_arrays_and_maps_have_the_schema_that_is_common(text: str, schema: Schema, value: Any) -> None:
    assert parse(text) == (schema, value)


@pytest.mark.parametrize(
    "text",
    ["[1", "[1 2]", "[,1]", "[1,,2]", "[a]", '["a"x]', '["a" "b"]', '["a', "[1,null]",
     "[null,1]", '["a",null]', "[1[2]]",
     "[2019-08-23,1.5]", "[2019-08-23,70000]", "[14:34:54.346Z,-5]", "{a:1}", '{"a"}', '{"a":}', '{"a":1,,"b":2}',
     "{null:1}", '{"a":1,"b":null}', '{"a":1', "[\\]]", "{[1]:2}", '{1:1,true:2,"x":3}'],
)  # fmt: skip
def test_what_is_no_array_or_map_is_a_text_as_a_whole(text: str) -> None:
    assert parse(text) == (TEXT, text)


def test_blanks_before_what_is_no_array_are_all_that_is_left() -> None:
    assert parse("  [a]") == (TEXT, "  ")
    assert parse(" \\[1") == (TEXT, " \\[1")


@pytest.mark.parametrize(
    ("value", "schema", "text"),
    [
        (0.1, FLOAT32, "0.1"), (1e-5, FLOAT64, "1.0E-5"), (math.inf, None, "Infinity"), (True, None, "true"),
        (b"\x01\x02", None, "AQI="), ([b"\x01\x02", None], None, '["AQI=",null]'),
        (date(1970, 1, 1), DAY, "00:00:00.000Z"),
        ([date(1970, 1, 2)], array(DAY), "[1970-01-02]"), (Decimal("1.56"), None, "1.56"), ({1: "a"}, None, '{1:"a"}'),
        ([1e10, 0.1], array(FLOAT32), "[1.0E10,0.1]"), ('a"b', None, 'a"b'), ({b"\x01": 2}, None, '{"AQ==":2}'),
    ],
)  # fmt: skip
def test_values_are_written_as_connect_writes_them(value: Any, schema: Schema | None, text: str) -> None:
    assert text_of(value, schema) == text


def test_a_struct_is_written_in_the_order_of_its_fields_with_its_nulls() -> None:
    schema = Schema(type="struct", fields=(Field("b", TEXT.replace(optional=True)), Field("a", FLOAT32)))
    assert text_of({"a": 0.1}, schema) == '{"b":null,"a":0.1}'


def test_null_in_a_struct_is_written_as_its_default() -> None:
    schema = Schema(type="struct", fields=(Field("b", TEXT.replace(optional=True, default="d")),))
    assert text_of([{"b": None}, {}], Schema(type="array", items=schema)) == '[{"b":"d"},{"b":"d"}]'
