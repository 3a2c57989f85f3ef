"""Rotation by number of open files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from s3sink.batch import RoutedBatch
from s3sink.config import Option, check, problem_if
from s3sink.rotation import Cut, FileSet, Reason


@dataclass(frozen=True, slots=True)
class MaxOpenFiles:
    """Closes all files before a record that would open one more than `files` for the topic-partition.

    The open files are the routes of `FileSet.schemas`. (The connector's `partitioner.max.open.files`.)
    """

    reason: ClassVar[Reason] = "max_open_files"

    files: Annotated[int, Option("partitioner.max.open.files", "files that may be open together")]

    def __post_init__(self) -> None:
        check("MaxOpenFiles", [problem_if(self.files < 1, "files", "must be 1 or more")])

    def cut(self, files: FileSet, routed: RoutedBatch, now: int) -> Cut | None:
        """The offset of the record that needs one file too many."""
        opened = set(files.schemas)
        wanted = {routed.single} if routed.single else set(routed.routes)
        if not routed.batch.n or len(opened | wanted) <= self.files:
            return None
        for index in range(routed.batch.n):
            opened.add(routed.route_at(index))
            if len(opened) > self.files:
                return Cut(routed.batch.offset_at(index), self.reason)
        return None

    def due_at(self, files: FileSet) -> int | None:
        """Time does not matter."""
        return None
