"""Files beside the files of values: one with the records' keys, one with their headers, record by record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from s3sink.batch import Kind, RecordBatch, Route, RoutedBatch
from s3sink.errors import FormatError, RecordError
from s3sink.fitting import Formatted, formatted
from s3sink.formats import Format, ParquetFormat
from s3sink.header_text import text_of
from s3sink.record import Header, SinkRecord
from s3sink.schema import Field, Schema

_TEXT = Schema(type="string")
_HEADER = Schema(type="struct", fields=(Field("key", _TEXT), Field("value", _TEXT)))
_HEADERS = Schema(type="array", items=_HEADER)
_HEADERS_RECORD = Schema(type="struct", name="RecordHeaders", fields=(Field("headers", _HEADERS),))


class Prepared(NamedTuple):
    """Records, and what of them goes into which kind of file: batches of the same span."""

    batch: RecordBatch
    parts: Mapping[Kind, RecordBatch]


@dataclass(frozen=True, slots=True)
class Companions:
    """Which files a sink writes beside its values; None: not that one.

    Record i of a file of keys or headers is record i of the file of values beside it. A record without a key, or
    without headers, is refused where they are to be written. `tombstones` is the encoded partition of the records that
    have no value: they have files of keys and headers only.
    """

    keys: Format | None = None
    headers: Format | None = None
    tombstones: str | None = None

    @property
    def any(self) -> bool:
        """Whether there are such files at all."""
        return self.keys is not None or self.headers is not None

    def formats(self, values: Format) -> Mapping[Kind, Format]:
        """The format of each kind of file."""
        every: dict[Kind, Format | None] = {"": values, "keys": self.keys, "headers": self.headers}
        return {kind: format for kind, format in every.items() if format is not None}

    def prepare(
        self, batch: RecordBatch, values: Format, form: Callable[[RecordBatch, Format], Formatted] = formatted
    ) -> tuple[list[Prepared], list[RecordError]]:
        """Consecutive groups of records, whose spans make up the batch's, and one error for each that is refused.

        `form` gives values the form of their format.
        """
        batch, errors = _without(batch, self._incomplete(batch.records()))
        while True:
            parts, refused = self._prepared(batch, values, form)
            if not refused:
                return _in_step(batch, parts), errors
            errors += refused
            batch, _ = _without(batch, {batch.index_of(e.offset): "" for e in refused if e.offset is not None})

    def _incomplete(self, rows: Sequence[SinkRecord]) -> dict[int, str]:
        reasons: dict[int, str] = {}
        for index, row in enumerate(rows):
            if self.keys is not None and row.key is None:
                reasons[index] = f"Key cannot be null for SinkRecord: {_named(row)}"
            elif self.headers is not None and not row.headers:
                reasons[index] = f"Headers cannot be null for SinkRecord: {_named(row)}"
            elif self.headers is not None and any(header.value is None for header in row.headers):
                reasons[index] = 'Invalid value: null used for required field: "value", schema type: STRING'
        return reasons

    def _prepared(
        self, batch: RecordBatch, values: Format, form: Callable[[RecordBatch, Format], Formatted]
    ) -> tuple[dict[Kind, Sequence[RecordBatch]], list[RecordError]]:
        """Each kind in its format, in as many batches as the format wants."""
        rows = batch.records()
        parts: dict[Kind, Sequence[RecordBatch]] = {}
        errors: dict[int, RecordError] = {}
        for kind, format in self.formats(values).items():
            part = batch.take([i for i, row in enumerate(rows) if row.value is not None]) if not kind else batch
            if kind:
                view = _key_view(format) if kind == "keys" else _header_view(format)
                part = batch.with_rows([view(row) for row in rows])
            parts[kind], bad = formatted(part, format) if kind else form(part, format)
            errors |= {error.offset or 0: error for error in bad}
        return parts, [errors[offset] for offset in sorted(errors)]

    def with_tombstones(self, batch: RecordBatch, routed: RoutedBatch) -> RoutedBatch:
        """The records of `routed`, which have values, and those of `batch` that have none."""
        placed = {offset: i for i, offset in enumerate(routed.batch.offsets)}
        kept = [i for i, row in enumerate(batch.records()) if row.value is None or row.offset in placed]
        rows = [batch.records()[i] for i in kept]
        routes = [
            Route(row.topic, self.tombstones or "") if row.value is None else routed.route_at(placed[row.offset])
            for row in rows
        ]
        times = routed.timestamps
        timestamps = times and [times[placed[row.offset]] if row.offset in placed else None for row in rows]
        return RoutedBatch(batch.take(kept), routes, timestamps)

    def routed(self, prepared: Prepared, routed: RoutedBatch) -> RoutedBatch:
        """The routes of a group's records, `routed`, for what of them goes into files too."""
        kept = set(routed.batch.offsets)
        route_of = dict(zip(routed.batch.offsets, map(routed.route_at, range(routed.batch.n)), strict=True))
        parts = []
        for kind, part in prepared.parts.items():
            if part.n and len(kept) < prepared.batch.n:
                part = part.take([i for i, offset in enumerate(part.offsets) if offset in kept])
            routes = [route_of[offset]._replace(kind=kind) for offset in part.offsets]
            single = routes[0] if routes and routes.count(routes[0]) == len(routes) else routes
            parts.append(RoutedBatch(part, single))
        return RoutedBatch(routed.batch, routed.routes, routed.timestamps, tuple(parts))


