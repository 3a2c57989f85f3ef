"""Schemas and payloads of Connect's JSON."""

from __future__ import annotations

import math
import struct
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3sink.connect_json import (
    from_payload,
    payload_encoder,
    schema_from_json,
    schema_to_json,
    shortest_float32,
    to_payload,
)
from s3sink.errors import SCHEMA_BUILDER_EXCEPTION, ConversionError, FormatError
from s3sink.schema import DATE, DECIMAL, TIME, TIMESTAMP, Schema
from s3sink.testing.strategies import Typed, typed_values, value_types

OUTSIDE = "is outside the years 1 to 9999, which is all that Python's calendar has"
SCALE_2 = (("scale", "2"),)
TEXT = Schema(type="string")


@given(typed_values)
def test_a_value_survives_its_payload(typed: tuple[Schema, Any]) -> None:
    schema, value = typed
    assert from_payload(schema, to_payload(schema, value)) == value


@given(value_types)
def test_a_schema_survives_its_json(typed: Typed) -> None:
    assert schema_from_json(schema_to_json(typed[0])) == typed[0]


def test_a_schema_is_written_with_members_in_connects_order() -> None:
    given_json = {
        "type": "struct",
        "fields": [
            {
                "type": "map",
                "keys": {"type": "string", "optional": False},
                "values": {"type": "float", "optional": True},
            }
            | {"optional": False, "name": "m", "version": 1, "doc": "d", "parameters": {"p": "q"}, "field": "a"},
            {"type": "double", "optional": True, "default": 1.5, "field": "b"},
        ],
        "optional": False,
    }
    assert repr(schema_to_json(schema_from_json(given_json))) == repr(given_json)


@pytest.mark.parametrize(
    ("schema", "complaint"),
    [
        (None, "Schema must contain 'type' field"),
        ({"type": 5}, "Schema must contain 'type' field"),
        ({"type": "float32"}, "Unknown schema type: float32"),
        ({"type": "array"}, "Array schema did not specify the element type"),
        ({"type": "map", "values": {"type": "string"}}, "Map schema did not specify the key type"),
        ({"type": "map", "keys": {"type": "string"}}, "Map schema did not specify the value type"),
        ({"type": "struct"}, 'Struct schema\'s "fields" argument is not an array.'),
        ({"type": "struct", "fields": [{"type": "string"}]}, "Struct schema's field name not specified properly"),
        ({"type": "string", "parameters": {"p": 5}}, "Schema parameters must have string values."),
        ({"type": "string", "default": None}, "Invalid null value for required STRING field"),
    ],
)
def test_a_bad_schema_is_refused_with_connects_words(schema: Any, complaint: str) -> None:
    with pytest.raises(ConversionError) as caught:
        schema_from_json(schema)
    assert caught.value.reason == complaint


A: dict[str, Any] = {"field": "a", "type": "string"}
TEXTS: dict[str, Any] = {"type": "array", "items": {"type": "string"}}


@pytest.mark.parametrize(
    ("schema", "complaint"),
    [
        ({"type": "struct", "fields": [A, A]}, "Cannot create field because of field name duplication a"),
        ({"type": "struct", "fields": [A | {"field": ""}]}, "fieldName cannot be null."),
        ({"type": "string", "default": 5}, "Invalid default value"),
        (TEXTS | {"default": ["a", 5]}, "Invalid default value"),
        ({"type": "map", "keys": TEXTS["items"], "values": TEXTS, "default": {"a": [5]}}, "Invalid default value"),
        ({"type": "struct", "fields": [], "optional": True, "default": {}}, "Invalid default value"),
    ],
)
def test_a_schema_that_connect_cannot_build_is_its_builders_error(schema: Any, complaint: str) -> None:
    with pytest.raises(ConversionError) as caught:
        schema_from_json(schema)
    assert (caught.value.reason, caught.value.connect_class) == (complaint, SCHEMA_BUILDER_EXCEPTION)


