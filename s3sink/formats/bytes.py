"""Values as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from s3sink.batch import RecordBatch
from s3sink.config import Option, check, problem_if
from s3sink.errors import RecordError
from s3sink.formats.compression import SUFFIXES, Compression, check_compression, compressor
from s3sink.formats.json_lines import NULL_VALUE
from s3sink.formats.lines import LinesWriter, SeparatedWriter, without
from s3sink.java_class import java_class
from s3sink.schema import Schema

if TYPE_CHECKING:
    from s3sink.formats import ByteSink, FileWriter


@dataclass(frozen=True, slots=True)
class BytesFormat:
    """The bytes of each value, followed by the separator, the last one too. Other values are refused, text too.

    Beware: a separator inside a value cannot be told apart from one between values.
    """

    writes_arrays: ClassVar[bool] = True
    """Headers come as lists, and are refused, as Connect does."""

    suffix: Annotated[str, Option("format.bytearray.extension", "What names end with before compression.")] = ".bin"
    separator: Annotated[bytes | str, Option("format.bytearray.separator", "Written after every value.")] = b"\n"
    compression: Annotated[Compression, Option("s3.compression.type", "The whole file as one stream.")] = "none"
    level: Annotated[int | None, Option("s3.compression.level", "None is gzip 2 (isal) and zstd 1.")] = None

    def __post_init__(self) -> None:
        check(
            "BytesFormat",
            [
                problem_if("/" in self.suffix, "suffix", f"{self.suffix!r} is no end of a name"),
                *check_compression("BytesFormat", self.compression, self.level),
            ],
        )

    @property
    def extension(self) -> str:
        """The suffix, with `.gz`, `.zst` or `.sz` behind it."""
        return self.suffix + SUFFIXES[self.compression]

    @property
    def takes_json(self) -> bool:
        """Connect refuses what JsonConverter makes of JSON here, and so do we: BytesConverter hands it on untouched."""
        return False

    def prepare(self, batch: RecordBatch) -> tuple[list[RecordBatch], list[RecordError]]:
        """The batch with its bytes beside it. What is not bytes is refused."""
        pairs = _pairs(batch)
        reasons = {index: _refusal(*pair) for index, pair in enumerate(pairs) if not _fits(*pair)}
        batch, errors = without(batch, reasons)
        return [batch.with_encoded([value for index, (value, _) in enumerate(pairs) if index not in reasons])], errors

    def open(self, sink: ByteSink, schema: Schema | None) -> FileWriter:
        """Begin a file; a schema makes no difference."""
        out, separator = compressor(self.compression, self.level, sink), self._separator()
        return LinesWriter(out) if separator == b"\n" else SeparatedWriter(out, separator)

    def _separator(self) -> bytes:
        return self.separator.encode() if isinstance(self.separator, str) else self.separator


def _pairs(batch: RecordBatch) -> list[tuple[Any, Schema | None]]:
    """Values with their schemas."""
    if batch.is_raw:
        return [(value, None) for value in batch.values()]
    return [(row.value, row.value_schema) for row in batch.records()]


def _fits(value: Any, schema: Schema | None) -> bool:
    return type(value) is bytes and (schema is None or schema.type == "bytes")


def _refusal(value: Any, schema: Schema | None) -> str:
    """In the words of Connect's ByteArrayConverter, through which its files go."""
    if value is None:
        return NULL_VALUE
    if schema is not None and schema.type != "bytes":
        return f"Invalid schema type for ByteArrayConverter: {schema.type.upper()}"
    return f"ByteArrayConverter is not compatible with objects of type class {java_class(value, schema)}"