# ---------------------------------------------------------------------------------------------- what is written
def _key_view(format: Format) -> Callable[[SinkRecord], SinkRecord]:
    """A record whose value is the key; Parquet needs a struct around it."""
    if not isinstance(format, ParquetFormat):
        return lambda row: row.replace(value=row.key, value_schema=row.key_schema)
    known: dict[Schema, Schema] = {}

    def wrapped(row: SinkRecord) -> SinkRecord:
        schema = row.key_schema
        if schema is not None and schema not in known:
            known[schema] = Schema(type="struct", name="RecordKey", fields=(Field("key", schema),))
        return row.replace(value={"key": row.key}, value_schema=None if schema is None else known[schema])

    return wrapped


def _header_view(format: Format) -> Callable[[SinkRecord], SinkRecord]:
    """A record whose value is the list of headers as texts; JSON and Parquet have a struct around it."""
    if getattr(format, "writes_arrays", False):
        return lambda row: row.replace(value=_texts(row.headers), value_schema=_HEADERS)
    return lambda row: row.replace(value={"headers": _texts(row.headers)}, value_schema=_HEADERS_RECORD)


def _texts(headers: Iterable[Header]) -> list[dict[str, str]]:
    return [{"key": header.key, "value": _text(header)} for header in headers]


def _text(header: Header) -> str:
    if header.schema is None and isinstance(header.value, bytes):
        return header.value.decode("utf-8", "replace")
    return text_of(header.value, header.schema)


def _named(row: SinkRecord) -> str:
    return f"SinkRecord{{kafkaOffset={row.offset}, topic='{row.topic}', kafkaPartition={row.source.partition}}}"


# ---------------------------------------------------------------------------------------------- in step
def _in_step(batch: RecordBatch, parts: Mapping[Kind, Sequence[RecordBatch]]) -> list[Prepared]:
    """Cut everything wherever one of the formats wants a batch of its own."""
    stops = sorted({one.span.stop for batches in parts.values() for one in batches})
    cut = {kind: _cut(batches, stops) for kind, batches in parts.items()}
    whole = _cut([batch], stops)
    return [Prepared(whole[i], {kind: pieces[i] for kind, pieces in cut.items()}) for i in range(len(stops))]


def _cut(batches: Sequence[RecordBatch], stops: Sequence[int]) -> list[RecordBatch]:
    pieces: list[RecordBatch] = []
    left = list(reversed(batches))
    for stop in stops:
        head, tail = left.pop().split(stop)
        pieces.append(head)
        if tail.span.start < tail.span.stop:
            left.append(tail)
    return pieces


def _without(batch: RecordBatch, reasons: Mapping[int, str]) -> tuple[RecordBatch, list[RecordError]]:
    if not reasons:
        return batch, []
    errors: list[RecordError] = [
        FormatError(reasons[i], source=batch.source, offset=batch.offset_at(i)) for i in sorted(reasons)
    ]
    return batch.take([i for i in range(batch.n) if i not in reasons]), errors
