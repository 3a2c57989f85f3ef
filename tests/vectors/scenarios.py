"""Scenarios of the real connector: what was done to it, and what it answered, step by step."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from s3sink.record import TopicPartition
from s3sink.testing.broker import FakeRecord
from tests.vectors.files import Vector

START = 1_488_448_800_000  # 2017-03-02T10:00Z


class Failure(NamedTuple):
    """An error: the class that Java names, and every text that it and its causes have."""

    java_class: str
    messages: tuple[str, ...]


Place = tuple[TopicPartition, int]
"""Where a record stands in Kafka."""


class Letter(NamedTuple):
    """A record that was reported. With a `java_class` of None neither class nor message matter."""

    source: TopicPartition
    offset: int
    java_class: str | None
    message: str


Content = Mapping[str, Any]
"""An object as the vectors have it: `size`, `sha256`, and `text`, `b64`, `gunzip_text`, `avro` or `parquet`."""


@dataclass(frozen=True)
class Step:
    """What a step brought about: objects that are new or other than before, offsets committed by then, and so on.

    `committed` is None where it is not looked at. With `either_way` it matters only that the records were not lost:
    there is an object, a letter, or an error.
    """

    op: str
    objects: Mapping[str, Content] = field(default_factory=dict)
    committed: Mapping[TopicPartition, int] | None = None
    failure: Failure | None = None
    letters: tuple[Letter, ...] = ()
    either_way: bool = False


@dataclass(frozen=True)
class Answer:
    """The steps, the first of which is the start. With `in_the_end` it does not matter which step did what.

    `waits_for`: what a commit may not be ahead of; None: it is exactly the same.
    `wrapped`: integers of more than 64 bits and numbers beyond a double are compared as the connector has them.
    `ends_with`: the run ends with such an error, and what was written before is right as far as it goes.
    """

    steps: tuple[Step, ...]
    in_the_end: bool = False
    waits_for: frozenset[Place] | None = None
    wrapped: bool = False
    ends_with: tuple[type[Exception], ...] = ()

    def with_step(self, index: int, **changes: Any) -> Answer:
        """The same with another step."""
        steps = list(self.steps)
        steps[index] = replace(steps[index], **changes)
        return replace(self, steps=tuple(steps))

    @property
    def failed_at(self) -> int | None:
        """Index of the first step that fails."""
        return next((i for i, step in enumerate(self.steps) if step.failure is not None), None)


# ---------------------------------------------------------------------------------------------- what was done
def properties_of(scenario: Vector) -> dict[str, str]:
    """The connector file, with what the harness added beside it: a reporter, the zone of the JVM."""
    properties = dict(scenario["config"])
    if "jvm_timezone" in scenario:
        properties["s3sink.timestamp.timezone"] = scenario["jvm_timezone"]
    if scenario.get("reporter"):
        properties["errors.tolerance"] = "none" if scenario["reporter"] == "throw" else "all"
        properties["errors.deadletterqueue.topic.name"] = "dead"
        properties["errors.deadletterqueue.context.headers.enable"] = "true"
    return properties


def patched(properties: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """With other values; None removes."""
    merged: dict[str, str | None] = {**properties, **changes}
    return {key: value for key, value in merged.items() if value is not None}


def partitions(listed: list[list[Any]]) -> list[TopicPartition]:
    """Pairs of topic and partition."""
    return [TopicPartition(topic, partition) for topic, partition in listed]


def records_of(step: Vector) -> dict[TopicPartition, list[FakeRecord]]:
    """The records of a `put`, by partition."""
    found: dict[TopicPartition, list[FakeRecord]] = {}
    for record in step["records"]:
        found.setdefault(place_of(record)[0], []).append(_record(record))
    return found


def _record(record: Vector) -> FakeRecord:
    headers = tuple((name, None if text is None else text.encode()) for name, text in record.get("headers", ()))
    return FakeRecord(record["offset"], record["timestamp"], _bytes(record, "key"), _bytes(record, "value"), headers)


def _bytes(record: Vector, part: str) -> bytes | None:
    if f"{part}_b64" in record:
        return base64.b64decode(record[f"{part}_b64"])
    if f"{part}_fill" in record:
        character, n = record[f"{part}_fill"]
        return str(character).encode() * int(n)
    text: str | None = record.get(part)
    return None if text is None else text.encode()


# ---------------------------------------------------------------------------------------------- what was answered
def answer_of(scenario: Vector) -> Answer:
    """The connector's answer to the steps that there really would have been."""
    steps = scenario["expected"]["steps"]
    return Answer(tuple(_steps([steps[0], *(steps[i + 1] for i in _real(scenario))])))


def all_records(scenario: Vector) -> Iterator[Vector]:
    """Every record of every `put`, as it is written there."""
    return (record for step in scenario["steps"] for record in step.get("records", ()))


def place_of(record: Vector) -> Place:
    """Where a record stands."""
    return TopicPartition(record.get("topic", "t"), record.get("partition", 0)), record["offset"]


def is_decoded(scenario: Vector) -> bool:
    """Whether lines are compared as documents: there are no schemas, or maps, whose members have no order in Java."""
    without = scenario["config"].get("value.converter.schemas.enable") == "false"
    return without or any('"type":"map"' in str(record.get("value")) for record in all_records(scenario))


def real_steps(scenario: Vector) -> list[Vector]:
    """What was done, without what nobody would have done: when a task has died only a restart brings more."""
    return [scenario["steps"][i] for i in _real(scenario)]


def _real(scenario: Vector) -> Iterator[int]:
    dead = False
    for index, (done, step) in enumerate(zip(scenario["steps"], scenario["expected"]["steps"][1:], strict=False)):
        dead = (dead or bool(step.get("hypothetical"))) and done["op"] != "restart"
        if not dead:
            yield index


def _steps(steps: list[Vector]) -> Iterator[Step]:
    committed: dict[TopicPartition, int] = {}
    stored: dict[str, str] = {}
    for step in steps:
        committed |= {_source(name): offset for name, offset in step.get("offsets", {}).items()}
        fresh = {key: o for key, o in step.get("objects", {}).items() if stored.get(key) != o["sha256"]}
        stored |= {key: o["sha256"] for key, o in fresh.items()}
        reported = tuple(map(_letter, step.get("reported", ())))
        yield Step(step["op"], fresh, dict(committed) if "offsets" in step else None, _failure(step), reported)


def _source(name: str) -> TopicPartition:
    topic, _, partition = name.rpartition("-")
    return TopicPartition(topic, int(partition))


def _failure(step: Vector) -> Failure | None:
    error = step.get("exception")
    if error is None:
        return None
    every = [error, *error.get("causes", ())]
    return Failure(error["class"], tuple(e["message"] for e in every if e["message"] is not None))


def _letter(reported: Vector) -> Letter:
    source = TopicPartition(reported["topic"], reported["partition"])
    return Letter(source, reported["offset"], reported["error"]["class"], reported["error"]["message"])
