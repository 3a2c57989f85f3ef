"""Dead letters: where bad records go. Whether the task goes on is `tolerance`'s business."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple, Protocol

from s3sink.batch import RecordBatch
from s3sink.config import Option, check, problem_if
from s3sink.errors import Problem, RecordError, class_of

RawHeaders = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class DeadLetterTopic:
    """Send bad records to this topic, as they were read; it is created with one partition when it does not exist.

    `context_headers` adds Kafka Connect's `__connect.errors.*` headers: what failed, where, and why. They come behind
    the record's own. `replication_factor` is for creating it; None (or -1) takes the cluster's default. A connector
    file that does not say means 3, and no headers.
    """

    topic: Annotated[str, Option("errors.deadletterqueue.topic.name", "Where bad records go.")]
    context_headers: Annotated[
        bool,
        Option("errors.deadletterqueue.context.headers.enable", "Add headers that say what failed, where and why."),
    ] = True
    replication_factor: Annotated[
        int | None,
        Option(
            "errors.deadletterqueue.topic.replication.factor", "Replicas of the topic, should it have to be created."
        ),
    ] = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "topic", self.topic.strip())
        too_few = self.replication_factor is not None and self.replication_factor < 1 and self.replication_factor != -1
        check(
            "DeadLetterTopic",
            [
                problem_if(not self.topic, "topic", "must not be empty"),
                problem_if(too_few, "replication_factor", "must be 1 or more; None is the cluster's default"),
            ],
        )

    def problem_of(self, topics: Iterable[str]) -> Problem | None:
        """What is wrong when a sink that reads these topics sends its bad records here: they must not come back."""
        read = sorted(topics)
        return problem_if(
            self.topic in read,
            "errors",
            f"The DLQ topic '{self.topic}' may not be included in the list of topics "
            f"('topics=[{', '.join(read)}]') consumed by the connector",
        )


class DeadLetter(NamedTuple):
    """A bad record, byte for byte as it was read, with what went wrong in `headers`."""

    key: bytes | None
    value: bytes | None
    headers: RawHeaders
    timestamp: int | None
    offset: int


class DeadLetterQueue(Protocol):
    """Takes bad records."""

    async def send(self, letters: Sequence[DeadLetter]) -> None:
        """Returns when all of them are acknowledged. A record may arrive twice after a crash, never not at all."""
        ...


def dead_letter(
    batch: RecordBatch,
    error: RecordError,
    *,
    sink: str,
    context_headers: bool,
    executing: str | None = None,
    task: str = "0",
) -> DeadLetter:
    """The dead letter for a record of a batch as read. `error` has its coordinates.

    `executing` is the full name of the class that failed; without it the error's own word is taken.
    """
    assert error.offset is not None
    index = batch.index_of(error.offset)
    headers = tuple(batch.raw_headers(index))
    if context_headers:
        headers += _context(batch, error, sink, task, executing or error.executing_class or error.executing)
    return DeadLetter(batch.keys()[index], batch.values()[index], headers, batch.timestamps[index], error.offset)


def _context(batch: RecordBatch, error: RecordError, sink: str, task: str, executing: str) -> RawHeaders:
    """Header names and order as Kafka Connect writes them. What there is no text for is null."""
    texts = (
        ("topic", batch.source.topic),
        ("partition", str(batch.source.partition)),
        ("offset", str(error.offset)),
        ("connector.name", sink),
        ("task.id", task),
        ("stage", error.at_stage),
        ("class.name", executing or None),
        ("exception.class.name", error.connect_class),
        ("exception.message", _message(error)),
        ("exception.stacktrace", "".join(traceback.format_exception(error))),
    )
    return tuple((f"__connect.errors.{name}", None if text is None else _utf8(text)) for name, text in texts)


def _message(error: RecordError) -> str | None:
    """Of the exception that the header before names: the error itself, or a foreign one that it was made of."""
    cause = error.__cause__
    if isinstance(cause, Exception) and not isinstance(cause, RecordError) and class_of(cause) == error.connect_class:
        return str(cause) or None
    return error.reason or None


def _utf8(text: str) -> bytes:
    """A message may quote half a surrogate pair."""
    return text.encode(errors="backslashreplace")
