"""`s3sink run` as a process, on a test's broker and bucket."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer

from tests.broker.cluster import EPOCH, Cluster, Sent
from tests.broker.harness import Rig
from tests.broker.process import ROOT, Worker, _die_with_parent

FILES = ROOT / "tests" / "connect" / "connectors"


class Run(Worker):
    """`s3sink run` with these arguments; its log goes to a file, its status lines to another."""

    def __init__(self, rig: Rig, *arguments: str | Path, properties: Mapping[str, str] | None = None) -> None:
        number = len(rig.workers)
        self.log_path, self.status_path = rig.home / f"run-{number}.log", rig.home / f"run-{number}.jsonl"
        settings = {"store.url": rig.s3.endpoint, "s3.bucket.name": rig.bucket, **(properties or {})}
        command = [
            *(sys.executable, "-m", "s3sink.cli", "run", "--json", "--status-seconds", "0.5"),
            *("--bootstrap-servers", rig.cluster.bootstrap),
            *(word for key, text in settings.items() for word in ("--set", f"{key}={text}")),
            *map(str, arguments),
        ]
        with self.log_path.open("wb") as log, self.status_path.open("wb") as status:
            self._process = subprocess.Popen(
                command,
                env={**os.environ, **rig.environment(), "PYTHONPATH": str(ROOT)},
                stdout=status,
                stderr=log,
                stdin=subprocess.DEVNULL,
                preexec_fn=_die_with_parent,
            )
        rig.workers.append(self)

    @property
    def pid(self) -> int:
        """Of the process that was started; its tasks may be its children."""
        return self._process.pid

    @property
    def status(self) -> dict[str, dict[str, Any]]:
        """What the last status line says of each connector."""
        lines = self.status_path.read_text().splitlines()
        return {one["name"]: one for one in json.loads(lines[-1])["connectors"]} if lines else {}


def forget(rig: Rig, *names: str, topics: tuple[str, ...]) -> None:
    """The session's broker has run connectors of these names before: away with their topics and offsets."""
    for group in (f"connect-{name}" for name in names):
        if any(rig.cluster.committed(group, topic) for topic in topics):
            rig.cluster.delete_group(group)
    mine = {f"connect-{name}-s3sink-{name}-boundaries-changelog" for name in names} | set(topics)
    for topic in mine & set(rig.cluster.topics()):
        rig.cluster.delete_topic(topic)


def plain(*values: Mapping[str, Any], partition: int = 0) -> list[Sent]:
    """Records of JSON without a schema."""
    return [Sent(partition, orjson.dumps(value), EPOCH + at) for at, value in enumerate(values)]


def with_schema(*values: Mapping[str, Any], partition: int = 0) -> list[Sent]:
    """The same in the envelope that carries a schema of optional strings."""
    return [
        Sent(partition, orjson.dumps({"schema": _schema(value), "payload": value}), EPOCH + at)
        for at, value in enumerate(values)
    ]


def _schema(value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "struct",
        "name": "row",
        "fields": [{"field": name, "type": "string", "optional": True} for name in value],
    }


@contextmanager
def member_of(cluster: Cluster, group: str, topic: str) -> Iterator[None]:
    """An ordinary consumer in a group, as Kafka Connect's tasks are."""
    ready, leave = threading.Event(), threading.Event()

    async def consume() -> None:
        async with AIOKafkaConsumer(topic, bootstrap_servers=cluster.bootstrap, group_id=group) as consumer:
            while not leave.is_set():
                await consumer.getmany(timeout_ms=100)
                if consumer.assignment():
                    ready.set()

    thread = threading.Thread(target=lambda: asyncio.run(consume()), daemon=True)
    thread.start()
    try:
        assert ready.wait(20)
        yield
    finally:
        leave.set()
        thread.join()
