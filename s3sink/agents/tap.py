"""The batch tap: whole fetched batches out of Faust's consumer, instead of one event a record.

Faust spends 75 CPU-seconds on a million events; a batch of some thousand records costs it about as much as one event.
Everything private that s3sink leans on in Faust and aiokafka stands in this module and in `group.py`, and `self_check`
says at start which of it is missing. What the tap gives beyond speed is the *position* each batch was read from, so
that gaps left by compaction and transactions can be told from loss.
"""

from __future__ import annotations

import asyncio
import inspect
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import aiokafka.consumer.fetcher as fetcher
import faust
from aiokafka.errors import CorruptRecordException
from aiokafka.structs import TopicPartition as KafkaPartition
from crc32c import crc32c
from faust.transport.conductor import Conductor
from faust.transport.drivers import aiokafka as driver
from faust.transport.utils import DefaultSchedulingStrategy
from faust.types import TP

from s3sink.agents.labels import LABEL
from s3sink.batch import RecordBatch, Span
from s3sink.record import TopicPartition

#: Topics whose batches are wanted, per thread: each app reads in a thread of its own.
_reading = threading.local()
#: Records in one batch at most; a fetch has a few thousand.
LONGEST = 50_000

_StockFetchResult = fetcher.FetchResult
_StockMemoryRecords = fetcher.MemoryRecords


class KeptRecords(_StockMemoryRecords):  # type: ignore[misc, valid-type]
    """A fetched buffer that remembers its bytes, so that their checksums can be verified in hardware."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.data: bytes | None = data


class TapFetchResult(_StockFetchResult):  # type: ignore[misc, valid-type]
    """Answers `getall` with one RecordBatch for topics that are tapped in this thread, as before for others."""

    def getall(self, max_records: int | None = None) -> Any:
        """All records of the fetch, up to LONGEST, as a batch in a list; the consumer's position follows."""
        tp = self._topic_partition
        tapped = getattr(_reading, "topics", None)
        if tapped is None:
            return super().getall(max_records)
        if tp.topic not in tapped:
            if self.has_more():
                part = self._partition_records
                _verify(part._records, TopicPartition(*tp), part.next_fetch_offset)
            return super().getall(max_records)
        if not self.check_assignment(tp) or not self.has_more():
            return []
        return [_take(self, TopicPartition(*tp))]


def _take(result: Any, source: TopicPartition) -> RecordBatch:
    """What `PartitionRecords` would have made of the buffer, without an object a record around each record."""
    part = result._partition_records
    if part._records_iterator is not None:
        part._records_iterator.close()
        part._records_iterator = None  # it refers back to the buffer: 1 MB each until the cyclic collector runs
    position = part.next_fetch_offset
    memory = part._records
    _verify(memory, source, position)
    records: list[Any] = []
    before = memory.size_in_bytes()
    while len(records) < LONGEST and memory.has_next():
        records += _records_of(part, memory.next_batch())
    result._update_position()
    stop = part.next_fetch_offset
    if not memory.has_next():
        result._partition_records = None
    return RecordBatch(source, Span(position, stop), raw=records, nbytes=max(before, _size(records)))


def _records_of(part: Any, batch: Any) -> list[Any]:
    committed_only = part._isolation_level == fetcher.READ_COMMITTED
    if committed_only and batch.producer_id is not None:
        part._consume_aborted_up_to(batch.base_offset)
        if batch.is_control_batch and part._contains_abort_marker(batch):
            part._aborted_producers.discard(batch.producer_id)
        if batch.is_transactional and batch.producer_id in part._aborted_producers:
            part.next_fetch_offset = max(part.next_fetch_offset, batch.next_offset)
            return []
    records: list[Any] = [] if batch.is_control_batch else list(batch)
    low = part.next_fetch_offset
    if records and records[0].offset < low:  # a batch is fetched whole, even from its middle
        records = [r for r in records if r.offset >= low]
    part.next_fetch_offset = max(low, batch.next_offset)  # never back: a whole batch may lie below the position
    return records


