"""Rotation by the age of the files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from s3sink.batch import RoutedBatch
from s3sink.config import Option, check
from s3sink.rotation import Cut, FileSet, Reason
from s3sink.rotation.options import cut_when_due, milliseconds, milliseconds_problem


@dataclass(frozen=True, slots=True)
class MaxAge:
    """Closes the files `age` of wall clock after their first record, idle ones too.

    `age` is milliseconds, or text such as "10m".
    """

    reason: ClassVar[Reason] = "max_age"

    age: Annotated[int | str, Option("s3sink.max.age.ms", "wall clock since the first record")]

    def __post_init__(self) -> None:
        check("MaxAge", [milliseconds_problem(self.age, "age")])
        object.__setattr__(self, "age", milliseconds(self.age))

    def cut(self, files: FileSet, routed: RoutedBatch, now: int) -> Cut | None:
        """Before the whole batch, when the files are old enough."""
        return cut_when_due(self.due_at(files), self.reason, routed, now)

    def due_at(self, files: FileSet) -> int | None:
        """`age` after the files were opened."""
        return None if files.opened_at is None else files.opened_at + milliseconds(self.age)
