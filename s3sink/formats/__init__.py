"""File formats. One class a file; `Format` is the seam."""

from __future__ import annotations

import builtins
from typing import Protocol, runtime_checkable

from s3sink.batch import RecordBatch
from s3sink.errors import RecordError
from s3sink.formats.avro import AvroFormat
from s3sink.formats.bytes import BytesFormat
from s3sink.formats.compression import Compression
from s3sink.formats.json import JsonFormat
from s3sink.formats.json_lines import encoded_documents
from s3sink.formats.parquet import ParquetFormat
from s3sink.schema import Schema

__all__ = [
    "AvroFormat",
    "Buffer",
    "BufferingWriter",
    "ByteSink",
    "BytesFormat",
    "Compression",
    "FileWriter",
    "Format",
    "JsonFormat",
    "ParquetFormat",
    "PreparingFormat",
    "SchemaBoundWriter",
    "encoded_documents",
]

Buffer = builtins.bytes | bytearray | memoryview  # `bytes` is a module of this package


class ByteSink(Protocol):
    """Where a file writer puts its bytes: the part buffer of an open file. It never blocks and keeps what it gets."""

    def write(self, data: Buffer, /) -> object:
        """Append. The caller must not change `data` afterwards."""
        ...


class FileWriter(Protocol):
    """One open file. Not thread-safe; calls come one after the other."""

    def write(self, batch: RecordBatch) -> None:
        """Append all records of the batch. What could fail for a single record must fail in `Format.prepare`."""
        ...

    def close(self) -> None:
        """Write what is held back and the footer. Nothing is written afterwards. The sink stays open."""
        ...


class Format(Protocol):
    """Makes files of records."""

    @property
    def extension(self) -> str:
        """What the object's name ends with, dot included: `.json.gz`."""
        ...

    def open(self, sink: ByteSink, schema: Schema | None) -> FileWriter:
        """Begin a file. `schema` is the value schema of its first record, None where records have none."""
        ...


@runtime_checkable
class PreparingFormat(Format, Protocol):
    """A format that looks at records before they are divided among files, once a batch, and refuses bad ones there."""

    @property
    def takes_json(self) -> bool:
        """Whether raw batches whose values are JSON text can be written without decoding them to rows."""
        ...

    def prepare(self, batch: RecordBatch) -> tuple[list[RecordBatch], list[RecordError]]:
        """Give the batch the form that the files want: encoded lines, or Arrow columns.

        Returns consecutive batches, each of one schema, whose spans make up the span of the batch, without the records
        that the format cannot hold; one error with coordinates for each of those.
        """
        ...


@runtime_checkable
class BufferingWriter(Protocol):
    """A file writer that holds bytes back."""

    @property
    def buffered(self) -> int:
        """Bytes held in memory that have not reached the sink yet."""
        ...


@runtime_checkable
class SchemaBoundWriter(BufferingWriter, Protocol):
    """A file writer whose file has one schema."""

    def fits(self, batch: RecordBatch) -> bool:
        """Whether the (prepared) batch can go into this file; if not, the files must close before it."""
        ...

    def hold(self) -> None:
        """From now on every batch must fit: what belongs into this file was decided before a crash. Costs memory."""
        ...
