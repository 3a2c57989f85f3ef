"""A test's own topic, group, bucket and workers, with what it asks of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from aiokafka.structs import OffsetAndMetadata

from s3sink import S3Store
from s3sink.state import decode_metadata
from s3sink.testing.services import SeaweedFS
from tests.broker.cluster import Cluster, Stored, events
from tests.broker.process import ROOT, Worker, wait_for
from tests.broker.verdict import Expected, Verdict, judge, objects_of, unchanged

APP = ROOT / "apps" / "topic_to_s3.py"
SHAPES = Path(__file__).parent / "workers" / "shapes.py"


class Rig:
    """One test's surroundings. Everything in it is named after the test."""

    def __init__(self, name: str, cluster: Cluster, s3: SeaweedFS, bucket: str, home: Path) -> None:
        self.topic, self.group = name, f"{name}-group"
        self.cluster, self.s3, self.bucket, self.home = cluster, s3, bucket, home
        self.workers: list[Worker] = []

    # ------------------------------------------------------------------ workers
    def start(self, script: Path = APP, /, **told: str) -> Worker:
        """One more worker, with these variables over the usual ones."""
        number = len(self.workers)
        home = self.home / f"worker-{number}"
        home.mkdir()
        worker = Worker(
            script, {**self.environment(), "WORKDIR": str(home), "WORKER": str(number), **told}, home / "log"
        )
        self.workers.append(worker)
        return worker

    def environment(self) -> Mapping[str, str]:
        """What a worker of this test is told."""
        return {
            "BOOTSTRAP": self.cluster.bootstrap,
            "TOPIC": self.topic,
            "GROUP": self.group,
            "BUCKET": self.bucket,
            "S3_ENDPOINT": self.s3.endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": self.s3.access_key,
            "AWS_SECRET_ACCESS_KEY": self.s3.secret_key,
            "SESSION_TIMEOUT_MS": "2000",
            "HEARTBEAT_MS": "500",
            "ROTATE_MS": "500",
        }

    def end(self) -> None:
        """Kill what still runs."""
        for worker in self.workers:
            worker.kill()

    # ------------------------------------------------------------------ records
    def produce(self, start: int, stop: int, *, partitions: int = 4, hours: int = 1) -> None:
        """Events with the ids `start` to `stop`."""
        self.cluster.produce(self.topic, events(start, stop, partitions=partitions, hours=hours))

    @contextmanager
    def producing(self, *, a_second: int, partitions: int = 4, hours: int = 1) -> Iterator[list[int]]:
        """Events come all the while; the list has, at the end, how many."""
        stop, count = threading.Event(), [0]

        def run() -> None:
            while not stop.is_set():
                begun = time.monotonic()
                self.produce(count[0], count[0] + a_second // 4, partitions=partitions, hours=hours)
                count[0] += a_second // 4
                stop.wait(max(0.0, 0.25 - (time.monotonic() - begun)))

        thread = threading.Thread(target=run, name="producing")
        thread.start()
        try:
            yield count
        finally:
            stop.set()
            thread.join()

    # ------------------------------------------------------------------ waiting
    def wait_until_committed(self, seconds: float = 60, *, topic: str | None = None) -> None:
        """Returns when the group stands at the high watermark of every partition, with no intent left."""
        topic = topic or self.topic
        ends = {partition: end for partition, end in self.cluster.ends(topic).items() if end}
        done = lambda: self.stands_at(topic) == ends  # noqa: E731
        wait_for(done, seconds, lambda: f"{self.stands_at(topic)} of {ends}\n{self.logs()}", every=0.25)

    def stands_at(self, topic: str) -> dict[int, int]:
        """The group's offsets, of partitions without an intent."""
        committed = self.cluster.committed(self.group, topic)
        return {partition: at.offset for partition, at in committed.items() if at.offset and not _has_intent(at)}

    def wait_for_no_members(self, seconds: float = 20) -> None:
        """Returns when the group is empty, the killed members' sessions over."""
        wait_for(lambda: self.cluster.members(self.group) == 0, seconds, lambda: "members are left")

    def logs(self) -> str:
        """The end of what each worker said."""
        return "\n".join(f"--- {w.log_path} exit={w.exit_code}\n{w.log[-2500:]}" for w in self.workers)

    # ------------------------------------------------------------------ the bucket
    def store(self, prefix: str = "topics") -> S3Store:
        """The bucket, as a store."""
        return S3Store(
            self.bucket,
            prefix=prefix,
            endpoint=self.s3.endpoint,
            region="us-east-1",
            access_key=self.s3.access_key,
            secret_key=self.s3.secret_key,
        )

    def objects(self, prefix: str = "topics") -> dict[str, bytes]:
        """Everything under a prefix."""
        return objects_of(self.store(prefix))

    def verdict(
        self,
        *,
        topic: str | None = None,
        prefix: str = "topics",
        expected: Expected = unchanged,
        stored: list[Stored] | None = None,
        keys: Callable[[str], bool] = lambda key: True,
    ) -> Verdict:
        """The objects against the topic."""
        topic = topic or self.topic
        objects = {key: body for key, body in self.objects(prefix).items() if key.startswith(f"{topic}/") and keys(key)}
        return judge(topic, stored if stored is not None else self.cluster.read(topic), objects, expected)

    def assert_exact(self, records: int, **how: object) -> Verdict:
        """Every record of the topic, so many of them, is in exactly one object, unaltered and in its place."""
        verdict = self.verdict(**how)  # type: ignore[arg-type]
        assert verdict.clean, f"{verdict}\n{self.logs()}"
        assert verdict.records == records, f"{verdict}; {records} were produced"
        return verdict


def _has_intent(at: OffsetAndMetadata) -> bool:
    return any(progress.intent for progress in decode_metadata(at.offset, at.metadata).values())
