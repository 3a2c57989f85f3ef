"""From a batch as read to batches that files can take: convert, transform, prepare, route. Pure but for the chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from s3sink.batch import RecordBatch, RoutedBatch
from s3sink.converters import Converter, JsonPassThrough, convert_batch
from s3sink.errors import FormatError, RecordError
from s3sink.formats import BytesFormat, Format, JsonFormat, PreparingFormat, encoded_documents
from s3sink.metrics import Metrics
from s3sink.partitioners import Partitioner, needs_value, route
from s3sink.transforms import Chain

NullValues = Literal["fail", "ignore"]


class Prepared:
    """What became of a batch: routed batches whose spans make up its span, and an error for each bad record."""

    __slots__ = ("errors", "routed")

    def __init__(self, routed: list[RoutedBatch], errors: list[RecordError]) -> None:
        self.routed, self.errors = routed, errors


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The steps before rotation, compiled once for all partitions of a sink."""

    converter: Converter
    key_converter: Converter
    chain: Chain
    partitioner: Partitioner
    format: Format
    null_values: NullValues
    metrics: Metrics
    passes_json: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "passes_json", self._passes_json())

    def _passes_json(self) -> bool:
        """Whether values can stay JSON text: nobody on the way has to decode them."""
        return (
            isinstance(self.converter, JsonPassThrough)
            and self.converter.passes_json
            and self.chain.takes_batches
            and not needs_value(self.partitioner)
            and isinstance(self.format, PreparingFormat)
            and self.format.takes_json
        )

    @property
    def makes_rows(self) -> bool:
        """Whether records become Python objects and stay so until they are lines: no columns are made of them."""
        return not self.passes_json and isinstance(self.format, JsonFormat | BytesFormat)

    async def run(self, batch: RecordBatch, now: int) -> Prepared:
        """All steps on one batch as read. A record that fails in one of them is in `errors` and nowhere else."""
        errors: list[RecordError] = []
        kept = self._text(batch, errors) if self.passes_json else None
        if kept is None:
            kept = self._without_nulls(await self._transformed(batch, errors), errors)
        return Prepared(self._routed(self._formatted(kept, errors), now, errors), errors)

    def _text(self, batch: RecordBatch, errors: list[RecordError]) -> RecordBatch | None:
        """The batch with its values as lines of JSON; None when rows have to decide."""
        text = self.chain.apply_batch(batch)
        if text is None:
            return None
        filtered = batch.n - text.n
        if not text.holds_documents:
            lines: RecordBatch | None = self._checked(self._without_nulls(text, errors), errors)
        elif any(nulls := text.nulls()):
            there = [i for i, null in enumerate(nulls) if not null]
            lines = encoded_documents(text.take(there))
            if lines is not None:
                self._leave_out(text, nulls, errors)
        else:
            lines = encoded_documents(text)
        if lines is not None:
            self._count_filtered(batch, filtered)
        return lines

    def _checked(self, batch: RecordBatch, errors: list[RecordError]) -> RecordBatch:
        assert isinstance(self.converter, JsonPassThrough)
        batch, bad = self.converter.check(batch)
        errors += bad
        encoded = batch.encoded()
        if encoded is None or b"null" not in encoded:
            return batch
        return self._take(batch, [text != b"null" for text in encoded], errors)

    async def _transformed(self, batch: RecordBatch, errors: list[RecordError]) -> RecordBatch:
        rows, bad = convert_batch(batch, self.key_converter, self.converter)
        errors += bad
        if not self.chain.transforms:
            return rows
        kept, bad = await self.chain.apply_async(rows) if self.chain.is_async else self.chain.apply(rows)
        errors += bad
        self._count_filtered(batch, rows.n - kept.n - len(bad))
        return kept

    def _count_filtered(self, batch: RecordBatch, filtered: int) -> None:
        if filtered:
            self.metrics.add("records_filtered", filtered, topic=batch.source.topic)

    def _without_nulls(self, batch: RecordBatch, errors: list[RecordError]) -> RecordBatch:
        values = batch.values() if batch.is_raw else [r.value for r in batch.records()]
        return batch if None not in values else self._take(batch, [v is not None for v in values], errors)

    def _take(self, batch: RecordBatch, there: list[bool], errors: list[RecordError]) -> RecordBatch:
        """The records whose value is there; the others are counted or refused."""
        self._leave_out(batch, [not is_there for is_there in there], errors)
        return batch.take([i for i, is_there in enumerate(there) if is_there])

    def _leave_out(self, batch: RecordBatch, nulls: list[bool], errors: list[RecordError]) -> None:
        indices = [i for i, null in enumerate(nulls) if null]
        if self.null_values == "ignore":
            self.metrics.add("records_null", len(indices), topic=batch.source.topic)
        else:
            reason = 'the value is null; null_values="ignore" leaves such records out'
            errors += [FormatError(reason, source=batch.source, offset=batch.offset_at(i)) for i in indices]

    def _formatted(self, batch: RecordBatch, errors: list[RecordError]) -> Sequence[RecordBatch]:
        if not isinstance(self.format, PreparingFormat) or not batch.n:
            return [batch]
        batches, bad = self.format.prepare(batch)
        errors += bad
        return batches

    def _routed(self, batches: Sequence[RecordBatch], now: int, errors: list[RecordError]) -> list[RoutedBatch]:
        routed: list[RoutedBatch] = []
        for batch in batches:
            one, bad = route(self.partitioner, batch, now)
            errors += bad
            routed.append(one)
        return routed
