"""The protocol with one step broken on purpose: each fault must be noticed, or the step would not be needed.

Where two defences stand behind each other, the fault is harmless as long as the other one stands.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from s3sink import recovery, writer
from s3sink.batch import RecordBatch, Route, Span
from s3sink.dlq import DeadLetterTopic
from s3sink.errors import KeyConflictError, RecordError
from s3sink.generation import Generation
from s3sink.publisher import Publisher
from s3sink.record import SinkRecord, TopicPartition
from s3sink.rotation import FlushSize
from s3sink.setup import Decided, Replaced, Rewind
from s3sink.sink import S3Sink
from s3sink.state import Boundary, Intent, Progress
from s3sink.storage import MemoryStore
from s3sink.task import SinkTask
from s3sink.testing.broker import FakeCommitter, FakeRecord, FakeTable
from s3sink.testing.process import FakeProcess
from s3sink.testing.simulation import SOURCE, ByLetter, Fate, Simulation
from s3sink.transforms import Chain
from s3sink.writer import TopicPartitionWriter

Patch = pytest.MonkeyPatch
Scenario = Callable[[Simulation], None]


def simulation(records: int = 3, *, conditional_create: bool = True, **options: Any) -> Simulation:
    """Files of `records` records, a directory for each letter."""
    store = MemoryStore(conditional_create=conditional_create)
    defaults: dict[str, Any] = {"partitioner": ByLetter(), "rotation": [FlushSize(records)]}
    sink = S3Sink(store=store, **{**defaults, **options})
    return Simulation(sink, fate)


def fate(record: FakeRecord) -> Fate:
    value = json.loads(record.value or b"")
    if value["to"] is None:
        return "dead"
    return "dropped" if value["to"] == "drop" else (Route("orders", f"to={value['to']}"), value)


def produce(sim: Simulation, letters: str) -> None:
    for letter in letters:
        sim.produce({"to": letter})


def take_over(sim: Simulation) -> FakeProcess:
    """Another process gets the partition; the one that had it, frozen, becomes a zombie."""
    return sim.start()


# ---------------------------------------------------------------------------------------------- scenarios
def a_zombie_before_its_intent(sim: Simulation) -> None:
    produce(sim, "aaa")
    zombie = sim.start()
    sim.freeze(zombie, "intent:before")
    produce(sim, "aa")
    sim.work(take_over(sim), 5)
    sim.thaw(zombie)


def a_zombie_before_its_put(sim: Simulation) -> None:
    """It has looked at the key, has seen that it is free, and will write when it wakes."""
    produce(sim, "aaa")
    zombie = sim.start()
    sim.freeze(zombie, "put:before")
    produce(sim, "aa")
    healthy = take_over(sim)
    sim.work(healthy, 2)
    sim.thaw(zombie)


def a_zombie_that_is_told_before_it_writes(sim: Simulation) -> None:
    produce(sim, "aaa")
    zombie = sim.start()
    sim.freeze(zombie, "intent:before")
    healthy = take_over(sim)
    zombie.gate.open()
    zombie.gate.stop_at("put:before")
    sim.loop.settle()
    produce(sim, "aa")
    sim.work(healthy)
    sim.thaw(zombie)


def two_zombies_and_a_late_row(sim: Simulation) -> None:
    produce(sim, "aa")
    first = sim.start()
    sim.freeze(first, "boundary:before")
    produce(sim, "a")
    second = take_over(sim)
    sim.freeze(second, "put:before")
    sim.thaw(first)
    third = take_over(sim)
    sim.work(third)
    produce(sim, "a")
    sim.work(third)
    sim.thaw(second)


def a_zombie_and_lost_offsets(sim: Simulation) -> None:
    produce(sim, "aaa")
    zombie = sim.start()
    sim.freeze(zombie, "put:before")
    sim.empty()
    sim.reset(None)
    produce(sim, "aa")
    second = sim.start()
    second.gate.stop_at("put:before")
    sim.work(second, 5)
    sim.thaw(zombie)
    sim.thaw(second)


def a_crash_before_the_put(sim: Simulation) -> None:
    produce(sim, "aaa")
    process = sim.start()
    process.gate.stop_at("put:before")
    sim.work(process)
    sim.crash(process)


def a_crash_behind_the_put(sim: Simulation) -> None:
    produce(sim, "aaaaa")
    process = sim.start()
    sim.freeze(process, "put:after")
    sim.crash(process)


def a_zombie_and_compaction(sim: Simulation) -> None:
    """The first record of a file disappears between the decision and its recovery."""
    produce(sim, "aba")
    zombie = sim.start()
    sim.freeze(zombie, "put:before")
    sim.compact({0})
    sim.work(take_over(sim))
    sim.thaw(zombie)


def a_rest_file_in_the_way(sim: Simulation) -> None:
    """A zombie's generation of two files meets a shorter one that has only the head."""
    produce(sim, "aba")
    zombie = sim.start()
    sim.freeze(zombie, "put:before")
    sim.empty()
    sim.reset(None)
    second = sim.start()
    assert second.reader is not None
    assert second.task is not None
    second.reader.poll(1)
    sim.loop.settle()
    sim.loop.create_task(second.task.close_files("revoked"))
    sim.loop.settle()
    sim.thaw(zombie)


