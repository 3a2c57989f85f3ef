"""Runs rows: services, topics, a bucket and a process for each, and a look at every object afterwards."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import orjson
from isal import isal_zlib

from benchmarks.limits import store_of
from benchmarks.records import seqs_of
from benchmarks.rows import ROWS, Figure, Row
from benchmarks.topics import Topic, load
from s3sink import S3Store
from s3sink.testing.proxy import FaultProxy
from s3sink.testing.services import KafkaBroker, SeaweedFS

ROOT = Path(__file__).resolve().parent.parent
_PATIENCE = 600  # seconds for one process
_READERS = 16


class RowError(Exception):
    """A process failed, or what it left in the bucket is not what was in the topic."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one process needed, all per million records where it says so."""

    figures: Mapping[Figure, float]
    cpu_total: float
    objects: int


@dataclass(frozen=True, slots=True)
class Bench:
    """The services, and the size of everything."""

    kafka: KafkaBroker
    s3: SeaweedFS
    home: Path
    records: int
    compression: str = "none"
    under: str = ""

    def topic(self, row: Row) -> Topic:
        """The topic that the row reads: at least one record a partition, as many in each."""
        n = max(1, int(self.records * row.share) // row.partitions) * row.partitions
        return Topic(row.kind, n, row.partitions, self.compression)

    def load(self, names: list[str]) -> None:
        """Fill the topics of these rows."""
        load(self.kafka.bootstrap, dict.fromkeys(self.topic(ROWS[name]) for name in names))

    def measure(self, name: str) -> Result:
        """Run one row. Raises RowError."""
        row = ROWS[name]
        topic = self.topic(row)
        bucket = f"bench-{uuid.uuid4().hex[:12]}"
        self.s3.create_bucket(bucket)
        env = self._environment(row, topic, bucket)
        store = store_of(env)
        with _counted(env, row) as requests, tempfile.TemporaryDirectory(dir=self.home) as work:
            report = self._run(name, {**env, "WORKDIR": work}, Path(work) / "report")
            objects = asyncio.run(_checked(store, topic)) if row.writes else 0
        return _result(row, topic, report, objects, requests)

    def _environment(self, row: Row, topic: Topic, bucket: str) -> dict[str, str]:
        return {
            "BOOTSTRAP": self.kafka.bootstrap,
            "TOPIC": topic.name,
            "PARTITIONS": str(topic.partitions),
            "RECORDS": str(topic.records),
            "GROUP": bucket,
            "BUCKET": bucket,
            "FLUSH_RECORDS": str(_file_records(row, topic)),
            "ROTATE_MS": "600000",
            "S3_ENDPOINT": self.s3.endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": self.s3.access_key,
            "AWS_SECRET_ACCESS_KEY": self.s3.secret_key,
            "SESSION_TIMEOUT_MS": "45000",
        }

    def _run(self, name: str, env: Mapping[str, str], report: Path) -> dict[str, Any]:
        """The process's own report, with the seconds from its start to its first object."""
        log = self.home / f"{name}.log"
        command = [*shlex.split(self.under.format(row=name)), sys.executable, "-m", "benchmarks.process", name]
        begun = time.monotonic()
        with log.open("wb") as out:
            ended = _ended(command, {**os.environ, **env, "REPORT": str(report)}, out)
        if not report.exists():
            tail = log.read_bytes()[-2000:].decode(errors="replace")
            raise RowError(f"{name} {ended} and did not report:\n{tail}")
        figures: dict[str, Any] = orjson.loads(report.read_bytes())
        figures["start"] = None if figures["first_object"] is None else figures["first_object"] - begun
        return figures


def _ended(command: Sequence[str], env: Mapping[str, str], out: IO[bytes]) -> str:
    """Run it; how it ended."""
    try:
        done = subprocess.run(command, env=env, cwd=ROOT, stdout=out, stderr=out, timeout=_PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return f"was killed after {_PATIENCE} s"
    return f"ended with exit code {done.returncode}"


def runnable(name: str) -> bool:
    """Whether the package that a row needs is installed."""
    needs = ROWS[name].needs
    return needs is None or find_spec(needs) is not None


def _file_records(row: Row, topic: Topic) -> int:
    if row.files == "usual":
        return topic.file_records
    whole = topic.kept_a_partition
    return whole if row.files == "whole" else min(row.files, whole)


@contextmanager
def _counted(env: dict[str, str], row: Row) -> Iterator[list[str]]:
    """The paths of the requests about objects, if the row goes through a proxy."""
    paths: list[str] = []
    if not row.through_proxy:
        yield paths
        return
    with FaultProxy(env["S3_ENDPOINT"]) as proxy:
        env["S3_ENDPOINT"] = proxy.endpoint
        yield paths
        paths += [seen.path for seen in proxy.seen if f"/topics/{env['TOPIC']}/" in seen.path]


def _result(row: Row, topic: Topic, report: Mapping[str, Any], objects: int, requests: list[str]) -> Result:
    n, millions, seconds = topic.records, topic.records / 1e6, max(report["seconds"], 1e-9)
    figures: dict[Figure, float] = {
        "cpu": report["cpu"] / millions,
        "rate": n / seconds,
        "memory": report["memory"] / 1e6,
    }
    if row.writes and report["start"] is not None:
        figures |= {"objects_a_second": objects / seconds, "start": report["start"]}
    if objects and row.through_proxy:
        figures["requests_an_object"] = len(requests) / objects
    return Result(figures, report["cpu_total"] / millions, objects)


# ---------------------------------------------------------------------------------------------- what was written
async def _checked(store: S3Store, topic: Topic) -> int:
    """How many objects there are. Raises RowError unless every record is in one of them, once; then removes them."""
    await store.open()
    try:
        keys = [summary.key async for summary in store.list()]
        gate = asyncio.Semaphore(_READERS)
        found = [seq for seqs in await asyncio.gather(*(_read(store, key, gate) for key in keys)) for seq in seqs]
        expected = topic.kept
        if sorted(found) != expected:
            lost = len(set(expected) - set(found))
            raise RowError(f"{len(found)} records of {len(expected)} in the bucket, {lost} of them missing")
        await asyncio.gather(*(_remove(store, key, gate) for key in keys))
    finally:
        await store.close()
    return len(keys)


async def _read(store: S3Store, key: str, gate: asyncio.Semaphore) -> list[int]:
    async with gate:
        body = await store.get(key)
    return _parquet_seqs(body) if key.endswith(".parquet") else seqs_of(isal_zlib.decompress(body, 31))


def _parquet_seqs(body: bytes) -> list[int]:
    import pyarrow.parquet as pq

    seqs: list[int] = pq.read_table(BytesIO(body), columns=["seq"]).column(0).to_pylist()
    return seqs


async def _remove(store: S3Store, key: str, gate: asyncio.Semaphore) -> None:
    async with gate:
        await store.delete(key)
