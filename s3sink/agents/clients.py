"""Options of Kafka's Java clients (`consumer.override.*` and its like) for Faust's consumer and producer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

from s3sink.agents import security
from s3sink.config import check, problem_if
from s3sink.errors import ConfigError, Problem

_NEVER: Final = 2**31 - 1  # milliseconds

Client = Literal["consumer", "producer", "admin"]


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """What an app needs to know of its cluster and of how to talk to it. `repr` shows no secret.

    `settings` are arguments of `faust.App`, `consumer` arguments of aiokafka's consumer that Faust has no setting for.
    `warnings` name the options that do nothing here, with the reason.
    """

    settings: Mapping[str, Any] = field(repr=False)
    consumer: Mapping[str, Any]
    warnings: tuple[Problem, ...] = ()


# ---------------------------------------------------------------------------------------------- the tables
class Taken(NamedTuple):
    """An option that takes effect, under another name."""

    name: str
    parse: Callable[[str], Any]
    of_consumer: bool = False


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,19}", text.strip()):
        raise ValueError("Not a number of type INT")
    return int(text)


def _number(text: str) -> int:
    number = _integer(text)
    if number < 0:
        raise ValueError("Value must be at least 0")
    return number


def _seconds(text: str) -> float:
    return _number(text) / 1000


def _idle_time(text: str) -> int:
    """Java's clients take a negative one for never."""
    number = _integer(text)
    return number if number >= 0 else _NEVER


def _text(text: str) -> str:
    return text.strip()


