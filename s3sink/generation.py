"""A generation: the files that hold source offsets `[start, stop)` of one topic-partition, and how they say so.

Every object's metadata tells which generation it belongs to, so that a reader of the bucket alone can find out what is
stored and what is missing. The head file is the one with the generation's first record; it is created first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from s3sink.batch import RecordBatch, Route
from s3sink.formats import Buffer
from s3sink.record import TopicPartition
from s3sink.state import FileEntry, GenerationEntry
from s3sink.upload import PartUpload


class OffsetDigest:
    """A digest of offsets in order, however they were divided into batches: of their runs of consecutive ones."""

    __slots__ = ("_hash", "_start", "_stop")

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=12)
        self._start = self._stop = -1

    def update(self, batch: RecordBatch) -> None:
        """Add the offsets of a batch with records."""
        first, last = batch.offset_at(0), batch.offset_at(batch.n - 1)
        if last - first + 1 == batch.n:
            self._add(first, last + 1)
            return
        for offset in batch.offsets:
            self._add(offset, offset + 1)

    def _add(self, start: int, stop: int) -> None:
        if start != self._stop:
            self._end_run(self._hash)
            self._start = start
        self._stop = stop

    def _end_run(self, into: hashlib.blake2b) -> None:
        if self._stop >= 0:
            into.update(b"%d-%d," % (self._start, self._stop))

    def hexdigest(self) -> str:
        """24 hexadecimal digits."""
        ended = self._hash.copy()
        self._end_run(ended)
        return ended.hexdigest()


class SealedFile(NamedTuple):
    """A finished file: its bytes, or the upload that has them all."""

    route: Route
    key: str
    first: int
    last: int
    records: int
    digest: str
    body: Sequence[Buffer]
    size: int
    upload: PartUpload | None

    @property
    def held(self) -> int:
        """Bytes in memory."""
        return self.upload.in_flight if self.upload else self.size

    def entry(self) -> FileEntry:
        """As the changelog has it."""
        topic, encoded_partition, kind = self.route
        return FileEntry(topic, encoded_partition, self.key, self.first, self.last, self.records, kind)


class Generation(NamedTuple):
    """Sealed files in the order of their first records, the head first. There may be none: everything was dropped."""

    id: str
    start: int
    stop: int
    reason: str
    files: tuple[SealedFile, ...]
    opened_at: int

    def entry(self) -> GenerationEntry:
        """As the changelog has it."""
        return GenerationEntry(self.id, self.start, self.stop, self.reason, tuple(f.entry() for f in self.files))

    @property
    def held(self) -> int:
        """Bytes in memory."""
        return sum(f.held for f in self.files)


SOURCE, ID, CONFIG, START, STOP = "s3sink-source", "s3sink-id", "s3sink-config", "s3sink-start", "s3sink-stop"
FILES, FIRST, LAST, COUNT, DIGEST = "s3sink-files", "s3sink-first", "s3sink-last", "s3sink-count", "s3sink-digest"
KIND = "s3sink-kind"


def opening_metadata(source: TopicPartition, id: str, fingerprint: str, start: int, first: int) -> dict[str, str]:
    """What is known when a file is opened: goes with the start of a multipart upload."""
    return {SOURCE: str(source), ID: id, CONFIG: fingerprint, START: str(start), FIRST: str(first)}


def sealing_metadata(generation: Generation, file: SealedFile) -> dict[str, str]:
    """What is known when the generation is sealed; files of values do not say what kind they are."""
    return {
        STOP: str(generation.stop),
        FILES: str(len(generation.files)),
        LAST: str(file.last),
        COUNT: str(file.records),
        DIGEST: file.digest,
        **({KIND: file.route.kind} if file.route.kind else {}),
    }


class Owner(NamedTuple):
    """What an object's metadata says of the writer and the generation that made it."""

    source: str
    id: str
    fingerprint: str
    start: int
    stop: int | None  # None: multipart, and its maker has not got round to saying where the generation ends
    files: int
    first: int
    records: int
    digest: str


def owner_of(metadata: Mapping[str, str]) -> Owner | None:
    """Who made an object; None when it was not s3sink."""
    try:
        stop = metadata.get(STOP)
        return Owner(
            metadata[SOURCE],
            metadata[ID],
            metadata[CONFIG],
            int(metadata[START]),
            None if stop is None else int(stop),
            int(metadata.get(FILES, "0")),
            int(metadata[FIRST]),
            int(metadata.get(COUNT, "-1")),
            metadata.get(DIGEST, ""),
        )
    except (KeyError, ValueError):
        return None
