"""Rotation by the time of the records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from s3sink.batch import RoutedBatch
from s3sink.config import Option, check
from s3sink.rotation import Cut, FileSet, Reason
from s3sink.rotation.options import milliseconds, milliseconds_problem
from s3sink.rotation.partition_change import index_of_change


@dataclass(frozen=True, slots=True)
class RotateInterval:
    """Closes the files before the first record that is `interval` or more ahead of their first record.

    It goes by the timestamps that a time-based partitioner uses, not by the clock: late records never close a file,
    and neither does silence. With `partition_change`, a record for another route than the one before it closes them
    too, so that one file is open at a time. With a partitioner that is not time-based it does nothing. `interval` is
    milliseconds, or text such as "10m". (The connector's `rotate.interval.ms`.)
    """

    reason: ClassVar[Reason] = "rotate_interval"

    interval: Annotated[int | str, Option("rotate.interval.ms", "how far ahead of the first record")]
    partition_change: Annotated[bool, Option("rotate.file.on.partition.change", "also between two routes")] = True

    def __post_init__(self) -> None:
        check("RotateInterval", [milliseconds_problem(self.interval, "interval")])
        object.__setattr__(self, "interval", milliseconds(self.interval))

    def cut(self, files: FileSet, routed: RoutedBatch, now: int) -> Cut | None:
        """The offset of the first record that is too far ahead or goes another way."""
        if routed.timestamps is None or not routed.batch.n:
            return None
        ahead = self._index_ahead(files, routed.timestamps)
        change = index_of_change(files, routed) if self.partition_change else None
        if change is not None and (ahead is None or change < ahead):
            return Cut(routed.batch.offset_at(change), "partition_change")
        return None if ahead is None else Cut(routed.batch.offset_at(ahead), self.reason)

    def due_at(self, files: FileSet) -> int | None:
        """The clock does not matter."""
        return None

    def _index_ahead(self, files: FileSet, timestamps: Sequence[int | None]) -> int | None:
        base = files.base_timestamp if files.records else timestamps[0]
        if base is None:
            return None
        limit = base + milliseconds(self.interval)
        if None not in timestamps and max(timestamps) < limit:  # type: ignore[type-var, operator]
            return None
        return next((i for i, t in enumerate(timestamps) if t is not None and t >= limit), None)
