"""Files of lines: what JSON and raw bytes have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from s3sink.batch import RecordBatch
from s3sink.errors import FormatError, RecordError

if TYPE_CHECKING:
    from s3sink.formats.compression import Compressor

Prepared = tuple[list[RecordBatch], list[RecordError]]

_SLICE = 1000  # records joined at once: larger slices leave the processor's cache


class LinesWriter:
    """Writes encoded values, each followed by a newline."""

    __slots__ = ("_out",)

    def __init__(self, out: Compressor) -> None:
        self._out = out

    @property
    def buffered(self) -> int:
        """Bytes that wait to be compressed."""
        return self._out.buffered

    def write(self, batch: RecordBatch) -> None:
        """Append the encoded values of the batch; a raw batch without any has its own values written."""
        write, joined = self._out.write, batch.joined
        for start in range(0, batch.n, _SLICE):
            write(joined(start, start + _SLICE))

    def close(self) -> None:
        """Finish the compressed stream."""
        self._out.close()


class SeparatedWriter:
    """Writes encoded values, each followed by a separator."""

    __slots__ = ("_out", "_separator")

    def __init__(self, out: Compressor, separator: bytes) -> None:
        self._out, self._separator = out, separator

    @property
    def buffered(self) -> int:
        """Bytes that wait to be compressed."""
        return self._out.buffered

    def write(self, batch: RecordBatch) -> None:
        """Append the encoded values of the batch."""
        encoded = batch.encoded()
        if encoded is None:
            raise ValueError("the batch was not prepared for this format")
        for start in range(0, batch.n, _SLICE):
            self._out.write(self._separator.join([*encoded[start : start + _SLICE], b""]))

    def close(self) -> None:
        """Finish the compressed stream."""
        self._out.close()


Reason = str | RecordError
"""Why a record is refused: in words, or an error whose words and class are meant."""


def without(batch: RecordBatch, reasons: Mapping[int, Reason]) -> tuple[RecordBatch, list[RecordError]]:
    """The batch without the records at these indices, and an error with coordinates for each of them."""
    if not reasons:
        return batch, []
    kept = [index for index in range(batch.n) if index not in reasons]
    return batch.take(kept), refusals(batch, reasons)


def refusals(batch: RecordBatch, reasons: Mapping[int, Reason]) -> list[RecordError]:
    """One error with coordinates for each index."""
    return [_refused(reasons[index]).at(batch.source, batch.offset_at(index)) for index in sorted(reasons)]


def _refused(reason: Reason) -> RecordError:
    """An error of its own for each record, since it says which record it is."""
    if isinstance(reason, str):
        return FormatError(reason)
    return FormatError(reason.reason, connect_class=reason.connect_class)


def in_parts(
    batch: RecordBatch, sizes: Sequence[int], prepare: Callable[[RecordBatch], Prepared]
) -> tuple[list[RecordBatch], list[RecordError]]:
    """What becomes of consecutive parts of a batch, of so many records each."""
    batches: list[RecordBatch] = []
    errors: list[RecordError] = []
    start = 0
    for size in sizes:
        made, bad = prepare(batch.slice(start, start + size))
        batches += made
        errors += bad
        start += size
    return batches, errors
