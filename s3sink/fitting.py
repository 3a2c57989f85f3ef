"""Records take the form that their files want: before they are divided among files, or when their file is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from s3sink.batch import RecordBatch, Route, RoutedBatch
from s3sink.errors import FormatError, RecordError
from s3sink.formats import Format, PreparingFormat
from s3sink.record import SinkRecord
from s3sink.rotation import Compatibility
from s3sink.rotation.projection import Project, projector
from s3sink.schema import Schema

Formatted = tuple[Sequence[RecordBatch], list[RecordError]]
Pieces = Sequence[tuple[Route, RecordBatch]]
_FAILURES = (TypeError, ValueError, AttributeError, OverflowError, RecursionError)


class Refused(NamedTuple):
    """Records that no file takes, and what is behind them: to be written when they are reported, and not before."""

    errors: list[RecordError]
    rest: RoutedBatch


def formatted(batch: RecordBatch, format: Format) -> Formatted:
    """Consecutive batches in the format's form, whose spans make up the batch's, and an error for each bad record."""
    if not isinstance(format, PreparingFormat) or not batch.n:
        return [batch], []
    return format.prepare(batch)


def formatted_as_far_as_known(batch: RecordBatch, format: Format) -> Formatted:
    """As `formatted`, but records with a schema stay rows, in batches of their own: `Fitting` gives them their form."""
    if batch.is_raw:
        return formatted(batch, format)
    batches: list[RecordBatch] = []
    errors: list[RecordError] = []
    at = 0
    for with_schema, rows in groupby(batch.records(), lambda row: row.value_schema is not None):
        n = len(list(rows))
        part, at = batch.slice(at, at + n), at + n
        made, bad = ([part], []) if with_schema else formatted(part, format)
        batches += made
        errors += bad
    return batches or [batch], errors


@dataclass(frozen=True, slots=True)
class Fitting:
    """Divides records among files, and projects those with a schema to the schema of their file, which is that of its
    first record. What becomes of a record depends on that schema and the record alone, so it is the same after a crash.

    With NONE every record comes in its form and has the schema of its file.
    """

    compatibility: Compatibility
    values: Format

    def forms(self, batch: RecordBatch) -> bool:
        """Whether these values are still to take their form, and then fit any file that they may go into."""
        return self.compatibility != "NONE" and _has_schema(batch)

    def pieces(self, routed: RoutedBatch, schemas: Mapping[Route, Schema | None]) -> tuple[Pieces, list[RecordError]]:
        """What goes into which file; `schemas` has those of the open ones.

        Where there are errors, in the order of their offsets, the pieces are of no use: ask again for what lies before
        the first, which may have some more. Behind it a record may turn out to be good, unless its file is there.
        """
        pieces: list[tuple[Route, RecordBatch]] = []
        errors: list[RecordError] = []
        for part in routed.parts:
            for route, records in part.by_route():
                if route.kind or self.compatibility == "NONE":
                    pieces.append((route, records))
                    continue
                current = schemas[route] if route in schemas else _schema_of(records)
                batches, bad = self._fitted(records, current)
                pieces += [(route, batch) for batch in batches if batch.n]
                errors += bad
        return pieces, sorted(errors, key=lambda error: error.offset or 0)

    def _fitted(self, batch: RecordBatch, current: Schema | None) -> Formatted:
        if not _has_schema(batch) and current is None:
            return [batch], []
        good, errors = _projected(batch, current, self.compatibility)
        return ((), errors) if errors else formatted(good, self.values)


def _has_schema(batch: RecordBatch) -> bool:
    """Batches have either only records with a schema or only ones without."""
    return batch.n > 0 and _schema_of(batch) is not None


def _schema_of(batch: RecordBatch) -> Schema | None:
    return None if batch.is_raw else batch.records()[0].value_schema


def _projected(
    batch: RecordBatch, current: Schema | None, compatibility: Compatibility
) -> tuple[RecordBatch, list[RecordError]]:
    """The rows under the schema of their file, or the errors of those that come first among the ones that have some."""
    known: dict[int, Project | RecordError] = {}
    rows: list[SinkRecord] = []
    errors: list[RecordError] = []
    for row in batch.records():
        schema = row.value_schema
        if id(schema) not in known:
            known[id(schema)] = _projector(schema, current, compatibility)
        try:
            rows.append(row if schema is current else _applied(known[id(schema)], row, current))
        except RecordError as error:
            errors.append(error.at(row.source, row.offset))
        else:
            if errors:
                break
    return batch.with_rows(rows), errors


def _projector(schema: Schema | None, current: Schema | None, compatibility: Compatibility) -> Project | RecordError:
    try:
        return projector(schema, current, compatibility)
    except RecordError as error:
        return error


def _applied(project: Project | RecordError, row: SinkRecord, current: Schema | None) -> SinkRecord:
    """Raises an error of the record's own."""
    if isinstance(project, RecordError):
        raise FormatError(project.reason, connect_class=project.connect_class) from project.__cause__
    try:
        return row.replace(value=project(row.value), value_schema=current)
    except _FAILURES as error:  # a transform has made a value that is not of its schema
        raise FormatError(f"{type(error).__name__}: {error}") from error
