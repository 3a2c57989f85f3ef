"""A raw batch becomes rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any

import msgspec

from s3sink.batch import RecordBatch
from s3sink.converters._json_text import decode_json
from s3sink.converters.bytes import BytesConverter
from s3sink.converters.json import JsonConverter
from s3sink.errors import ConversionError, RecordError, class_of
from s3sink.record import Header, Headers, SinkRecord
from s3sink.schema import Schema

if TYPE_CHECKING:
    from s3sink.converters import Converter

_Column = tuple[Iterable[Schema | None], Iterable[Any]]
_Failures = dict[int, RecordError]


def convert_batch(
    batch: RecordBatch,
    key_converter: Converter,
    value_converter: Converter,
    header_converter: Converter | None = None,
) -> tuple[RecordBatch, list[RecordError]]:
    """Rows of a raw batch, in its order and with its span, and one error with coordinates for each that has none.

    The key is converted first, then the value, then the headers one by one; a record counts once, for what was bad
    first. Without a header converter headers stay bytes, with no schema.
    """
    headers = [_headers(raw) if raw else () for raw in map(batch.raw_headers, range(batch.n))]
    failures: _Failures = {}
    key_schemas, keys = _column(batch, batch.keys(), headers, key_converter, "KEY_CONVERTER", failures)
    value_schemas, values = _column(batch, batch.values(), headers, value_converter, "VALUE_CONVERTER", failures)
    if header_converter is not None and any(headers):
        headers = _converted_headers(batch, headers, header_converter, failures)
    source, topic = batch.source, batch.source.topic
    rows = [
        SinkRecord(source, offset, timestamp, topic, key, value, header, key_schema, value_schema)
        for offset, timestamp, key, value, header, key_schema, value_schema in zip(
            batch.offsets, batch.timestamps, keys, values, headers, key_schemas, value_schemas, strict=False
        )
    ]
    if failures:
        rows = [row for index, row in enumerate(rows) if index not in failures]
    return batch.with_rows(rows), [failures[index] for index in sorted(failures)]


def _headers(raw: Sequence[tuple[str, bytes | None]]) -> Headers:
    return tuple(Header(key, value) for key, value in raw)


def _converted_headers(
    batch: RecordBatch, rows: list[Headers], converter: Converter, failures: _Failures
) -> list[Headers]:
    """The headers of each record; of one that has failed already, or fails here, none."""
    converted: list[Headers] = []
    for index, headers in enumerate(rows):
        found: Headers = ()
        if headers and index not in failures:
            try:
                found = _convert_headers(converter, batch.source.topic, headers)
            except Exception as error:
                failures[index] = _located(error, batch, index, type(converter).__name__, "HEADER_CONVERTER")
        converted.append(found)
    return converted


def _convert_headers(converter: Converter, topic: str, headers: Headers) -> Headers:
    pairs = [converter.convert(topic, header.value, headers) for header in headers]
    return tuple(Header(header.key, value, schema) for header, (schema, value) in zip(headers, pairs, strict=True))


def _column(
    batch: RecordBatch,
    data: list[bytes | None],
    headers: list[Headers],
    converter: Converter,
    stage: str,
    failures: _Failures,
) -> _Column:
    if isinstance(converter, JsonConverter) and not converter.schemas_enable:
        values = _decoded(data)
        if values is not None:
            return repeat(None), values
    if type(converter) is BytesConverter:
        return repeat(converter.convert(batch.source.topic, None, ())[0]), data
    return _convert_each(batch, data, headers, converter, stage, failures)


def _decoded(data: list[bytes | None]) -> list[Any] | None:
    """None when one of them is not quite JSON: the converter knows which, and what to make of it."""
    try:
        return [None if item is None else decode_json(item) for item in data]
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def _convert_each(
    batch: RecordBatch,
    data: list[bytes | None],
    headers: list[Headers],
    converter: Converter,
    stage: str,
    failures: _Failures,
) -> _Column:
    convert, topic = converter.convert, batch.source.topic
    pairs: list[tuple[Schema | None, Any]] = []
    for index, (item, header) in enumerate(zip(data, headers, strict=True)):
        try:
            pairs.append(convert(topic, item, header))
        except Exception as error:
            pairs.append((None, None))
            failures.setdefault(index, _located(error, batch, index, type(converter).__name__, stage))
    return [schema for schema, _ in pairs], [value for _, value in pairs]


def _located(error: Exception, batch: RecordBatch, index: int, executing: str, stage: str) -> RecordError:
    reason = error.reason if isinstance(error, RecordError) else f"{type(error).__name__}: {error}"
    located = ConversionError(
        reason, source=batch.source, offset=batch.offset_at(index), executing=executing, stage=stage
    )
    located.connect_class = class_of(error)
    located.__cause__ = error
    return located
