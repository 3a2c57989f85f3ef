"""What several policies say together."""

from __future__ import annotations

from collections.abc import Iterable

from s3sink.batch import RoutedBatch
from s3sink.rotation import Cut, FileSet, Reason, RotationPolicy

# At one offset the first of these gives the reason: a full file is full before the next record is looked at, and for
# that one the connector asks time, then schema, then the number of files.
_ORDER: tuple[Reason, ...] = (
    "flush_size",
    "max_bytes",
    "rotate_interval",
    "partition_change",
    "rotate_schedule",
    "max_age",
    "schema_change",
    "max_open_files",
)
_RANK = {reason: rank for rank, reason in enumerate(_ORDER)}


def decide(policies: Iterable[RotationPolicy], files: FileSet, routed: RoutedBatch, now: int) -> Cut | None:
    """Where the files must close if these records are written next: the smallest offset that a policy gives.

    What is behind it must be asked about again, with the files that are open then. Nothing is cut before the batch
    while no file is open, whatever a policy says, so that the caller always gets on.
    """
    cuts = [cut for policy in policies if (cut := policy.cut(files, routed, now)) is not None]
    if not files.records:
        cuts = [cut for cut in cuts if cut.offset > routed.batch.span.start]
    return min(cuts, key=_precedence, default=None)


def _precedence(cut: Cut) -> tuple[int, int]:
    return cut.offset, _RANK.get(cut.reason, len(_ORDER))


def due(policies: Iterable[RotationPolicy], files: FileSet) -> tuple[int, Reason] | None:
    """When the files must close even if no record comes, in epoch milliseconds, and why; None when nothing is open.

    A policy of the user's own says its reason in an attribute `reason`; without one it counts as `max_age`.
    """
    if not files.records:
        return None
    times = [(at, policy) for policy in policies if (at := policy.due_at(files)) is not None]
    if not times:
        return None
    at, policy = min(times, key=lambda time: time[0])
    return at, getattr(policy, "reason", "max_age")
