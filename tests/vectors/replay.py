"""A scenario of the connector through the real sink: a fake cluster and store, and a clock that scenarios move."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from s3sink.batch import RecordBatch, Span
from s3sink.connect.load import connector
from s3sink.dlq import DeadLetter
from s3sink.errors import ConfigError, StorageError
from s3sink.record import TopicPartition
from s3sink.retry import Backoff, retrying
from s3sink.sink import S3Sink
from s3sink.storage import MemoryStore, S3Store
from s3sink.storage.s3_errors import Request, meaning
from s3sink.storage.s3_tagging import Tagging
from s3sink.task import SinkTask
from s3sink.testing.broker import FakeBroker, FakeCommitter, FakeDeadLetters, FakeTable
from s3sink.testing.faults import FaultyStore, Operation
from s3sink.testing.virtual import VirtualLoop
from tests.vectors.files import Vector
from tests.vectors.scenarios import START, partitions, patched, properties_of, real_steps, records_of

_OPERATIONS: Mapping[str, tuple[Operation, ...]] = {
    "bucket": ("open",),
    "exists": ("head",),
    "initiate": ("put", "start_upload"),
    "part": ("put", "put_part"),
    "complete": ("put", "complete"),
    "tag": ("put", "complete"),
}
"""What the connector does in four requests, the sink does in one, as long as a file is not larger than a part."""


@dataclass
class Outcome:
    """What a step brought about here."""

    op: str
    objects: dict[str, bytes]
    tags: dict[str, Mapping[str, str]]
    committed: dict[TopicPartition, int]
    error: BaseException | None
    letters: list[tuple[TopicPartition, DeadLetter]]


@dataclass
class _Fault:
    """The connector's `fault`: hits the next `times` matching calls after `skip` of them."""

    step: Vector
    left: int
    skip: int

    def strikes(self, operation: Operation, key: str, tagging: Tagging | None) -> bool:
        operations = _OPERATIONS[self.step["on"]]
        if self.step["on"] == "tag" and (tagging is None or tagging.on_error == "ignore"):
            return False
        matches = operation in operations and self.step.get("key_contains", "") in key
        if not matches or not self.left:
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.left -= 1
        return True

    def error(self, operation: Operation, key: str) -> Exception | None:
        """None where the call is only slow."""
        status, kind = self.step.get("status"), self.step.get("type")
        if status is not None:
            request = Request(_NAMES.get(operation, "put_object"), "b", key, None, None)
            return meaning({"Code": self.step["code"], "Message": "injected"}, status, request)
        if kind is None:
            return None
        return RuntimeError("boom") if kind == "runtime" else _unavailable(key)


_NAMES = {"open": "head_bucket", "head": "head_object"}


def _unavailable(key: str) -> StorageError:
    return meaning({"Code": "RequestTimeout", "Message": "injected"}, 400, Request("put_object", "b", key, None, None))


