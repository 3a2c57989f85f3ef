"""Durable state of a partition: the boundary in a changelog, the progress and intent in the group's offsets.

Three places can say what was decided, and each alone is enough to recover: the changelog (`StateStore`), the consumer
group (`Committer`) and the bucket (metadata of the objects, `s3sink.generation`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from s3sink.batch import Kind, Route
from s3sink.record import TopicPartition


class FileEntry(msgspec.Struct, frozen=True, array_like=True):
    """A file of a decided generation, as the changelog has it. Offsets `first` and `last` are of records in it."""

    topic: str
    encoded_partition: str
    key: str
    first: int
    last: int
    count: int
    kind: Kind = ""

    @property
    def route(self) -> Route:
        """Where its records go."""
        return Route(self.topic, self.encoded_partition, self.kind)


class GenerationEntry(msgspec.Struct, frozen=True):
    """A decided generation: source offsets `[start, stop)` become these files, whoever writes them."""

    id: str
    start: int
    stop: int
    reason: str
    files: tuple[FileEntry, ...]


class Boundary(msgspec.Struct, frozen=True):
    """What one round has decided for a partition: consecutive generations, logged before any object is visible."""

    generations: tuple[GenerationEntry, ...]
    fingerprint: str

    @property
    def id(self) -> str:
        """The round's id, which its intent carries too; a row with another id is stale."""
        return self.generations[0].id

    @property
    def stop(self) -> int:
        """Where the round ends: what the group's offset is once it is committed."""
        return self.generations[-1].stop


class Intent(msgspec.Struct, frozen=True):
    """A decided, perhaps half-written round: it begins at the committed offset and ends its generations at `stops`.

    It is the metadata of the committed offset, so the group coordinator takes it only from a live member.
    """

    id: str
    stops: tuple[int, ...]
    fingerprint: str


class Progress(msgspec.Struct, frozen=True):
    """What the group knows of a partition: everything before `offset` is stored; perhaps an intent from there on.

    `until` is where the last generation ends that is known to be in the bucket beyond `offset`; `offset` or less when
    there is none. None: it was not a sink that committed this offset (an operator, another program), or the sink did
    not look into the bucket yet.
    """

    offset: int
    intent: Intent | None = None
    until: int | None = None


class StateStore(Protocol):
    """The changelog-backed table of boundaries, one row a source partition."""

    async def get(self, source: TopicPartition, *, fresh: bool = False) -> Boundary | None:
        """The last boundary that was put; None when there never was one.

        It may be an old one of this worker's, unless `fresh`: then it is the last of whichever worker.
        """
        ...

    async def put(self, source: TopicPartition, boundary: Boundary) -> None:
        """Log a boundary. Returns when the brokers have acknowledged it. Rows are not fenced."""
        ...


class Committer(Protocol):
    """The offsets of the consumer group, one a source partition."""

    async def commit(self, source: TopicPartition, progress: Progress) -> bool:
        """Commit an offset, with its intent as metadata. True: the coordinator took it.

        False: this member was replaced, or the partition is no longer its own; nothing was changed and the partition's
        state must be dropped. Returns only with a definite answer; a broker that cannot be reached is asked again.
        """
        ...

    async def committed(self, source: TopicPartition) -> Progress | None:
        """What the group knows; None when it has no offset for the partition."""
        ...

    def floor(self, source: TopicPartition) -> int:
        """The offset from which the partition would be read if it were assigned now, 0 for none. Answers at once."""
        ...


_encoder = msgspec.json.Encoder()
_boundary_decoder = msgspec.json.Decoder(Boundary)


def encode_boundary(boundary: Boundary) -> bytes:
    """The row of the changelog."""
    return _encoder.encode(boundary)


def decode_boundary(row: bytes) -> Boundary:
    """A boundary from its row. Raises msgspec.DecodeError for what is none."""
    return _boundary_decoder.decode(row)


class _Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One sink's part of an offset's metadata. `start` only where it differs from the committed offset.

    `ahead` is how far `Progress.until` is beyond `start`; its being there says that a sink wrote this.
    """

    start: int | None = None
    ahead: int | None = None
    id: str | None = None
    steps: tuple[int, ...] = ()
    config: str = ""


_entries_decoder = msgspec.json.Decoder(dict[str, _Entry])


def encode_metadata(offset: int, by_sink: dict[str, Progress]) -> str:
    """The metadata of a committed offset from the progress of each sink that shares the partition; "" for nothing.

    Stops are written as differences: the broker takes 4096 bytes by default (`offset.metadata.max.bytes`).
    """
    entries = {name: _entry(offset, progress) for name, progress in by_sink.items()}
    kept = {name: entry for name, entry in entries.items() if entry != _Entry()}
    return _encoder.encode(kept).decode() if kept else ""


def _entry(offset: int, progress: Progress) -> _Entry:
    start = progress.offset if progress.offset != offset else None
    ahead = None if progress.until is None else max(0, progress.until - progress.offset)
    if progress.intent is None:
        return _Entry(start, ahead)
    intent = progress.intent
    return _Entry(start, ahead, intent.id, _steps(progress.offset, intent.stops), intent.fingerprint)


def _steps(start: int, stops: Sequence[int]) -> tuple[int, ...]:
    return tuple(stop - before for before, stop in zip((start, *stops), stops, strict=False))


def decode_metadata(offset: int, metadata: str) -> dict[str, Progress]:
    """The progress of each sink named in the metadata of a committed offset.

    A sink that is not named stands at `offset` itself. Metadata that is not ours (another program committed) names
    nobody.
    """
    if not metadata.startswith("{"):
        return {}
    try:
        entries = _entries_decoder.decode(metadata)
    except msgspec.DecodeError:
        return {}
    return {name: _progress(offset, entry) for name, entry in entries.items()}


def _progress(offset: int, entry: _Entry) -> Progress:
    start = offset if entry.start is None else entry.start
    until = None if entry.ahead is None else start + entry.ahead
    if entry.id is None:
        return Progress(start, None, until)
    stops, at = [], start
    for step in entry.steps:
        at += step
        stops.append(at)
    return Progress(start, Intent(entry.id, tuple(stops), entry.config), until)