def _one_of(*values: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.strip().lower() not in values:
            raise ValueError(f"must be one of {', '.join(values)}")
        return text.strip().lower()

    return parse


def _all(text: str) -> int:
    if text.strip() not in ("all", "-1"):
        raise ValueError("must be all: what a broker loses would be a lost record")
    return -1


def _compression(text: str) -> str | None:
    name = _one_of("none", "gzip", "snappy", "lz4", "zstd")(text)
    return None if name == "none" else name


def _false(text: str) -> None:
    if text.strip().lower() != "false":
        raise ValueError("must be false: offsets are committed with the objects, and never before them")


TAKEN: Final[Mapping[Client, Mapping[str, Taken]]] = {
    "consumer": {
        "client.id": Taken("broker_client_id", _text),
        "session.timeout.ms": Taken("broker_session_timeout", _seconds),
        "heartbeat.interval.ms": Taken("broker_heartbeat_interval", _seconds),
        "request.timeout.ms": Taken("broker_request_timeout", _seconds),
        "metadata.max.age.ms": Taken("consumer_metadata_max_age_ms", _number),
        "connections.max.idle.ms": Taken("consumer_connections_max_idle_ms", _idle_time),
        "max.partition.fetch.bytes": Taken("consumer_max_fetch_size", _number),
        "auto.offset.reset": Taken("consumer_auto_offset_reset", _one_of("earliest", "latest")),
        "group.id": Taken("group_id", str, of_consumer=True),
        "fetch.min.bytes": Taken("fetch_min_bytes", _number, of_consumer=True),
        "fetch.max.bytes": Taken("fetch_max_bytes", _number, of_consumer=True),
        "fetch.max.wait.ms": Taken("fetch_max_wait_ms", _number, of_consumer=True),
        "retry.backoff.ms": Taken("retry_backoff_ms", _number, of_consumer=True),
        "client.rack": Taken("client_rack", _text, of_consumer=True),
    },
    "producer": {
        "acks": Taken("producer_acks", _all),
        "compression.type": Taken("producer_compression_type", _compression),
        "linger.ms": Taken("producer_linger", _seconds),
        "batch.size": Taken("producer_max_batch_size", _number),
        "max.request.size": Taken("producer_max_request_size", _number),
        "request.timeout.ms": Taken("producer_request_timeout", _seconds),
        "metadata.max.age.ms": Taken("producer_metadata_max_age_ms", _number),
        "connections.max.idle.ms": Taken("producer_connections_max_idle_ms", _idle_time),
    },
    "admin": {},
}
"""Options that take effect."""

CHECKED: Final[Mapping[Client, Mapping[str, Callable[[str], Any]]]] = {
    "consumer": {"enable.auto.commit": _false},
    "producer": {},
    "admin": {},
}
"""Options that may only have the value that they have anyhow."""

_READ_COMMITTED = "records of open and aborted transactions are never read: it is always read_committed"
_OWN_THREAD = "reading has a thread of its own, so the group never waits for the work on a batch"
_BATCHES = "a batch is what was fetched: max.partition.fetch.bytes says how much that is"
_ONE_CLIENT = "the client looks after it itself"
IDLE: Final[Mapping[Client, Mapping[str, str]]] = {
    "consumer": {
        "max.poll.records": _BATCHES,
        "max.poll.interval.ms": _OWN_THREAD,
        "default.api.timeout.ms": _ONE_CLIENT,
        "isolation.level": _READ_COMMITTED,
        "group.instance.id": "members join anew: one that is stopped would leave its partitions idle for a session",
        "partition.assignment.strategy": "partitions are shared by Faust's assignor",
        "group.protocol": "it is always classic",
        "check.crcs": "checksums are always verified",
        "exclude.internal.topics": "topics.regex never matches them",
        "allow.auto.create.topics": "topics are created by who produces",
        "auto.commit.interval.ms": "offsets are committed with the objects",
        "key.deserializer": "that is what converters are for",
        "value.deserializer": "that is what converters are for",
    },
    "producer": {
        "delivery.timeout.ms": "a dead letter is waited for",
        "max.block.ms": "a dead letter is waited for",
        "enable.idempotence": "a dead letter is sent again when its answer is lost, as by Kafka Connect",
        "max.in.flight.requests.per.connection": _ONE_CLIENT,
        "retries": _ONE_CLIENT,
        "buffer.memory": _ONE_CLIENT,
        "key.serializer": "dead letters are the bytes that were read",
        "value.serializer": "dead letters are the bytes that were read",
    },
    "admin": {"request.timeout.ms": _ONE_CLIENT, "default.api.timeout.ms": _ONE_CLIENT, "client.id": _ONE_CLIENT},
}
_IDLE_ANYWHERE: Final[Mapping[str, str]] = {
    "interceptor.classes": "there are no Java classes here",
    "metric.reporters": "there are no Java classes here",
    "metrics.num.samples": "figures are counters: see --prometheus-port",
    "metrics.recording.level": "figures are counters: see --prometheus-port",
    "metrics.sample.window.ms": "figures are counters: see --prometheus-port",
    "enable.metrics.push": "figures are counters: see --prometheus-port",
    "reconnect.backoff.ms": _ONE_CLIENT,
    "reconnect.backoff.max.ms": _ONE_CLIENT,
    "retry.backoff.ms": _ONE_CLIENT,
    "retry.backoff.max.ms": _ONE_CLIENT,
    "retries": _ONE_CLIENT,
    "receive.buffer.bytes": "the system chooses it",
    "send.buffer.bytes": "the system chooses it",
    "client.dns.lookup": _ONE_CLIENT,
    "socket.connection.setup.timeout.ms": _ONE_CLIENT,
    "socket.connection.setup.timeout.max.ms": _ONE_CLIENT,
    "ssl.protocol": "the best that both sides speak is chosen",
    "ssl.enabled.protocols": "the best that both sides speak is chosen",
    "ssl.cipher.suites": "the best that both sides speak is chosen",
}
_CONNECTION: Final = frozenset(("bootstrap.servers", *security.KEYS))

#: Where no option says otherwise. A killed worker is replaced after a session; Kafka's own default is 45 s.
DEFAULTS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "broker_session_timeout": 10.0,
        "broker_heartbeat_interval": 3.0,
        "broker_request_timeout": 90.0,
        "consumer_metadata_max_age_ms": 30_000,
        "consumer_auto_offset_reset": "earliest",
    }
)


