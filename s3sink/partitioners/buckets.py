"""Paths of timestamps: the arithmetic of time buckets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from math import gcd

from s3sink.zones import DAY, local_to_utc, offset_at

_QUARTER = 900_000
_CACHED_CELLS = 10_000


class BucketPaths:
    """Gives the path of a timestamp: the pattern rendered at the start of the timestamp's bucket.

    Buckets are `duration` milliseconds of local time, counted from the local epoch and cut toward zero, so that they
    do not follow midnights or changes of the clocks (as the connector's `TimeBasedPartitioner` has them).

    Rendering is slow, so paths are kept per cell: a short stretch of UTC that is mostly inside one bucket. A cell that
    is not (a bucket or a change of the clocks begins in it) is computed for each timestamp.
    """

    __slots__ = ("_cell", "_duration", "_paths", "_render", "_zone")

    def __init__(self, render: Callable[[int], str], duration: int, zone: tzinfo) -> None:
        self._render = render
        self._duration = duration
        self._zone = zone
        self._cell = gcd(duration, _QUARTER)
        self._paths: dict[int, str | None] = {}

    def path(self, timestamp: int) -> str:
        """The path of one timestamp."""
        cell = timestamp // self._cell
        if cell not in self._paths:
            self._fill(cell)
        path = self._paths[cell]
        return self._exact(timestamp) if path is None else path

    def paths(self, timestamps: Sequence[int]) -> str | list[str]:
        """The path of all timestamps where they share a bucket, else one for each."""
        if not timestamps:
            return []
        first, last = min(timestamps), max(timestamps)
        if self._together(first, last):
            return self.path(first)
        known, cell, path = self._paths, self._cell, self.path
        return [known.get(t // cell) or path(t) for t in timestamps]

    def _fill(self, cell: int) -> None:
        if len(self._paths) >= _CACHED_CELLS:
            self._paths.clear()
        first = cell * self._cell
        self._paths[cell] = self._exact(first) if self._together(first, first + self._cell - 1) else None

    def _exact(self, timestamp: int) -> str:
        bucket = self._bucket(timestamp + offset_at(timestamp, self._zone))
        return self._render(local_to_utc(bucket, self._zone))

    def _bucket(self, local: int) -> int:
        index = local // self._duration if local >= 0 else -(-local // self._duration)
        return index * self._duration

    def _together(self, first: int, last: int) -> bool:
        """Whether everything between two timestamps has one bucket; may say no where the answer is yes.

        Equal offsets at both ends of less than a day mean that the clocks did not change in between.
        """
        if last - first >= DAY:
            return False
        offset = offset_at(first, self._zone)
        return self._bucket(first + offset) == self._bucket(last + offset) and offset_at(last, self._zone) == offset