def _size(records: list[Any]) -> int:
    """Bytes of the values, from every sixteenth: for the memory budget, where compressed fetches grow."""
    sample = [r.value for r in records[::16]]
    return sum(len(v) for v in sample if v is not None) * 16


_HEADER = struct.Struct(">qiibI")  # base offset, length, leader epoch, magic, checksum


def _verify(memory: Any, source: TopicPartition, position: int) -> None:
    """Checksums of all batches in the buffer, once. Version 2 batches carry CRC-32C from byte 21 on."""
    data = getattr(memory, "data", None)
    if data is None:
        return
    memory.data = None
    view, at, size = memoryview(data), 0, len(data)
    while at + 61 <= size:
        _, length, _, magic, checksum = _HEADER.unpack_from(view, at)
        end = at + 12 + length
        if end > size:
            return  # the last batch of a fetch may be cut off; it comes again
        if magic >= 2 and crc32c(view[at + 21 : end]) != checksum:
            raise CorruptRecordException(f"{source}: checksum wrong in the batch fetched at offset {position}")
        at = end


# ---------------------------------------------------------------------------------------------- Faust's side
Deliver = Callable[[RecordBatch], None]
Acknowledged = Callable[[TopicPartition, int], None]


class TapScheduler(DefaultSchedulingStrategy):  # type: ignore[misc]
    """Hands tapped batches to the sink before anything else is scheduled, and records to agents that want them too."""

    def __init__(self, tapped: frozenset[str], deliver: Deliver, wanted: Callable[[str], bool]) -> None:
        self._tapped, self._deliver, self._wanted = tapped, deliver, wanted

    def iterate(self, records: Mapping[TP, list[Any]]) -> Iterator[tuple[TP, Any]]:
        """Called on the main loop with one fetch. Batches go to the sink at once, in the order of their partition."""
        rest: dict[TP, list[Any]] = {}
        for tp, items in records.items():
            if tp.topic not in self._tapped:
                rest[tp] = items
                continue
            batches = items if items and type(items[0]) is RecordBatch else list(without_positions(tp, items))
            for batch in batches:
                self._deliver(batch)
            if self._wanted(tp.topic):
                rest[tp] = [record for batch in batches for record in consumer_records(batch)]
        if rest:
            yield from super().iterate(rest)


def without_positions(tp: TP, items: list[Any]) -> Iterator[RecordBatch]:
    """Batches of records that came the stock way, without the position they were read from.

    A missing offset may then be compaction, a transaction or a loss, and nobody can tell: each run of consecutive
    offsets is a batch of its own, so that the sink stops at the gap.
    """
    run: list[Any] = []
    for item in items:
        if run and item.offset != run[-1].offset + 1:
            yield _run(tp, run)
            run = []
        run.append(item)
    if run:
        yield _run(tp, run)


def _run(tp: TP, records: list[Any]) -> RecordBatch:
    span = Span(records[0].offset, records[-1].offset + 1)
    return RecordBatch(TopicPartition(*tp), span, raw=records, nbytes=_size(records))


def consumer_records(batch: RecordBatch) -> Iterable[Any]:
    """The records of a raw batch as aiokafka would have handed them to Faust."""
    topic, partition = batch.source
    for raw in batch._raw_items():
        record: Any = raw
        key, value = record.key, record.value
        yield fetcher.ConsumerRecord(
            topic, partition, record.offset, record.timestamp, record.timestamp_type, key, value, record.checksum,
            -1 if key is None else len(key), -1 if value is None else len(value), tuple(record.headers),
        )  # fmt: skip


class TapConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """Reads committed records only, and nothing for the sink while the app is rebalancing."""

    tapped: frozenset[str] = frozenset()
    options: Mapping[str, Any] = MappingProxyType({})
    log_label: str = ""
    _read: asyncio.Future[Any] | None = None

    async def on_start(self) -> None:
        """In the thread, whose log lines carry the label of the app's."""
        LABEL.set(self.log_label)
        await super().on_start()

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"  # Faust has no setting for it
        for name, value in self.options.items():
            setattr(consumer, f"_{name}", value)
        return consumer

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: set[TP] | None,
        timeout: float | None = None,
        max_records: int | None = None,
    ) -> Any:
        _reading.topics = self.tapped
        if active_partitions is not None:
            # A copy: the set is the main loop's, which empties it when it pauses all, and empty would mean all.
            active_partitions = set(active_partitions)
            if self.app.rebalancing:
                # What Faust fetches between an assignment and the end of table recovery it may throw away unseen.
                active_partitions = {tp for tp in active_partitions if tp.topic not in self.tapped}
            if not active_partitions:
                await asyncio.sleep(0.02)
                return {}
        read = super()._fetch_records(consumer, active_partitions, timeout=timeout, max_records=max_records)
        self._read = asyncio.ensure_future(read)
        try:
            await asyncio.wait({self._read})
        finally:
            self._read.cancel()
        return {} if self._read.cancelled() else self._read.result()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Stop waiting for records: a read that spans the rebalance would bring some that Faust then reads again."""
        if self._read is not None:
            self._read.cancel()  # takes none with it: they are taken only when it returns
        await super().on_partitions_revoked(revoked)

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Tapped partitions have a watchdog of their own: Faust's looks at events that do not exist."""
        if tp.topic not in self.tapped:
            super().verify_event_path(now, tp)


class TapConsumer(driver.Consumer):  # type: ignore[misc]
    """Faust's consumer with the tap in it. Offsets of tapped topics are committed by the sinks' group alone."""

    tapped: frozenset[str] = frozenset()
    deliver: Deliver
    wanted: Callable[[str], bool]
    acknowledged: Acknowledged
    options: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scheduler = TapScheduler(self.tapped, self.deliver, self.wanted)
        self._freed: asyncio.Event | None = None
        self._epochs: dict[TP, int] = {}

    def _new_consumer_thread(self) -> Any:
        thread = TapConsumerThread(self, loop=self.loop, beacon=self.beacon)
        thread.tapped, thread.options, thread.log_label = self.tapped, self.options, LABEL.get()
        return thread

    def tap(self, topics: frozenset[str]) -> None:
        """From now on these topics are tapped. Before the consumer subscribes to them."""
        self.tapped = self.scheduler._tapped = self._thread.tapped = topics

    def _filter_committable_offsets(self, tps: Iterable[TP]) -> Any:
        """What Faust may commit; how far the agents are on tapped topics goes to the sinks' group."""
        offsets = super()._filter_committable_offsets(tps)
        for tp in [tp for tp in offsets if tp.topic in self.tapped]:
            self._committed_offset[tp] = offsets.pop(tp)
            self.acknowledged(TopicPartition(*tp), self._committed_offset[tp])
        return offsets

    def end_of(self, tp: TP) -> int | None:
        """Where the committed records of a partition of ours end, as the last fetch said; None when none has yet."""
        consumer = self._thread._consumer
        partition = KafkaPartition(*tp)
        if consumer is None or not consumer._subscription.is_assigned(partition):
            return None
        state = consumer._subscription.subscription.assignment.state_value(partition)
        return None if state is None else state.lso

    def begin_events(self, tp: TP, offset: int) -> int:
        """Events of a partition begin anew at `offset`: let them pass even if Faust remembers to have seen them.

        Returns the number that their messages have as `epoch`; what agents still hold of earlier reading has less.
        """
        seen = self._read_offset[tp]
        if seen is not None and offset < seen:
            self._read_offset[tp] = None
        self._epochs[tp] = self._epochs.get(tp, 0) + 1
        return self._epochs[tp]

    def _to_message(self, tp: TP, record: Any) -> Any:
        message = super()._to_message(tp, record)
        if tp in self._epochs:
            message.epoch = self._epochs[tp]
        return message

    def on_buffer_drop(self, tp: TP) -> None:
        """Reading may go on for a partition."""
        super().on_buffer_drop(tp)
        self._wake()

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        """Reading may go on for partitions."""
        super().resume_partitions(tps)
        self._wake()

    def _wake(self) -> None:
        if self._freed is not None:
            self._freed.set()

    async def _wait_next_records(self, timeout: float) -> Any:
        """As before, but where every partition is paused it wakes with the first that is not, not after a second."""
        if self.flow_active and not self.app.client_only and not self._get_active_partitions():
            freed = self._freed = asyncio.Event()
            await self.wait(freed, timeout=1.0)
            self._freed = None
            if not self._get_active_partitions():
                return {}, set()
        return await super()._wait_next_records(timeout)


