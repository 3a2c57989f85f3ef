"""A connector file becomes a sink: `load` for the sink alone, `connector` for all that a worker needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from s3sink.config import masked
from s3sink.connect.effects import warn_of_effects
from s3sink.connect.framework import is_sink, other_class, overrides, topic_problems, topics_of
from s3sink.connect.given import given_properties
from s3sink.connect.reading import Reading
from s3sink.connect.unknown import warn_of_unknown
from s3sink.connect.values import read_values
from s3sink.errors import ConfigError, Problem
from s3sink.sink import S3Sink

_WORKERS = ("bootstrap.servers", "plugin.path", "offset.storage.topic", "offset.storage.file.filename")
_WORKER = "is not there, and the rest is a worker's: name this file with --worker, and connectors by themselves"
_OF_THE_WORKER = ("name", "connector.class", "topics", "topics.regex", "tasks.max")


@dataclass(frozen=True, slots=True)
class Connector:
    """A connector file, read: the sink, what it reads from, and who it is in Kafka.

    `topics` is empty where `topics_regex`, a Java regular expression, says which. The overrides are options of Kafka's
    Java clients, the worker's (`consumer.*`) with the connector's (`consumer.override.*`) on top; they may hold
    passwords, so `repr` leaves them out. `warnings` are about what has no effect, or not the one that one may expect,
    each with its key.
    """

    name: str
    sink: S3Sink
    topics: tuple[str, ...] = ()
    topics_regex: str | None = None
    tasks_max: int = 1
    consumer_overrides: Mapping[str, str] = field(default_factory=dict, repr=False)
    producer_overrides: Mapping[str, str] = field(default_factory=dict, repr=False)
    admin_overrides: Mapping[str, str] = field(default_factory=dict, repr=False)
    warnings: tuple[Problem, ...] = ()

    @property
    def group(self) -> str:
        """The consumer group: Kafka Connect's, so that it starts where that stopped."""
        return self.consumer_overrides.get("group.id") or f"connect-{self.name}"


def load(properties: Mapping[str, Any], *, worker: Mapping[str, Any] | None = None) -> S3Sink:
    """The sink of a connector's properties; its name and topics may be missing.

    Converters come from `worker` where the connector names none. Raises ConfigError with all problems, each under its
    key, in the connector's words where it has any.
    """
    return _reading(properties, worker).sink(besides=_OF_THE_WORKER)


def connector(properties: Mapping[str, Any], *, worker: Mapping[str, Any] | None = None) -> Connector:
    """All that a connector's properties say. Raises ConfigError as `load` does, also for name, class and topics."""
    reading = _reading(properties, worker)
    values, workers = reading.values, reading.worker
    consumer, producer, admin = (overrides(values, client, workers) for client in ("consumer", "producer", "admin"))
    reading.add(topic_problems(values))
    sink = reading.sink()
    warn_of_unknown(values)
    warn_of_effects(values, sink)
    return Connector(
        name=values["name"],
        sink=sink,
        topics=topics_of(values.properties),
        topics_regex=values["topics.regex"] or None,
        tasks_max=values["tasks.max"],
        consumer_overrides=consumer,
        producer_overrides=producer,
        admin_overrides=admin,
        warnings=(*reading.warnings, *values.findings.warnings),
    )


def _reading(properties: Mapping[str, Any], worker: Mapping[str, Any] | None) -> Reading:
    given = given_properties(properties, worker)
    name = given.properties.get("connector.class")
    if name is None and not given.properties.keys().isdisjoint(_WORKERS):
        raise ConfigError([Problem("connector.class", _WORKER)], "connector")
    if name is not None and not is_sink(name):
        problem = Problem("connector.class", other_class(name))
        hidden = {"connector.class": name} if "connector.class" in given.secrets else {}
        raise ConfigError([masked(problem, hidden)], "connector")
    return Reading(read_values(given.properties, given.secrets), given.worker, list(given.warnings))
