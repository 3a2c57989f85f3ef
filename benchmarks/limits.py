"""What there is without any promise: fetch, encode, upload. No Faust, no validation, no offsets, one attempt.

Whatever s3sink does costs more than this, so this is what it is measured by.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from io import BytesIO
from typing import Any, Protocol

import aiokafka.consumer.fetcher as fetcher
import msgspec
from aiokafka import AIOKafkaConsumer
from isal import isal_zlib

from benchmarks.meter import Meter
from s3sink import S3Store
from s3sink.agents import tap
from s3sink.agents.worker import tune_collector, tune_memory

Lines = list[bytes]
_SLICE = 1000  # records joined at once
_ARROW_SLICE = 2000
_UPLOADS = 8


class Body(Protocol):
    """A file that grows."""

    def add(self, lines: Lines) -> None:
        """Append."""
        ...

    def close(self) -> bytes:
        """Everything."""
        ...


class GzipBody:
    """isal at level 2."""

    extension = ".json.gz"

    def __init__(self) -> None:
        self._stream = isal_zlib.compressobj(2, isal_zlib.DEFLATED, 31)
        self._parts: list[bytes] = []

    def add(self, lines: Lines) -> None:
        for at in range(0, len(lines), _SLICE):
            self._parts.append(self._stream.compress(b"\n".join([*lines[at : at + _SLICE], b""])))

    def close(self) -> bytes:
        return b"".join([*self._parts, self._stream.flush()])


class ParquetBody:
    """pyarrow's JSON reader, Parquet with zstd 1, one row group."""

    extension = ".zstd.parquet"

    def __init__(self) -> None:
        self._batches: list[Any] = []

    def add(self, lines: Lines) -> None:
        import pyarrow as pa
        import pyarrow.json as pj

        for at in range(0, len(lines), _ARROW_SLICE):
            text = b"\n".join([*lines[at : at + _ARROW_SLICE], b""])
            options = pj.ReadOptions(use_threads=False, block_size=len(text) + 1)
            self._batches += pj.read_json(pa.BufferReader(text), read_options=options).to_batches()

    def close(self) -> bytes:
        import pyarrow as pa
        import pyarrow.parquet as pq

        out = BytesIO()
        table = pa.concat_tables(map(_as_table, self._batches), promote_options="permissive")
        pq.write_table(table, out, compression="zstd", compression_level=1, row_group_size=table.num_rows)
        return out.getvalue()


def _as_table(batch: Any) -> Any:
    import pyarrow as pa

    return pa.Table.from_batches([batch])


class _Change(msgspec.Struct, gc=False):
    after: msgspec.Raw


_decode_change = msgspec.json.Decoder(_Change).decode


def unwrapped(lines: Lines) -> Lines:
    """The text of the rows after the changes, without those of deletes."""
    rows = [bytes(_decode_change(line).after) for line in lines]
    return [row for row in rows if row != b"null"]


# ---------------------------------------------------------------------------------------------- fetching
Fetched = AsyncGenerator[tuple[int, Lines], None]


async def from_aiokafka(env: Mapping[str, str]) -> Fetched:
    """Partition and values, for ever, by our tap and without Faust."""
    fetcher.FetchResult = tap.TapFetchResult
    fetcher.MemoryRecords = tap.KeptRecords
    tap._reading.topics = frozenset([env["TOPIC"]])
    consumer = AIOKafkaConsumer(
        env["TOPIC"], bootstrap_servers=env["BOOTSTRAP"], auto_offset_reset="earliest", check_crcs=False
    )
    async with consumer:
        while True:
            for source, batches in (await consumer.getmany(timeout_ms=1000)).items():
                for batch in batches:
                    yield source.partition, batch.values()


