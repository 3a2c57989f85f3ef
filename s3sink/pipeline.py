"""From a batch as read to batches that files can take: convert, transform, prepare, route. Pure but for the chain."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from s3sink.batch import RecordBatch, RoutedBatch
from s3sink.class_names import SINK_TASK, class_name
from s3sink.companions import Companions
from s3sink.converters import (
    BytesConverter,
    Converter,
    JsonPassThrough,
    PreparingConverter,
    SimpleHeaderConverter,
    StringConverter,
    convert_batch,
)
from s3sink.errors import CONNECT_EXCEPTION, FormatError, RecordError
from s3sink.fitting import Formatted, formatted, formatted_as_far_as_known
from s3sink.formats import BytesFormat, Format, JsonFormat, PreparingFormat, encoded_documents
from s3sink.metrics import Metrics
from s3sink.partitioners import Partitioner, route, routes_text
from s3sink.record import SinkRecord
from s3sink.tolerance import ErrorPolicy, Retries, is_retriable
from s3sink.transforms import Chain

NullValues = Literal["fail", "ignore", "report", "write"]
_NULL = "Null valued records are not writeable with current behavior.on.null.values 'settings."
Pause = Callable[[float], Awaitable[None]]
"""Waits for so many seconds while the others go on."""


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
    header_converter: Converter | None = field(default=None, kw_only=True)
    policy: ErrorPolicy = field(default_factory=ErrorPolicy, kw_only=True)
    companions: Companions = field(default_factory=Companions, kw_only=True)
    projects: bool = field(default=False, kw_only=True)
    """Whether records with a schema take their form only in the writer, which projects them to that of their file."""
    passes_json: bool = field(init=False)
    checks_keys: bool = field(init=False)
    checks_headers: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "passes_json", self._passes_json())
        object.__setattr__(self, "checks_keys", type(self.key_converter) not in (BytesConverter, StringConverter))
        takes_all = (type(None), BytesConverter, StringConverter, SimpleHeaderConverter)
        object.__setattr__(self, "checks_headers", type(self.header_converter) not in takes_all)

    def _passes_json(self) -> bool:
        """Whether values can stay JSON text: nobody on the way has to decode them."""
        return (
            isinstance(self.converter, JsonPassThrough)
            and self.converter.passes_json
            and self.chain.takes_batches
            and not self.companions.any
            and routes_text(self.partitioner)
            and isinstance(self.format, PreparingFormat)
            and self.format.takes_json
        )

    @property
    def makes_rows(self) -> bool:
        """Whether records become Python objects and stay so until they are lines: no columns are made of them."""
        return not self.passes_json and isinstance(self.format, JsonFormat | BytesFormat)

    def executing(self, error: RecordError) -> str:
        """The full name of the class in which a record failed, Connect's where it has one."""
        if error.at_stage == "TASK_PUT":
            return SINK_TASK
        converter = {
            "KEY_CONVERTER": self.key_converter,
            "VALUE_CONVERTER": self.converter,
            "HEADER_CONVERTER": self.header_converter,
        }.get(error.at_stage)
        return class_name(converter) if converter is not None else error.executing_class or error.executing

    async def run(self, batch: RecordBatch, now: int, pause: Pause = asyncio.sleep) -> Prepared:
        """All steps on one batch as read. A record that fails in one of them is in `errors` and nowhere else.

        Retriable errors are tried again as the policy says, in `pause`s; records keep their order.
        """
        errors: list[RecordError] = []
        if self.passes_json:
            await self._asked_ahead(batch)
        kept = self._text(batch, errors) if self.passes_json else None
        if kept is None:
            kept = await self._transformed(batch, errors, pause)
            if self.companions.any:
                return Prepared(self._with_companions(kept, now, errors), errors)
            kept = self._without_nulls(kept, errors)
        return Prepared(self._routed(self._formatted(kept, errors), now, errors), errors)

    def _text(self, batch: RecordBatch, errors: list[RecordError]) -> RecordBatch | None:
        """The batch with its values as lines of JSON; None when rows have to decide."""
        if self.checks_keys and not self._keys_are_good(batch):
            return None
        if self.checks_headers and not self._headers_are_good(batch):
            return None
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

    def _keys_are_good(self, batch: RecordBatch) -> bool:
        """Nobody looks at the keys, but a bad one makes a bad record."""
        return _all_convert(self.key_converter, batch.source.topic, batch.keys())

    def _headers_are_good(self, batch: RecordBatch) -> bool:
        """As with the keys."""
        assert self.header_converter is not None
        values = (data for index in range(batch.n) for _, data in batch.raw_headers(index))
        return _all_convert(self.header_converter, batch.source.topic, values)

    def _checked(self, batch: RecordBatch, errors: list[RecordError]) -> RecordBatch:
        assert isinstance(self.converter, JsonPassThrough)
        batch, bad = self.converter.check(batch)
        errors += bad
        encoded = batch.encoded()
        if encoded is None or b"null" not in encoded:
            return batch
        return self._take(batch, [text != b"null" for text in encoded], errors)

    async def _transformed(self, batch: RecordBatch, errors: list[RecordError], pause: Pause) -> RecordBatch:
        kept, bad = await self._attempted(batch)
        if any(map(is_retriable, bad)):
            kept, bad = await self._tried_again(batch, kept, bad, pause)
        errors += bad
        return kept

    async def _attempted(self, batch: RecordBatch) -> tuple[RecordBatch, list[RecordError]]:
        """Rows of the records that can be converted and transformed, and the errors of the others."""
        await self._asked_ahead(batch)
        rows, errors = convert_batch(batch, self.key_converter, self.converter, self.header_converter)
        if not self.chain.transforms:
            return rows, errors
        kept, bad = await self.chain.apply_async(rows) if self.chain.is_async else self.chain.apply(rows)
        self._count_filtered(batch, rows.n - kept.n - len(bad))
        return kept, errors + bad

    async def _asked_ahead(self, batch: RecordBatch) -> None:
        """Converters that have to ask somebody do it here, where they may wait."""
        for converter, data in ((self.key_converter, batch.keys), (self.converter, batch.values)):
            if isinstance(converter, PreparingConverter):
                await converter.prepare(batch.source.topic, data(), map(batch.raw_headers, range(batch.n)))

    async def _tried_again(
        self, batch: RecordBatch, kept: RecordBatch, bad: list[RecordError], pause: Pause
    ) -> tuple[RecordBatch, list[RecordError]]:
        """The same, after the bad ones have had their time, one after the other, as if each were met only then."""
        retries = Retries(self.policy, self.metrics, batch.source.topic, pause)

        async def again(error: RecordError) -> tuple[Sequence[SinkRecord], RecordError | None]:
            assert error.offset is not None
            rows, errors = await self._attempted(batch.take([batch.index_of(error.offset)]))
            return rows.records(), errors[0] if errors else None

        rescued, bad = await retries.of(bad, again)
        rows = sorted([*kept.records(), *rescued], key=lambda row: row.offset) if rescued else kept.records()
        return kept.with_rows(list(rows)), bad

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
            errors += [self._null_error().at(batch.source, batch.offset_at(i)) for i in indices]

    def _null_error(self) -> RecordError:
        """In the connector's words; what to do about it is the cause, for the log."""
        if self.null_values != "fail":
            return FormatError("Skipping null value record.")
        error = FormatError(_NULL, connect_class=CONNECT_EXCEPTION)
        error.__cause__ = ValueError('the value is null; null_values="ignore" leaves such records out')
        return error

    def _with_companions(self, batch: RecordBatch, now: int, errors: list[RecordError]) -> list[RoutedBatch]:
        if self.null_values != "write":
            batch = self._without_nulls(batch, errors)
        groups, bad = self.companions.prepare(batch, self.format, self._form)
        errors += bad
        routed: list[RoutedBatch] = []
        for group in groups:
            one, bad = self._route_with_tombstones(group.batch, now)
            errors += bad
            routed.append(self.companions.routed(group, one))
        return routed

    def _route_with_tombstones(self, batch: RecordBatch, now: int) -> tuple[RoutedBatch, list[RecordError]]:
        """As `route`; records without a value have their own encoded partition, whatever the partitioner."""
        there = [i for i, row in enumerate(batch.records()) if row.value is not None]
        if len(there) == batch.n:
            return route(self.partitioner, batch, now)
        routed, errors = route(self.partitioner, batch.take(there), now)
        return self.companions.with_tombstones(batch, routed), errors

    def _formatted(self, batch: RecordBatch, errors: list[RecordError]) -> Sequence[RecordBatch]:
        batches, bad = self._form(batch, self.format)
        errors += bad
        return batches

    def _form(self, batch: RecordBatch, format: Format) -> Formatted:
        return formatted_as_far_as_known(batch, format) if self.projects else formatted(batch, format)

    def _routed(self, batches: Sequence[RecordBatch], now: int, errors: list[RecordError]) -> list[RoutedBatch]:
        routed: list[RoutedBatch] = []
        for batch in batches:
            one, bad = route(self.partitioner, batch, now)
            errors += bad
            routed.append(one)
        return routed


def _all_convert(converter: Converter, topic: str, data: Iterable[bytes | None]) -> bool:
    try:
        for one in set(data):
            converter.convert(topic, one, ())
    except Exception:  # which record it was, rows say
        return False
    return True