class Replay:
    """Runs one scenario. `outcomes` has what each step did, the start first; after a failed start there are no more."""

    def __init__(self, scenario: Vector) -> None:
        self.scenario = scenario
        self.loop = VirtualLoop()
        self.now: int = scenario.get("start_ms", START)
        self.broker = FakeBroker()
        self.group = self.broker.group("connect")
        self.group.join("task")
        self.memory = MemoryStore()
        self.faults: list[_Fault] = []
        self.tasks: dict[TopicPartition, tuple[SinkTask, asyncio.Task[None]]] = {}
        self.letters: dict[TopicPartition, list[DeadLetter]] = {}
        self.properties = properties_of(scenario)
        self.sink: S3Sink | None = None
        self.prefix = ""
        self.tagging: Tagging | None = None
        self.outcomes: list[Outcome] = []
        self._ids = itertools.count()
        self._told: dict[TopicPartition, int] = {}
        self._assigned = partitions(scenario["assignment"])
        self._error: BaseException | None = None

    def run(self) -> list[Outcome]:
        """All steps, until a start fails."""
        try:
            self._step("start", self._start)
            for step in real_steps(self.scenario) if self._error is None else ():
                self._error = None if step["op"] == "restart" else self._error
                self._step(step["op"], partial(getattr(self, f"_{step['op']}"), step))
            return self.outcomes
        finally:
            self._end(list(self.tasks))
            self.loop.close()

    def _step(self, op: str, act: Any) -> None:
        before, told = self.contents(), {source: len(letters) for source, letters in self.letters.items()}
        failed = self._error
        try:
            act()
        except (ConfigError, StorageError) as error:
            self._error = error
        after = self.contents()
        fresh = {key: content for key, content in after.items() if before.get(key) != content}
        self.outcomes.append(
            Outcome(
                op,
                fresh,
                {key: self._tags(key) for key in fresh},
                {source: stored.offset for source, stored in self.group.offsets.items()},
                None if self._error is failed else self._error,
                [(s, letter) for s, letters in self.letters.items() for letter in letters[told.get(s, 0) :]],
            )
        )

    # ------------------------------------------------------------------ steps
    def _start(self) -> None:
        self.sink, store = load(self.properties)
        self.prefix, self.tagging = f"{store.prefix}/" if store.prefix else "", store.tagging
        faulty = FaultyStore(self.memory, before=self._before)
        self.loop.run(retrying("open", faulty.open, Backoff(longest=0)))
        self.group.rebalance()
        for source in self._assigned:
            self._assign(source, faulty)
        self._settle()

    def _restart(self, step: Vector) -> None:
        self._end(list(self.tasks))
        self.properties = patched(self.properties, step.get("config", {}))
        self._assigned = partitions(step["assignment"]) if "assignment" in step else self._assigned
        self._start()

    def _put(self, step: Vector) -> None:
        for source, records in records_of(step).items():
            self._deliver(source, records)
        self._settle()

    def _deliver(self, source: TopicPartition, records: list[Any]) -> None:
        """As Kafka would: only to who has the partition, nothing that was read already, and every batch continuous."""
        if source not in self.tasks or not records:
            return
        task, _ = self.tasks[source]
        start = self._told.get(source, task.next)
        fresh = [record for record in records if start is None or record.offset >= start]
        if fresh:
            span = Span(fresh[0].offset if start is None else start, fresh[-1].offset + 1)
            self._told[source] = span.stop
            size = sum(len(r.value or b"") for r in fresh)
            task.deliver(RecordBatch(source, span, raw=fresh, nbytes=size))

    def _precommit(self, step: Vector) -> None:
        pass

    def _close(self, step: Vector) -> None:
        self._end(partitions(step["partitions"]) if "partitions" in step else list(self.tasks))

    def _open(self, step: Vector) -> None:
        self._end(partitions(step["partitions"]))
        self.group.rebalance()
        for source in partitions(step["partitions"]):
            self._assign(source, FaultyStore(self.memory, before=self._before))
        self._settle()

    def _advance(self, step: Vector) -> None:
        self.now += step["ms"]

    def _set_clock(self, step: Vector) -> None:
        self.now = step["ms"]

    def _seed(self, step: Vector) -> None:
        key = step["key"].removeprefix(self.prefix)
        self.loop.run(self.memory.put(key, [step["text"].encode()], metadata={}, if_absent=False))

    def _fault(self, step: Vector) -> None:
        self.faults.append(_Fault(step, step.get("times", 1), step.get("skip", 0)))

    # ------------------------------------------------------------------ the machinery
    async def _before(self, operation: Operation, key: str) -> None:
        if operation == "open" and not self.scenario.get("bucket_exists", True):
            raise meaning({"Code": "NoSuchBucket"}, 404, Request("head_bucket", "b", None, None, None))
        for fault in self.faults:
            if fault.strikes(operation, self.prefix + key, self.tagging):
                self.now += fault.step.get("advance_ms", 0)
                error = fault.error(operation, key)
                if error is not None:
                    raise error

    def _assign(self, source: TopicPartition, store: FaultyStore) -> None:
        assert self.sink is not None
        sink = replace(self.sink, store=store)
        committer = FakeCommitter(self.group, self.group.membership("task"))
        setup = sink.setup(
            FakeTable(self.broker.changelog("connect")),
            committer,
            conditional_create=True,
            clock=lambda: self.now,
            new_id=lambda: f"id{next(self._ids)}",
            backoff=Backoff(longest=0.5, random=lambda: 1.0),
        )
        letters = FakeDeadLetters(self.letters.setdefault(source, []))
        self._told.pop(source, None)
        task = SinkTask(
            sink, source, setup, sink.pipeline(), rewind=lambda at: self._rewind(source, at), dead_letters=letters
        )
        self.tasks[source] = (task, self.loop.create_task(task.run()))

    def _rewind(self, source: TopicPartition, offset: int) -> None:
        self._told[source] = offset

    def _settle(self) -> None:
        """Let everything happen that can happen now. The loop's time is not the clock's."""
        self.loop.settle()
        for _ in range(3):
            self.loop.advance(1.001)
        for source, (_, run) in list(self.tasks.items()):
            if run.done() and not run.cancelled():
                self._error = self._error or run.exception()
                del self.tasks[source]

    def _end(self, sources: list[TopicPartition]) -> None:
        for source in sources:
            if source in self.tasks:
                self.tasks.pop(source)[1].cancel()
        self.loop.settle()

    def _tags(self, key: str) -> Mapping[str, str]:
        found = self.memory._objects()[key.removeprefix(self.prefix)]
        return self.tagging.tags_of(found.metadata) if self.tagging is not None else {}

    def contents(self) -> dict[str, bytes]:
        """Every object by its whole key."""
        return {self.prefix + key: found.content for key, found in self.memory._objects().items()}


def load(properties: Mapping[str, str]) -> tuple[S3Sink, S3Store]:
    """The sink of a connector file, on a store in memory, and the store that the file asks for."""
    sink = connector(properties).sink
    assert isinstance(sink.store, S3Store)
    return replace(sink, store=MemoryStore()), sink.store
