"""Topics full of records, made once and kept for as long as the broker's data is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from benchmarks.records import Kind, Record, kept, kept_a_partition, records

_BATCH = 256 * 1024
_FILE = 10_000  # records, about


@dataclass(frozen=True, slots=True)
class Topic:
    """So many records of a kind; a multiple of the partitions, each of which gets as many as the others."""

    kind: Kind
    records: int
    partitions: int = 4
    compression: str = "none"

    @property
    def name(self) -> str:
        """Says all that is in it."""
        return f"{self.kind}-{self.records}-{self.partitions}-{self.compression}"

    @property
    def kept(self) -> list[int]:
        """The `seq` of the records that must be in the bucket at the end."""
        return kept(self.kind, self.records, self.partitions)

    @property
    def kept_a_partition(self) -> int:
        """How many of them are from one partition."""
        return kept_a_partition(self.kind, self.records, self.partitions)

    @property
    def file_records(self) -> int:
        """About 10,000, and such that a partition ends with a full file: nobody waits for a time to come."""
        n = self.kept_a_partition
        divisors = [d for d in range(1, n + 1) if n % d == 0] or [1]
        return min(divisors, key=lambda d: max(d / _FILE, _FILE / d))


def load(bootstrap: str, topics: Iterable[Topic]) -> None:
    """Make the topics that are not there yet, whole."""
    asyncio.run(_load(bootstrap, list(topics)))


async def _load(bootstrap: str, topics: list[Topic]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        for topic in topics:
            if topic.name not in await admin.list_topics():
                await _create(admin, topic)
            if await _size(bootstrap, topic) != topic.records:
                await _fill(bootstrap, topic)
    finally:
        await admin.close()


async def _create(admin: Any, topic: Topic) -> None:
    await admin.create_topics([NewTopic(topic.name, topic.partitions, 1, topic_configs={"retention.ms": "-1"})])
    while (await admin.describe_topics([topic.name]))[0]["error_code"]:  # noqa: ASYNC110 - the broker tells nobody
        await asyncio.sleep(0.05)


async def _size(bootstrap: str, topic: Topic) -> int:
    partitions = [TopicPartition(topic.name, p) for p in range(topic.partitions)]
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False) as consumer:
        sizes: dict[Any, int] = await consumer.end_offsets(partitions)
    return sum(sizes.values())


async def _fill(bootstrap: str, topic: Topic) -> None:
    """Whole batches, by hand: a future a record would take longer than everything else."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        enable_idempotence=True,
        max_batch_size=_BATCH,
        compression_type=None if topic.compression == "none" else topic.compression,
    )
    async with producer:
        filling = _Filling(producer, topic)
        for record in records(topic.kind, topic.records, topic.partitions):
            if not filling.add(record):
                await filling.send(record.partition)
                filling.add(record)
        for partition in range(topic.partitions):
            await filling.send(partition)
        await producer.flush()
    if (size := await _size(bootstrap, topic)) != topic.records:
        raise RuntimeError(f"{topic.name} holds {size} records: it was half full; start with another --dir")


class _Filling:
    """The batch that each partition is being filled with."""

    def __init__(self, producer: Any, topic: Topic) -> None:
        self._producer, self._topic = producer, topic
        self._batches = [producer.create_batch() for _ in range(topic.partitions)]

    def add(self, record: Record) -> bool:
        """False when the batch is full."""
        batch = self._batches[record.partition]
        return batch.append(key=record.key, value=record.value, timestamp=record.timestamp) is not None

    async def send(self, partition: int) -> None:
        batch, self._batches[partition] = self._batches[partition], self._producer.create_batch()
        if batch.record_count():
            await self._producer.send_batch(batch, self._topic.name, partition=partition)
