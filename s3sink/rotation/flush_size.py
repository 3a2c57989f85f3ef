"""Rotation by number of records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from s3sink.batch import RoutedBatch
from s3sink.config import Option, check, problem_if
from s3sink.rotation import Cut, FileSet, Reason


@dataclass(frozen=True, slots=True)
class FlushSize:
    """Closes the files behind their `records`-th record, counted over all files of the topic-partition together."""

    reason: ClassVar[Reason] = "flush_size"

    records: Annotated[int, Option("flush.size", "records of all open files together")]

    def __post_init__(self) -> None:
        check("FlushSize", [problem_if(self.records < 1, "records", "must be 1 or more")])

    def cut(self, files: FileSet, routed: RoutedBatch, now: int) -> Cut | None:
        """One past the offset of the record that fills the files."""
        batch, left = routed.batch, self.records - files.records
        if left <= 0:
            return Cut(batch.span.start, self.reason)
        return Cut(batch.offset_at(left - 1) + 1, self.reason) if left <= batch.n else None

    def due_at(self, files: FileSet) -> int | None:
        """Time does not matter."""
        return None