def a_reset_into_a_generation(sim: Simulation) -> None:
    produce(sim, "aaaaaa")
    sim.work(sim.start())
    sim.empty()
    sim.reset(1)


def a_reset_before_what_is_stored(sim: Simulation) -> None:
    """What was found in the bucket far ahead must be found again after a crash on the way there."""
    produce(sim, "aaaaaaa")
    sim.group().reset(SOURCE, 4)
    sim.books.skipped = {0, 1, 2, 3}
    sim.work(sim.start())
    sim.empty()
    sim.reset(0)
    process = sim.start()
    process.gate.stop_at("commit:after")
    sim.work(process, 3)
    sim.crash(process)


def dropped_records_at_the_end(sim: Simulation) -> None:
    produce(sim, "aaa")
    sim.produce({"to": "drop"})


def a_client_that_joined_again(sim: Simulation) -> None:
    """The group client of a frozen task goes on in the background and joins the next generation without it."""
    produce(sim, "aaa")
    stale = sim.start()
    sim.freeze(stale, "intent:before")
    other = FakeProcess(sim.world, "app", "other")
    sim.processes.append(other)
    while SOURCE not in sim.group().assignment("other"):
        sim.group().rebalance()
    other.assigned(sim.loop)
    produce(sim, "aa")
    sim.work(other)
    sim.thaw(stale)
    sim.check()


def another_writer_in_the_second_generation(sim: Simulation) -> None:
    """Two generations in one round; a file of the first is still on its way when the second has to be adopted."""
    process = sim.start()
    produce(sim, "aba" + "aaa")
    theirs = simulation()
    produce(theirs, "abaaa")
    theirs.group().reset(SOURCE, 3)
    theirs.work(theirs.start())
    sim.store._objects().update(theirs.store._objects())
    theirs.close()
    sim.work(process)


def a_bad_record(sim: Simulation) -> None:
    produce(sim, "a")
    sim.produce({"to": None})
    produce(sim, "a")


# ---------------------------------------------------------------------------------------------- faults
def _boundary_not_logged(patch: Patch) -> None:
    async def put(self: FakeTable, source: TopicPartition, boundary: Boundary) -> None:
        pass

    patch.setattr(FakeTable, "put", put)


def _intent_not_sent(patch: Patch) -> None:
    commit = FakeCommitter.commit

    async def without_intent(self: FakeCommitter, source: TopicPartition, progress: Progress) -> bool:
        if progress.intent is None:
            return await commit(self, source, progress)
        await self._gate("intent:before")
        return True

    patch.setattr(FakeCommitter, "commit", without_intent)


