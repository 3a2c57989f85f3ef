"""The processes of the demo: a broker, an S3 server, and the worker that gets killed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from s3sink.agents.produce import committed_offsets
from s3sink.cli.interrupts import run
from s3sink.storage import S3Store
from s3sink.testing.child import HOST, Child, free_ports
from s3sink.testing.services import KafkaBroker, SeaweedFS

BUCKET, TOPIC, GROUP, PARTITIONS = "lake", "flights", "flights-to-s3", 3
REGION = "us-east-1"

_ASK_EVERY = 0.2  # seconds
_LONGEST = 900.0  # seconds that a worker may take


@dataclass(frozen=True, slots=True)
class Services:
    """A broker and an S3 server with an empty bucket, at work."""

    kafka: KafkaBroker
    s3: SeaweedFS
    home: Path

    @property
    def store(self) -> S3Store:
        """The whole bucket."""
        return S3Store(
            BUCKET,
            endpoint=self.s3.endpoint,
            region=REGION,
            access_key=self.s3.access_key,
            secret_key=self.s3.secret_key,
        )

    @property
    def aws(self) -> dict[str, str]:
        """What S3 clients need in their environment."""
        keys = {"AWS_ACCESS_KEY_ID": self.s3.access_key, "AWS_SECRET_ACCESS_KEY": self.s3.secret_key}
        return {**keys, "AWS_REGION": REGION}

    def committed(self) -> int:
        """Records that both sinks have in the bucket, as the group's offsets say."""
        return sum(run(committed_offsets(self.kafka.bootstrap, GROUP, TOPIC)).values())


@contextmanager
def services(home: Path, kafka: KafkaBroker, s3: SeaweedFS) -> Iterator[Services]:
    """Ends both servers on the way out."""
    with ExitStack() as running:
        running.callback(kafka.stop)
        running.callback(s3.stop)
        kafka.start()
        s3.start()
        s3.create_bucket(BUCKET)
        yield Services(kafka, s3, home)


class Worker:
    """The app of the demo in a process of its own; it can be killed and started again."""

    def __init__(self, running: Services, flush_records: int) -> None:
        self._services = running
        self._child = Child("the worker")
        (self._port,) = free_ports([0])
        self._env = {
            **os.environ,
            **running.aws,
            "BOOTSTRAP": running.kafka.bootstrap,
            "S3_ENDPOINT": running.s3.endpoint,
            "BUCKET": BUCKET,
            "TOPIC": TOPIC,
            "GROUP": GROUP,
            "FLUSH_RECORDS": str(flush_records),
            "SESSION_TIMEOUT": "4",
            "WEB_PORT": str(self._port),
            "WORKDIR": str(running.home / "worker"),
        }

    @property
    def page(self) -> str:
        """Faust's web page."""
        return f"http://{HOST}:{self._port}/"

    @property
    def pid(self) -> int:
        """Of the process that runs now, or ran last."""
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._child.running()

    def start(self) -> None:
        """A new process on the same port."""
        command = [sys.executable, "-m", "s3sink.cli.demo_app"]
        self._child.start(command, log=self._services.home / "worker.log", env=self._env)

    def kill(self) -> None:
        """SIGKILL: the process gets no chance to do anything."""
        self._child.kill()

    def work_until(self, records: int, progress: Callable[[int], None]) -> int:
        """Wait until so many records are committed and return how many are.

        Raises ServerError with the end of the worker's log when it ends before.
        """
        committed, next_time = 0, 0.0

        def enough() -> bool:
            nonlocal committed, next_time
            if time.monotonic() >= next_time:
                committed = self._services.committed()
                progress(committed)
                next_time = time.monotonic() + _ASK_EVERY
            return committed >= records

        self._child.wait_until(enough, _LONGEST)
        return committed
