"""From a batch as read to batches that files can take: convert, transform, prepare, route. Pure but for the chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

from s3sink.batch import RecordBatch, RoutedBatch
from s3sink.converters import Converter, JsonPassThrough, convert_batch
from s3sink.errors import FormatError, RecordError
from s3sink.formats import BytesFormat, Format, JsonFormat, PreparingFormat
from s3sink.metrics import Metrics
from s3sink.partitioners import Partitioner, needs_value, route
from s3sink.transforms import Chain, RawTransform

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
            and all(isinstance(transform, RawTransform) for transform in self.chain.transforms)
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
        text = self._transformed_text(batch) if self.passes_json else None
        if text is not None:
            kept = self._checked(self._without_nulls(text, errors), errors)
        else:
            kept = self._without_nulls(await self._transformed(batch, errors), errors)
        return Prepared(self._routed(self._formatted(kept, errors), now, errors), errors)

    def _transformed_text(self, batch: RecordBatch) -> RecordBatch | None:
        """The batch with its values still JSON text; None when a transform has to see the rows after all."""
        text: RecordBatch | None = batch
        for transform in self.chain.transforms:
            text = None if text is None else cast(RawTransform, transform).apply_raw(text)
        if text is not None:
            self._count_filtered(batch, batch.n - text.n)
        return text

    def _checked(self, batch: RecordBatch, errors: list[RecordError]) -> RecordBatch:
        assert isinstance(self.converter, JsonPassThrough)
        batch, bad = self.converter.check(batch)
        errors += bad
        encoded = batch.encoded()
        if self.null_values == "fail" or encoded is None or b"null" not in encoded:
            return batch  # a format refuses the text `null` by itself
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
        nulls = [i for i, is_there in enumerate(there) if not is_there]
        if self.null_values == "ignore":
            self.metrics.add("records_null", len(nulls), topic=batch.source.topic)
        else:
            reason = 'the value is null; null_values="ignore" leaves such records out'
            errors += [FormatError(reason, source=batch.source, offset=batch.offset_at(i)) for i in nulls]
        return batch.take([i for i, is_there in enumerate(there) if is_there])

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