# ---------------------------------------------------------------------------------------------- reading them
def client_options(
    consumer: Mapping[str, str], producer: Mapping[str, str], admin: Mapping[str, str], connection: Mapping[str, str]
) -> ClientOptions:
    """The options of three Java clients as one app's; `connection` says how to reach the cluster where they do not.

    There is one connection for all: the consumer's. Raises ConfigError with every problem, under `consumer.<option>`
    and so on.
    """
    reading = _Reading()
    for client, options in (("consumer", consumer), ("producer", producer), ("admin", admin)):
        reading.read(client, options)  # type: ignore[arg-type]
    mine = {key: text for key, text in {**connection, **consumer}.items() if key in _CONNECTION}
    reading.compare("producer", producer, mine)
    reading.compare("admin", admin, mine)
    reading.connect(mine)
    return reading.options()


@dataclass(slots=True)
class _Reading:
    settings: dict[str, Any] = field(default_factory=lambda: dict(DEFAULTS))
    consumer: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem | None] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def read(self, client: Client, options: Mapping[str, str]) -> None:
        for key, text in options.items():
            if key not in _CONNECTION:
                self._read(client, key, text)

    def _read(self, client: Client, key: str, text: str) -> None:
        taken, checked = TAKEN[client].get(key), CHECKED[client].get(key)
        try:
            if taken is not None:
                (self.consumer if taken.of_consumer else self.settings)[taken.name] = taken.parse(text)
            elif checked is not None:
                checked(text)
            else:
                self.warnings.append(Problem(f"{client}.{key}", _why_idle(client, key)))
        except ValueError as error:
            words = f"Invalid value {text} for configuration {key}: {error}"
            self.problems.append(Problem(f"{client}.{key}", words))

    def compare(self, client: Client, options: Mapping[str, str], mine: Mapping[str, str]) -> None:
        """Letters, changelog and offsets are one cluster's: it is reached in one way."""
        words = "must be the consumer's: there is one connection to the cluster for all"
        self.problems += [
            problem_if(options[key].strip() != mine.get(key, "").strip(), f"{client}.{key}", words)
            for key in sorted(_CONNECTION & options.keys())
        ]

    def connect(self, connection: Mapping[str, str]) -> None:
        servers = [server.strip() for server in connection.get("bootstrap.servers", "").split(",") if server.strip()]
        words = "no Kafka is named: --bootstrap-servers, or bootstrap.servers in the file that --worker names"
        self.problems.append(problem_if(not servers, "bootstrap.servers", words))
        self.settings["broker"] = [f"kafka://{server.rpartition('//')[2]}" for server in servers]
        try:
            self.settings["broker_credentials"] = security.credentials(connection)
        except ConfigError as error:
            self.problems += [Problem(f"consumer.{key}", words) for key, words in error.problems]

    def options(self) -> ClientOptions:
        session, heartbeat = self.settings["broker_session_timeout"], self.settings["broker_heartbeat_interval"]
        words = f"must be smaller than session.timeout.ms={session * 1000:.0f}"
        self.problems.append(problem_if(heartbeat >= session, "consumer.heartbeat.interval.ms", words))
        check("client options", self.problems)
        self.settings["broker_request_timeout"] = max(self.settings["broker_request_timeout"], session)
        return ClientOptions(self.settings, self.consumer, tuple(self.warnings))


def _why_idle(client: Client, key: str) -> str:
    known = {**_IDLE_ANYWHERE, **IDLE[client]}
    if key in known:
        return f"has no effect here: {known[key]}"
    if key.startswith(("sasl.", "ssl.")):
        return "has no effect here: not one of the security options that are known"
    return "has no effect here: it is not known" + "".join(_suggestions(client, key))


def _suggestions(client: Client, key: str) -> Iterator[str]:
    names = [*TAKEN[client], *CHECKED[client], *_CONNECTION]
    for found in get_close_matches(key, names, n=1, cutoff=0.7):
        yield f". Did you mean {found}?"
