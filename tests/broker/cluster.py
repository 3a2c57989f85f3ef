"""What the tests ask of the broker: topics, records with unique ids, group offsets."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
)
from aiokafka.protocol.admin import DeleteGroupsRequest
from aiokafka.structs import OffsetAndMetadata

T = TypeVar("T")
#: 2024-01-01T00:00:00Z, in milliseconds: timestamps are of no clock, so that keys are the same in every run.
EPOCH = 1_704_067_200_000
HOUR = 3_600_000


class Sent(NamedTuple):
    """A record to be produced."""

    partition: int
    value: bytes | None
    timestamp: int = EPOCH
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


class Stored(NamedTuple):
    """A record as the topic has it."""

    partition: int
    offset: int
    timestamp: int
    value: bytes | None


def event(number: int) -> dict[str, Any]:
    """A record with its unique id, and fields of every kind."""
    return {
        "id": number,
        "user": f"user-{number % 997}",
        "price": number * 0.25,
        "paid": number % 3 == 0,
        "tags": [number % 7, number % 11],
        "place": {"city": f"city-{number % 13}", "zip": number % 10_000},
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64) " + "x" * (number % 50),
        "referrer": f"https://example.com/{number % 101}",
    }


def events(start: int, stop: int, *, partitions: int, hours: int = 1) -> Iterable[Sent]:
    """Events `start` to `stop`, one partition after the other, spread over this many hours."""
    for number in range(start, stop):
        timestamp = EPOCH + number % hours * HOUR + number % 1000
        yield Sent(number % partitions, orjson.dumps(event(number)), timestamp, b"%d" % (number % 500))


class Cluster:
    """A broker seen from outside the workers. Every call returns when it is done.

    One event loop in a thread, one admin client.
    """

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="cluster of the tests")
        self._thread.start()
        self._admin = self._run(self._start_admin())

    def close(self) -> None:
        """Disconnect."""
        self._run(self._admin.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T], seconds: float = 120) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(seconds)

    async def _start_admin(self) -> Any:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        return admin

    # ------------------------------------------------------------------ topics
    def create_topic(self, topic: str, partitions: int = 4, **config: str) -> str:
        """A new topic."""
        settings = {key.replace("_", "."): value for key, value in config.items()}
        answer = self._run(self._admin.create_topics([NewTopic(topic, partitions, 1, topic_configs=settings)]))
        assert all(error[1] == 0 for error in answer.topic_errors), answer
        self._run(self._until_known(topic))
        return topic

    async def _until_known(self, topic: str) -> None:
        while (await self._admin.describe_topics([topic]))[0]["error_code"]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    def add_partitions(self, topic: str, total: int) -> None:
        """More partitions."""
        self._run(self._admin.create_partitions({topic: NewPartitions(total)}))

    def delete_topic(self, topic: str) -> None:
        """Away with it; returns when it is gone."""
        self._run(self._admin.delete_topics([topic]))
        deadline = time.monotonic() + 10
        while topic in self.topics() and time.monotonic() < deadline:
            time.sleep(0.05)

    def topics(self) -> list[str]:
        """All of them."""
        return self._run(self._admin.list_topics())

    def delete_records(self, topic: str, partition: int, before: int) -> None:
        """What retention does: everything before this offset is gone."""
        self._run(self._admin.delete_records({KafkaPartition(topic, partition): RecordsToDelete(before)}, 10_000))

    # ------------------------------------------------------------------ records
    def produce(self, topic: str, records: Iterable[Sent]) -> int:
        """Send all of them, each exactly once; returns how many."""
        return self._run(self._produce(topic, records))

    async def _produce(self, topic: str, records: Iterable[Sent]) -> int:
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, enable_idempotence=True, linger_ms=5)
        n = 0
        async with producer:
            for n, sent in enumerate(records, 1):  # noqa: B007 - the count
                await producer.send(
                    topic, sent.value, sent.key, sent.partition, sent.timestamp, headers=list(sent.headers)
                )
            await producer.flush()
        return n

    def transaction(self, topic: str, records: Iterable[Sent], *, abort: bool = False, id: str = "tx") -> None:
        """One transaction, committed or aborted."""
        self._run(self._transaction(topic, records, abort, id))

    async def _transaction(self, topic: str, records: Iterable[Sent], abort: bool, id: str) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, transactional_id=id)
        async with producer:
            await producer.begin_transaction()
            for sent in records:
                await producer.send(topic, sent.value, sent.key, sent.partition, sent.timestamp)
            await producer.flush()
            await (producer.abort_transaction() if abort else producer.commit_transaction())

    def open_transaction(self, topic: str, records: Iterable[Sent], id: str) -> Any:
        """A transaction that stays open; give what this returns to `abort`."""
        return self._run(self._open_transaction(topic, records, id))

    async def _open_transaction(self, topic: str, records: Iterable[Sent], id: str) -> Any:
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, transactional_id=id)
        await producer.start()
        await producer.begin_transaction()
        for sent in records:
            await producer.send(topic, sent.value, sent.key, sent.partition, sent.timestamp)
        await producer.flush()
        return producer

    def abort(self, producer: Any) -> None:
        """End an open transaction."""
        self._run(self._abort(producer))

    async def _abort(self, producer: Any) -> None:
        await producer.abort_transaction()
        await producer.stop()

    def read(self, topic: str) -> list[Stored]:
        """Everything that is in the topic now, committed records only, by an ordinary consumer."""
        return [Stored(r.partition, r.offset, r.timestamp, r.value) for r in self.read_raw(topic)]

    def read_raw(self, topic: str) -> list[Any]:
        """As `read`, as aiokafka has them: with keys and headers."""
        return self._run(self._read(topic))

    async def _read(self, topic: str) -> list[Any]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, isolation_level="read_committed", enable_auto_commit=False
        )
        found: list[Any] = []
        async with consumer:
            partitions = await self._partitions(topic)
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)
            ends = await consumer.end_offsets(partitions)
            for tp in partitions:
                while await consumer.position(tp) < ends[tp]:
                    for records in (await consumer.getmany(timeout_ms=200)).values():
                        found += records
        return found

    async def _partitions(self, topic: str) -> list[KafkaPartition]:
        described = (await self._admin.describe_topics([topic]))[0]
        return [KafkaPartition(topic, p["partition"]) for p in described["partitions"]]

    def partitions(self, topic: str) -> int:
        """How many the topic has."""
        return len(self._run(self._partitions(topic)))

    # ------------------------------------------------------------------ offsets
    def ends(self, topic: str) -> dict[int, int]:
        """The high watermark of each partition."""
        return self._run(self._ends(topic))

    async def _ends(self, topic: str) -> dict[int, int]:
        async with AIOKafkaConsumer(bootstrap_servers=self.bootstrap, enable_auto_commit=False) as consumer:
            offsets = await consumer.end_offsets(await self._partitions(topic))
        return {tp.partition: offset for tp, offset in offsets.items()}

    def committed(self, group: str, topic: str) -> dict[int, OffsetAndMetadata]:
        """The group's offsets, with their metadata, where it has any."""
        return self._run(self._committed(group, topic))

    async def _committed(self, group: str, topic: str) -> dict[int, OffsetAndMetadata]:
        found: Mapping[Any, OffsetAndMetadata] = await _once_there(
            lambda: self._admin.list_consumer_group_offsets(group)
        )
        return {tp.partition: at for tp, at in found.items() if tp.topic == topic and at.offset >= 0}

    def reset(self, group: str, topic: str, offsets: Mapping[int, int]) -> None:
        """What `kafka-consumer-groups --reset-offsets` does to a group without members."""
        self._run(self._reset(group, {KafkaPartition(topic, p): offset for p, offset in offsets.items()}))

    async def _reset(self, group: str, offsets: Mapping[KafkaPartition, int]) -> None:
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, group_id=group, enable_auto_commit=False)
        async with consumer:
            consumer.assign(list(offsets))
            await consumer.commit(dict(offsets))

    def delete_group(self, group: str) -> None:
        """Away with all its offsets; it must have no members."""
        self._run(self._delete_group(group))

    async def _delete_group(self, group: str) -> None:
        request = DeleteGroupsRequest([group])
        answer = await self._admin._send_request(request, await self._admin.find_coordinator(group))
        assert all(code == 0 for _, code, *_ in answer.results), answer

    def members(self, group: str) -> int:
        """How many members the group has, dead ones whose session lasts included."""
        return self._run(self._members(group))

    async def _members(self, group: str) -> int:
        answers: Any = await _once_there(lambda: self._admin.describe_consumer_groups([group]))
        return sum(len(entry[5]) for answer in answers for entry in answer.groups)


async def _once_there(ask: Callable[[], Awaitable[T]], attempts: int = 50) -> T:
    """The answer of a group coordinator: a broker that has just started makes its topic first."""
    while True:
        try:
            return await ask()
        except (GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError, GroupLoadInProgressError):
            attempts -= 1
            if not attempts:
                raise
            await asyncio.sleep(0.1)
