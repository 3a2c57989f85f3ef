"""A Kafka cluster in memory, as far as a sink can tell: partition logs, a consumer group, a changelog, dead letters.

It behaves where the promise is at stake: a group refuses the commits of a stale member and no others; a changelog takes
the row of anybody, however late; offsets have gaps. `gate` is awaited before and after every effect, with the name of
the point: a test may hold a process there, kill it, or raise LostAnswerError after an effect.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NamedTuple

from s3sink.batch import RecordBatch, Span
from s3sink.dlq import DeadLetter
from s3sink.errors import BrokerError
from s3sink.record import TopicPartition
from s3sink.state import (
    Boundary,
    Progress,
    decode_boundary,
    decode_metadata,
    encode_boundary,
    encode_metadata,
)

Gate = Callable[[str], Awaitable[None]]


class LostAnswerError(BrokerError):
    """Raised by a gate after an effect: it took place and nobody heard. Everything here asks again then."""

    retriable = True


async def open_gate(point: str) -> None:
    """Lets everybody pass."""


class FakeRecord(NamedTuple):
    """A record as a Kafka client reads it."""

    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


class PartitionLog:
    """The log of one partition: offsets `[start, end)`, of which some have no record (any more)."""

    def __init__(self, source: TopicPartition) -> None:
        self.source = source
        self.start = self.end = 0
        self._records: list[FakeRecord] = []

    @property
    def records(self) -> Sequence[FakeRecord]:
        """What is there to be read."""
        return tuple(self._records)

    def append(
        self,
        value: bytes | None,
        *,
        key: bytes | None = None,
        timestamp: int | None = None,
        headers: tuple[tuple[str, bytes | None], ...] = (),
    ) -> int:
        """Add a record; its offset."""
        self._records.append(FakeRecord(self.end, timestamp, key, value, headers))
        self.end += 1
        return self.end - 1

    def skip(self, offsets: int = 1) -> None:
        """Use up offsets for what nobody reads: transaction markers, aborted records."""
        self.end += offsets

    def compact(self, offsets: Iterable[int]) -> None:
        """Remove records; their offsets stay."""
        gone = set(offsets)
        self._records = [r for r in self._records if r.offset not in gone]

    def truncate(self, start: int) -> None:
        """Retention: the log begins at `start` now."""
        self.start = min(max(self.start, start), self.end)
        self._records = [r for r in self._records if r.offset >= self.start]

    def recreate(self) -> None:
        """The topic was deleted and made anew: offsets begin with 0 again."""
        self.start = self.end = 0
        self._records = []

    def read(self, position: int, limit: int = 500, *, trailing: bool = True) -> RecordBatch | None:
        """At most `limit` records from `position` on; None where there is nothing.

        A position out of range is the log's start (`auto.offset.reset=earliest`). With `trailing`, the span reaches to
        the next record; otherwise it ends behind the last one that was read.
        """
        position = position if self.start <= position <= self.end else self.start
        i = bisect_left(self._records, position, key=lambda r: r.offset)
        taken = self._records[i : i + limit]
        after = self._records[i + limit].offset if i + limit < len(self._records) else self.end
        stop = after if trailing or not taken else taken[-1].offset + 1
        if stop == position:
            return None
        return RecordBatch(self.source, Span(position, stop), raw=list(taken), nbytes=sum(map(_size, taken)))


def _size(record: FakeRecord) -> int:
    return len(record.key or b"") + len(record.value or b"")


class FakeReader:
    """Reads one partition for one task: what it delivers is continuous until somebody rewinds it."""

    def __init__(self, log: PartitionLog, position: int, deliver: Callable[[RecordBatch], None]) -> None:
        self._log, self.position, self._deliver = log, position, deliver

    def poll(self, limit: int = 500, *, trailing: bool = True) -> bool:
        """Deliver the next batch; False where there is none."""
        batch = self._log.read(self.position, limit, trailing=trailing)
        if batch is None:
            return False
        self.position = batch.span.stop
        self._deliver(batch)
        return True

    def rewind(self, offset: int) -> None:
        """Go on from `offset`."""
        self.position = offset


# ---------------------------------------------------------------------------------------------- the group
class Membership(NamedTuple):
    """Who a process was when its partitions were assigned."""

    generation: int
    member: str


class StoredOffset(NamedTuple):
    """What the coordinator keeps of a partition."""

    offset: int
    metadata: str


class FakeGroup:
    """The coordinator of one consumer group.

    `rebalance` begins a generation and deals the partitions to the members that are there. `accepted` is called with
    each commit that was taken: by whom, source, offset before (None: none), offset now.
    """

    def __init__(self, name: str, sources: Iterable[TopicPartition]) -> None:
        self.name, self.sources = name, tuple(sources)
        self.generation = 0
        self.members: list[str] = []
        self.offsets: dict[TopicPartition, StoredOffset] = {}
        self.refusals = 0
        self.accepted: Callable[[Membership, TopicPartition, StoredOffset | None, StoredOffset], None] = lambda *_: None

    def join(self, member: str) -> None:
        """A process comes; it has nothing before the next rebalance."""
        self.members.append(member)
        self.generation += 1

    def leave(self, member: str) -> None:
        """A process goes, or its session times out without its knowing."""
        self.members.remove(member)
        self.generation += 1

    def rebalance(self) -> None:
        """Begin a generation: who has not asked for its assignment since is stale."""
        self.generation += 1

    def membership(self, member: str) -> Membership:
        """What a member is told when it joins the current generation."""
        if member not in self.members:
            raise BrokerError(f"{member} is not a member of the group {self.name}")
        return Membership(self.generation, member)

    def assignment(self, member: str) -> tuple[TopicPartition, ...]:
        """The partitions of a member in this generation, dealt in turn."""
        at, n = self.members.index(member), len(self.members)
        return tuple(s for i, s in enumerate(self.sources) if (i + self.generation) % n == at)

    def commit(self, by: Membership, source: TopicPartition, offset: int, metadata: str) -> bool:
        """Take an offset from a member of the current generation; Kafka checks nothing else."""
        if by.generation != self.generation or by.member not in self.members:
            self.refusals += 1
            return False
        before, now = self.offsets.get(source), StoredOffset(offset, metadata)
        self.offsets[source] = now
        self.accepted(by, source, before, now)
        return True

    def reset(self, source: TopicPartition, offset: int | None) -> None:
        """What an operator does with kafka-consumer-groups: only an empty group lets him. None: delete the offset."""
        if self.members:
            raise BrokerError(f"the group {self.name} is not empty")
        if offset is None:
            self.offsets.pop(source, None)
        else:
            self.offsets[source] = StoredOffset(offset, "")


class FakeCommitter:
    """A `Committer` for one process in one generation of the group: never a later one, whatever it joins meanwhile."""

    def __init__(self, group: FakeGroup, by: Membership, sink: str = "sink", gate: Gate = open_gate) -> None:
        self._group, self._by, self._sink, self._gate = group, by, sink, gate
        self._floor = {source: stored.offset for source, stored in group.offsets.items()}

    def joined(self, by: Membership) -> None:
        """The process was assigned its partitions again, in another generation."""
        self._by = by
        self._floor = {source: stored.offset for source, stored in self._group.offsets.items()}

    async def commit(self, source: TopicPartition, progress: Progress) -> bool:
        """See `Committer.commit`."""
        what = "intent" if progress.intent else "commit"
        while True:
            await self._gate(f"{what}:before")
            metadata = encode_metadata(progress.offset, {self._sink: progress})
            accepted = self._group.commit(self._by, source, progress.offset, metadata)
            try:
                await self._gate(f"{what}:after")
            except LostAnswerError:
                continue
            if accepted:
                self._floor[source] = progress.offset
            return accepted

    async def committed(self, source: TopicPartition) -> Progress | None:
        """See `Committer.committed`."""
        await self._gate("committed:before")
        return self.stored(source)

    def stored(self, source: TopicPartition) -> Progress | None:
        """The same without asking."""
        stored = self._group.offsets.get(source)
        if stored is None:
            return None
        return decode_metadata(stored.offset, stored.metadata).get(self._sink, Progress(stored.offset))

    def floor(self, source: TopicPartition) -> int:
        """See `Committer.floor`."""
        return self._floor.get(source, 0)


# ---------------------------------------------------------------------------------------------- the changelog
class FakeChangelog:
    """A compacted topic: the last row of each partition, whoever wrote it."""

    def __init__(self) -> None:
        self.rows: dict[TopicPartition, bytes] = {}


class FakeTable:
    """A `StateStore` of one process: rows of its own in memory, and the changelog. It knows no fence.

    `recover` brings it up to date, as a table does at an assignment.
    """

    def __init__(self, changelog: FakeChangelog, gate: Gate = open_gate) -> None:
        self._changelog, self._gate = changelog, gate
        self._rows = dict(changelog.rows)

    def recover(self) -> None:
        """Read the changelog."""
        self._rows = dict(self._changelog.rows)

    async def get(self, source: TopicPartition, *, fresh: bool = False) -> Boundary | None:
        """See `StateStore.get`."""
        await self._gate("row:before")
        row = (self._changelog.rows if fresh else self._rows).get(source)
        return None if row is None else decode_boundary(row)

    async def put(self, source: TopicPartition, boundary: Boundary) -> None:
        """See `StateStore.put`."""
        row = self._rows[source] = encode_boundary(boundary)
        while True:
            await self._gate("boundary:before")
            self._changelog.rows[source] = row
            try:
                await self._gate("boundary:after")
            except LostAnswerError:
                continue
            return


class FakeDeadLetters:
    """A `DeadLetterQueue` that keeps what it gets."""

    def __init__(self, letters: list[DeadLetter], gate: Gate = open_gate) -> None:
        self.letters, self._gate = letters, gate

    async def send(self, letters: Sequence[DeadLetter]) -> None:
        """See `DeadLetterQueue.send`."""
        await self._gate("letters:before")
        self.letters += letters
        await self._gate("letters:after")


class FakeBroker:
    """Logs, groups and changelogs by name; all of them are made when they are asked for."""

    def __init__(self) -> None:
        self.logs: dict[TopicPartition, PartitionLog] = {}
        self.groups: dict[str, FakeGroup] = {}
        self.changelogs: dict[str, FakeChangelog] = {}
        self.letters: list[DeadLetter] = []

    def log(self, source: TopicPartition) -> PartitionLog:
        """The log of a partition."""
        return self.logs.setdefault(source, PartitionLog(source))

    def group(self, name: str) -> FakeGroup:
        """The group of that name; it reads every partition that there is when it is asked for first."""
        if name not in self.groups:
            self.groups[name] = FakeGroup(name, self.logs)
        return self.groups[name]

    def changelog(self, name: str) -> FakeChangelog:
        """The changelog of an app."""
        return self.changelogs.setdefault(name, FakeChangelog())
