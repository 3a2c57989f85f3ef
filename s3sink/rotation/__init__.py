"""Rotation policies say when the open files of a topic-partition must close. One policy a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from s3sink.batch import Route, RoutedBatch
from s3sink.schema import Schema

Reason = Literal[
    "flush_size",
    "rotate_interval",
    "partition_change",
    "rotate_schedule",
    "max_bytes",
    "max_age",
    "schema_change",
    "max_open_files",
    "memory",
    "revoked",
    "recovered",  # the boundary was decided before a crash
    "adopted",  # the boundary was decided by another writer
]


class Cut(NamedTuple):
    """The first offset that must not be in the open files any more, and why."""

    offset: int
    reason: Reason


@dataclass(slots=True)
class FileSet:
    """What policies may know of the files that are open for one source topic-partition. They close together.

    `start` is the first offset of the generation, `stop` the next offset to be written. `records` counts the records of
    all files, `bytes` what they have produced so far, compressed. `base_timestamp` is the partitioner's timestamp of
    the first record, `last_route` the route of the last one. `opened_at` is the wall clock at the first record, None
    while nothing is open. `schemas` has the value schema of the first record of each open file.
    """

    start: int
    stop: int
    records: int = 0
    bytes: int = 0
    base_timestamp: int | None = None
    opened_at: int | None = None
    last_route: Route | None = None
    schemas: dict[Route, Schema | None] = field(default_factory=dict)


class RotationPolicy(Protocol):
    """A pure function of the open files, the next records and the time."""

    def cut(self, files: FileSet, routed: RoutedBatch, now: int) -> Cut | None:
        """Where the files must close if these records are written next; None when all of them fit.

        The offset is at least the span's start of the batch (close before all of it) and at most its stop.
        """
        ...

    def due_at(self, files: FileSet) -> int | None:
        """When the files must close even if no record comes, in milliseconds; None when time does not matter."""
        ...


# The seams come first: the modules below need them.
from s3sink.rotation.compatibility import Compatibility  # noqa: E402
from s3sink.rotation.decide import decide, due  # noqa: E402
from s3sink.rotation.flush_size import FlushSize  # noqa: E402
from s3sink.rotation.max_age import MaxAge  # noqa: E402
from s3sink.rotation.max_bytes import MaxBytes  # noqa: E402
from s3sink.rotation.max_open_files import MaxOpenFiles  # noqa: E402
from s3sink.rotation.partition_change import PartitionChange  # noqa: E402
from s3sink.rotation.rotate_interval import RotateInterval  # noqa: E402
from s3sink.rotation.rotate_schedule import RotateSchedule  # noqa: E402
from s3sink.rotation.schema_change import SchemaChange  # noqa: E402

__all__ = [
    "Compatibility",
    "Cut",
    "FileSet",
    "FlushSize",
    "MaxAge",
    "MaxBytes",
    "MaxOpenFiles",
    "PartitionChange",
    "Reason",
    "RotateInterval",
    "RotateSchedule",
    "RotationPolicy",
    "SchemaChange",
    "decide",
    "due",
]
