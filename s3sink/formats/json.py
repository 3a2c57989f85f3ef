"""JSON lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from s3sink.batch import RecordBatch
from s3sink.config import Option, check, problem_if
from s3sink.connect_json import DecimalFormat
from s3sink.errors import RecordError
from s3sink.formats.compression import SUFFIXES, Compression, check_compression, compressor
from s3sink.formats.json_lines import NULL_VALUE, encoded_rows
from s3sink.formats.lines import LinesWriter, without
from s3sink.schema import Schema

if TYPE_CHECKING:
    from s3sink.formats import ByteSink, FileWriter


@dataclass(frozen=True, slots=True)
class JsonFormat:
    """One JSON text a record, each followed by a newline, the last one too.

    Values that arrive as JSON and are not looked into on the way keep their bytes. A struct with a schema is written
    byte for byte as Connect's JsonFormat does: fields in the schema's order, nulls explicit or their default. A value
    without a schema keeps its keys in their order (Connect shuffles them); dates become milliseconds, bytes base64.
    """

    compression: Annotated[Compression, Option("s3.compression.type", "The whole file as one stream.")] = "none"
    level: Annotated[
        int | None, Option("s3.compression.level", "None is gzip 2 (isal) and zstd 1; gzip 4 to 9 is zlib, and slow.")
    ] = None
    decimal_format: Annotated[
        DecimalFormat, Option("json.decimal.format", "BASE64 as Connect does by default, or NUMERIC.")
    ] = "BASE64"

    def __post_init__(self) -> None:
        known = self.decimal_format in ("BASE64", "NUMERIC")
        check(
            "JsonFormat",
            [
                *check_compression("JsonFormat", self.compression, self.level),
                problem_if(not known, "decimal_format", f"{self.decimal_format!r} is neither BASE64 nor NUMERIC"),
            ],
        )

    @property
    def extension(self) -> str:
        """`.json`, with `.gz`, `.zst` or `.sz` behind it."""
        return ".json" + SUFFIXES[self.compression]

    @property
    def takes_json(self) -> bool:
        """JSON text is what these files are made of."""
        return True

    def prepare(self, batch: RecordBatch) -> tuple[list[RecordBatch], list[RecordError]]:
        """The batch with its lines beside it. Null values and what JSON cannot hold are refused one by one."""
        if batch.encoded() is None and not batch.is_raw:
            batch, errors = encoded_rows(batch, self.decimal_format)
        else:
            batch, errors = _passed_through(batch)
        return [batch], errors

    def open(self, sink: ByteSink, schema: Schema | None) -> FileWriter:
        """Begin a file; a schema makes no difference."""
        return LinesWriter(compressor(self.compression, self.level, sink))


def _passed_through(batch: RecordBatch) -> tuple[RecordBatch, list[RecordError]]:
    encoded = batch.encoded()
    if encoded is not None and b"null" not in encoded:
        return batch, []
    values: list[Any] = batch.values() if encoded is None else encoded
    batch, errors = without(batch, {i: NULL_VALUE for i, v in enumerate(values) if v is None or v == b"null"})
    return (batch if encoded is not None else _one_line_each(batch)), errors


def _one_line_each(batch: RecordBatch) -> RecordBatch:
    """A newline in JSON text is white space: in a string it would be an escape."""
    values: list[Any] = batch.values()
    return batch.with_encoded([v.replace(b"\n", b" ") if b"\n" in v else v for v in values])
