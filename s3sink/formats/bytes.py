"""Values as they are."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from s3sink.batch import RecordBatch
from s3sink.config import Option, check, problem_if
from s3sink.errors import RecordError
from s3sink.formats.compression import SUFFIXES, Compression, check_compression, compressor
from s3sink.formats.json_lines import NULL_VALUE
from s3sink.formats.lines import LinesWriter, SeparatedWriter, without
from s3sink.schema import Schema

if TYPE_CHECKING:
    from s3sink.formats import ByteSink, FileWriter


@dataclass(frozen=True, slots=True)
class BytesFormat:
    """The bytes of each value, followed by the separator, the last one too. Text is written as UTF-8.

    Beware: a separator inside a value cannot be told apart from one between values.
    """

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
        """The batch with its bytes beside it. What is neither bytes nor text is refused."""
        values = batch.values() if batch.is_raw else [row.value for row in batch.records()]
        encoded = [_bytes(value) for value in values]
        reasons = {index: _refusal(values[index]) for index, data in enumerate(encoded) if data is None}
        batch, errors = without(batch, reasons)
        return [batch.with_encoded([data for data in encoded if data is not None])], errors

    def open(self, sink: ByteSink, schema: Schema | None) -> FileWriter:
        """Begin a file; a schema makes no difference."""
        out, separator = compressor(self.compression, self.level, sink), self._separator()
        return LinesWriter(out) if separator == b"\n" else SeparatedWriter(out, separator)

    def _separator(self) -> bytes:
        return self.separator.encode() if isinstance(self.separator, str) else self.separator


def _bytes(value: Any) -> bytes | None:
    if type(value) is str:
        with suppress(UnicodeEncodeError):  # half a surrogate pair
            return value.encode()
    return value if type(value) is bytes else None


def _refusal(value: Any) -> str:
    return NULL_VALUE if value is None else f"BytesFormat writes bytes and text, and cannot write this {_kind(value)}"


def _kind(value: Any) -> str:
    return "text, which is no Unicode" if isinstance(value, str) else type(value).__name__