@pytest.mark.parametrize(
    ("member", "schema"),
    [
        ({"version": 2**31}, Schema(type="string", version=-(2**31))),
        ({"version": 1.0}, TEXT),
        ({"parameters": [1]}, TEXT),
        ({"parameters": 5}, TEXT),
        ({"optional": True, "default": 5}, TEXT.replace(optional=True)),
    ],
)
def test_what_means_nothing_in_a_schema_is_passed_over(member: dict[str, Any], schema: Schema) -> None:
    assert schema_from_json({"type": "string"} | member) == schema


def place_of(inner: Any) -> str:
    schema = schema_from_json({"type": "struct", "fields": [inner[0] | {"field": "a"}]})
    with pytest.raises(ConversionError) as caught:
        from_payload(schema, {"a": inner[1]})
    found = caught.value.reason.removeprefix("Invalid value: null used for required ")
    return found.removesuffix(", schema type: STRING").removesuffix('field: "a"')


def test_a_struct_says_where_a_text_had_to_be() -> None:
    text, texts_by_name = TEXTS["items"], {"type": "map", "keys": {"type": "string"}, "values": TEXTS}
    assert place_of((text, 5)) == place_of((text | {"default": "d"}, 5)) == ""
    assert place_of((TEXTS, ["x", 5])) == "element of array "
    assert place_of((texts_by_name, {"k": [5]})) == "element of array value of map "
    assert place_of(({"type": "map", "keys": {"type": "int8"}, "values": text}, [[1, 5]])) == "value of map "
    assert from_payload(schema_from_json(TEXTS), [5]) == [None]


@pytest.mark.parametrize(
    ("schema", "payload", "value"),
    [
        (Schema(type="int8"), 300, 44),
        (Schema(type="int32"), 1e30, 1 << 30),
        (Schema(type="float64"), -0.0, 0.0),
        (Schema(type="float32"), Decimal("-0.0"), 0.0),
        (Schema(type="bytes"), "YWJj\r\n YQ==", b"abca"),
        (Schema(type="bytes"), "YWI=YQ==\n", b"aba"),
        (Schema(type="int32"), 3_000_000_000, -1_294_967_296),
        (Schema(type="int64"), 1.9, 1),
        (Schema(type="int64"), -1.9, -1),
        (Schema(type="int64"), Decimal("1E+1000000000"), 0),
        (Schema(type="int32"), "12", 0),
        (Schema(type="int32"), True, 0),
        (Schema(type="boolean"), "true", False),
        (Schema(type="string"), 5, None),
        (Schema(type="bytes"), 5, None),
        (Schema(type="float64"), "x", 0.0),
        (Schema(type="float64"), 10**400, math.inf),
        (Schema(type="float32"), 1e39, math.inf),
        (Schema(type="float32"), 0.1234567890123, 0.12345679),
        (Schema(type="array", items=Schema(type="int32")), {"a": 1}, [1]),
        (Schema(type="string", default="d"), None, "d"),
        (Schema(type="bytes", name=DECIMAL, parameters=SCALE_2), "AJw=", Decimal("1.56")),
        (Schema(type="bytes", name=DECIMAL, parameters=SCALE_2), Decimal("1.5678"), Decimal("1.5678")),
        (Schema(type="int32", name=DATE), 10_000, date(1997, 5, 19)),
        (Schema(type="int32", name=TIME), 14_400_000, time(4)),
        (Schema(type="int64", name=TIMESTAMP), -1, datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)),
    ],
)
def test_payloads_are_read_as_leniently_as_connect_reads_them(schema: Schema, payload: Any, value: Any) -> None:
    assert repr(from_payload(schema, payload)) == repr(value)


