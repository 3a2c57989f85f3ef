"""The apps and examples that need a broker, as processes on the real one, from start to SIGTERM."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from s3sink import S3Store
from s3sink.testing.services import KafkaBroker, SeaweedFS

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.broker


class Place:
    """A broker, a bucket, and a directory for what the programs leave behind."""

    def __init__(self, kafka: KafkaBroker, s3: SeaweedFS, bucket: str, directory: Path) -> None:
        self.kafka, self.s3, self.bucket, self.directory = kafka, s3, bucket, directory

    def produce(self, topic: str, values: list[Any]) -> None:
        """Create the topic with two partitions; records go to them in turn."""
        asyncio.run(_produce(self.kafka.bootstrap, topic, [json.dumps(value).encode() for value in values]))

    def objects(self) -> dict[str, bytes]:
        """Everything in the bucket."""
        store = S3Store(
            self.bucket,
            endpoint=self.s3.endpoint,
            region="us-east-1",
            access_key=self.s3.access_key,
            secret_key=self.s3.secret_key,
        )
        return asyncio.run(_objects(store))

    @contextmanager
    def running(self, program: str, *arguments: str) -> Iterator[Path]:
        """The program, until the end of the block; then SIGTERM, and it has to end with exit code 0."""
        env = {
            **os.environ,
            "BOOTSTRAP": self.kafka.bootstrap,
            "S3_ENDPOINT": self.s3.endpoint,
            "BUCKET": self.bucket,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": self.s3.access_key,
            "AWS_SECRET_ACCESS_KEY": self.s3.secret_key,
        }
        output = self.directory / "output.txt"
        with output.open("wb") as out:
            command = [sys.executable, str(ROOT / program), *arguments]
            process = subprocess.Popen(command, cwd=self.directory, env=env, stdout=out, stderr=subprocess.STDOUT)
        try:
            yield output
            assert process.poll() is None, output.read_text()
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0, output.read_text()
        finally:
            process.kill()
            process.wait()


async def _produce(bootstrap: str, topic: str, values: list[bytes]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    answer = await admin.create_topics([NewTopic(topic, 2, 1)])
    await admin.close()
    assert [code for _, code, *_ in answer.topic_errors] == [0], f"{topic}: some other test has made it"
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        await asyncio.gather(*[await producer.send(topic, value, partition=i % 2) for i, value in enumerate(values)])


async def _objects(store: S3Store) -> dict[str, bytes]:
    await store.open()
    try:
        return {found.key: await store.get(found.key) async for found in store.list()}
    finally:
        await store.close()


def eventually(what: Callable[[], bool], output: Path, seconds: float = 45) -> None:
    """Wait until it is so; what the program said is the reason when it never is."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, output.read_text()[-4000:]
        time.sleep(0.3)


@pytest.fixture
def place(kafka: KafkaBroker, seaweedfs: SeaweedFS, bucket: str, tmp_path: Path) -> Place:
    return Place(kafka, seaweedfs, bucket, tmp_path)


def test_the_tracking_log_app_writes_one_file_a_record(place: Place) -> None:
    place.produce("tracking.log", [{"page": n} for n in range(6)])
    with place.running("apps/tracking_log.py") as output:
        eventually(lambda: len(place.objects()) == 6, output)
    expected = {
        f"topics/tracking.log/partition={p}/tracking.log+{p}+{n:010d}.json": b'{"page": %d}\n' % (2 * n + p)
        for p in range(2)
        for n in range(3)
    }
    assert place.objects() == expected


def test_orders_go_into_the_folders_of_their_days(place: Place) -> None:
    place.produce("orders", [{"dt": "2023-10-01", "id": 0}, {"dt": "2023-10-02", "id": 1}])
    with place.running("apps/orders.py", "by-time") as output:
        eventually(lambda: len(place.objects()) == 2, output)
    assert set(place.objects()) == {
        "topics/orders/year=2023/month=10/day=01/orders+0+0000000000.json",
        "topics/orders/year=2023/month=10/day=02/orders+1+0000000000.json",
    }


def test_an_agent_counts_beside_a_sink_that_writes(place: Place) -> None:
    place.produce("visits", [{"n": n} for n in range(300)])
    with place.running("examples/beside_an_agent.py") as output:
        eventually(lambda: "seen 300" in output.read_text(), output)
        eventually(lambda: sum(body.count(b"\n") for body in place.objects().values()) == 300, output)
    lines = b"".join(place.objects().values()).splitlines()
    assert sorted(json.loads(line)["n"] for line in lines) == list(range(300))


def test_an_agent_writes_what_it_likes(place: Place) -> None:
    place.produce("readings", [{"celsius": n - 5} for n in range(20)])
    with place.running("examples/agent_that_writes.py") as output:
        eventually(lambda: sum(body.count(b"\n") for body in place.objects().values()) == 14, output)
    lines = b"".join(place.objects().values()).splitlines()
    assert sorted(json.loads(line)["celsius"] for line in lines) == list(range(1, 15))


def test_two_sinks_on_one_topic_both_have_everything(place: Place) -> None:
    place.produce("events", [{"country": "DE" if n % 3 else "FR"} for n in range(30)])
    with place.running("examples/two_sinks_on_one_topic.py") as output:
        eventually(lambda: len(place.objects()) == 6, output)
    assert sorted(key.rsplit("/", 1)[0] for key in place.objects()) == [
        "archive/events/partition=0",
        "archive/events/partition=1",
        "queries/events/country=DE",
        "queries/events/country=DE",
        "queries/events/country=FR",
        "queries/events/country=FR",
    ]


def test_one_sink_on_two_topics_has_a_directory_for_each(place: Place) -> None:
    place.produce("pages", [{"n": n} for n in range(4)])
    place.produce("clicks", [{"n": n} for n in range(4)])
    with place.running("examples/one_sink_on_two_topics.py") as output:
        eventually(lambda: len(place.objects()) == 4, output)
    assert {key.split("/")[1] for key in place.objects()} == {"pages", "clicks"}
