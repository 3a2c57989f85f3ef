"""A record on its way from a topic to a file."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from s3sink.schema import Schema


class TopicPartition(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}"


class Header(NamedTuple):
    """One header of a record. As read, `value` is bytes or None and there is no schema."""

    key: str
    value: Any
    schema: Schema | None = None


Headers = tuple[Header, ...]


class SinkRecord(msgspec.Struct, frozen=True, gc=False):
    """One record, immutable: a transform returns a changed copy (`replace`) and never touches its argument.

    `source` and `offset` say where it was read: no transform changes them. `topic` is where it goes: routers change
    that. `timestamp` is milliseconds since the epoch. A value with a schema is made of plain Python: a struct or map is
    a dict, an array a list, bytes are bytes, the logical types are `decimal.Decimal`, `datetime.date`,
    `datetime.time` and `datetime.datetime` (UTC, aware).
    """

    source: TopicPartition
    offset: int
    timestamp: int | None
    topic: str
    key: Any = None
    value: Any = None
    headers: Headers = ()
    key_schema: Schema | None = None
    value_schema: Schema | None = None

    def replace(self, **changes: Any) -> SinkRecord:
        """A copy with other values for the named fields; an unknown name is a TypeError."""
        return msgspec.structs.replace(self, **changes)