@pytest.mark.parametrize(
    ("schema", "payload", "complaint"),
    [
        (Schema(type="int32"), None, "Invalid null value for required INT32 field"),
        (Schema(type="bytes"), "not base64!", "Invalid bytes field"),
        (Schema(type="bytes"), "YW Jj", "Invalid bytes field"),
        (Schema(type="bytes"), "YWJjYQ=", "Invalid bytes field"),
        (Schema(type="bytes", name=DECIMAL, parameters=SCALE_2), "", "Invalid bytes for Decimal field"),
        (Schema(type="bytes", name=DECIMAL, parameters=(("scale", " 2"),)), "AJw=", "Invalid bytes for Decimal field"),
        (Schema(type="bytes", name=DECIMAL), "AJw=", "Invalid bytes for Decimal field"),
        (Schema(type="struct"), [1], "Structs should be encoded as JSON objects, but found ARRAY"),
        (
            Schema(type="int32", name=DATE),
            "x",
            "Invalid type for Date, underlying representation should be integer but was STRING",
        ),
        (Schema(type="int32", name=DATE), 2_000_000_000, f"2000000000 {OUTSIDE}"),
        (Schema(type="int64", name=TIMESTAMP), 10**18, f"{10**18} {OUTSIDE}"),
    ],
)
def test_what_connect_refuses_is_refused_with_its_words(schema: Schema, payload: Any, complaint: str) -> None:
    with pytest.raises(ConversionError) as caught:
        from_payload(schema, payload)
    assert caught.value.reason == complaint


def test_null_stays_null_where_defaults_are_not_wanted() -> None:
    schema = Schema(type="string", optional=True, default="d")
    assert from_payload(schema, None, replace_null_with_default=False) is None
    with pytest.raises(ConversionError, match="Invalid null value"):
        from_payload(schema.replace(optional=False), None, replace_null_with_default=False)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
@example(1.401298464324817e-45)
@example(3.4028234663852886e38)
@example(16777216.0)
def test_a_float32_prints_short_and_stays_the_same_float32(value: float) -> None:
    short = shortest_float32(value)
    assert struct.pack("<f", short) == struct.pack("<f", value)
    assert len(repr(short)) <= len(repr(value))


def test_numeric_decimals_keep_their_digits() -> None:
    schema = Schema(type="bytes", name=DECIMAL, parameters=SCALE_2)
    assert str(to_payload(schema, Decimal("1.50"), "NUMERIC")) == "1.50"


@pytest.mark.parametrize(
    ("schema", "value", "complaint"),
    [
        (Schema(type="string"), None, "null value for field that is required and has no default value"),
        (Schema(type="string"), 5, "Invalid type for STRING: class java.lang.Long"),
        (Schema(type="int32"), True, "Invalid type for INT32: class java.lang.Boolean"),
        (
            Schema(type="bytes", name=DECIMAL, parameters=SCALE_2),
            Decimal("1.5"),
            "Schema has scale 2, value has scale 1.",
        ),
        (
            Schema(type="bytes", name=DECIMAL, parameters=SCALE_2),
            Decimal("NaN"),
            "Schema has scale 2, value has scale n.",
        ),
        (None, object(), "object is not a type that JSON without a schema can hold"),
        (None, {1: 2}, "a JSON object has text for keys, not int"),
    ],
)
def test_what_json_cannot_hold_is_a_format_error(schema: Schema | None, value: Any, complaint: str) -> None:
    with pytest.raises(FormatError) as caught:
        to_payload(schema, value)
    assert complaint in caught.value.reason


def test_values_without_schema_are_written_as_jackson_writes_java_objects() -> None:
    moment = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    value = {"b": b"hello", "t": moment, "d": date(1970, 1, 2), "l": [math.nan, math.inf, 1, None, True]}
    expected = {"b": "aGVsbG8=", "t": 1000, "d": 86_400_000, "l": ["NaN", "Infinity", 1, None, True]}
    assert payload_encoder(None)(value) == expected


def test_an_integer_will_do_for_a_float() -> None:
    assert repr(to_payload(Schema(type="float64"), 5)) == "5.0"
