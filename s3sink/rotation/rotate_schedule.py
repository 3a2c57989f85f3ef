"""Rotation at fixed times of the day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from s3sink.batch import RoutedBatch
from s3sink.config import Option, check
from s3sink.errors import Problem
from s3sink.rotation import Cut, FileSet, Reason
from s3sink.rotation.options import cut_when_due, milliseconds, milliseconds_problem
from s3sink.zones import parse_zone, start_of_day, zone_problem


@dataclass(frozen=True, slots=True)
class RotateSchedule:
    """Closes the files at every multiple of `interval` of wall clock, counted from local midnight in `timezone`.

    An interval that does not divide the day is cut short at midnight; one of more than a day means every midnight.
    Days of 23 or 25 hours have fewer or more multiples. Files that were opened exactly on one stay open until the
    next. `interval` is milliseconds, or text such as "10m". (The connector's `rotate.schedule.interval.ms`.)
    """

    reason: ClassVar[Reason] = "rotate_schedule"

    interval: Annotated[int | str, Option("rotate.schedule.interval.ms", "distance of the scheduled times")]
    timezone: Annotated[str, Option(doc="zone whose midnights count")] = "UTC"

    def __post_init__(self) -> None:
        problem = zone_problem(self.timezone)
        zone = Problem("timezone", problem) if problem else None
        check("RotateSchedule", [milliseconds_problem(self.interval, "interval"), zone])
        object.__setattr__(self, "interval", milliseconds(self.interval))

    def cut(self, files: FileSet, routed: RoutedBatch, now: int) -> Cut | None:
        """Before the whole batch, when the time has come since the files were opened."""
        return cut_when_due(self.due_at(files), self.reason, routed, now)

    def due_at(self, files: FileSet) -> int | None:
        """The first scheduled time after the files were opened."""
        if files.opened_at is None:
            return None
        zone = parse_zone(self.timezone)
        midnight, following = start_of_day(files.opened_at, zone), start_of_day(files.opened_at, zone, 1)
        interval = milliseconds(self.interval)
        passed = (files.opened_at - midnight) // interval
        return min(midnight + (passed + 1) * interval, following)
