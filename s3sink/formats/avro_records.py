"""Batches get the Avro bytes of their records, from the schemas of their values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from s3sink.avro_data import AvroData, MappingOptions
from s3sink.avro_data.tree import parse_avro
from s3sink.batch import RecordBatch
from s3sink.connect_json import PerSchema
from s3sink.errors import FormatError, RecordError
from s3sink.formats.avro_anything import anything
from s3sink.formats.avro_encoding import UNSURE, Encode, codec_encoder, encoder, joined
from s3sink.formats.avro_text import schema_text
from s3sink.formats.json_lines import NULL_VALUE, reason_of, runs_of_one_schema
from s3sink.formats.lines import Prepared, Reason, in_parts, without
from s3sink.schema import Schema


@dataclass(frozen=True, slots=True)
class Encoder:
    """What becomes of values with one schema: `columns` makes the bytes of many, `one` of one with words for errors."""

    text: bytes
    columns: Encode
    one: Callable[[Any], bytes]

    def all(self, values: list[Any]) -> list[bytes]:
        """Raises one of UNSURE when there is a value whose bytes are not obvious."""
        return joined(self.columns(values), len(values))

    def each(self, values: list[Any]) -> tuple[list[bytes], dict[int, Reason]]:
        """The bytes of those that have some, and why the others have none, by index."""
        encoded: list[bytes] = []
        reasons: dict[int, Reason] = {}
        for index, value in enumerate(values):
            try:
                if value is None:
                    raise FormatError(NULL_VALUE)
                encoded.append(self.one(value))
            except UNSURE as error:
                reasons[index] = _reason(error)
        return encoded, reasons


Encoders = Callable[[Schema | None], Encoder]


def encoders(options: MappingOptions) -> Encoders:
    """Encoders, made once for each schema. They raise FormatError for schemas that Avro does not have."""
    data = AvroData(options)

    def made(schema: Schema) -> Encoder:
        writing = data.writing(schema)
        columns = encoder(schema, parse_avro(writing.avro), options)
        return Encoder(schema_text(writing.avro), columns, codec_encoder(writing.wire, writing.convert))

    @lru_cache(1)
    def schemaless() -> Encoder:
        writing = data.writing(None)
        return Encoder(schema_text(writing.avro), anything, codec_encoder(writing.wire, writing.convert))

    known = PerSchema(made)
    return lambda schema: schemaless() if schema is None else known(schema)


def with_records(batch: RecordBatch, encoders: Encoders) -> Prepared:
    """Consecutive batches of one schema each, whose spans make up the span of the batch, and an error for each bad
    record.
    """
    if not batch.n or batch.encoded() is not None:
        return [batch], []
    sizes = [len(run) for _, run in runs_of_one_schema(batch.records())]
    return in_parts(batch, sizes, lambda part: _with_records(part, encoders))


def _reason(error: Exception) -> Reason:
    return error if isinstance(error, RecordError) else reason_of(error)


def _with_records(batch: RecordBatch, encoders: Encoders) -> Prepared:
    rows = batch.records()
    values = [row.value for row in rows]
    try:
        encode = encoders(rows[0].value_schema)
    except (
        *UNSURE,
        RecordError,
    ) as error:  # a name that Avro does not allow, a scale that is no number, a default that is no value
        good, errors = without(batch, dict.fromkeys(range(batch.n), _reason(error)))
        return [good], errors
    if None not in values:
        try:
            return [batch.with_encoded(encode.all(values))], []
        except UNSURE:
            pass  # one by one then, to learn which of them it was
    encoded, reasons = encode.each(values)
    good, errors = without(batch, reasons)
    return [good.with_encoded(encoded) if good.n else good], errors
