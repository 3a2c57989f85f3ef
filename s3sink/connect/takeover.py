"""Whether a sink can go on where another stopped: where the last object of a partition ends, and where the group is."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from s3sink.batch import Route
from s3sink.connect.contents import records_in
from s3sink.connect.rules import Level
from s3sink.errors import ConfigError, Problem
from s3sink.generation import owner_of
from s3sink.layout import Layout
from s3sink.partitioners import DefaultPartitioner
from s3sink.record import TopicPartition
from s3sink.sink import S3Sink
from s3sink.storage import ObjectSummary

Outcome = Literal["clean", "new", "overlap", "gap", "lost", "unknown"]
_TOGETHER = 8


class Place(NamedTuple):
    """An object of a partition by its key: the offset of its first record."""

    start: int
    key: str


class StoredObject(NamedTuple):
    """An object that was looked at. `records` is None where the content does not tell.

    `stop` is where its generation ends, which objects of s3sink say themselves.
    """

    start: int
    key: str
    records: int | None
    stop: int | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """The last objects of a partition, the latest first, and how many there are."""

    objects: tuple[StoredObject, ...] = ()
    total: int = 0

    @property
    def stop(self) -> int | None:
        """The offset behind the last record that is stored, as far as these objects tell; None without any.

        Records of one generation are spread over objects of several directories: behind the start of any of them are at
        least the records of it and of the later ones. So this is never too high while offsets have no holes (filtered
        records, transactions, compaction), and exact when it has seen the generation's first object.
        """
        if not self.objects:
            return None
        best, records = 0, 0
        for one in self.objects:
            records += one.records or 1
            best = max(best, one.start + records, one.stop or 0)
        return best

    @property
    def exact(self) -> bool:
        """Whether every object said how many records it has."""
        return all(one.records is not None or one.stop is not None for one in self.objects)


@dataclass(frozen=True, slots=True)
class Decision:
    """What awaits a sink on one partition.

    `count` records are in both (overlap) or in neither (gap, lost), at most.
    """

    outcome: Outcome
    level: Level | None
    count: int
    reason: str
    remedy: str = ""


# ---------------------------------------------------------------------------------------------- the bucket
def places(sink: S3Sink, topic: str, listing: Iterable[ObjectSummary]) -> dict[int, list[Place]]:
    """The objects of each partition of a topic, the latest first. Files of keys and headers are passed over.

    Raises ConfigError for names that cannot be taken apart.
    """
    name = _name(sink.layout, topic)
    found: dict[int, list[Place]] = {}
    for summary in listing:
        match = name.fullmatch(_last(sink.layout, summary.key))
        if match and _counts(sink, summary.key, match["kind"], match["extension"]):
            found.setdefault(int(match["partition"]), []).append(Place(int(match["offset"]), summary.key))
    return {partition: sorted(some, reverse=True) for partition, some in found.items()}


def _name(layout: Layout, topic: str) -> re.Pattern[str]:
    if not layout.file_delim:
        raise ConfigError([Problem("file.delim", "is empty: partition and offset in a name cannot be told apart")])
    between = re.escape(layout.file_delim)
    numbers = rf"(?P<partition>\d+){between}(?P<offset>\d+)"
    return re.compile(
        rf"{re.escape(topic)}{between}{numbers}(?:\.(?P<kind>keys|headers))?(?P<extension>\D.*)", re.ASCII
    )


def _last(layout: Layout, key: str) -> str:
    return key.rsplit(layout.directory_delim, 1)[-1] if layout.directory_delim else key


def _counts(sink: S3Sink, key: str, kind: str | None, extension: str) -> bool:
    """Files of values; of records that have none, the files of keys."""
    if kind is None:
        return extension == sink.format.extension
    tombstones = sink.companions.tombstones
    if kind != "keys" or tombstones is None or sink.keys_format is None:
        return False
    return extension == sink.keys_format.extension and sink.layout.route(key).encoded_partition == tombstones


async def look_back(sink: S3Sink, found: Sequence[Place], committed: int | None, most: int) -> Stored:
    """Read the last objects, back until they reach to the group's offset, `most` of them at most."""
    looked: list[StoredObject] = []
    for at in range(0, min(most, len(found)), _TOGETHER):
        chunk = found[at : min(at + _TOGETHER, most)]
        looked += await asyncio.gather(*(_look(sink, place) for place in chunk))
        stored = Stored(tuple(looked), len(found))
        if committed is not None and looked[-1].start <= committed <= (stored.stop or 0):
            break
    return Stored(tuple(looked), len(found))


