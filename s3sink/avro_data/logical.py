"""Connect's logical types and the plain values that Avro keeps of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from s3sink.connect_json import (
    Function,
    decimal_from_bytes,
    decimal_to_bytes,
    int_decoder,
    payload_decoder,
    payload_encoder,
    shortest_float32,
)
from s3sink.errors import ConversionError, FormatError
from s3sink.java_class import java_class
from s3sink.schema import DATE, DECIMAL, TIME, TIMESTAMP, Schema

_DATES = frozenset({DATE, TIME, TIMESTAMP})


def scale_of(schema: Schema) -> int:
    """The scale of a Decimal schema, 0 where it has none."""
    return int(dict(schema.parameters).get("scale", "0"))


def from_plain(schema: Schema) -> Function | None:
    """What a value of the schema is made of, from what Avro keeps of it; None where it is the same."""
    if schema.name == DECIMAL:
        return _decimal_reader(scale_of(schema))
    if schema.name in _DATES:
        return payload_decoder(schema.replace(default=None, optional=True))
    if schema.type == "int8":
        return int_decoder(8)
    if schema.type == "int16":
        return int_decoder(16)
    return shortest_float32 if schema.type == "float32" else None


def _decimal_reader(scale: int) -> Function:
    def read(value: Any) -> Decimal:
        if type(value) is not bytes:
            complaint = "Invalid type for Decimal, underlying representation should be bytes but was class "
            raise ConversionError(complaint + java_class(value))
        return decimal_from_bytes(value, scale)

    return read


def to_plain(schema: Schema) -> Function | None:
    """What Avro keeps of a value of a logical type; None for other schemas. It raises FormatError for other values."""
    if schema.name == DECIMAL:
        return _decimal_writer(scale_of(schema))
    if schema.name in _DATES:
        return payload_encoder(schema.replace(default=None, optional=True))
    return None


def _decimal_writer(scale: int) -> Function:
    def write(value: Any) -> bytes:
        if type(value) is not Decimal:
            raise FormatError(f"Invalid type for Decimal, expected BigDecimal but was class {java_class(value)}")
        return decimal_to_bytes(value, scale)

    return write
