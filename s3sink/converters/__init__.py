"""Converters make keys, values and headers of bytes, and bytes of them. `Converter` and `Encoder` are the seams."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, runtime_checkable

from s3sink.batch import RecordBatch
from s3sink.converters.avro import AvroConverter
from s3sink.converters.bytes import BytesConverter
from s3sink.converters.header import SimpleHeaderConverter
from s3sink.converters.json import JsonConverter
from s3sink.converters.numbers import (
    BooleanConverter,
    DoubleConverter,
    FloatConverter,
    IntegerConverter,
    LongConverter,
    ShortConverter,
)
from s3sink.converters.rows import convert_batch
from s3sink.converters.string import StringConverter
from s3sink.errors import RecordError
from s3sink.record import Headers
from s3sink.schema import Schema

__all__ = [
    "AvroConverter",
    "BooleanConverter",
    "BytesConverter",
    "Converter",
    "DoubleConverter",
    "Encoder",
    "FloatConverter",
    "IntegerConverter",
    "JsonConverter",
    "JsonPassThrough",
    "LongConverter",
    "PreparingConverter",
    "ShortConverter",
    "SimpleHeaderConverter",
    "StringConverter",
    "convert_batch",
]


class Converter(Protocol):
    """Turns the bytes of a key, a value or a header into a value with or without a schema."""

    def convert(self, topic: str, data: bytes | None, headers: Headers) -> tuple[Schema | None, Any]:
        """The value of these bytes; None (a tombstone) stays None. Raises ConversionError, without coordinates."""
        ...


@runtime_checkable
class Encoder(Protocol):
    """The way back: turns a value into the bytes that a converter of the same configuration reads.

    All converters here are encoders too. A sink never needs one, since dead letters are the bytes as they were read;
    programs that write to topics what a sink shall read do.
    """

    def encode(self, topic: str, schema: Schema | None, value: Any) -> bytes | None:
        """The bytes of a value, None for a tombstone. Raises ConversionError, without coordinates."""
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


@runtime_checkable
class PreparingConverter(Protocol):
    """A converter that has to ask somebody before it can convert, and must not let the event loop wait for that."""

    async def prepare(
        self, topic: str, data: Iterable[bytes | None], headers: Iterable[Sequence[tuple[str, bytes | None]]]
    ) -> None:
        """Find out what `convert` will need for these, with the headers of their records.

        Raises nothing: `convert` says of each record what is wrong with it. Awaited before every attempt on a batch, so
        it asks again for what it could not get before, and returns at once when nothing is missing.
        """
        ...
