"""The changelog-backed table of boundaries: one a sink, `s3sink-<name>-boundaries`, one row a source partition."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import faust
import msgspec
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition as KafkaPartition

from s3sink.errors import BrokerError
from s3sink.record import TopicPartition
from s3sink.state import Boundary, decode_boundary, encode_boundary

T = TypeVar("T")
log = logging.getLogger("s3sink.boundaries")


#: A row replaces the last one, some a second: small segments let the log cleaner at them, so that recovery stays short.
_CHANGELOG = {"segment.bytes": 16 << 20, "segment.ms": 3_600_000, "min.cleanable.dirty.ratio": 0.1}


class BoundaryTable:
    """A `StateStore` over a Faust table and its changelog topic.

    Faust keeps the rows of this worker's partitions in memory, when it places the changelog's partitions beside the
    sources' (it does so by partition count). A row that is missing or old here is read from the topic itself.

    The changelog has the partitions that the sources had when it was made. Sources may grow: the rows of the new
    partitions stand beside those of the old ones.
    """

    def __init__(self, app: faust.App, name: str, client: Callable[[], dict[str, Any]]) -> None:
        self._app, self._client = app, client
        self.recovered = asyncio.Event()
        self._width = 0
        self.table = app.Table(
            f"s3sink-{name}-boundaries",
            key_type=bytes,
            value_type=bytes,
            store="memory://",
            extra_topic_configs=_CHANGELOG,
            help=f"Boundaries that the sink {name} has decided.",
        )

    def declare(self, *, partitions: int, replicas: int) -> None:
        """Say, before Faust creates the changelog topic, what it must be: one partition for each of the sources."""
        self.table.partitions = partitions
        self.table.changelog_topic.partitions = partitions
        self.table.changelog_topic.replicas = replicas

    async def get(self, source: TopicPartition, *, fresh: bool = False) -> Boundary | None:
        """The row as this worker knows it; with `fresh`, as the changelog topic has it."""
        await self.recovered.wait()
        row = await self._read(source) if fresh else self.table.data.get(str(source).encode())
        return None if row is None else _decoded(source, row)

    async def put(self, source: TopicPartition, boundary: Boundary) -> None:
        """Log a boundary; returns when the brokers have it."""
        row = encode_boundary(boundary)
        key = str(source).encode()
        self.table.data[key] = row
        self._width = self._width or len(await self._with_consumer(self._partitions))
        # Shielded: Faust cannot bear that a message which is on its way is cancelled.
        await asyncio.shield(self.table.send_changelog(source.partition % self._width, key, row))

    async def _read(self, source: TopicPartition) -> bytes | None:
        """The last row of this partition in the changelog topic."""

        async def last_row(consumer: Any) -> bytes | None:
            partitions = await self._partitions(consumer)
            if not partitions:
                return None
            topic = KafkaPartition(self._topic, source.partition % len(partitions))
            consumer.assign([topic])
            return await _last_row(consumer, topic, str(source).encode())

        return await self._with_consumer(last_row)

    @property
    def _topic(self) -> str:
        return str(self.table.changelog_topic.get_topic_name())

    async def _with_consumer(self, ask: Callable[[Any], Awaitable[T]]) -> T:
        consumer = AIOKafkaConsumer(**self._client(), isolation_level="read_committed", enable_auto_commit=False)
        try:
            await asyncio.wait_for(consumer.start(), 30)
            return await asyncio.wait_for(ask(consumer), 60)
        except TimeoutError as error:
            raise BrokerError(f"the changelog {self._topic} could not be read in time") from error
        finally:
            await consumer.stop()

    async def _partitions(self, consumer: Any) -> set[int]:
        await consumer._client.force_metadata_update()
        consumer._client.add_topic(self._topic)
        await consumer._client.force_metadata_update()
        return consumer.partitions_for_topic(self._topic) or set()


async def _last_row(consumer: Any, topic: KafkaPartition, key: bytes) -> bytes | None:
    """Looks for the key from the end backwards: nearly every row of the changelog partition is a row of this key."""
    start = (await consumer.beginning_offsets([topic]))[topic]
    stop = (await consumer.end_offsets([topic]))[topic]
    window = 100
    while stop > start:
        row = await _last_row_from(consumer, topic, max(start, stop - window), stop, key)
        if row is not None or stop - window <= start:
            return row
        window *= 10
    return None


async def _last_row_from(consumer: Any, topic: KafkaPartition, begin: int, stop: int, key: bytes) -> bytes | None:
    row: bytes | None = None
    consumer.seek(topic, begin)
    while await consumer.position(topic) < stop:
        for records in (await consumer.getmany(topic, timeout_ms=1000)).values():
            for record in records:
                if record.key == key:
                    row = record.value
    return row


def _decoded(source: TopicPartition, row: bytes) -> Boundary | None:
    try:
        return decode_boundary(row)
    except msgspec.DecodeError:
        log.warning("%s: the boundary in the changelog is not readable, going on without it", source)
        return None
