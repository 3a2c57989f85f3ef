"""A sink at work in a world that one can break: one partition, processes of one or more groups, and books about it all.

`check` says what is wrong: a record in two objects, a committed one in none, a wrong one, an offset that moved back.
Records are told by a serial number in their JSON value, `{"n": 17, ...}`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from s3sink.batch import Kind, Route
from s3sink.errors import PartitionError
from s3sink.generation import owner_of
from s3sink.metrics import CountingMetrics
from s3sink.record import SinkRecord, TopicPartition
from s3sink.sink import S3Sink
from s3sink.state import Intent, decode_boundary, decode_metadata
from s3sink.storage import MemoryStore
from s3sink.testing.broker import FakeBroker, FakeGroup, FakeRecord, Membership, StoredOffset
from s3sink.testing.process import FakeProcess, ProcessDiedError, World
from s3sink.testing.virtual import VirtualLoop


@dataclass(frozen=True)
class ByLetter:
    """A directory for each letter in `to`; a record without one has no place."""

    def encode(self, record: SinkRecord, now: int) -> str:
        """As a partitioner does."""
        if record.value["to"] is None:
            raise PartitionError("no letter")
        return f"to={record.value['to']}"


Fate = tuple[Route, Any] | Literal["dropped", "dead"]
SOURCE = TopicPartition("orders", 0)


class Line(NamedTuple):
    """A record as it stands in an object."""

    offset: int
    value: Any


@dataclass
class _Round:
    """An intent that was accepted and not committed yet."""

    start: int
    intent: Intent


@dataclass
class Books:
    """What has happened, as far as the promise depends on it."""

    history: dict[int, FakeRecord] = field(default_factory=dict)
    serials: dict[int, int] = field(default_factory=dict)
    lost: set[int] = field(default_factory=set)  # gone from the topic before they were stored
    skipped: set[int] = field(default_factory=set)  # an operator went past them
    violations: list[str] = field(default_factory=list)


async def _quietly(task: asyncio.Task[None]) -> None:
    """What goes wrong shows in the process itself."""
    await asyncio.gather(task, return_exceptions=True)


class Simulation:
    """`fate` says what has to become of a record. `sink.store` must be a MemoryStore."""

    def __init__(
        self,
        sink: S3Sink,
        fate: Callable[[FakeRecord], Fate],
        *,
        part_size: int | None = None,
        now: int = 1_700_000_000_000,
    ) -> None:
        assert isinstance(sink.store, MemoryStore)
        self.sink, self.store, self.fate = sink, sink.store, fate
        self.loop = VirtualLoop()
        self.now = now
        self.broker = FakeBroker()
        self.log = self.broker.log(SOURCE)
        self.metrics = CountingMetrics()
        self.books = Books()
        self.processes: list[FakeProcess] = []
        self._rounds: dict[Membership, _Round] = {}
        ids, self._names = itertools.count(), itertools.count()
        self.world = World(
            self.broker, sink, SOURCE, lambda: self.now, lambda: f"id{next(ids)}", self.metrics, part_size,
            sink.store.conditional_create,
        )  # fmt: skip
        self._parsed: dict[bytes, list[Line]] = {}

    # ------------------------------------------------------------------ the topic
    def produce(self, value: dict[str, Any] | bytes | None, timestamp: int | None = None) -> int:
        """Append a record; a dict gets its serial number. Its offset."""
        serial = len(self.books.serials)
        data = json.dumps({"n": serial, **value}).encode() if isinstance(value, dict) else value
        offset = self.log.append(data, timestamp=timestamp)
        self.books.history[offset] = self.log.records[-1]
        self.books.serials[serial] = offset
        return offset

    def compact(self, offsets: set[int]) -> None:
        """Remove records from the topic."""
        self.log.compact(offsets)
        self.books.lost |= offsets - self.stored().keys()

    def truncate(self, start: int) -> None:
        """Remove all records before an offset."""
        self.log.truncate(start)
        self.books.lost |= {o for o in self.books.history if o < self.log.start} - self.stored().keys()

    # ------------------------------------------------------------------ processes
    def group(self, name: str = "app") -> FakeGroup:
        """A group, watched."""
        group = self.broker.group(name)
        group.accepted = lambda by, source, before, after: self._accepted(group, by, before, after)
        return group

    def start(self, group: str = "app") -> FakeProcess:
        """A new process of a group. All members of the group that are not frozen join the new generation."""
        self.group(group)
        process = FakeProcess(self.world, group, f"{group}-{next(self._names)}")
        self.processes.append(process)
        self.rebalance(group)
        return process

    def rebalance(self, group: str = "app", *, keep: bool = False) -> None:
        """A new generation. Frozen members do not hear of it: they become zombies; the others join again.

        `keep`: their open files survive where a partition comes back unchanged.
        """
        members = [p for p in self.processes if p.group.name == group and p.name in p.group.members]
        for process in members:
            if process.frozen:
                process.gone()
            else:
                process.revoked(keep=keep)
        self.loop.settle()
        self.broker.group(group).rebalance()
        for process in members:
            if not process.frozen and process.name in process.group.members:
                if SOURCE in process.group.assignment(process.name):
                    process.assigned(self.loop)
                else:
                    process.by = process.group.membership(process.name)
        self.loop.settle()

    def crash(self, process: FakeProcess) -> None:
        """kill -9."""
        process.crash()
        self.loop.settle()

    def empty(self, group: str = "app") -> None:
        """Every process leaves the group: in good order, or, if it is frozen, for not being heard of."""
        for process in self.processes:
            if process.group.name == group and process.name in process.group.members:
                if not process.frozen:
                    process.revoked()
                    self.loop.settle()
                process.gone()

    def reset(self, offset: int | None, group: str = "app") -> None:
        """An operator moves (None: deletes) the offset of an empty group."""
        stored = self.broker.group(group).offsets.get(SOURCE)
        now = self.log.start if offset is None else offset
        before = self.log.start if stored is None else stored.offset
        self.broker.group(group).reset(SOURCE, offset)
        self.books.skipped |= {o for o in range(before, now) if o not in self.stored()}
        self.books.skipped -= set(range(now, self.log.end))

    def forget(self, group: str = "app") -> None:
        """The changelog is lost."""
        self.broker.changelog(group).rows.clear()
        for process in self.processes:
            if process.group.name == group and not process.live:
                process.table.recover()

    def tick(self, milliseconds: int) -> None:
        """Time passes."""
        self.now += milliseconds
        self.loop.advance(milliseconds / 1000)

    def work(self, process: FakeProcess, limit: int = 500) -> None:
        """Let a process read everything, close its files and commit."""
        for _ in range(2 + 2 * len(self.books.history)):
            self.loop.settle()
            if process.reader is None or process.error or not process.reader.poll(limit):
                break
        self.tick(1500)
        if process.task is not None:
            closing = self.loop.create_task(process.task.close_files("revoked"))
            self.loop.settle()
            closing.cancel()
            self.loop.run(_quietly(closing))

    def finish(self, group: str = "app") -> FakeProcess:
        """A healthy process carries the group to the end of the topic, and everything is checked."""
        self.empty(group)
        process = self.start(group)
        for _ in range(6 + 2 * len(self.books.history)):
            self.work(process)
            stored = process.group.offsets.get(SOURCE)
            if process.error or (stored is not None and stored.offset == self.log.end):
                break
        if process.error:
            raise process.error
        stored = process.group.offsets.get(SOURCE)
        if self.log.end > self.log.start and (stored is None or stored.offset != self.log.end):
            self.books.violations.append(f"a healthy process got to {stored}, not to {self.log.end}")
        self.check()
        return process

    def freeze(self, process: FakeProcess, point: str, reads: int = 500) -> None:
        """Let a process read and close its files until it freezes at `point`."""
        process.gate.stop_at(point)
        self.work(process, reads)
        assert process.gate.frozen_at == point, f"{process.name} did not come to {point}: {process.gate.points}"

    def thaw(self, process: FakeProcess) -> None:
        """Let a process go on."""
        process.gate.open()
        self.loop.settle()

    def close(self) -> None:
        """End all processes."""
        for process in self.processes:
            process.crash()
        self.loop.settle()
        self.loop.close()

    # ------------------------------------------------------------------ rounds in flight
    def in_flight(self, process: FakeProcess) -> _Round | None:
        """The round that the group has accepted from this process and that it has not committed."""
        return self._rounds.get(process.by)

    def _accepted(self, group: FakeGroup, by: Membership, before: StoredOffset | None, now: StoredOffset) -> None:
        progress = decode_metadata(now.offset, now.metadata)["sink"]
        if progress.intent is not None:
            self._rounds[by] = _Round(now.offset, progress.intent)
        else:
            self._rounds.pop(by, None)
        moved_by_us = before is not None and before.metadata != ""
        if before is not None and moved_by_us and now.offset < before.offset:
            self.books.violations.append(f"{by.member} moved the offset back from {before.offset} to {now.offset}")
        self.books.violations += self._unstored(now.offset)

    def row(self, group: str = "app") -> str | None:
        """The id of the row in a group's changelog."""
        row = self.broker.changelog(group).rows.get(SOURCE)
        return None if row is None else decode_boundary(row).id

    # ------------------------------------------------------------------ the books
    def objects(self, kind: Kind = "") -> Iterator[tuple[str, list[Line]]]:
        """Keys and records of all objects of a kind that s3sink wrote. Files of keys must hold what a value would."""
        for key, content in self._contents():
            if self.sink.layout.route(key).kind != kind:
                continue
            if content not in self._parsed:
                self._parsed[content] = list(self._lines(content))
            yield key, self._parsed[content]

    def _contents(self) -> list[tuple[str, bytes]]:
        objects = self.store._objects()
        return [(key, o.content) for key, o in objects.items() if owner_of(o.metadata) is not None]

    def _lines(self, content: bytes) -> Iterator[Line]:
        for line in content.splitlines():
            value = json.loads(line)
            yield Line(self.books.serials[value["n"]], value)

    def stored(self, kind: Kind = "") -> dict[int, list[str]]:
        """The keys of the objects of a kind that have each offset."""
        found: dict[int, list[str]] = {}
        for key, lines in self.objects(kind):
            for line in lines:
                found.setdefault(line.offset, []).append(key)
        return found

    def stops(self) -> set[int]:
        """Where the generations in the bucket end."""
        owners = (owner_of(o.metadata) for o in self.store._objects().values())
        return {owner.stop for owner in owners if owner is not None and owner.stop is not None}

    def survivors(self, start: int, stop: int) -> set[int]:
        """Offsets of records that belong into an object."""
        history = self.books.history
        return {o for o in range(start, stop) if o in history and not isinstance(self.fate(history[o]), str)}

    def problems(self) -> list[str]:
        """Everything that is wrong."""
        found = list(self.books.violations)
        for key, lines in self.objects():
            found += self._wrong_lines(key, lines)
        found += [f"offset {o} is in {keys}" for o, keys in self.stored().items() if len(keys) > 1]
        for group in self.broker.groups.values():
            if SOURCE in group.offsets:
                found += self._unstored(group.offsets[SOURCE].offset)
                found += self._without_companion(group.offsets[SOURCE].offset)
        for process in self.processes:
            if process.error is not None and not isinstance(process.error, ProcessDiedError):
                found.append(f"{process.name} failed: {process.error!r}")
        found += [str(c) for c in self.loop.complaints if not isinstance(c.get("exception"), ProcessDiedError)]
        return found

    def check(self) -> None:
        """Raises AssertionError with everything that is wrong."""
        found = self.problems()
        assert not found, "\n".join(dict.fromkeys(found))

    def _wrong_lines(self, key: str, lines: list[Line]) -> Iterator[str]:
        offsets = [line.offset for line in lines]
        if offsets != sorted(set(offsets)):
            yield f"{key} has its offsets in the order {offsets}"
        route = self.sink.layout.route(key)._replace(kind="")
        for line in lines:
            fate = self.fate(self.books.history[line.offset])
            if fate != (route, line.value):
                yield f"{key} has {line}, which should be {fate}"

    def _without_companion(self, committed: int) -> list[str]:
        """Records whose key is not in the file beside the file of their value."""
        if self.sink.keys_format is None:
            return []
        keys, extension = self.stored("keys"), self.sink.keys_format.extension
        expected = {
            offset: [name.removesuffix(self.sink.format.extension) + ".keys" + extension for name in names]
            for offset, names in self.stored().items()
        }
        return [
            f"the key of offset {offset} is in {keys.get(offset, [])}, not in {names}"
            for offset, names in expected.items()
            if offset < committed and keys.get(offset, []) != names
        ]

    def _unstored(self, committed: int) -> list[str]:
        stored, letters = self.stored(), {letter.offset for letter in self.broker.letters}
        found = []
        for offset, record in self.books.history.items():
            if offset >= committed or offset in self.books.skipped or offset in self.books.lost:
                continue
            fate = self.fate(record)
            if fate == "dead" and offset not in letters:
                found.append(f"offset {offset} is below the committed {committed} and not in the dead letter queue")
            if not isinstance(fate, str) and len(stored.get(offset, ())) != 1:
                found.append(
                    f"offset {offset} is below the committed {committed} and in {stored.get(offset, 'nothing')}"
                )
            if isinstance(fate, str) and offset in stored:
                found.append(f"offset {offset} is {fate} and in {stored[offset]}")
        return found
