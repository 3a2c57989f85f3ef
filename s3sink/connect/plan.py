"""What a configuration will write: the objects of a sample, and what comes of them at a rate of records."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from s3sink.connect.contents import records_in
from s3sink.partitioners import DailyPartitioner, HourlyPartitioner, Partitioner, TimeBasedPartitioner
from s3sink.partitioners.affix import SchemaNameAffix
from s3sink.rotation import FlushSize, MaxAge, MaxBytes, RotateInterval, RotateSchedule, RotationPolicy
from s3sink.rotation.options import milliseconds, size_in_bytes
from s3sink.sink import S3Sink

_HOUR, _DAY = 3600.0, 86_400.0


@dataclass(frozen=True, slots=True)
class PlannedObject:
    """One object of the sample; `records` is None where its content does not tell."""

    key: str
    directory: str
    kind: str
    size: int
    records: int | None
    requests: int


@dataclass(frozen=True, slots=True)
class Rate:
    """What a rate of records makes of a configuration.

    `closed_by` is what closes files first, "" where nothing ever does. All figures are of all partitions together but
    `seconds_open`, `records_per_file` and `bytes_per_file`. They take the sample for the whole topic: its sizes, its
    share of each directory; compression gets better in larger files than the sample's.
    """

    records_per_second: float
    partitions: int
    closed_by: str
    seconds_open: float
    records_per_file: float
    bytes_per_file: float
    files_per_hour: float
    requests_per_hour: float
    bytes_per_day: float


def planned(sink: S3Sink, objects: Mapping[str, bytes], prefix: str = "") -> list[PlannedObject]:
    """The objects, by their whole keys; `prefix` is what the store puts before them."""
    separator = getattr(sink.format, "separator", b"\n")
    made = []
    for key, body in sorted(objects.items()):
        route = sink.layout.route(key)
        requests = requests_for(len(body), int(sink.part_size))
        count = records_in(key, body, separator)
        made.append(PlannedObject(prefix + key, route.encoded_partition, route.kind, len(body), count, requests))
    return made


def requests_for(size: float, part_size: int) -> int:
    """PUTs of an object: one, or the parts with their beginning, their end, and the tags that say what is in them."""
    return 1 if size <= part_size else math.ceil(size / part_size) + 3


# ---------------------------------------------------------------------------------------------- at a rate
def at_rate(sink: S3Sink, objects: Sequence[PlannedObject], rate: float, partitions: int) -> Rate | None:
    """What `rate` records a second over so many partitions come to; None where the sample says nothing of sizes."""
    values = [one for one in objects if not one.kind]
    records = sum(one.records or 0 for one in values)
    if rate <= 0 or not records:
        return None
    each = rate / partitions
    stored = sum(one.size for one in objects) / records
    closed_by, seconds = _closing(sink, each, stored)
    per_cut = max(1.0, each * seconds) if math.isfinite(seconds) else math.inf
    shares = _shares(values, records)
    files = _files(sink, shares, per_cut, seconds)
    cuts_per_hour = _HOUR * each / per_cut if math.isfinite(per_cut) else 0.0
    kinds = len({one.kind for one in objects})
    files_per_hour = partitions * cuts_per_hour * files * kinds
    size = per_cut * stored / (files * kinds) if math.isfinite(per_cut) else math.inf
    requests = files_per_hour * requests_for(size, int(sink.part_size)) if files_per_hour else 0.0
    return Rate(
        rate,
        partitions,
        closed_by,
        seconds,
        per_cut / files,
        size,
        files_per_hour,
        requests,
        rate * stored * _DAY,
    )


def _closing(sink: S3Sink, each: float, stored: float) -> tuple[str, float]:
    """What closes files first, and after how many seconds."""
    due = [found for policy in sink.rotation for found in _due(policy, sink, each, stored)]
    return min(due, key=lambda one: one[1], default=("", math.inf))


def _due(policy: RotationPolicy, sink: S3Sink, each: float, stored: float) -> Iterable[tuple[str, float]]:
    if isinstance(policy, FlushSize):
        yield "flush.size", policy.records / each
    elif isinstance(policy, RotateInterval):
        yield "rotate.interval.ms", milliseconds(policy.interval) / 1000
        if policy.partition_change and (bucket := bucket_seconds(sink.partitioner)):
            yield "rotate.file.on.partition.change", bucket
    elif isinstance(policy, RotateSchedule):
        yield "rotate.schedule.interval.ms", milliseconds(policy.interval) / 1000
    elif isinstance(policy, MaxAge):
        yield "s3sink.max.age.ms", milliseconds(policy.age) / 1000
    elif isinstance(policy, MaxBytes):
        yield "s3sink.max.bytes", size_in_bytes(policy.size) / (each * stored)


def bucket_seconds(partitioner: Partitioner) -> float | None:
    """How long a directory of time is in use; None for directories of something else."""
    if isinstance(partitioner, SchemaNameAffix):
        return bucket_seconds(partitioner.partitioner)
    if isinstance(partitioner, HourlyPartitioner):
        return _HOUR
    if isinstance(partitioner, DailyPartitioner):
        return _DAY
    duration = partitioner.duration if isinstance(partitioner, TimeBasedPartitioner) else None
    return None if duration is None else milliseconds(duration) / 1000


def _shares(values: Sequence[PlannedObject], records: int) -> list[float]:
    """Of each directory in the sample's records."""
    counts: Counter[str] = Counter()
    for one in values:
        counts[one.directory] += one.records or 0
    return [count / records for count in counts.values()]


def _files(sink: S3Sink, shares: Sequence[float], records: float, seconds: float) -> float:
    """Directories that a set of files has: of time those that pass meanwhile, else those that its records hit."""
    if not math.isfinite(records):
        return 1.0
    bucket = bucket_seconds(sink.partitioner)
    if bucket:
        return min(records, 1 + (seconds / bucket if seconds != bucket else 0))
    if getattr(sink.partitioner, "fields", None) is None:
        return 1.0
    return max(1.0, sum(1 - math.pow(1 - share, records) for share in shares))


def sample_rate(timestamps: Sequence[int]) -> float | None:
    """Records a second of a sample, from the times of its records; None where they do not tell."""
    span = (max(timestamps) - min(timestamps)) / 1000 if timestamps else 0
    return (len(timestamps) - 1) / span if span > 0 else None


def odd_years(objects: Iterable[PlannedObject]) -> list[str]:
    """Directories of 1970: seconds, or digits of a date, that were taken for milliseconds."""
    return sorted({one.directory for one in objects if "1970" in one.directory})
