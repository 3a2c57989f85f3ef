"""From a batch as read to batches that files can take: convert, transform, prepare, route. Pure but for the chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from s3sink.batch import RecordBatch, RoutedBatch
from s3sink.converters import Converter, JsonPassThrough, convert_batch
from s3sink.errors import FormatError, RecordError
from s3sink.formats import Format, PreparingFormat
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
        """Whether values can stay JSON text: nobody on the way looks into them."""
        return (
            isinstance(self.converter, JsonPassThrough)
            and self.converter.passes_json
            and not self.chain.transforms
            and not needs_value(self.partitioner)
            and isinstance(self.format, PreparingFormat)
            and self.format.takes_json
        )

    async def run(self, batch: RecordBatch, now: int) -> Prepared:
        """All steps on one batch as read. A record that fails in one of them is in `errors` and nowhere else."""
        errors: list[RecordError] = []
        if self.passes_json:
            batch = self._checked(self._without_nulls(batch, errors), errors)
        else:
            batch = self._without_nulls(await self._transformed(batch, errors), errors)
        return Prepared(self._routed(self._formatted(batch, errors), now, errors), errors)

    def _checked(self, batch: RecordBatch, errors: list[RecordError]) -> RecordBatch:
        assert isinstance(self.converter, JsonPassThrough)
        batch, bad = self.converter.check(batch)
        errors += bad
        return batch

    async def _transformed(self, batch: RecordBatch, errors: list[RecordError]) -> RecordBatch:
        rows, bad = convert_batch(batch, self.key_converter, self.converter)
        errors += bad
        if not self.chain.transforms:
            return rows
        kept, bad = await self.chain.apply_async(rows) if self.chain.is_async else self.chain.apply(rows)
        errors += bad
        filtered = rows.n - kept.n - len(bad)
        if filtered:
            self.metrics.add("records_filtered", filtered, topic=batch.source.topic)
        return kept

    def _without_nulls(self, batch: RecordBatch, errors: list[RecordError]) -> RecordBatch:
        values = batch.values() if batch.is_raw else [r.value for r in batch.records()]
        if None not in values:
            return batch
        nulls = [i for i, value in enumerate(values) if value is None]
        if self.null_values == "ignore":
            self.metrics.add("records_null", len(nulls), topic=batch.source.topic)
        else:
            reason = 'the value is null; null_values="ignore" leaves such records out'
            errors += [FormatError(reason, source=batch.source, offset=batch.offset_at(i)) for i in nulls]
        return batch.take([i for i, value in enumerate(values) if value is not None])

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
