"""Batches, sinks and files for the tests of formats."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq

from s3sink.batch import RecordBatch, Span
from s3sink.errors import RecordError
from s3sink.formats import Buffer, FileWriter, Format, PreparingFormat, SchemaBoundWriter
from s3sink.record import SinkRecord, TopicPartition
from s3sink.schema import Schema

SOURCE = TopicPartition("orders", 3)


class Sink:
    """A byte sink that keeps what it gets, and refuses empty writes."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []

    def write(self, data: Buffer) -> None:
        assert len(data), "an empty write"
        self.writes.append(bytes(data))

    @property
    def data(self) -> bytes:
        return b"".join(self.writes)


def raw(values: Sequence[bytes | None], start: int = 100) -> RecordBatch:
    """A batch as read, one offset a record."""
    records = [
        SimpleNamespace(offset=start + i, timestamp=0, key=None, value=value, headers=())
        for i, value in enumerate(values)
    ]
    return RecordBatch(SOURCE, Span(start, start + len(values)), raw=records, nbytes=sum(len(v or b"") for v in values))


def rows(values: Iterable[Any], schema: Schema | None = None, start: int = 100) -> RecordBatch:
    """Rows with one schema, one offset a record."""
    records = [
        SinkRecord(SOURCE, start + i, 0, SOURCE.topic, value=value, value_schema=schema)
        for i, value in enumerate(values)
    ]
    return RecordBatch(SOURCE, Span(start, start + len(records)), rows=records)


def prepared(format: PreparingFormat, batch: RecordBatch) -> tuple[list[RecordBatch], list[RecordError]]:
    """What the format makes of a batch, checked against what every format promises."""
    batches, errors = format.prepare(batch)
    assert batches[0].span.start == batch.span.start
    assert batches[-1].span.stop == batch.span.stop
    assert all(a.span.stop == b.span.start for a, b in pairwise(batches))
    kept = [offset for part in batches for offset in part.offsets]
    bad = [error.offset for error in errors]
    assert all(error.source == batch.source for error in errors)
    assert sorted([*kept, *(offset for offset in bad if offset is not None)]) == list(batch.offsets)
    return batches, errors


def written(format: Format, batches: Iterable[RecordBatch]) -> bytes:
    """One file of prepared batches."""
    sink = Sink()
    writer = format.open(sink, None)
    for batch in batches:
        writer.write(batch)
    writer.close()
    return sink.data


def files(format: Format, batches: Iterable[RecordBatch]) -> list[bytes]:
    """Files of prepared batches, a new one whenever a batch does not fit into the last one."""
    done: list[bytes] = []
    sink, writer = Sink(), None
    for batch in batches:
        if writer is not None and not fits(writer, batch):
            writer.close()
            done.append(sink.data)
            sink, writer = Sink(), None
        writer = writer or format.open(sink, None)
        writer.write(batch)
    if writer is not None:
        writer.close()
        done.append(sink.data)
    return done


def fits(writer: FileWriter, batch: RecordBatch) -> bool:
    """As the files of a partition ask."""
    return not isinstance(writer, SchemaBoundWriter) or writer.fits(batch)


def table(data: bytes) -> list[dict[str, Any]]:
    """The rows of a Parquet file, by pyarrow."""
    return pq.ParquetFile(io.BytesIO(data)).read().to_pylist()  # type: ignore[no-any-return]


def without_nulls(value: Any) -> Any:
    """The value without fields that are null: a column has a null where a record has no such field."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value
