"""Where a consumer group stands, seen from outside: it is asked, never joined, and nothing is committed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeVar

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    KafkaError,
    NotCoordinatorForGroupError,
)
from aiokafka.structs import TopicPartition as KafkaPartition
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

from s3sink.agents.clients import ClientOptions
from s3sink.errors import BrokerError
from s3sink.record import TopicPartition

T = TypeVar("T")

_COORDINATION = (GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError, GroupLoadInProgressError)
_PATIENCE = 15.0
_FIRST_RECORDS = 50


class Waiting(NamedTuple):
    """A record that the group has not committed yet."""

    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


class Stand(NamedTuple):
    """A partition: the group's offset with its metadata, None where it has none; what the topic has, `[begin, end)`.

    `waiting` are the first records from the offset on (from `begin`, where there is none), some or none of them.
    """

    committed: int | None
    metadata: str
    begin: int
    end: int
    waiting: tuple[Waiting, ...] = ()


class GroupStand(NamedTuple):
    """A group: how many members it has, and where it stands."""

    members: int
    partitions: Mapping[TopicPartition, Stand]


async def group_stand(clients: ClientOptions, group: str, wanted: Callable[[str], bool]) -> GroupStand:
    """The group's offsets in all topics that are wanted. Raises BrokerError when the cluster does not answer."""
    settings = _settings(clients)
    async with _asking(AIOKafkaAdminClient, settings, settings) as admin:
        topics = sorted(filter(wanted, await admin.list_topics()))
        described = await admin.describe_topics(topics) if topics else []
        partitions = [KafkaPartition(t["topic"], p["partition"]) for t in described for p in t["partitions"]]
        committed = await _once_there(lambda: admin.list_consumer_group_offsets(group))
        answers: Any = await _once_there(lambda: admin.describe_consumer_groups([group]))
        members = sum(len(entry[5]) for answer in answers for entry in answer.groups)
    async with _asking(AIOKafkaConsumer, settings, {**settings, **_READING}) as consumer:
        return GroupStand(members, await _stands(consumer, partitions, committed))


_READING: Mapping[str, Any] = {
    "isolation_level": "read_committed",
    "enable_auto_commit": False,
    "auto_offset_reset": "earliest",
    "max_partition_fetch_bytes": 1 << 20,
}


def _settings(clients: ClientOptions) -> dict[str, Any]:
    servers = [str(url).rpartition("//")[2] for url in clients.settings["broker"]]
    auth = credentials_to_aiokafka_auth(clients.settings["broker_credentials"], None)
    return {"bootstrap_servers": servers, **auth}


@asynccontextmanager
async def _asking(kind: Any, settings: Mapping[str, Any], arguments: Mapping[str, Any]) -> AsyncIterator[Any]:
    """A client that is started, and closed whatever happens; its errors become ours."""
    client = kind(**arguments)
    close = client.close if hasattr(client, "close") else client.stop
    try:
        await asyncio.wait_for(client.start(), _PATIENCE)
        yield client
    except (KafkaError, OSError, TimeoutError) as error:
        servers = ", ".join(settings["bootstrap_servers"])
        raise BrokerError(f"the Kafka brokers {servers} do not answer: {str(error) or type(error).__name__}") from error
    finally:
        await close()


async def _once_there(ask: Callable[[], Awaitable[T]], attempts: int = 50) -> T:
    """The answer of a group coordinator; it may have to be found or loaded first."""
    while True:
        try:
            return await ask()
        except _COORDINATION:
            attempts -= 1
            if not attempts:
                raise
            await asyncio.sleep(0.1)


async def _stands(
    consumer: Any, partitions: Iterable[KafkaPartition], committed: Mapping[Any, Any]
) -> dict[TopicPartition, Stand]:
    wanted = list(partitions)
    if not wanted:
        return {}
    begins, ends = await consumer.beginning_offsets(wanted), await consumer.end_offsets(wanted)
    stands = {}
    for at in wanted:
        known = committed.get(at)
        offset = known.offset if known is not None and known.offset >= 0 else None
        stands[at] = Stand(offset, (known.metadata or "") if known is not None else "", begins[at], ends[at])
    waiting = await _waiting(consumer, stands)
    return {TopicPartition(*at): stand._replace(waiting=waiting.get(at, ())) for at, stand in sorted(stands.items())}


async def _waiting(consumer: Any, stands: Mapping[KafkaPartition, Stand]) -> dict[KafkaPartition, tuple[Waiting, ...]]:
    """The first records of each partition that has any; what takes longer than `_PATIENCE` is left out."""
    starts = {at: max(stand.begin, stand.committed or 0) for at, stand in stands.items()}
    left = {at for at, start in starts.items() if start < stands[at].end}
    if not left:
        return {}
    consumer.assign(sorted(left))
    for at in left:
        consumer.seek(at, starts[at])
    found: dict[KafkaPartition, tuple[Waiting, ...]] = {}
    deadline = asyncio.get_running_loop().time() + _PATIENCE
    while left - found.keys() and asyncio.get_running_loop().time() < deadline:
        records = await consumer.getmany(*(left - found.keys()), timeout_ms=500, max_records=None)
        found |= {at: tuple(map(_record, some[:_FIRST_RECORDS])) for at, some in records.items() if some}
        left = {at for at in left if at in found or await consumer.position(at) < stands[at].end}
    return found


def _record(record: Any) -> Waiting:
    timestamp = record.timestamp if record.timestamp is not None and record.timestamp >= 0 else None
    return Waiting(record.offset, timestamp, record.key, record.value, tuple(record.headers))
