"""Rotation where records begin to go another way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from s3sink.batch import RoutedBatch
from s3sink.rotation import Cut, FileSet, Reason


@dataclass(frozen=True, slots=True)
class PartitionChange:
    """Closes the files before a record with another route than the record before it: one file is open at a time.

    Two routes that take turns make files of one record.
    """

    reason: ClassVar[Reason] = "partition_change"

    def cut(self, files: FileSet, routed: RoutedBatch, now: int) -> Cut | None:
        """The offset of the first record with another route."""
        index = index_of_change(files, routed)
        return None if index is None else Cut(routed.batch.offset_at(index), self.reason)

    def due_at(self, files: FileSet) -> int | None:
        """Time does not matter."""
        return None


def index_of_change(files: FileSet, routed: RoutedBatch) -> int | None:
    """Index of the first record whose route differs from the one before it, open files included."""
    if not routed.batch.n:
        return None
    last = files.last_route if files.records else routed.route_at(0)
    if routed.single is not None:
        return None if routed.single == last else 0
    return next((i for i in range(routed.batch.n) if routed.route_at(i) != last), None)
