"""What the writers of all partitions share, and what they tell each other's callers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from s3sink.batch import Kind, Route
from s3sink.clock import Clock
from s3sink.errors import S3SinkError
from s3sink.formats import Format
from s3sink.layout import Layout
from s3sink.metrics import Metrics
from s3sink.retry import Backoff
from s3sink.rotation import Compatibility, Reason, RotationPolicy
from s3sink.state import Committer, StateStore
from s3sink.storage import ObjectStore

OnConflict = Literal["fail", "overwrite"]


class Decided(NamedTuple):
    """A generation that exists already, on paper or in the bucket: source offsets `[start, stop)` must be cut so.

    `keys` has the logged key of a file where its changelog row was found. `done`: every file exists, nothing is to be
    written, the records are only read past.
    """

    start: int
    stop: int
    reason: Reason
    id: str | None = None
    keys: Mapping[Route, str] = {}
    done: bool = False


class Replaced(S3SinkError):
    """The coordinator refused an intent or a commit: another worker has the partition now."""


class Rewind(S3SinkError):
    """Another writer's generation was found under our key: read again from `start` and cut as it did."""

    def __init__(self, start: int, decided: Decided) -> None:
        self.start, self.decided = start, decided
        super().__init__(f"read again from offset {start} to finish [{decided.start}, {decided.stop})")


@dataclass(frozen=True, slots=True)
class Setup:
    """What all partitions of a sink have in common."""

    store: ObjectStore
    state: StateStore
    committer: Committer
    formats: Mapping[Kind, Format]
    layout: Layout
    policies: Sequence[RotationPolicy]
    fingerprint: str
    conditional_create: bool
    on_conflict: OnConflict
    part_size: int
    new_id: Callable[[], str]
    clock: Clock
    metrics: Metrics
    backoff: Backoff = field(default_factory=Backoff)
    compatibility: Compatibility = "NONE"
