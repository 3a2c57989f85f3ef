"""Converters make keys and values of bytes. One class a file; `Converter` is the seam."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from s3sink.batch import RecordBatch
from s3sink.converters.bytes import BytesConverter
from s3sink.converters.json import JsonConverter
from s3sink.converters.rows import convert_batch
from s3sink.converters.string import StringConverter
from s3sink.errors import RecordError
from s3sink.record import Headers
from s3sink.schema import Schema

__all__ = ["BytesConverter", "Converter", "JsonConverter", "JsonPassThrough", "StringConverter", "convert_batch"]


class Converter(Protocol):
    """Turns the bytes of a key or a value into a value with or without a schema."""

    def convert(self, topic: str, data: bytes | None, headers: Headers) -> tuple[Schema | None, Any]:
        """The value of these bytes; None (a tombstone) stays None. Raises ConversionError, without coordinates."""
        ...


@runtime_checkable
class JsonPassThrough(Protocol):
    """A converter whose values may stay JSON text, because decoding and encoding would only give it back."""

    @property
    def passes_json(self) -> bool:
        """Whether this one does: not when an envelope has to be taken off."""
        ...

    def check(self, batch: RecordBatch) -> tuple[RecordBatch, list[RecordError]]:
        """Validate a raw batch without decoding it.

        Returns the batch without the bad records, with `encoded()` values that hold no raw newline, and one error, with
        coordinates, for each bad record. Null values are not its business: the batch has none.
        """
        ...
