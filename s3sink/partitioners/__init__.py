"""Partitioners say in which directory a record belongs. One class a file; `Partitioner` is the seam."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from s3sink.batch import RecordBatch
from s3sink.record import SinkRecord


class Partitioner(Protocol):
    """Gives the encoded partition of a record: the directories between topic and file name.

    It must depend on the record alone, or the promise is at least once; say so with `deterministic = False` (an
    extractor may, too); see `is_deterministic`.
    """

    def encode(self, record: SinkRecord, now: int) -> str:
        """The encoded partition, such as `year=2026/month=11`; `now` is the clock, once a batch, in milliseconds.

        Raises PartitionError where the record has no place.
        """
        ...


class TimestampExtractor(Protocol):
    """Gives the time that a time-based partitioner uses for a record."""

    def extract(self, record: SinkRecord, now: int) -> int | None:
        """Milliseconds since the epoch. Raises PartitionError where the record has none."""
        ...


@runtime_checkable
class BatchPartitioner(Partitioner, Protocol):
    """A partitioner that also does a whole batch at once. It must agree with `encode`; the tests compare them."""

    @property
    def needs_value(self) -> bool:
        """Whether it looks into keys or values, so that they have to be decoded.

        It may name the top-level fields of the value that are all it looks at, `value_fields`: JSON text then stays
        text, and only they are decoded.
        """
        ...

    @property
    def deterministic(self) -> bool:
        """Whether the same record always gets the same encoded partition. False for the wall clock."""
        ...

    def encode_batch(self, batch: RecordBatch, now: int) -> tuple[str | list[str], Sequence[int | None] | None]:
        """One encoded partition for all records or one for each, and the timestamps used (None: not time-based).

        Raises PartitionError when any record has no place; the caller then asks `encode` record by record.
        """
        ...


# The seams come first: the modules below need them.
from s3sink.partitioners.default import DefaultPartitioner  # noqa: E402
from s3sink.partitioners.extractors import BatchExtractor, RecordField, RecordTimestamp, WallClock  # noqa: E402
from s3sink.partitioners.field import FieldPartitioner  # noqa: E402
from s3sink.partitioners.routing import is_deterministic, needs_value, route, routes_text  # noqa: E402
from s3sink.partitioners.time import DailyPartitioner, HourlyPartitioner, TimeBasedPartitioner  # noqa: E402

__all__ = [
    "BatchExtractor",
    "BatchPartitioner",
    "DailyPartitioner",
    "DefaultPartitioner",
    "FieldPartitioner",
    "HourlyPartitioner",
    "Partitioner",
    "RecordField",
    "RecordTimestamp",
    "TimeBasedPartitioner",
    "TimestampExtractor",
    "WallClock",
    "is_deterministic",
    "needs_value",
    "route",
    "routes_text",
]