async def _look(sink: S3Sink, place: Place) -> StoredObject:
    """An object of ours says in its metadata what it has; another one has to be read."""
    info = await sink.store.head(place.key)
    owner = owner_of(info.metadata) if info else None
    if owner is not None and owner.stop is not None:
        return StoredObject(place.start, place.key, max(owner.records, 0) or None, owner.stop)
    count = records_in(place.key, await sink.store.get(place.key), getattr(sink.format, "separator", b"\n"))
    return StoredObject(place.start, place.key, count)


# ---------------------------------------------------------------------------------------------- the decision
def decide(sink: S3Sink, committed: int | None, begin: int, end: int, stored: Stored) -> Decision:
    """What is between the last object and the group's offset; the topic has offsets `[begin, end)` now."""
    stop = stored.stop
    if max(committed or 0, stop or 0) > end:
        reason = f"the topic ends at {end}, before what is committed or stored: it was deleted and made anew"
        return Decision("lost", "error", 0, reason, "give the connector another name, and another topics.dir")
    if committed is not None and committed < begin:
        gone = begin - committed
        reason = f"the topic begins at {begin}: offsets {committed} to {begin - 1} were deleted before they were read"
        return Decision("lost", "error", gone, reason, "with s3sink.on.gap=continue it goes on behind them")
    if stop is None:
        return _without_objects(committed, begin)
    if stop > (committed or 0) and _ours_beyond(stored, committed or 0):
        reason = f"objects reach to {stop - 1}; they are s3sink's own, and it goes on behind them"
        return Decision("overlap", None, stop - (committed or 0), reason)
    if committed is None:
        reason = f"the group has no offset, so it starts at {begin}; objects reach to {stop - 1}"
        return Decision("overlap", "error", max(0, stop - begin), reason, "set the group's offset")
    if stop > committed:
        reason = f"offsets {committed} to {stop - 1} are in objects, and the group has not committed them"
        remedy = "set the group's offset"
        if sink.deterministic:
            remedy += ", or write them again under the same keys with s3sink.on.conflict=overwrite"
        return Decision("overlap", "error", stop - committed, reason, remedy)
    if stop < committed:
        return _gap(sink, committed, stored, stop)
    return Decision("clean", None, 0, f"the last object ends where the group stands, at {committed}")


def _ours_beyond(stored: Stored, committed: int) -> bool:
    """Whether all that lies beyond the group's offset says of itself what it is."""
    beyond = [one for one in stored.objects if one.start + (one.records or 1) > committed]
    return all(one.stop is not None for one in beyond)


def _without_objects(committed: int | None, begin: int) -> Decision:
    if committed is None or committed <= begin:
        return Decision("new", None, 0, f"nothing is stored, and the group starts at {committed or begin}")
    reason = f"the group stands at {committed}, and there is no object of this partition"
    remedy = "compare s3.bucket.name, topics.dir and format.class with those that were in use"
    return Decision("gap", "warning", committed - begin, reason, remedy)


def _gap(sink: S3Sink, committed: int, stored: Stored, stop: int) -> Decision:
    reason = f"offsets {stop} to {committed - 1} are committed, and in none of the last {len(stored.objects)} objects"
    if not stored.exact:
        return Decision("unknown", "warning", committed - stop, f"{reason}, which do not all say what they hold")
    if _drops(sink):
        remedy = "nothing to do where transforms, null values or bad records account for them"
        return Decision("gap", "warning", committed - stop, reason, remedy)
    remedy = "holes of transactions or compaction account for it, or objects are missing: compare the bucket"
    return Decision("gap", "error", committed - stop, reason, remedy)


def _drops(sink: S3Sink) -> bool:
    """Whether records may end in no object by the sink's own doing."""
    tolerant = sink.error_policy.tolerance == "all"
    return bool(sink.transforms) or tolerant or sink.null_values in ("ignore", "report")


def expected_key(sink: S3Sink, source: TopicPartition, offset: int, prefix: str = "") -> str:
    """The key of the object that begins with an offset, as far as it is known without the record."""
    plain = isinstance(sink.partitioner, DefaultPartitioner) and sink.keeps_topic
    directory = f"partition={source.partition}" if plain else "<directory>"
    return prefix + sink.layout.key(Route(source.topic, directory), source.partition, offset, sink.format.extension)
