"""A sink without Kafka: messages in, objects out. For tests, and to see what a configuration writes before it runs.

`preview` is the whole way, by the same tasks that run in an app. For single parts make a batch with `batch_of` and
call them: converters, chains, partitioners and formats need no event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from s3sink.batch import RecordBatch, Span
from s3sink.clock import Clock, system_clock
from s3sink.dlq import DeadLetter
from s3sink.metrics import CountingMetrics, Name
from s3sink.record import TopicPartition
from s3sink.sink import S3Sink
from s3sink.state import Boundary, Progress
from s3sink.storage import MemoryStore
from s3sink.task import SinkTask

__all__ = ["Message", "Preview", "batch_of", "preview"]

_EPOCH, _MS = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a topic, as `batch_of` takes it.

    Key and value are bytes as Kafka has them, None, text (UTF-8), or anything else, which becomes JSON. The timestamp
    is milliseconds since the epoch or an aware datetime. Without an offset it is one behind the message before.
    """

    value: Any
    key: Any = None
    timestamp: int | datetime | None = None
    headers: Mapping[str, bytes | None] | None = None
    offset: int | None = None


class _Raw(NamedTuple):
    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


def batch_of(topic: str, messages: Iterable[Any], *, partition: int = 0, start: int = 0) -> RecordBatch:
    """A batch as the sink reads it from Kafka, beginning at offset `start`. What is no Message is a value.

    >>> batch = batch_of("orders", [{"id": 1}, Message({"id": 2}, key="a", timestamp=0), b"raw", None])
    >>> batch
    <RecordBatch orders:0 [0, 4) n=4 raw>
    >>> batch.values()
    [b'{"id":1}', b'{"id":2}', b'raw', None]
    """
    raw: list[_Raw] = []
    stop = start
    for message in messages:
        raw.append(_raw(message if isinstance(message, Message) else Message(message), stop))
        stop = raw[-1].offset + 1
    size = sum(len(r.key or b"") + len(r.value or b"") for r in raw)
    return RecordBatch(TopicPartition(topic, partition), Span(start, stop), raw=raw, nbytes=size)


def _raw(message: Message, next_offset: int) -> _Raw:
    offset = next_offset if message.offset is None else message.offset
    if offset < next_offset:
        raise ValueError(f"offset {offset} comes behind offset {next_offset - 1}")
    headers = tuple((message.headers or {}).items())
    return _Raw(offset, _millis(message.timestamp), _bytes(message.key), _bytes(message.value), headers)


def _bytes(data: Any) -> bytes | None:
    if data is None or isinstance(data, bytes):
        return data
    return data.encode() if isinstance(data, str) else msgspec.json.encode(data)


def _millis(timestamp: int | datetime | None) -> int | None:
    if not isinstance(timestamp, datetime):
        return timestamp
    if timestamp.tzinfo is None:
        raise ValueError(f"{timestamp!r} has no time zone")
    return (timestamp - _EPOCH) // _MS


# ---------------------------------------------------------------------------------------------- the whole way
class Preview(NamedTuple):
    """What a sink made of messages: objects by their key below the store's prefix, dead letters, and the counters."""

    objects: dict[str, bytes]
    dead_letters: list[DeadLetter]
    counters: Mapping[Name, int]


def preview(sink: S3Sink, *batches: RecordBatch, clock: Clock = system_clock) -> Preview:
    """The objects that these batches become, in memory: the sink's own store is not touched.

    Batches of one partition come in offset order. Files that are open at the end are closed, as time would close them.
    Raises what would stop the app, such as a RecordError where the sink has no dead letter topic. Runs an event loop of
    its own, so call it where none is running.
    """
    return asyncio.run(_preview(replace(sink, store=MemoryStore("preview")), batches, clock))


async def _preview(sink: S3Sink, batches: Sequence[RecordBatch], clock: Clock) -> Preview:
    kept, letters, metrics = _Kept(), _Letters(), CountingMetrics()
    setup = sink.setup(kept, kept, conditional_create=True, metrics=metrics, clock=clock)
    pipeline = sink.pipeline(metrics)
    for source in dict.fromkeys(batch.source for batch in batches):
        taken = asyncio.Semaphore(0)
        task = SinkTask(sink, source, setup, pipeline, rewind=_no_rewind, dead_letters=letters, released=taken.release)
        await _carry(task, [batch for batch in batches if batch.source == source], taken)
    objects = {found.key: await sink.store.get(found.key) async for found in sink.store.list()}
    return Preview(objects, letters.sent, metrics.counters)


async def _carry(task: SinkTask, batches: Sequence[RecordBatch], taken: asyncio.Semaphore) -> None:
    for batch in batches:
        task.deliver(batch)
    run = asyncio.create_task(task.run())
    done = asyncio.create_task(_closed(task, len(batches), taken.acquire))
    await asyncio.wait({run, done}, return_when=asyncio.FIRST_COMPLETED)
    ended = run if run.done() else done
    for other in (run, done):
        other.cancel()
    await asyncio.gather(run, done, return_exceptions=True)
    ended.result()


async def _closed(task: SinkTask, batches: int, taken: Callable[[], Coroutine[Any, Any, Any]]) -> None:
    for _ in range(batches):
        await taken()
    await task.close_files("revoked")


def _no_rewind(offset: int) -> None:
    raise AssertionError(f"nobody else writes here, and yet {offset} is to be read again")


class _Kept:
    """A changelog and a group of one member that live as long as the preview."""

    def __init__(self) -> None:
        self._rows: dict[TopicPartition, Boundary] = {}
        self._offsets: dict[TopicPartition, Progress] = {}

    async def get(self, source: TopicPartition, *, fresh: bool = False) -> Boundary | None:
        return self._rows.get(source)

    async def put(self, source: TopicPartition, boundary: Boundary) -> None:
        self._rows[source] = boundary

    async def commit(self, source: TopicPartition, progress: Progress) -> bool:
        self._offsets[source] = progress
        return True

    async def committed(self, source: TopicPartition) -> Progress | None:
        return self._offsets.get(source)

    def floor(self, source: TopicPartition) -> int:
        known = self._offsets.get(source)
        return 0 if known is None else known.offset


class _Letters:
    def __init__(self) -> None:
        self.sent: list[DeadLetter] = []

    async def send(self, letters: Sequence[DeadLetter]) -> None:
        self.sent += letters