def _commit_before_create(patch: Patch) -> None:
    create = Publisher._create

    async def late(self: Publisher, generations: tuple[Generation, ...]) -> None:
        await self._setup.committer.commit(self._source, Progress(generations[-1].stop, None, 0))
        await create(self, generations)

    patch.setattr(Publisher, "_create", late)


def _commit_one_too_far(patch: Patch) -> None:
    commit = FakeCommitter.commit

    async def one_more(self: FakeCommitter, source: TopicPartition, progress: Progress) -> bool:
        more = progress if progress.intent else Progress(progress.offset + 1, None, progress.until)
        return await commit(self, source, more)

    patch.setattr(FakeCommitter, "commit", one_more)


def _intent_one_too_far(patch: Patch) -> None:
    def finished(start: int, intent: Intent, stored: Any) -> Sequence[Decided]:
        return [Decided(start, intent.stops[-1] + 1, "recovered", intent.id)]

    _boundary_not_logged(patch)
    patch.setattr(recovery, "_as_intended", finished)


def _412_without_looking(patch: Patch) -> None:
    async def ours(self: Publisher, generation: Generation, file: Any) -> bool:
        return True

    patch.setattr(Publisher, "_is_there", ours)


def _412_without_adoption(patch: Patch) -> None:
    def refused(self: Publisher, generation: Generation, file: Any, owner: Any) -> bool:
        raise KeyConflictError(self._source, file.key, "is another's")

    patch.setattr(Publisher, "_adopt", refused)


def _span_shrunk_by_a_filter(patch: Patch) -> None:
    apply = Chain.apply

    def shrinking(self: Chain, batch: RecordBatch) -> tuple[RecordBatch, list[RecordError]]:
        kept, errors = apply(self, batch)
        span = Span(batch.span.start, kept.offset_at(kept.n - 1) + 1 if kept.n else batch.span.start)
        return RecordBatch(batch.source, span, rows=list(kept.records())), errors

    patch.setattr(Chain, "apply", shrinking)


def _head_not_first(patch: Patch) -> None:
    patch.setattr(writer, "_head_first", lambda files: tuple(sorted(files, key=lambda f: -f.first)))


def _no_look(patch: Patch) -> None:
    async def blind(*_: Any) -> tuple[Decided, ...]:
        return ()

    patch.setattr(recovery, "look", blind)


def _no_second_look(patch: Patch) -> None:
    """What lies ahead is forgotten with the first commit."""
    original = TopicPartitionWriter.__init__

    def forgetful(self: TopicPartitionWriter, *args: Any) -> None:
        original(self, *args)
        self._until = 0

    patch.setattr(TopicPartitionWriter, "__init__", forgetful)


def _stale_row_believed(patch: Patch) -> None:
    async def any_row(source: TopicPartition, setup: Any, intent: Intent) -> Boundary | None:
        row: Boundary | None = await setup.state.get(source, fresh=True)
        return row

    patch.setattr(recovery, "_logged", any_row)


def _current_generation_in_a_commit(patch: Patch) -> None:
    commit = FakeCommitter.commit

    async def unpinned(self: FakeCommitter, source: TopicPartition, progress: Progress) -> bool:
        await self._gate("intent:before" if progress.intent else "commit:before")
        self._by = self._group.membership(self._by.member)
        return await commit(self, source, progress)

    patch.setattr(FakeCommitter, "commit", unpinned)


def _rest_given_up_at_an_adoption(patch: Patch) -> None:
    async def create(self: Publisher, generations: tuple[Generation, ...]) -> None:
        rest: list[asyncio.Task[None]] = []
        try:
            for g in generations:
                await self._create_file(g, g.files[0])
                rest += [asyncio.create_task(self._create_file(g, f)) for f in g.files[1:]]
            await asyncio.gather(*rest)
        except Rewind:
            for task in rest:
                task.cancel()
            raise

    patch.setattr(Publisher, "_create", create)


