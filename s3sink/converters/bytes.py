"""Bytes as they are: Connect's ByteArrayConverter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from s3sink.errors import ConversionError
from s3sink.java_class import java_class
from s3sink.record import Headers
from s3sink.schema import Schema

_BYTES = Schema(type="bytes", optional=True)


@dataclass(frozen=True, slots=True)
class BytesConverter:
    """Changes nothing, in either direction. Reading never fails; the schema is optional bytes."""

    def convert(self, topic: str, data: bytes | None, headers: Headers) -> tuple[Schema, bytes | None]:
        """The bytes; None stays None."""
        return _BYTES, data

    def encode(self, topic: str, schema: Schema | None, value: Any) -> bytes | None:
        """The bytes; None stays None. Raises ConversionError for every other value, and for a schema of other type."""
        if schema is not None and schema.type != "bytes":
            raise ConversionError(f"Invalid schema type for ByteArrayConverter: {schema.type.upper()}")
        if value is not None and not isinstance(value, bytes):
            found = java_class(value, schema)
            raise ConversionError(f"ByteArrayConverter is not compatible with objects of type class {found}")
        return value
