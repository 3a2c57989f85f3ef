"""Rows become lines of JSON, as Kafka Connect's JsonFormat writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from math import isfinite
from typing import Any

import msgspec
import orjson

from s3sink.batch import RecordBatch
from s3sink.connect_json import DecimalFormat, PerSchema, payload_encoder
from s3sink.errors import FormatError, RecordError
from s3sink.formats.lines import without
from s3sink.jackson import printable, with_escapes
from s3sink.record import SinkRecord
from s3sink.schema import DECIMAL, Schema

NULL_VALUE = "the value is null"

_Encode = Callable[[Any], bytes]
_FAILURES = (TypeError, ValueError, OverflowError, RecursionError, FormatError)
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME  # Connect writes milliseconds where orjson would write ISO 8601
_plain = payload_encoder(None)
#: Half the cost of orjson; what came from JSON holds nothing that the two write in different ways but `1e+16`.
_encode_document = msgspec.json.Encoder().encode


def encoded_rows(batch: RecordBatch, decimal_format: DecimalFormat) -> tuple[RecordBatch, list[RecordError]]:
    """The rows with their JSON beside them; those that have none are left out, with an error each."""
    rows = batch.records()
    try:
        return batch.with_encoded(_all(rows, decimal_format)), []
    except _FAILURES:
        return _each(batch, rows, decimal_format)


def encoded_documents(batch: RecordBatch) -> RecordBatch | None:
    """A batch of documents, none of them null, with their JSON beside it; None when one of them has none."""
    try:
        lines = list(map(_encode_document, batch.documents()))
    except _FAILURES:
        return None
    text = b"".join(lines)
    return batch.with_encoded(lines if text.isascii() and b"\\u00" not in text else list(map(with_escapes, lines)))


def _all(rows: Sequence[SinkRecord], decimal_format: DecimalFormat) -> list[bytes]:
    lines: list[bytes] = []
    for schema, run in runs_of_one_schema(rows):
        values = [row.value for row in run]
        if schema is None or schema.type != "struct":
            lines += _schemaless_lines(values, schema)
        else:
            encode = _encoders[decimal_format](schema)
            lines += [encode(value) for value in values]
    return lines


def _schemaless_lines(values: list[Any], schema: Schema | None) -> list[bytes]:
    if None in values:
        raise FormatError(NULL_VALUE)
    options = _options(schema)
    dumps = orjson.dumps
    lines = [dumps(value, _unknown, options) for value in values]
    text = b"".join(lines)  # one look at all of them: most batches have nothing to mend
    if b"null" in text:
        lines = [_without_nan(line, value, options) for line, value in zip(lines, values, strict=True)]
    if not text.isascii() or (b"\\" in text and b"\\u00" in text):
        lines = list(map(with_escapes, lines))
    return lines


def _without_nan(line: bytes, value: Any, options: int) -> bytes:
    """orjson makes null of NaN."""
    return _exact(value, options) if b"null" in line and _holds_nan(value) else line


def _each(
    batch: RecordBatch, rows: Sequence[SinkRecord], decimal_format: DecimalFormat
) -> tuple[RecordBatch, list[RecordError]]:
    lines: list[bytes] = []
    reasons: dict[int, str] = {}
    for index, row in enumerate(rows):
        try:
            lines.append(_line(row, decimal_format))
        except _FAILURES as error:
            reasons[index] = reason_of(error)
    batch, errors = without(batch, reasons)
    return batch.with_encoded(lines), errors


def _line(row: SinkRecord, decimal_format: DecimalFormat) -> bytes:
    schema = row.value_schema
    if row.value is None:
        raise FormatError(NULL_VALUE)
    if schema is None or schema.type != "struct":
        return with_escapes(_exact(row.value, _options(schema)))
    return with_escapes(orjson.dumps(printable(payload_encoder(schema, decimal_format)(row.value))))


def reason_of(error: Exception) -> str:
    """What to tell about a record that failed with this: our own words where orjson has wrapped them in its own."""
    if isinstance(error.__cause__, RecordError):
        return error.__cause__.reason
    return error.reason if isinstance(error, RecordError) else f"{type(error).__name__}: {error}"


def runs_of_one_schema(rows: Sequence[SinkRecord]) -> Iterable[tuple[Schema | None, Sequence[SinkRecord]]]:
    """Consecutive rows whose value schemas are equal."""
    start = 0
    for index in range(1, len(rows)):
        before, schema = rows[index - 1].value_schema, rows[index].value_schema
        if schema is not before and schema != before:
            yield before, rows[start:index]
            start = index
    if rows:
        yield rows[start].value_schema, rows[start:]


# ---------------------------------------------------------------------------------------------- without a schema
def _options(schema: Schema | None) -> int:
    """Maps with a schema may have keys that are no text. A value with a schema and no struct is printed plainly."""
    return _OPTIONS if schema is None else _OPTIONS | orjson.OPT_NON_STR_KEYS


def _unknown(value: Any) -> Any:
    """What orjson does not know: bytes, dates, decimals."""
    plain = _plain(value)
    return printable(plain) if type(plain) is Decimal else plain


def _exact(value: Any, options: int) -> bytes:
    """As `orjson.dumps`, for values that hold what it would alter or refuse: NaN, integers beyond 64 bits."""
    return orjson.dumps(_mended(value), _unknown, options)


def _holds_nan(value: Any) -> bool:
    """Whether a number that is not finite is in it. Inlined for the items: most lines with a null come here."""
    kind = type(value)
    if kind is float:
        return not isfinite(value)
    for item in value.values() if kind is dict else value if kind in (list, tuple) else ():
        kind = type(item)
        if kind is float:
            if not isfinite(item):
                return True
        elif kind in (dict, list, tuple) and _holds_nan(item):
            return True
    return False


def _mended(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return {key: _mended(item) for key, item in value.items()}
    if kind in (list, tuple):
        return [_mended(item) for item in value]
    if kind is float:
        return value if isfinite(value) else _plain(value)
    return printable(value) if kind is int else value


# ---------------------------------------------------------------------------------------------- with a schema
def _encoder(schema: Schema, decimal_format: DecimalFormat) -> _Encode:
    to_payload, dumps = payload_encoder(schema, decimal_format), orjson.dumps
    mended: Callable[[Any], Any] = printable if _holds(schema, ("float32", "float64")) else lambda payload: payload

    def encode(value: Any) -> bytes:
        if value is None:
            raise FormatError(NULL_VALUE)
        line = dumps(mended(to_payload(value)))
        return line if line.isascii() and b"\\u00" not in line else with_escapes(line)

    return encode


def _holds(schema: Schema, types: tuple[str, ...]) -> bool:
    inner = [schema.keys, schema.items, *(field.schema for field in schema.fields)]
    return (
        schema.type in types or schema.name == DECIMAL or any(_holds(part, types) for part in inner if part is not None)
    )


_encoders: dict[DecimalFormat, PerSchema[_Encode]] = {
    "BASE64": PerSchema(lambda schema: _encoder(schema, "BASE64")),
    "NUMERIC": PerSchema(lambda schema: _encoder(schema, "NUMERIC")),
}
