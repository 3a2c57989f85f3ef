"""Filling a topic and watching a group from outside an app: what the demo, the tests and the benchmarks need."""

from __future__ import annotations

import asyncio
import functools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError, TopicAlreadyExistsError
from aiokafka.partitioner import murmur2

from s3sink.errors import BrokerError

Row = tuple[bytes | None, bytes, int | None]
"""Key, value, timestamp in milliseconds since the epoch (None: now)."""

_BATCH_BYTES = 256 * 1024
_ON_THEIR_WAY = 12  # batches that wait for the broker's answer


async def produce(
    bootstrap: str,
    topic: str,
    partitions: int,
    rows: Iterable[Row],
    progress: Callable[[int], None] = lambda written: None,
    *,
    compression: str | None = "lz4",
) -> dict[int, int]:
    """Create `topic` unless it exists and write `rows` into it; how many went to each partition.

    Every row is acknowledged by all replicas when this returns, and rows of a partition keep their order. Equal keys
    go to the same partition, by the hash that Java clients use; rows without a key go round. `progress` hears how
    many rows have been handed over so far, a batch at a time. A lost answer of a broker repeats nothing. Raises
    BrokerError.
    """
    await create_topic(bootstrap, topic, partitions)
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        enable_idempotence=True,
        max_batch_size=_BATCH_BYTES,
        compression_type=compression,
    )
    try:
        await producer.start()
        return await _Batches(producer, topic, partitions, progress).write(rows)
    except (KafkaError, OSError) as error:
        raise BrokerError(f"writing to the topic {topic} failed: {error or type(error).__name__}") from error
    finally:
        await producer.stop()


class _Batches:
    """One growing batch for each partition; full ones are on their way."""

    def __init__(
        self, producer: AIOKafkaProducer, topic: str, partitions: int, progress: Callable[[int], None]
    ) -> None:
        self._producer, self._topic, self._progress = producer, topic, progress
        self._growing = [producer.create_batch() for _ in range(partitions)]
        self._sent: set[asyncio.Future[Any]] = set()
        self._counts: Counter[int] = Counter()

    async def write(self, rows: Iterable[Row]) -> dict[int, int]:
        place = functools.lru_cache(maxsize=100_000)(self._place)
        for number, (key, value, timestamp) in enumerate(rows):
            partition = number % len(self._growing) if key is None else place(key)
            if self._growing[partition].append(key=key, value=value, timestamp=timestamp) is None:
                await self._send(partition)
                self._growing[partition].append(key=key, value=value, timestamp=timestamp)
        for partition in range(len(self._growing)):
            await self._send(partition)
        await asyncio.gather(*self._sent)
        return dict(self._counts)

    def _place(self, key: bytes) -> int:
        return int(murmur2(key) & 0x7FFFFFFF) % len(self._growing)

    async def _send(self, partition: int) -> None:
        batch, self._growing[partition] = self._growing[partition], self._producer.create_batch()
        if not batch.record_count():
            return
        self._counts[partition] += batch.record_count()
        self._sent.add(await self._producer.send_batch(batch, self._topic, partition=partition))
        if len(self._sent) >= _ON_THEIR_WAY:
            done, self._sent = await asyncio.wait(self._sent, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.gather(*done)
        self._progress(self._counts.total())


async def create_topic(bootstrap: str, topic: str, partitions: int) -> None:
    """Create a topic with the broker's default replication; it may exist."""
    admin = await _connected(bootstrap)
    try:
        # aiokafka takes -1, the broker's default, only beside assignments that are not None
        answer = await admin.create_topics([NewTopic(topic, partitions, -1, replica_assignments={})])
        for _, code, *message in answer.topic_errors:
            if code not in (0, TopicAlreadyExistsError.errno):
                raise BrokerError(f"the topic {topic} cannot be created: {message or code}")
        while not await _has_leaders(admin, topic, partitions):  # noqa: ASYNC110 - the broker does not tell
            await asyncio.sleep(0.05)
    finally:
        await admin.close()


async def _has_leaders(admin: AIOKafkaAdminClient, topic: str, partitions: int) -> bool:
    (described,) = await admin.describe_topics([topic])
    led = [p for p in described["partitions"] if not described["error_code"] and p["leader"] >= 0]
    return len(led) >= partitions


async def committed_offsets(bootstrap: str, group: str, topic: str) -> Mapping[int, int]:
    """The offset that `group` has committed for each partition of `topic`; nothing for those that it has none for."""
    admin = await _connected(bootstrap)
    try:
        found = await admin.list_consumer_group_offsets(group)
    except GroupCoordinatorNotAvailableError:
        return {}  # the very first group of a new cluster: its offsets topic is being made
    except KafkaError as error:
        raise BrokerError(
            f"the offsets of the group {group} cannot be read: {error or type(error).__name__}"
        ) from error
    finally:
        await admin.close()
    return {
        tp.partition: committed.offset for tp, committed in found.items() if tp.topic == topic and committed.offset >= 0
    }


async def _connected(bootstrap: str) -> AIOKafkaAdminClient:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
    except (KafkaError, OSError) as error:
        await admin.close()
        raise BrokerError(f"the Kafka broker {bootstrap} cannot be reached: {error or type(error).__name__}") from error
    return admin
