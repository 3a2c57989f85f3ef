"""Numbers and booleans as Kafka's own serializers write them: big-endian, of fixed size."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, NamedTuple

from s3sink.connect_json import shortest_float32
from s3sink.errors import ConversionError
from s3sink.java_class import java_class
from s3sink.record import Headers
from s3sink.schema import Schema, Type

_BOOLEAN = Schema(type="boolean", optional=True)
_BOOLEANS = {b"\x00": False, b"\x01": True}


class _Number(NamedTuple):
    """One of the number types: its schema, its words in messages, its classes here and in Java, its binary form."""

    schema: Schema
    word: str
    deserializer: str
    kind: type
    java: str
    format: struct.Struct

    def read(self, data: bytes | None) -> Any:
        if data is None:
            return None
        if len(data) != self.format.size:
            wrong = f"Size of data received by {self.deserializer} is not {self.format.size}"
            raise ConversionError(f"Failed to deserialize {self.word}: ") from ValueError(wrong)
        return self.format.unpack(data)[0]

    def write(self, schema: Schema | None, value: Any) -> bytes | None:
        """Without a schema Python's int may be any of Java's integers and its float either of its fractions."""
        if value is None:
            return None
        found = java_class(value, self.schema if schema is None and type(value) is self.kind else schema)
        if found != self.java:
            raise ConversionError(f"Failed to serialize to {self.word} (was class {found}): ")
        return self.format.pack(value)


def _number(type_: Type, word: str, deserializer: str, kind: type, java: str, code: str) -> _Number:
    return _Number(
        Schema(type=type_, optional=True), word, deserializer, kind, f"java.lang.{java}", struct.Struct(code)
    )


_SHORT = _number("int16", "short", "ShortDeserializer", int, "Short", ">h")
_INTEGER = _number("int32", "integer", "IntegerDeserializer", int, "Integer", ">i")
_LONG = _number("int64", "long", "LongDeserializer", int, "Long", ">q")
_FLOAT = _number("float32", "float", "Deserializer", float, "Float", ">f")
_DOUBLE = _number("float64", "double", "Deserializer", float, "Double", ">d")


@dataclass(frozen=True, slots=True)
class ShortConverter:
    """Two bytes are a 16-bit integer, big-endian, with an optional int16 schema; nothing else is read."""

    def convert(self, topic: str, data: bytes | None, headers: Headers) -> tuple[Schema, int | None]:
        """The number; None stays None. Raises ConversionError for any other size."""
        return _SHORT.schema, _SHORT.read(data)

    def encode(self, topic: str, schema: Schema | None, value: Any) -> bytes | None:
        """Two bytes; None stays None. Raises ConversionError for what is no int16, or no whole number in range."""
        return _SHORT.write(schema, value)


@dataclass(frozen=True, slots=True)
class IntegerConverter:
    """Four bytes are a 32-bit integer, big-endian, with an optional int32 schema; nothing else is read."""

    def convert(self, topic: str, data: bytes | None, headers: Headers) -> tuple[Schema, int | None]:
        """The number; None stays None. Raises ConversionError for any other size."""
        return _INTEGER.schema, _INTEGER.read(data)

    def encode(self, topic: str, schema: Schema | None, value: Any) -> bytes | None:
        """Four bytes; None stays None. Raises ConversionError for what is no int32, or no whole number in range."""
        return _INTEGER.write(schema, value)


@dataclass(frozen=True, slots=True)
class LongConverter:
    """Eight bytes are a 64-bit integer, big-endian, with an optional int64 schema; nothing else is read."""

    def convert(self, topic: str, data: bytes | None, headers: Headers) -> tuple[Schema, int | None]:
        """The number; None stays None. Raises ConversionError for any other size."""
        return _LONG.schema, _LONG.read(data)

    def encode(self, topic: str, schema: Schema | None, value: Any) -> bytes | None:
        """Eight bytes; None stays None. Raises ConversionError for what is no int64, or no whole number in range."""
        return _LONG.write(schema, value)


@dataclass(frozen=True, slots=True)
class FloatConverter:
    """Four bytes are a float32, big-endian, with an optional schema; it reads as it prints, 0.1 as 0.1."""

    def convert(self, topic: str, data: bytes | None, headers: Headers) -> tuple[Schema, float | None]:
        """The number; None stays None. Raises ConversionError for any other size."""
        value = _FLOAT.read(data)
        return _FLOAT.schema, None if value is None else shortest_float32(value)

    def encode(self, topic: str, schema: Schema | None, value: Any) -> bytes | None:
        """Four bytes, rounded to float32; None stays None. Raises ConversionError for what is no float32."""
        return _FLOAT.write(schema, value)


@dataclass(frozen=True, slots=True)
class DoubleConverter:
    """Eight bytes are a float64, big-endian, with an optional schema; nothing else is read."""

    def convert(self, topic: str, data: bytes | None, headers: Headers) -> tuple[Schema, float | None]:
        """The number; None stays None. Raises ConversionError for any other size."""
        return _DOUBLE.schema, _DOUBLE.read(data)

    def encode(self, topic: str, schema: Schema | None, value: Any) -> bytes | None:
        """Eight bytes; None stays None. Raises ConversionError for what is no float64."""
        return _DOUBLE.write(schema, value)


@dataclass(frozen=True, slots=True)
class BooleanConverter:
    """One byte, 0 or 1, is a boolean with an optional schema; nothing else is read."""

    def convert(self, topic: str, data: bytes | None, headers: Headers) -> tuple[Schema, bool | None]:
        """The boolean; None stays None. Raises ConversionError for any other byte or size."""
        if data is None:
            return _BOOLEAN, None
        if data not in _BOOLEANS:
            raise ConversionError("Failed to deserialize boolean: ") from ValueError(_no_boolean(data))
        return _BOOLEAN, _BOOLEANS[data]

    def encode(self, topic: str, schema: Schema | None, value: Any) -> bytes | None:
        """One byte; None stays None. Raises ConversionError for other values, and for a schema of other type."""
        if schema is not None and schema.type != "boolean":
            raise ConversionError(f"Invalid schema type for BooleanConverter: {schema.type.upper()}")
        if value is None:
            return None
        if type(value) is not bool:
            found = java_class(value, schema)
            raise ConversionError(f"BooleanConverter is not compatible with objects of type class {found}")
        return b"\x01" if value else b"\x00"


def _no_boolean(data: bytes) -> str:
    if len(data) != 1:
        return "Size of data received by BooleanDeserializer is not 1"
    return f"Unexpected byte received by BooleanDeserializer: {int.from_bytes(data, signed=True)}"
