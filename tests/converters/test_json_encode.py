"""What JsonConverter writes, and what it refuses to write."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from s3sink.connect_json import DecimalFormat, schema_to_json
from s3sink.converters import Encoder, JsonConverter
from s3sink.errors import DATA_EXCEPTION, ConversionError
from s3sink.schema import DATE, DECIMAL, TIME, TIMESTAMP, Field, Schema
from s3sink.testing.strategies import json_values, typed_values

FORMATS: st.SearchStrategy[DecimalFormat] = st.sampled_from(["BASE64", "NUMERIC"])
MONEY = Schema(type="bytes", name=DECIMAL, version=1, parameters=(("scale", "2"),))
DAY = Schema(type="int32", name=DATE, version=1)
CLOCK = Schema(type="int32", name=TIME, version=1)
MOMENT = Schema(type="int64", name=TIMESTAMP, version=1)
POINT = Schema(type="struct", fields=(Field("x", Schema(type="int32")), Field("y", Schema(type="int8", optional=True))))
TEXTS = Schema(type="map", keys=Schema(type="string", optional=True), items=Schema(type="int32"))


def encode(converter: JsonConverter, schema: Schema | None, value: Any) -> str:
    text = converter.encode("t", schema, value)
    assert text is not None
    return text.decode()


def refused(schema: Schema | None, value: Any, converter: JsonConverter | None = None) -> ConversionError:
    with pytest.raises(ConversionError) as caught:
        (converter or JsonConverter()).encode("t", schema, value)
    return caught.value


# ---------------------------------------------------------------------------------------------- there and back
@settings(deadline=None)
@given(typed_values, FORMATS, st.booleans())
def test_an_envelope_is_read_as_it_was_written(
    typed: tuple[Schema, Any], decimal_format: DecimalFormat, defaults: bool
) -> None:
    converter = JsonConverter(
        schemas_enable=True, decimal_format=decimal_format, replace_null_with_default=defaults, schemas_cache_size=2
    )
    assert converter.convert("t", converter.encode("t", *typed), ()) == typed


@settings(deadline=None)
@given(typed_values, FORMATS)
def test_a_payload_under_a_fixed_schema_is_read_as_it_was_written(
    typed: tuple[Schema, Any], decimal_format: DecimalFormat
) -> None:
    schema, value = typed
    content = json.dumps(schema_to_json(schema))
    converter = JsonConverter(schemas_enable=True, schema_content=content, decimal_format=decimal_format)
    bare = JsonConverter(decimal_format=decimal_format).encode("t", schema, value)
    assert converter.encode("t", schema, value) == bare
    assert converter.convert("t", bare, ()) == typed


@settings(deadline=None)
@given(json_values | st.integers(), st.booleans())
def test_what_has_no_schema_is_read_as_it_was_written(value: Any, envelope: bool) -> None:
    converter = JsonConverter(schemas_enable=envelope)
    assert repr(converter.convert("t", converter.encode("t", None, value), ())) == repr((None, value))


@settings(deadline=None)
@given(typed_values)
def test_the_payload_of_an_envelope_is_what_is_written_without_one(typed: tuple[Schema, Any]) -> None:
    whole = JsonConverter(schemas_enable=True).encode("t", *typed) or b""
    payload = JsonConverter().encode("t", *typed) or b""
    assert whole.endswith(b',"payload":' + payload + b"}")


@settings(deadline=None)
@given(st.lists(typed_values, max_size=6), st.integers(-1, 2))
def test_the_size_of_the_cache_changes_nothing(records: list[tuple[Schema, Any]], size: int) -> None:
    small, large = (JsonConverter(schemas_enable=True, schemas_cache_size=n) for n in (size, 1000))
    texts = [large.encode("t", *record) for record in records]
    assert [small.encode("t", *record) for record in records * 2] == texts * 2
    assert [small.convert("t", text, ()) for text in texts] == [large.convert("t", text, ()) for text in texts]


def test_it_is_an_encoder() -> None:
    assert isinstance(JsonConverter(), Encoder)


# ---------------------------------------------------------------------------------------------- the text
def test_the_envelope_has_its_members_in_connects_order() -> None:
    field = Schema(type="int64", optional=True, default=7, name="n", version=2, doc="d", parameters=(("p", "q"),))
    text = encode(JsonConverter(schemas_enable=True), Schema(type="struct", fields=(Field("a", field),)), {"a": 1})
    assert text == (
        '{"schema":{"type":"struct","fields":[{"type":"int64","optional":true,"name":"n","version":2,"doc":"d",'
        '"parameters":{"p":"q"},"default":7,"field":"a"}],"optional":false},"payload":{"a":1}}'
    )


@pytest.mark.parametrize(
    ("schema", "value", "text"),
    [
        (Schema(type="float64"), 1e10, "1.0E10"),
        (Schema(type="float64"), 5e-324, "4.9E-324"),
        (Schema(type="float64"), 5, "5.0"),
        (Schema(type="float64"), -0.0, "-0.0"),
        (Schema(type="float64"), float("nan"), '"NaN"'),
        (Schema(type="float32"), 0.1, "0.1"),
        (Schema(type="float32"), 1.401298464324817e-45, "1.4E-45"),
        (Schema(type="string"), "é\U0001f600\x1f\n", '"é\\uD83D\\uDE00\\u001F\\n"'),
        (Schema(type="bytes"), b"hello", '"aGVsbG8="'),
        (MONEY, Decimal("1.56"), '"AJw="'),
        (DAY, date(1997, 5, 19), "10000"),
        (DAY, datetime(1997, 5, 19, tzinfo=UTC), "10000"),
        (CLOCK, time(4), "14400000"),
        (MOMENT, datetime(1969, 12, 31, 23, 59, 59, 999_000, UTC), "-1"),
        (MOMENT, date(1970, 1, 2), "86400000"),
        (POINT, {"x": 1}, '{"x":1,"y":null}'),
        (TEXTS, {None: 1, "b": 2}, '{"null":1,"b":2}'),
        (Schema(type="map", keys=Schema(type="int8"), items=POINT), {3: {"x": 1}}, '[[3,{"x":1,"y":null}]]'),
        (None, {1: "a", None: 2}, '[[1,"a"],[null,2]]'),
        (None, [1e10, b"x", None, 2**70], '[1.0E10,"eA==",null,1180591620717411303424]'),
    ],
)
def test_values_are_written_as_jackson_writes_them(schema: Schema | None, value: Any, text: str) -> None:
    assert encode(JsonConverter(), schema, value) == text


@pytest.mark.parametrize("digits", ["1.56", "0.00", "-12345678901234567890.10"])
def test_numeric_decimals_keep_their_digits_in_the_default_too(digits: str) -> None:
    schema = MONEY.replace(default=Decimal(digits))
    text = encode(JsonConverter(schemas_enable=True, decimal_format="NUMERIC"), schema, Decimal(digits))
    assert text.endswith(f'"default":{digits}}},"payload":{digits}}}')


@pytest.mark.parametrize("kind", ["array", "map", "keys", "struct"])
def test_numeric_defaults_deep_in_a_schema_are_numbers_too(kind: str) -> None:
    money, text = MONEY.replace(default=Decimal("0.10")), Schema(type="string")
    schema, value = {
        "array": (Schema(type="array", items=money), []),
        "map": (Schema(type="map", keys=text, items=money), {}),
        "keys": (Schema(type="map", keys=money, items=text), {}),
        "struct": (Schema(type="struct", fields=(Field("m", money),)), {"m": Decimal("0.10")}),
    }[kind]
    assert '"default":0.10' in encode(JsonConverter(schemas_enable=True, decimal_format="NUMERIC"), schema, value)


@pytest.mark.parametrize(
    ("schema", "defaults", "text"),
    [
        (None, True, None),
        (Schema(type="string", optional=True), True, b"null"),
        (Schema(type="string", optional=True, default="d"), True, b'"d"'),
        (Schema(type="string", optional=True, default="d"), False, b"null"),
        (Schema(type="string", default="d"), True, b'"d"'),
    ],
)
def test_null_is_a_tombstone_the_default_or_null(schema: Schema | None, defaults: bool, text: bytes | None) -> None:
    assert JsonConverter(replace_null_with_default=defaults).encode("t", schema, None) == text


# ---------------------------------------------------------------------------------------------- refusals
@pytest.mark.parametrize(
    ("schema", "value", "words"),
    [
        (None, Decimal("1.56"), "Java class class java.math.BigDecimal does not have corresponding schema type."),
        (None, [date(2020, 1, 1)], "Java class class java.util.Date does not have corresponding schema type."),
        (Schema(type="int32"), "x", "Invalid type for INT32: class java.lang.String"),
        (Schema(type="int8"), 300, "Invalid type for INT8: class java.lang.Long"),
        (Schema(type="int64"), 2**63, "Invalid type for INT64: class java.math.BigInteger"),
        (Schema(type="int32"), True, "Invalid type for INT32: class java.lang.Boolean"),
        (Schema(type="float32"), 1e39, "Invalid type for FLOAT32: class java.lang.Double"),
        (Schema(type="float64"), 10**400, "Invalid type for FLOAT64: class java.math.BigInteger"),
        (Schema(type="bytes"), "x", "Invalid type for bytes type: class java.lang.String"),
        (POINT, "x", "Invalid type for STRUCT: class java.lang.String"),
        (POINT, {"x": 1, "z": 2}, "Mismatching schema."),
        (Schema(type="array", items=POINT), [{"x": 1, "z": 2}], "Mismatching schema."),
        (MONEY, 1.5, "Invalid type for Decimal, expected BigDecimal but was class java.lang.Double"),
        (
            MONEY,
            Decimal("1.5"),
            "Decimal value has mismatching scale for given Decimal schema. Schema has scale 2, value has scale 1.",
        ),
        (MONEY.replace(parameters=()), Decimal("1.5"), "Invalid Decimal schema: scale parameter not found."),
        (
            MONEY.replace(parameters=(("scale", "x"),)),
            Decimal("1.5"),
            "Invalid scale parameter found in Decimal schema: ",
        ),
        (DAY, 10000, "Invalid type for Date, expected Date but was class java.lang.Long"),
        (
            DAY,
            datetime(2020, 1, 1, 0, 0, 1, tzinfo=UTC),
            "Kafka Connect Date type should not have any time fields set to non-zero values.",
        ),
        (
            CLOCK,
            datetime(2020, 1, 1, tzinfo=UTC),
            "Kafka Connect Time type should not have any date fields set to non-zero values.",
        ),
        (MOMENT, "x", "Invalid type for Timestamp, expected Date but was class java.lang.String"),
        (POINT, {}, "Conversion error: null value for field that is required and has no default value"),
        (
            Schema(type="string"),
            "\ud800",
            "Converting Kafka Connect data to byte[] failed due to serialization error: ",
        ),
    ],
)
def test_what_connect_refuses_to_write_is_refused_with_its_words(schema: Schema | None, value: Any, words: str) -> None:
    for envelope in (False, True):
        error = refused(schema, value, JsonConverter(schemas_enable=envelope))
        assert (error.reason, error.connect_class, error.source) == (words, DATA_EXCEPTION, None)


def test_without_defaults_a_required_null_is_refused_although_it_has_one() -> None:
    error = refused(Schema(type="string", default="d"), None, JsonConverter(replace_null_with_default=False))
    assert error.reason == "Conversion error: null value for field that is required and has no default value"


def test_a_decimal_schema_without_scale_still_takes_null() -> None:
    schema = Schema(type="bytes", name=DECIMAL, optional=True)
    assert JsonConverter().encode("t", schema, None) == b"null"


def test_a_schema_whose_default_cannot_be_written_is_refused() -> None:
    assert refused(Schema(type="int8", default="x"), 1).reason == "Invalid type for INT8: class java.lang.String"


ANYTHING = st.one_of(
    json_values, st.binary(), st.dates(), st.decimals(), st.sets(st.integers(), max_size=2), st.integers(), st.floats()
)


@settings(deadline=None)
@given(typed_values, ANYTHING, FORMATS)
def test_nothing_but_conversion_errors_is_raised(typed: tuple[Schema, Any], value: Any, form: DecimalFormat) -> None:
    assume(value is not None)
    converter = JsonConverter(schemas_enable=True, decimal_format=form)
    for schema in (typed[0], None):
        with suppress(ConversionError):
            assert converter.encode("t", schema, value) is not None
