"""Numbers and booleans in Kafka's own binary forms."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.converters import (
    BooleanConverter,
    DoubleConverter,
    Encoder,
    FloatConverter,
    IntegerConverter,
    LongConverter,
    ShortConverter,
)
from s3sink.errors import DATA_EXCEPTION, ConversionError
from s3sink.schema import DATE, Schema
from s3sink.testing.strategies import scalar_types

Numbers = ShortConverter | IntegerConverter | LongConverter | FloatConverter | DoubleConverter
KINDS: dict[str, tuple[Numbers, str, str, int, str]] = {
    "int16": (ShortConverter(), "short", ">h", 2, "ShortDeserializer"),
    "int32": (IntegerConverter(), "integer", ">i", 4, "IntegerDeserializer"),
    "int64": (LongConverter(), "long", ">q", 8, "LongDeserializer"),
    "float32": (FloatConverter(), "float", ">f", 4, "Deserializer"),
    "float64": (DoubleConverter(), "double", ">d", 8, "Deserializer"),
}


def refused(converter: Numbers | BooleanConverter, schema: Schema | None, value: Any) -> str:
    with pytest.raises(ConversionError) as caught:
        converter.encode("t", schema, value)
    assert caught.value.connect_class == DATA_EXCEPTION
    return caught.value.reason


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_a_number_arrives_as_it_was_written(kind: str, data: st.DataObject) -> None:
    converter, _, code, _, _ = KINDS[kind]
    schema, values = scalar_types[kind]
    value = data.draw(values)
    written = struct.pack(code, value)
    assert converter.encode("t", None, value) == converter.encode("t", schema, value) == written
    assert converter.convert("t", written, ()) == (schema.replace(optional=True), value)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.binary(max_size=10))
def test_only_the_right_size_is_read(kind: str, data: bytes) -> None:
    converter, word, _, size, deserializer = KINDS[kind]
    if len(data) == size:
        assert converter.convert("t", data, ())[0] == Schema(type=kind, optional=True)  # type: ignore[arg-type]
        return
    with pytest.raises(ConversionError) as caught:
        converter.convert("t", data, ())
    assert caught.value.reason == f"Failed to deserialize {word}: "
    assert str(caught.value.__cause__) == f"Size of data received by {deserializer} is not {size}"


@pytest.mark.parametrize("kind", KINDS)
def test_null_stays_null(kind: str) -> None:
    converter = KINDS[kind][0]
    assert isinstance(converter, Encoder)
    assert converter.convert("t", None, ())[1] is None
    assert converter.encode("t", Schema(type="string"), None) is None


def test_special_fractions_survive() -> None:
    for converter, code in ((FloatConverter(), ">f"), (DoubleConverter(), ">d")):
        for value in (float("inf"), float("-inf"), float("nan"), -0.0):
            written = converter.encode("t", None, value)
            assert written == struct.pack(code, value)
            assert repr(converter.convert("t", written, ())[1]) == repr(value)


@pytest.mark.parametrize(
    ("converter", "schema", "value", "words"),
    [
        (IntegerConverter(), None, "x", "integer (was class java.lang.String)"),
        (LongConverter(), Schema(type="int32"), 5, "long (was class java.lang.Integer)"),
        (IntegerConverter(), Schema(type="int64"), 5, "integer (was class java.lang.Long)"),
        (ShortConverter(), None, 40_000, "short (was class java.lang.Long)"),
        (LongConverter(), None, 2**63, "long (was class java.math.BigInteger)"),
        (LongConverter(), None, True, "long (was class java.lang.Boolean)"),
        (DoubleConverter(), None, 5, "double (was class java.lang.Long)"),
        (DoubleConverter(), Schema(type="float32"), 0.5, "double (was class java.lang.Float)"),
        (FloatConverter(), None, 1e39, "float (was class java.lang.Double)"),
        (IntegerConverter(), Schema(type="int32", name=DATE), 5, "integer (was class java.lang.Long)"),
        (ShortConverter(), None, [1], "short (was class java.util.ArrayList)"),
    ],
)
def test_another_class_of_value_is_refused_with_connects_words(
    converter: Numbers, schema: Schema | None, value: Any, words: str
) -> None:
    assert refused(converter, schema, value) == f"Failed to serialize to {words}: "


def test_a_whole_number_will_do_for_a_fraction_with_a_schema() -> None:
    assert DoubleConverter().encode("t", Schema(type="float64"), 5) == struct.pack(">d", 5.0)


# ---------------------------------------------------------------------------------------------- booleans
@given(st.none() | st.booleans())
def test_a_boolean_arrives_as_it_was_written(value: bool | None) -> None:
    converter = BooleanConverter()
    written = converter.encode("t", Schema(type="boolean"), value)
    assert converter.convert("t", written, ()) == (Schema(type="boolean", optional=True), value)


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", "Size of data received by BooleanDeserializer is not 1"),
        (b"\x00\x01", "Size of data received by BooleanDeserializer is not 1"),
        (b"\x02", "Unexpected byte received by BooleanDeserializer: 2"),
        (b"\xff", "Unexpected byte received by BooleanDeserializer: -1"),
    ],
)
def test_other_bytes_are_no_boolean(data: bytes, cause: str) -> None:
    with pytest.raises(ConversionError, match="Failed to deserialize boolean: ") as caught:
        BooleanConverter().convert("t", data, ())
    assert str(caught.value.__cause__) == cause


@pytest.mark.parametrize(
    ("schema", "value", "words"),
    [
        (None, "x", "BooleanConverter is not compatible with objects of type class java.lang.String"),
        (None, 1, "BooleanConverter is not compatible with objects of type class java.lang.Long"),
        (Schema(type="int8"), True, "Invalid schema type for BooleanConverter: INT8"),
        (Schema(type="int8"), None, "Invalid schema type for BooleanConverter: INT8"),
    ],
)
def test_other_values_are_no_boolean(schema: Schema | None, value: Any, words: str) -> None:
    assert refused(BooleanConverter(), schema, value) == words