async def from_librdkafka(env: Mapping[str, str]) -> Fetched:
    """The same by confluent-kafka, which s3sink does not use; only where it is installed."""
    from confluent_kafka import Consumer, TopicPartition

    settings = {"bootstrap.servers": env["BOOTSTRAP"], "group.id": env["GROUP"], "enable.auto.commit": False}
    consumer = Consumer({**settings, "auto.offset.reset": "earliest", "fetch.wait.max.ms": 50})
    consumer.assign([TopicPartition(env["TOPIC"], p, 0) for p in range(int(env["PARTITIONS"]))])
    while True:
        by_partition: dict[int, Lines] = {}
        for message in consumer.consume(5000, 0.5):
            by_partition.setdefault(message.partition(), []).append(message.value())
        for partition, values in by_partition.items():
            yield partition, values
        await asyncio.sleep(0)


# ---------------------------------------------------------------------------------------------- the whole
class Files:
    """One open file a partition, uploaded when it has `limit` records."""

    def __init__(self, store: S3Store, make: Callable[[], Any], limit: int, meter: Meter) -> None:
        self._store, self._make, self._limit, self._meter = store, make, limit, meter
        self._open: dict[int, tuple[Any, int]] = {}
        self._uploads: set[asyncio.Task[None]] = set()
        self._written = 0

    async def add(self, partition: int, lines: Lines) -> None:
        """Append, closing files wherever they are full."""
        while lines:
            body, n = self._open.get(partition) or (self._make(), 0)
            taken = lines[: self._limit - n]
            lines = lines[len(taken) :]
            body.add(taken)
            self._open[partition] = body, n + len(taken)
            if n + len(taken) == self._limit:
                await self._close(partition)

    async def _close(self, partition: int) -> None:
        body, _ = self._open.pop(partition)
        key = f"{partition}/{self._written:06}{body.extension}"
        self._written += 1
        self._uploads.add(asyncio.create_task(self._put(key, body.close())))
        await self._wait(_UPLOADS)

    async def _put(self, key: str, body: bytes) -> None:
        await self._store.put(key, [body], metadata={}, if_absent=False)
        self._meter.object_written()

    async def _wait(self, allowed: int) -> None:
        while len(self._uploads) > allowed:
            done, self._uploads = await asyncio.wait(self._uploads, return_when=asyncio.FIRST_COMPLETED)
            for upload in done:
                upload.result()
        await asyncio.sleep(0)

    async def close(self) -> None:
        """What is open too; returns when everything is there."""
        for partition in list(self._open):
            await self._close(partition)
        await self._wait(0)


def run(
    env: Mapping[str, str],
    meter: Meter,
    fetch: Callable[[Mapping[str, str]], Fetched],
    body: Callable[[], Any] | None,
    change: Callable[[Lines], Lines] = lambda lines: lines,
) -> None:
    """Until the topic has been read to its end; without `body` values are counted and dropped."""
    tune_memory()
    asyncio.run(_run(env, meter, fetch, body, change))


async def _run(
    env: Mapping[str, str],
    meter: Meter,
    fetch: Callable[[Mapping[str, str]], Fetched],
    body: Callable[[], Any] | None,
    change: Callable[[Lines], Lines],
) -> None:
    store = store_of(env)
    await store.open()
    files = Files(store, body, int(env["FLUSH_RECORDS"]), meter) if body else None
    left = int(env["RECORDS"])
    tune_collector()
    async with aclosing(fetch(env)) as fetched:
        async for partition, values in fetched:
            meter.begin()
            left -= len(values)
            if files is not None:
                await files.add(partition, change(values))
            if left <= 0:
                break
        if files is not None:
            await files.close()
        meter.end()


def store_of(env: Mapping[str, str]) -> S3Store:
    """The bucket of this run."""
    return S3Store(
        env["BUCKET"],
        prefix="topics",
        endpoint=env["S3_ENDPOINT"],
        region=env["AWS_REGION"],
        access_key=env["AWS_ACCESS_KEY_ID"],
        secret_key=env["AWS_SECRET_ACCESS_KEY"],
    )
