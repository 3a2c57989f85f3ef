"""One open Parquet file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from s3sink.batch import RecordBatch
from s3sink.errors import ConsistencyError
from s3sink.formats.merging import Misfit, conformed, merged_schema, writable_schema

if TYPE_CHECKING:
    from s3sink.formats import ByteSink


_CROWD = 256  # batches


class ParquetFile:
    """Holds columns until a row group is full, writes it, and the footer at the end.

    Until the first row group is written, its schema grows with what comes: new columns, doubles after integers. From
    then on it is pinned, and what has no place in it does not fit. The metadata of its schema go into the
    footer; a schema that has grown has none.
    """

    def __init__(self, sink: ByteSink, codec: str, level: int | None, row_group_bytes: int) -> None:
        self._sink = sink
        self._codec, self._level = codec, level
        self._limit: float = row_group_bytes
        self._held: list[pa.RecordBatch] = []
        self._schema: pa.Schema | None = None
        self._writer: pq.ParquetWriter | None = None
        self._buffered = 0
        self._compact = 0

    @property
    def buffered(self) -> int:
        """Bytes of Arrow memory that wait for their row group."""
        return self._buffered

    def hold(self) -> None:
        """Write no row group before the end, so that the schema can grow until then, at the price of memory.

        For a file whose last record was decided before a crash: read again in other batches, its row groups might be
        pinned before a column that is in it appears.
        """
        self._limit = float("inf")

    def fits(self, batch: RecordBatch) -> bool:
        """Whether the columns of the batch have a place in this file, perhaps after its schema has grown."""
        if not batch.n:
            return True
        try:
            self._joined(_columns(batch))
        except Misfit:
            return False
        return True

    def write(self, batch: RecordBatch) -> None:
        """Append. Raises ConsistencyError for a batch that does not fit."""
        if not batch.n:
            return
        try:
            self._schema, self._held, columns = self._joined(_columns(batch))
        except Misfit as error:
            raise ConsistencyError(f"the file cannot take this schema: {error}", source=batch.source) from error
        self._held.append(columns)
        self._buffered += columns.nbytes
        if self._buffered >= self._limit:
            self._write_row_group()
        elif len(self._held) - self._compact >= _CROWD:
            self._compacted()

    def _joined(self, columns: pa.RecordBatch) -> tuple[pa.Schema, list[pa.RecordBatch], pa.RecordBatch]:
        """The schema with these columns, what is held under it, and the columns under it. Raises Misfit."""
        if self._schema is None:
            return columns.schema, self._held, columns
        if self._schema.equals(columns.schema):
            return self._schema, self._held, columns
        if self._writer is None:
            try:
                return self._grown(columns)
            except Misfit:
                pass  # 5.0 after an integer too long for a double is an integer as well
        return self._schema, self._held, conformed(columns, self._schema)

    def _grown(self, columns: pa.RecordBatch) -> tuple[pa.Schema, list[pa.RecordBatch], pa.RecordBatch]:
        schema = merged_schema(self._schema, columns.schema)
        if schema.equals(self._schema):
            return self._schema, self._held, conformed(columns, schema)
        return schema, [conformed(held, schema) for held in self._held], conformed(columns, schema)

    def _compacted(self) -> None:
        """Make one of many small batches: a batch of one record costs kilobytes."""
        whole = pa.Table.from_batches(self._held[self._compact :], self._schema).combine_chunks()
        self._held[self._compact :] = whole.to_batches()
        self._compact = len(self._held)

    def close(self) -> None:
        """Write the last row group and the footer; nothing where there is no record."""
        if self._held:
            self._write_row_group()
        if self._writer is not None:
            self._writer.close()

    def _write_row_group(self) -> None:
        writer = self._writer or self._begin()
        table = pa.Table.from_batches([conformed(held, self._schema) for held in self._held], self._schema)
        writer.write_table(table, row_group_size=table.num_rows)
        self._held, self._buffered, self._compact = [], 0, 0

    def _begin(self) -> Any:
        metadata = None if self._schema is None else self._schema.metadata
        self._schema = writable_schema(self._schema)
        self._writer = pq.ParquetWriter(
            _Output(self._sink),
            self._schema,
            compression=self._codec,
            compression_level=self._level,
            write_time_adjusted_to_utc=True,
            store_schema=False,  # Arrow's own schema, a kilobyte in every file: the file's types say the same
        )
        if metadata:
            self._writer.add_key_value_metadata(metadata)
        return self._writer


def _columns(batch: RecordBatch) -> pa.RecordBatch:
    columns = batch.columns()
    if columns is None:
        raise ValueError("the batch was not prepared for this format")
    return columns


class _Output:
    """A byte sink as the file that pyarrow writes to."""

    closed = False

    def __init__(self, sink: ByteSink) -> None:
        self._sink = sink
        self._position = 0

    def write(self, data: bytes) -> int:
        if data:
            self._sink.write(data)
            self._position += len(data)
        return len(data)

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        """The sink keeps what it gets."""

    def close(self) -> None:
        """The sink stays open."""