def _refusal_ignored(patch: Patch) -> None:
    commit = FakeCommitter.commit

    async def deaf(self: FakeCommitter, source: TopicPartition, progress: Progress) -> bool:
        await commit(self, source, progress)
        return True

    patch.setattr(FakeCommitter, "commit", deaf)


def _bad_records_forgotten(patch: Patch) -> None:
    async def nothing(self: SinkTask, batch: RecordBatch, errors: list[RecordError]) -> None:
        pass

    patch.setattr(SinkTask, "_report", nothing)


def drop(record: SinkRecord) -> SinkRecord | None:
    return None if record.value["to"] == "drop" else record


UNCONDITIONAL = {"conditional_create": False}
FAULTS: list[tuple[Callable[[Patch], None], Scenario, dict[str, Any]]] = [
    (_boundary_not_logged, a_zombie_and_compaction, {}),
    (_intent_not_sent, a_zombie_before_its_put, {"records": 100, **UNCONDITIONAL}),
    (_refusal_ignored, a_zombie_that_is_told_before_it_writes, {"records": 100, **UNCONDITIONAL}),
    (_commit_before_create, a_crash_before_the_put, {}),
    (_commit_one_too_far, a_crash_behind_the_put, {}),
    (_intent_one_too_far, a_crash_behind_the_put, {"records": 2}),
    (_412_without_looking, a_zombie_and_lost_offsets, {"records": 100}),
    (_412_without_adoption, a_zombie_and_lost_offsets, {"records": 100}),
    (_span_shrunk_by_a_filter, dropped_records_at_the_end, {"transforms": [drop]}),
    (_head_not_first, a_rest_file_in_the_way, {"records": 100}),
    (_no_look, a_reset_into_a_generation, {}),
    (_no_second_look, a_reset_before_what_is_stored, {}),
    (_stale_row_believed, two_zombies_and_a_late_row, {"records": 100, **UNCONDITIONAL}),
    (_current_generation_in_a_commit, a_client_that_joined_again, {"records": 100}),
    (_rest_given_up_at_an_adoption, another_writer_in_the_second_generation, {}),
    (_bad_records_forgotten, a_bad_record, {"errors": DeadLetterTopic("dead")}),
]
IDS = [fault.__name__.strip("_") for fault, _, _ in FAULTS]


def carried_through(scenario: Scenario, options: dict[str, Any]) -> None:
    sim = simulation(**options)
    try:
        scenario(sim)
        sim.check()
        sim.finish()
    finally:
        sim.close()


@pytest.mark.parametrize(("fault", "scenario", "options"), FAULTS, ids=IDS)
def test_a_broken_step_is_noticed(
    monkeypatch: Patch, fault: Callable[[Patch], None], scenario: Scenario, options: dict[str, Any]
) -> None:
    carried_through(scenario, options)
    fault(monkeypatch)
    with pytest.raises((AssertionError, KeyConflictError, Replaced)):
        carried_through(scenario, options)


# (fault, scenario, what else stands in its way)
REDUNDANT: list[tuple[Callable[[Patch], None], Scenario, dict[str, Any]]] = [
    (_intent_not_sent, a_zombie_before_its_intent, {"records": 100}),
    (_intent_not_sent, a_zombie_before_its_put, {"records": 100}),
    (_stale_row_believed, two_zombies_and_a_late_row, {"records": 100}),
]


@pytest.mark.parametrize(("fault", "scenario", "options"), REDUNDANT)
def test_conditional_create_holds_where_the_fence_is_broken(
    monkeypatch: Patch, fault: Callable[[Patch], None], scenario: Scenario, options: dict[str, Any]
) -> None:
    fault(monkeypatch)
    carried_through(scenario, options)


@pytest.mark.parametrize(
    "scenario",
    [a_zombie_before_its_intent, a_zombie_before_its_put, two_zombies_and_a_late_row, a_crash_behind_the_put],
)
def test_the_fence_holds_where_the_store_knows_no_condition(scenario: Scenario) -> None:
    carried_through(scenario, {"records": 100, **UNCONDITIONAL})
