"""Dead letters: where records go that cannot be written, when the user prefers that to stopping."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from s3sink.batch import RecordBatch
from s3sink.config import check, problem_if
from s3sink.errors import RecordError

RawHeaders = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class DeadLetterTopic:
    """Send bad records to this topic and go on; it is created with one partition when it does not exist.

    `context_headers` adds Kafka Connect's `__connect.errors.*` headers: what failed, where, and why.
    """

    topic: str
    context_headers: bool = True
    replication_factor: int | None = None

    def __post_init__(self) -> None:
        check("DeadLetterTopic", [problem_if(not self.topic.strip(), "topic", "must not be empty")])


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


def dead_letter(batch: RecordBatch, error: RecordError, *, sink: str, context_headers: bool) -> DeadLetter:
    """The dead letter for a record of a batch as read. `error` has its coordinates."""
    assert error.offset is not None
    index = batch.index_of(error.offset)
    headers = tuple(batch.raw_headers(index))
    if context_headers:
        headers += _context(batch, error, sink)
    return DeadLetter(batch.keys()[index], batch.values()[index], headers, batch.timestamps[index], error.offset)


def _context(batch: RecordBatch, error: RecordError, sink: str) -> RawHeaders:
    """Header names and order as Kafka Connect writes them."""
    cause = error.__cause__ or error
    texts = (
        ("topic", batch.source.topic),
        ("partition", str(batch.source.partition)),
        ("offset", str(error.offset)),
        ("connector.name", sink),
        ("task.id", "0"),
        ("stage", error.at_stage),
        ("class.name", error.executing or None),
        ("exception.class.name", error.connect_class),
        ("exception.message", str(cause) if cause is not error else error.reason),
        ("exception.stacktrace", "".join(traceback.format_exception(error))),
    )
    return tuple((f"__connect.errors.{name}", None if text is None else text.encode()) for name, text in texts)
