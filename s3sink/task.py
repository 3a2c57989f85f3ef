"""`SinkTask`: a sink at work on one source partition, from assignment to revocation."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from typing import NoReturn

from s3sink.batch import RecordBatch, Route, RoutedBatch, Span
from s3sink.dlq import DeadLetterQueue
from s3sink.error_reports import ErrorReports
from s3sink.errors import ConsistencyError, OffsetGapError, RecordError
from s3sink.pipeline import Pipeline
from s3sink.record import TopicPartition
from s3sink.recovery import recover
from s3sink.rotation import Reason
from s3sink.setup import Decided, Replaced, Rewind, Setup
from s3sink.sink import S3Sink
from s3sink.state import Progress
from s3sink.writer import TopicPartitionWriter

log = logging.getLogger("s3sink.task")

#: Batches are worked on in slices, so that the event loop is never held for long. Decoded rows of more than a few
#: hundred records leave the processor's cache; text and columns do not, and columns are made for thousands at a time.
SLICE, SLICE_OF_ROWS = 2_000, 500
_MOMENT = 0.0005  # seconds that are not worth waiting for
#: Sealed generations that may wait for the store before the next batch is taken.
WAITING = 64


class SinkTask:
    """Takes batches of one partition in order and writes each record exactly once.

    Life cycle: `run` recovers, then works until it is cancelled (revoked) or fails. `deliver` may be called from the
    moment that `run` was started; batches are checked for continuity, so those from before a rewind or a rebalance do
    no harm. `rewind(offset)` is called when the partition has to be read again from an earlier offset,
    `skip_to(offset)` when reading may, but need not, go on from a later one. While a retriable error of a record is
    waited out, `waiting` is true: the task stands still and is well. `name` is what dead letters call the sink.

    A rebalance takes every partition for a moment. `suspend` before cancelling keeps the open files; when the partition
    comes back unchanged (`survives`) `run` goes on with them, otherwise `discard` gives them up.
    """

    def __init__(
        self,
        sink: S3Sink,
        source: TopicPartition,
        setup: Setup,
        pipeline: Pipeline,
        *,
        rewind: Callable[[int], None],
        dead_letters: DeadLetterQueue | None = None,
        skip_to: Callable[[int], None] = lambda _: None,
        released: Callable[[], None] = lambda: None,
        name: str | None = None,
    ) -> None:
        self.source = source
        self._sink, self._setup, self._pipeline = sink, setup, pipeline
        self._rewind_reader, self._skip_to, self._released = rewind, skip_to, released
        self._policy = sink.error_policy
        self._reports = ErrorReports(
            self._policy,
            dead_letters,
            setup.metrics,
            setup.clock,
            pipeline.executing,
            sink=name or sink.name or "s3sink",
        )
        self._queue: deque[RecordBatch] = deque()
        self._queued = 0
        self._wake = asyncio.Event()
        self._writer: TopicPartitionWriter | None = None
        self._next: int | None = None
        self._rewinding = False
        self._ahead: int | None = None
        self._lowest = 0
        self._given = 0
        self._passed_at = 0
        self._squeeze = False
        self._drain: asyncio.Task[None] | None = None
        self._decided: tuple[Decided, ...] = ()
        self._suspended = False
        self._behind = False
        self.replaced = False
        self.waiting = False

    # ------------------------------------------------------------------ from outside
    def deliver(self, batch: RecordBatch) -> None:
        """Take a batch; returns at once. The caller watches `held` and pauses reading."""
        self._queue.append(batch)
        self._queued += batch.nbytes
        self._wake.set()

    @property
    def held(self) -> int:
        """Bytes in memory: waiting, open and sealed."""
        return self._queued + (self._writer.held if self._writer else 0)

    @property
    def open_bytes(self) -> int:
        """Bytes in memory for growing files."""
        return self._writer.open_bytes if self._writer else 0

    @property
    def open_files(self) -> int:
        """How many files are growing."""
        return self._writer.open_files if self._writer else 0

    @property
    def next(self) -> int | None:
        """The next offset that the task will look at; None before the first batch."""
        return self._next

    @property
    def committed(self) -> int | None:
        """The offset that is committed, None while recovering."""
        return self._writer.committed if self._writer else None

    def expect_from(self, offset: int) -> None:
        """The partition is about to be read again from there, for somebody else."""
        self._lowest = min(self._lowest, offset)

    def squeeze(self) -> None:
        """Memory is short: close the open files soon."""
        self._squeeze = True
        self._wake.set()

    async def close_files(self, reason: Reason) -> None:
        """Close the open files; returns when they are committed, raises why they cannot be. `run` must be running."""
        if self._writer is not None and self._drain is not None:
            self._writer.rotate(reason)
            await _first_of(self._writer.drained(), self._drain)
            if self._drain.done():
                self._drain.result()

    # ------------------------------------------------------------------ life cycle
    async def run(self) -> None:
        """Work until cancelled. Returns by itself only when this worker was replaced; raises what a person must see."""
        # Reading begins at what is committed now, however far the surviving files are committed meanwhile.
        self._lowest = self._setup.committer.floor(self.source)
        if self._suspended:
            self._take_up()
        else:
            await self._recover()
        try:
            while True:
                try:
                    await self._work()
                except Rewind as rewind:
                    self._go_back(rewind)
        except Replaced as error:
            self.replaced = True
            log.warning("%s; its open files are given up", error)
        finally:
            self._queue.clear()
            self._queued = 0

    def suspend(self) -> None:
        """Before `run` is cancelled: keep the open files, in case the partition comes back; `discard` gives them up."""
        self._suspended = True

    def survives(self, committed: Progress | None) -> bool:
        """Whether the partition, given what the group knows now, came back as it went, so that `run` may go on.

        Nobody else has committed: the offset is ours, and an intent beside it is that of our own unfinished round.
        """
        writer = self._writer
        if not self._suspended or writer is None or committed is None or self._rewinding or self.replaced:
            return False
        intent = committed.intent
        return (
            committed.offset == writer.committed
            and committed.until is not None
            and (intent is None or intent.id == writer.waiting_for)
        )

    async def discard(self) -> None:
        """Give up what `suspend` kept."""
        if self._writer is not None:
            await self._writer.discard()
            self._writer = None

    def _take_up(self) -> None:
        assert self._writer is not None
        self._suspended, self._behind = False, True
        self._next = self._writer.next
        self._writer.take_up()
        log.info("%s: going on at offset %d with %d open files", self.source, self._next, self._writer.open_files)

    async def _recover(self) -> None:
        recovery = await recover(self.source, self._setup, keep_topic=self._sink.keeps_topic)
        self._next, self._decided, self._given = recovery.start, recovery.decided, recovery.committed
        if recovery.start is not None and recovery.start < self._lowest:
            self._read_again(recovery.start)

    def _go_back(self, rewind: Rewind) -> None:
        self._read_again(rewind.start)
        self._decided = (rewind.decided, *(d for d in self._decided if d.start >= rewind.decided.stop))

    def _read_again(self, start: int) -> None:
        """Whatever is on its way from the reader is too far ahead; wait for the batch that covers `start`."""
        self._next, self._rewinding, self._ahead, self._lowest = start, True, None, min(start, self._lowest)
        self._rewind_reader(start)

    async def _work(self) -> None:
        """One writer's life: until it fails, is replaced or has to start again further back."""
        writer = self._writer
        if writer is None:
            start = self._next if self._next is not None else await self._first_offset()
            writer = self._writer = TopicPartitionWriter(self.source, self._setup, start, self._decided)
            self._next = start
        drain = self._drain = asyncio.create_task(writer.run(), name=f"s3sink {self.source} commits")
        drain.add_done_callback(lambda _: self._wake.set())
        try:
            while True:
                if drain.done():
                    await drain
                await self._step(writer, drain)
        finally:
            drain.cancel()
            await asyncio.gather(drain, return_exceptions=True)
            if not self._suspended:
                await self.discard()

    async def _first_offset(self) -> int:
        """The group has no offset: the topic begins where its first batch begins."""
        while not self._queue:
            self._wake.clear()
            await self._wake.wait()
        start = self._queue[0].span.start
        half = next((d for d in self._decided if d.start < start < d.stop and not d.done), None)
        if half is not None:
            self._lost(half.start, start)
        return start

    async def _step(self, writer: TopicPartitionWriter, drain: asyncio.Task[None]) -> None:
        self._close_if_squeezed(writer)
        if self._queue:
            batch = self._queue.popleft()
            self._queued -= batch.nbytes
            await self._accept(writer, batch, drain)
            self._released()
            return
        await self._rest(writer)

    def _close_if_squeezed(self, writer: TopicPartitionWriter) -> None:
        if self._squeeze:
            self._squeeze = False
            writer.rotate("memory")

    async def _rest(self, writer: TopicPartitionWriter, longest: float = 1.0) -> None:
        """Nothing to do: wait, at most until a file is due or something comes."""
        due_at = writer.due_at()
        seconds = longest if due_at is None else min(longest, max(0.0, (due_at - self._setup.clock()) / 1000))
        self._wake.clear()
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            writer.rotate_due(self._setup.clock())
            writer.pass_by()

    # ------------------------------------------------------------------ one batch
    async def _accept(self, writer: TopicPartitionWriter, batch: RecordBatch, drain: asyncio.Task[None]) -> None:
        fresh = self._continue(batch)
        if fresh is None:
            return
        metrics, topic = self._setup.metrics, self.source.topic
        metrics.add("records_read", fresh.n, topic=topic)
        metrics.add("bytes_read", fresh.nbytes, topic=topic)
        if writer.stored_until is not None:
            stored, fresh = fresh.split(writer.stored_until)
            writer.write(RoutedBatch(stored, Route(self.source.topic, "")), self._setup.clock())
        size = SLICE_OF_ROWS if self._pipeline.makes_rows else SLICE
        for at in range(0, max(fresh.n, 1), size):
            await self._write(writer, fresh.slice(at, at + size) if fresh.n > size else fresh, drain)
            if fresh.n > size:
                await asyncio.sleep(0)
        self._pass_by(writer)
        if writer.sealed > WAITING or writer.sealed_bytes > int(self._sink.memory) // 2:
            await _first_of(writer.drained(), drain)

    def _pass_by(self, writer: TopicPartitionWriter) -> None:
        """Once a second, so that the committed offset follows even where every record is dropped and none is idle."""
        now = self._setup.clock()
        if abs(now - self._passed_at) >= 1000:
            self._passed_at = now
            writer.pass_by()

    def _continue(self, batch: RecordBatch) -> RecordBatch | None:
        """The part of the batch that continues where the last one ended; None when there is none."""
        span, expected = batch.span, self._next
        assert expected is not None
        if self._rewinding and not self._has_gone_back(span, expected):
            return None
        if span.start > expected:
            self._lost(expected, span.start)
        elif span.start < self._lowest:
            self._went_back(span.start)
        if span.stop <= expected:
            self._catch_up(expected)
            return None
        self._behind = False
        self._next = span.stop
        return batch.split(expected)[1] if span.start < expected else batch

    def _catch_up(self, expected: int) -> None:
        """Once, when reading begins again behind what the surviving files have already."""
        if self._behind:
            self._behind = False
            self._skip_to(expected)

    def _has_gone_back(self, span: Span, expected: int) -> bool:
        """Whether the reader has done what `rewind` asked for.

        What was on its way before is too far ahead, and comes once. What comes again after asking again is where the
        topic begins now.
        """
        if span.start <= expected < span.stop or span.start == self._ahead:
            self._rewinding = False
            return True
        if span.start > expected:
            self._ahead = span.start
            self._rewind_reader(expected)
        return False

    def _lost(self, expected: int, found: int) -> None:
        if found <= self._given:  # an operator went past them, or they were committed
            log.info("%s: offsets %d to %d are gone from the topic", self.source, expected, found - 1)
            return
        if self._sink.on_gap == "fail":
            raise OffsetGapError(self.source, expected, found)
        log.error("%s: offsets %d to %d are gone from the topic, going on", self.source, expected, found - 1)
        self._setup.metrics.add("records_lost", found - expected, topic=self.source.topic)

    def _went_back(self, found: int) -> None:
        raise ConsistencyError(
            f"offset {found} came although everything before {self._lowest} is committed: was the topic deleted "
            "and made anew? Give the app another group or the sink another prefix",
            source=self.source,
        )

    async def _write(self, writer: TopicPartitionWriter, batch: RecordBatch, drain: asyncio.Task[None]) -> None:
        now = self._setup.clock()
        prepared = await self._pipeline.run(batch, now, self._pause)
        errors = sorted(prepared.errors, key=lambda error: error.offset or 0)
        if errors and self._policy.tolerance == "none":
            await self._end_with(errors[0], writer, batch, prepared.routed, now, drain)
        if errors:
            await self._report(batch, errors)
        for routed in prepared.routed:
            await self._put(writer, batch, routed, now, drain)

    async def _put(
        self, writer: TopicPartitionWriter, batch: RecordBatch, routed: RoutedBatch, now: int, drain: asyncio.Task[None]
    ) -> None:
        """Write records. What its file refuses is a bad record, reported before anything behind it is written."""
        while (refused := writer.write(routed, now)) is not None:
            if self._policy.tolerance == "none":
                await self._end(refused.errors[0], writer, batch, drain)
            await self._report(batch, refused.errors)
            routed = refused.rest
            writer.skip_to(routed.batch.span.start)

    async def _report(self, batch: RecordBatch, errors: list[RecordError]) -> None:
        """Tell of bad records, to go on without them."""
        await self._reports.report(batch, errors)
        self._setup.metrics.add("records_tolerated", len(errors), topic=self.source.topic)

    async def _end_with(
        self,
        error: RecordError,
        writer: TopicPartitionWriter,
        batch: RecordBatch,
        routed: list[RoutedBatch],
        now: int,
        drain: asyncio.Task[None],
    ) -> NoReturn:
        """Write what lies before the first bad record, so that what it closes is there, then end with that record.

        The others have not been met yet.
        """
        assert error.offset is not None
        for one in routed:
            if one.batch.span.start < error.offset:
                await self._put(writer, batch, one.split(error.offset)[0], now, drain)
        await self._end(error, writer, batch, drain)

    async def _end(
        self, error: RecordError, writer: TopicPartitionWriter, batch: RecordBatch, drain: asyncio.Task[None]
    ) -> NoReturn:
        """End with a record, when what was closed before it is there."""
        await _first_of(writer.drained(), drain)
        if drain.done():
            await drain
        await self._reports.report(batch, [error])
        raise error

    async def _pause(self, seconds: float) -> None:
        """Before a record is tried again. Open files close when they are due; a commit that fails is heard of."""
        writer, drain, time = self._writer, self._drain, asyncio.get_running_loop().time
        assert writer is not None
        assert drain is not None
        until, self.waiting = time() + seconds, True
        try:
            while (left := until - time()) > _MOMENT:
                await self._rest(writer, min(left, 1.0))
                if drain.done():
                    await drain
                self._close_if_squeezed(writer)
                writer.rotate_due(self._setup.clock())
        finally:
            self.waiting = False


async def _first_of(waited: Coroutine[None, None, None], drain: asyncio.Task[None]) -> None:
    task = asyncio.create_task(waited)
    try:
        await asyncio.wait({task, drain}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        task.cancel()
