"""The promise, against everything that can go wrong: a machine that thinks up runs, and books that are always right."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from s3sink.batch import Route
from s3sink.dlq import DeadLetterTopic
from s3sink.errors import PartitionError
from s3sink.partitioners import DefaultPartitioner, Partitioner, TimeBasedPartitioner
from s3sink.record import SinkRecord
from s3sink.rotation import (
    FlushSize,
    MaxAge,
    MaxBytes,
    PartitionChange,
    RotateInterval,
    RotateSchedule,
    RotationPolicy,
)
from s3sink.sink import S3Sink
from s3sink.storage import MemoryStore
from s3sink.testing.broker import FakeRecord
from s3sink.testing.process import FakeProcess
from s3sink.testing.simulation import SOURCE, ByLetter, Fate, Simulation
from s3sink.transforms import TransformLike

LONG = bool(os.environ.get("S3SINK_LONG"))
HOUR = 3_600_000


def drop_marked(record: SinkRecord) -> SinkRecord | None:
    return None if record.value["is"] == "drop" else record


def explode(record: SinkRecord) -> SinkRecord:
    if record.value["is"] == "boom":
        raise ValueError("boom")
    return record.replace(value={**record.value, "seen": True})


def reroute(record: SinkRecord) -> SinkRecord:
    return record.replace(topic="others") if record.value["is"] == "other" else record


TRANSFORMS: Sequence[tuple[TransformLike, ...]] = ((), (drop_marked,), (explode, drop_marked, reroute))
PARTITIONERS: Sequence[Partitioner] = (DefaultPartitioner(), ByLetter(), TimeBasedPartitioner("'hour'=HH"))
ROTATIONS: Sequence[tuple[RotationPolicy, ...]] = (
    (FlushSize(1),),
    (FlushSize(3),),
    (FlushSize(5), MaxAge("2s")),
    (RotateSchedule("5s"), MaxBytes(120)),
    (RotateInterval("1h"), FlushSize(4)),
    (PartitionChange(), MaxAge("3s")),
)


def fate_of(sink: S3Sink, record: FakeRecord) -> Fate:
    """What the README promises for a record, said once more."""
    if record.value is None:
        return "dropped" if sink.null_values == "ignore" else "dead"
    try:
        value = json.loads(record.value)
    except ValueError:
        return "dead"
    if explode in sink.transforms and value["is"] == "boom":
        return "dead"
    if drop_marked in sink.transforms and value["is"] == "drop":
        return "dropped"
    topic = "others" if reroute in sink.transforms and value["is"] == "other" else "orders"
    row = SinkRecord(SOURCE, record.offset, record.timestamp, topic, None, value)
    try:
        encoded = sink.partitioner.encode(row, 0)
    except PartitionError:
        return "dead"
    return Route(topic, encoded), {**value, "seen": True} if explode in sink.transforms else value


@st.composite
def simulations(draw: st.DrawFn) -> Simulation:
    sink = S3Sink(
        store=MemoryStore(conditional_create=draw(st.sampled_from([True, True, False]))),
        transforms=draw(st.sampled_from(TRANSFORMS)),
        partitioner=draw(st.sampled_from(PARTITIONERS)),
        rotation=draw(st.sampled_from(ROTATIONS)),
        null_values=draw(st.sampled_from(["ignore", "fail"])),
        errors=DeadLetterTopic("dead"),
        on_gap="continue",
    )
    part_size = draw(st.sampled_from([None, None, 40]))
    return Simulation(sink, lambda record: fate_of(sink, record), part_size=part_size)


KINDS = st.sampled_from(["plain"] * 5 + ["drop", "drop", "boom", "other", "nowhere", "null", "junk", "marker"])
WHICH = st.integers(0, 3)
STEPS = ("boundary", "intent", "put", "put", "head", "start_upload", "put_part", "complete", "commit")
POINTS = [f"{step}:{when}" for step in STEPS for when in ("before", "after")]


class ExactlyOnce(RuleBasedStateMachine):
    """One topic-partition; processes of one group, or of two that write to the same bucket."""

    sim: Simulation

    @initialize(sim=simulations(), two=st.sampled_from([False, False, True]), first=st.integers(0, 6), data=st.data())
    def begin(self, sim: Simulation, two: bool, first: int, data: st.DataObject) -> None:
        self.sim = sim
        self.conditional = sim.store.conditional_create
        self.groups = ["app", "other"] if two and self.conditional else ["app"]
        self.compacted = self.forgotten = False
        for _ in range(first):
            self._produce("plain", "a", 0)
        if len(self.groups) == 1:  # auto.offset.reset=latest
            sim.group().reset(SOURCE, data.draw(st.integers(0, first)))
            sim.books.skipped = set(range(sim.group().offsets[SOURCE].offset))
        for group in self.groups:
            sim.start(group)

    # ------------------------------------------------------------------ the topic
    @rule(kinds=st.lists(st.tuples(KINDS, st.sampled_from("ab"), st.integers(0, 3)), min_size=1, max_size=6))
    def produce(self, kinds: list[tuple[str, str, int]]) -> None:
        for kind, letter, hour in kinds:
            self._produce(kind, letter, hour)

    def _produce(self, kind: str, letter: str, hour: int) -> None:
        if kind == "marker":
            self.sim.log.skip()
            return
        values: dict[str, Any] = {"null": None, "junk": b"{"}
        value = {"to": None if kind == "nowhere" else letter, "is": kind}
        self.sim.produce(values.get(kind, value), hour * HOUR)

    @precondition(lambda self: len(self.groups) == 1)
    @rule(data=st.data())
    def compact(self, data: st.DataObject) -> None:
        """Two groups: a file that one has and the other is about to write could lose its first record in between."""
        offsets = [r.offset for r in self.sim.log.records]
        if offsets:
            self._records_go()
            self.sim.compact(data.draw(st.sets(st.sampled_from(offsets), min_size=1, max_size=3)))

    @precondition(lambda self: len(self.groups) == 1)
    @rule(by=st.integers(1, 6))
    def retention(self, by: int) -> None:
        self._records_go()
        self.sim.truncate(self.sim.log.start + by)

    def _records_go(self) -> None:
        """Keys of what is on its way, named after a record that goes, must be known to somebody."""
        self.compacted = True
        if self.forgotten:
            self._kill(p for p in self.sim.processes if p.frozen and self.sim.in_flight(p))

    # ------------------------------------------------------------------ processes at work
    def _one(self, which: int) -> FakeProcess | None:
        at_work = [p for p in self.sim.processes if not p.gate.dead]
        return at_work[which % len(at_work)] if at_work else None

    @rule(which=WHICH, limits=st.lists(st.integers(0, 7), min_size=1, max_size=4), trailing=st.booleans())
    def poll(self, which: int, limits: list[int], trailing: bool) -> None:
        process = self._one(which)
        for limit in limits:
            if process is not None and process.reader is not None:
                process.reader.poll(limit, trailing=trailing)
                self.sim.loop.settle()

    @rule(which=WHICH, limit=st.integers(1, 7))
    def work(self, which: int, limit: int) -> None:
        process = self._one(which)
        if process is not None:
            self.sim.work(process, limit)

    @rule(milliseconds=st.sampled_from([10, 1100, 2500, 6000]))
    def time_passes(self, milliseconds: int) -> None:
        self.sim.tick(milliseconds)

    @rule(milliseconds=st.integers(-10_000, 10_000))
    def the_clock_jumps(self, milliseconds: int) -> None:
        self.sim.now += milliseconds

    @rule(which=WHICH)
    def memory_is_short(self, which: int) -> None:
        process = self._one(which)
        if process is not None and process.task is not None:
            process.task.squeeze()
            self.sim.loop.settle()

    # ------------------------------------------------------------------ what goes wrong
    @rule(which=WHICH, point=st.integers(0, 14))
    def will_freeze(self, which: int, point: int) -> None:
        process = self._one(which)
        if process is not None and not process.frozen:
            process.gate.stop_after(point)

    @rule(which=WHICH, point=st.sampled_from(POINTS), limit=st.integers(1, 7), crash=st.booleans())
    def work_to_a_point(self, which: int, point: str, limit: int, crash: bool) -> None:
        """And freeze there, with the next process taking over; or die there."""
        process = self._one(which)
        if process is None or process.frozen or not process.live:
            return
        process.gate.stop_at(point)
        self.sim.work(process, limit)
        if crash:
            self.sim.crash(process)
        self.start(self.groups.index(process.group.name))

    @rule(which=WHICH)
    def thaw(self, which: int) -> None:
        process = self._one(which)
        if process is not None:
            process.gate.open()
            self.sim.loop.settle()

    @rule(which=WHICH)
    def crash(self, which: int) -> None:
        process = self._one(which)
        if process is not None:
            self.sim.crash(process)

    @rule(which=WHICH, n=st.integers(0, 4))
    def an_answer_will_be_lost(self, which: int, n: int) -> None:
        process = self._one(which)
        if process is not None:
            process.gate.lose(n)

    @rule(which=WHICH, n=st.integers(0, 2))
    def the_store_will_say_412_to_what_it_did(self, which: int, n: int) -> None:
        process = self._one(which)
        if process is not None:
            process.gate.claim(n)

    @rule(group=st.integers(0, 1))
    def start(self, group: int) -> None:
        if sum(not p.gate.dead for p in self.sim.processes) < 4:
            self.sim.start(self.groups[group % len(self.groups)])

    @rule(group=st.integers(0, 1), keep=st.booleans())
    def rebalance(self, group: int, keep: bool) -> None:
        self.sim.rebalance(self.groups[group % len(self.groups)], keep=keep)

    @rule(which=WHICH)
    def rejoin(self, which: int) -> None:
        """A zombie that has thawed joins its group again."""
        process = self._one(which)
        if process is not None and not process.frozen and process.name not in process.group.members:
            process.revoked()
            self.sim.loop.settle()
            process.group.join(process.name)
            self.sim.rebalance(process.group.name)

    # ------------------------------------------------------------------ loss, and operators
    @rule(group=st.integers(0, 1))
    def the_changelog_is_lost(self, group: int) -> None:
        name = self.groups[group % len(self.groups)]
        if self.compacted:  # then the keys of what is on its way are known nowhere else
            self._kill(p for p in self.sim.processes if p.frozen and self.sim.in_flight(p))
        self.forgotten = True
        self.sim.forget(name)

    @precondition(lambda self: self.conditional)
    @rule(group=st.integers(0, 1), to=st.none() | st.integers(0, 60))
    def an_operator_moves_the_offset(self, group: int, to: int | None) -> None:
        name = self.groups[group % len(self.groups)]
        stored = self.sim.broker.group(name).offsets.get(SOURCE)
        if to is not None:
            to = min(max(to % (self.sim.log.end + 1), self.sim.log.start), self.sim.log.end)
        start = self.sim.log.start if to is None else to
        if len(self.groups) == 2 and not self._meets_the_other(name, start, 0 if stored is None else stored.offset):
            return
        self.sim.empty(name)
        self._kill(p for p in self.sim.processes if not p.gate.dead and self._would_cut_across(p, start))
        self.sim.reset(to, name)
        self.sim.start(name)

    def _meets_the_other(self, name: str, start: int, committed: int) -> bool:
        """Two groups at the same time are promised for starts where everything before is stored by one of them."""
        others = [p for p in self.sim.processes if p.group.name != name and not p.gate.dead]
        begun = [(p.task and p.task.committed) or 0 for p in others]
        stored = self.sim.broker.group(next(g for g in self.groups if g != name)).offsets.get(SOURCE)
        return start <= min([committed, 0 if stored is None else stored.offset, *begun])

    def _would_cut_across(self, process: FakeProcess, start: int) -> bool:
        """Whether a round that the group has accepted, of which nothing is in the bucket yet, cannot be met from there.

        Nobody can know of it: the intent was overwritten by the operator. Such a process has to be dead, not paused.
        """
        round = self.sim.in_flight(process)
        if round is None:
            return False
        stops, done = round.intent.stops, self.sim.stops()
        for begin, stop in zip((round.start, *stops), stops, strict=False):
            if stop not in done and self.sim.survivors(begin, stop):
                if start >= stops[-1]:
                    return False
                return (
                    start > begin or not self.sim.survivors(start, begin) <= self.sim.stored().keys() or self.compacted
                )
        return False

    def _kill(self, processes: Any) -> None:
        for process in list(processes):
            self.sim.crash(process)

    # ------------------------------------------------------------------ what must hold
    @invariant()
    def all_is_well(self) -> None:
        if hasattr(self, "sim"):
            self.sim.check()

    def teardown(self) -> None:
        if not hasattr(self, "sim"):
            return
        try:
            for group in self.groups:
                self.sim.finish(group)
            for process in list(self.sim.processes):  # zombies have the last word
                process.gate.open()
                self.sim.loop.settle()
                self.sim.check()
            for group in self.groups:
                self.sim.finish(group)
        finally:
            self.sim.close()


SETTINGS = settings(
    max_examples=10_000 if LONG else 300,
    stateful_step_count=60 if LONG else 30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)


def test_every_record_is_in_exactly_one_object_whatever_happens() -> None:
    run_state_machine_as_test(ExactlyOnce, settings=SETTINGS)