def install(
    app: faust.App,
    topics: Callable[[], frozenset[str]],
    deliver: Deliver,
    wanted: Callable[[str], bool],
    acknowledged: Acknowledged,
    *,
    positions: bool = True,
    options: Callable[[], Mapping[str, Any]] = dict,
) -> None:
    """Put the tap into an app, once, before it is started. Other consumers in the process are not disturbed.

    Without `positions` the stock fetch path is used: slower, and for topics without gaps in their offsets only.
    `options` are arguments of aiokafka's consumer that Faust has no setting for.
    """
    if positions:
        fetcher.FetchResult = TapFetchResult
        fetcher.MemoryRecords = KeptRecords

    def make(*args: Any, **kwargs: Any) -> TapConsumer:
        parts = {
            "__module__": __name__,  # which its logger is named after
            "tapped": topics(),
            "deliver": staticmethod(deliver),
            "wanted": staticmethod(wanted),
            "acknowledged": staticmethod(acknowledged),
            "options": options(),
        }
        tapped_class = type("TapConsumer", (TapConsumer,), parts)
        return tapped_class(*args, **kwargs)  # type: ignore[no-any-return]

    transport = driver.Transport(app.conf.broker_consumer, app)
    transport.Consumer = make
    app.transport = transport


def subscribe_anew(app: faust.App) -> None:
    """Let Faust ask the group again for what the app's topics are now; what it does anyhow takes it 45 s."""
    app.topics._resubscribe_sleep_lock_seconds = 0.2
    app.topics._flag_changes()


def subscribed(app: faust.App) -> frozenset[str]:
    """The topics that the app has subscribed to. Faust forgets a change that comes during a rebalance."""
    return frozenset(app.topics._topic_name_index)


_Needed = tuple[tuple[Any, tuple[str, ...]], ...]
_NEEDED_OF_AIOKAFKA: _Needed = (
    (_StockFetchResult, ("getall", "check_assignment", "has_more", "_update_position")),
    (fetcher.PartitionRecords, ("_consume_aborted_up_to", "_contains_abort_marker", "_unpack_records")),
)
_NEEDED_OF_FAUST: _Needed = (
    (driver.AIOKafkaConsumerThread, ("_fetch_records", "_create_worker_consumer", "verify_event_path")),
    (
        driver.Consumer,
        ("_new_consumer_thread", "_filter_committable_offsets", "_to_message", "_wait_next_records", "on_buffer_drop"),
    ),
    (Conductor, ("_flag_changes", "_resubscribe_sleep_lock_seconds")),
)
_ATTRIBUTES = ("next_fetch_offset", "_records", "_aborted_producers", "_isolation_level", "_records_iterator")


class Missing(NamedTuple):
    """Private names that the tap leans on and the installed versions do not have."""

    of_aiokafka: tuple[str, ...]
    of_faust: tuple[str, ...]


def self_check() -> Missing:
    """What is missing; nothing is well. Without aiokafka's names batches have no positions, without Faust's no tap."""
    source = inspect.getsource(fetcher.PartitionRecords.__init__)
    private = _absent(_NEEDED_OF_AIOKAFKA)
    private += [f"PartitionRecords.{name}" for name in _ATTRIBUTES if f"self.{name}" not in source]
    if "type(res_or_error) is FetchResult" not in inspect.getsource(fetcher.Fetcher.fetched_records):
        private.append("Fetcher.fetched_records")
    return Missing(tuple(private), tuple(_absent(_NEEDED_OF_FAUST)))


def _absent(needed: _Needed) -> list[str]:
    return [f"{owner.__name__}.{name}" for owner, names in needed for name in names if not hasattr(owner, name)]
