"""Batches get Arrow columns: from the schema of their values where there is one, else inferred."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from s3sink.avro_data import MappingOptions
from s3sink.batch import RecordBatch
from s3sink.errors import FormatError
from s3sink.formats.arrow_schema import CONNECTOR, columns_for
from s3sink.formats.inference import SLICE, SLICE_BYTES, Hints, Inferred, infer
from s3sink.formats.json_lines import NULL_VALUE, encoded_rows, runs_of_one_schema
from s3sink.formats.lines import Prepared, Reason, in_parts, refusals, without
from s3sink.schema import Schema


def with_columns(batch: RecordBatch, hints: Hints, options: MappingOptions = CONNECTOR) -> Prepared:
    """Consecutive batches with columns, whose spans make up the span of the batch, and an error for each bad record."""
    batches, errors = _with_columns(batch, hints, options)
    return batches, sorted(errors, key=lambda error: error.offset or 0)


def _with_columns(batch: RecordBatch, hints: Hints, options: MappingOptions) -> Prepared:
    if not batch.n or batch.columns() is not None:
        return [batch], []
    if batch.is_raw or batch.encoded() is not None:
        return _inferred(batch, hints)
    return in_parts(batch, _schema_parts(batch), lambda part: _by_schema(part, hints, options))


# ---------------------------------------------------------------------------------------------- with a schema
def _schema_parts(batch: RecordBatch) -> list[int]:
    return [len(run) for _, run in runs_of_one_schema(batch.records())]


def _by_schema(batch: RecordBatch, hints: Hints, options: MappingOptions) -> Prepared:
    schema = batch.records()[0].value_schema
    if schema is not None:
        return _declared(batch, schema, options)
    lines, errors = encoded_rows(batch, "BASE64")
    batches, more = _inferred(lines, hints) if lines.n else ([lines], [])
    return batches, errors + more


def _declared(batch: RecordBatch, schema: Schema, options: MappingOptions) -> Prepared:
    values = [row.value for row in batch.records()]
    reasons: dict[int, Reason] = {index: NULL_VALUE for index, value in enumerate(values) if value is None}
    try:
        build = columns_for(schema, options).build
    except FormatError as error:
        reasons = dict.fromkeys(range(batch.n), error) | reasons
        build = _nothing
    if not reasons:
        try:
            return [batch.with_columns(build(values))], []
        except FormatError:
            reasons = _refused(build, values, 0)
    good, errors = without(batch, reasons)
    return [good.with_columns(build([row.value for row in good.records()])) if good.n else good], errors


def _nothing(values: Sequence[Any]) -> pa.RecordBatch:
    raise AssertionError("no record has columns")


def _refused(build: Callable[[Sequence[Any]], pa.RecordBatch], values: Sequence[Any], start: int) -> dict[int, Reason]:
    """Why each value that does not fit does not, by index: by halves, since nearly all of them do."""
    try:
        build(values)
    except FormatError as error:
        if len(values) == 1:
            return {start: error}
        middle = len(values) // 2
        return _refused(build, values[:middle], start) | _refused(build, values[middle:], start + middle)
    return {}


# ---------------------------------------------------------------------------------------------- without one
def _inferred(batch: RecordBatch, hints: Hints) -> Prepared:
    encoded = batch.encoded()
    lines: list[Any] = batch.values() if encoded is None else encoded
    if None in lines:
        batch, errors = without(batch, {i: NULL_VALUE for i, line in enumerate(lines) if line is None})
        batches, more = _inferred(batch, hints) if batch.n else ([batch], [])
        return batches, errors + more
    step = _step(lines)
    sizes = [min(step, batch.n - start) for start in range(0, batch.n, step)]
    return in_parts(batch, sizes, lambda part: _slice(part, hints))


def _step(lines: list[bytes]) -> int:
    """Records in a slice: fewer where they are long."""
    size = sum(map(len, lines))
    return SLICE if size <= SLICE_BYTES else max(1, min(SLICE, len(lines) * SLICE_BYTES // size))


def _slice(batch: RecordBatch, hints: Hints) -> Prepared:
    encoded = batch.encoded()
    lines: list[Any] = batch.values() if encoded is None else encoded
    inferred = infer(lines, batch.source.topic, hints)
    if len(inferred.runs) == 1 and not inferred.bad:
        return [batch.with_columns(inferred.runs[0].columns)], []
    return _split(batch, inferred), refusals(batch, inferred.bad)


def _split(batch: RecordBatch, inferred: Inferred) -> list[RecordBatch]:
    """A batch for each run: it begins with its first good record, the first one where the whole begins."""
    if not inferred.runs:
        return [batch.take([])]
    starts = [0, *(run.indices[0] for run in inferred.runs[1:]), batch.n]
    parts = []
    for run, start, stop in zip(inferred.runs, starts[:-1], starts[1:], strict=True):
        part = batch.slice(start, stop)
        if part.n > len(run.indices):
            part = part.take([index - start for index in run.indices])
        parts.append(part.with_columns(run.columns))
    return parts
