"""A task with bad records: what waits, what goes on meanwhile, and what is committed only when it was reported."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3sink import (
    BrokerError,
    DeadLetterTopic,
    ErrorPolicy,
    FlushSize,
    MaxAge,
    MemoryStore,
    RecordError,
    S3Sink,
    SinkRecord,
)
from s3sink.batch import Route
from s3sink.dlq import DeadLetter
from s3sink.testing.broker import FakeRecord
from s3sink.testing.failing import FailingTransform, TemporaryError
from s3sink.testing.process import FakeProcess
from s3sink.testing.simulation import SOURCE, Fate, Simulation

DLQ = DeadLetterTopic("dead")
FOR_EVER = ErrorPolicy(retry_timeout=-1)


def unchanged(record: SinkRecord) -> SinkRecord:
    return record


def is_bad(record: SinkRecord) -> bool:
    return bool(record.value["is"] == "bad")


def fate(record: FakeRecord) -> Fate:
    value = json.loads(record.value or b"")
    return "dead" if value["is"] == "bad" else (Route("orders", "partition=0"), value)


@contextmanager
def simulation(
    errors: Any, *, times: int | None = None, retriable: bool = False, **options: Any
) -> Iterator[Simulation]:
    """Records that are `bad` fail: always, or so many times."""
    error = TemporaryError if retriable else ValueError
    failing = FailingTransform(unchanged, when=is_bad, error=error, times=times)
    sink = S3Sink(store=MemoryStore(), transforms=[failing], errors=errors, **{"rotation": [FlushSize(2)], **options})
    sim = Simulation(
        sink, fate if times is None else lambda r: (Route("orders", "partition=0"), json.loads(r.value or b""))
    )
    try:
        yield sim
    finally:
        sim.close()


def produce(sim: Simulation, kinds: str) -> None:
    for kind in kinds:
        sim.produce({"is": "bad" if kind == "!" else "good"})


def read(sim: Simulation, process: FakeProcess) -> None:
    """Let a process have everything that is there; no time passes."""
    assert process.reader is not None
    while process.reader.poll(500):
        sim.loop.settle()
    sim.loop.settle()


def committed(sim: Simulation) -> int:
    stored = sim.group().offsets.get(SOURCE)
    return 0 if stored is None else stored.offset


# ---------------------------------------------------------------------------------------------- waiting
def test_a_record_waits_for_its_next_attempt_and_its_partition_with_it() -> None:
    with simulation(FOR_EVER, times=2, retriable=True) as sim:
        process = sim.start()
        produce(sim, "..!.")
        read(sim, process)
        assert process.task is not None
        for passing, at in ((299, 0), (1, 0), (599, 0), (1, 4)):
            assert process.task.waiting
            sim.tick(passing)
            assert committed(sim) == at
        assert not process.task.waiting
        sim.check()


def test_files_that_are_due_close_while_a_record_waits() -> None:
    with simulation(FOR_EVER, times=20, retriable=True, rotation=[MaxAge("2s")]) as sim:
        process = sim.start()
        produce(sim, "..")
        read(sim, process)
        produce(sim, "!.")
        read(sim, process)
        for _ in range(30):
            sim.tick(100)
        assert process.task is not None
        assert process.task.waiting
        assert committed(sim) == 2


def test_memory_is_given_back_while_a_record_waits() -> None:
    with simulation(FOR_EVER, times=20, retriable=True, rotation=[FlushSize(99)]) as sim:
        process = sim.start()
        produce(sim, "..")
        read(sim, process)
        produce(sim, "!.")
        read(sim, process)
        assert process.task is not None
        process.task.squeeze()
        sim.tick(400)
        assert process.task.waiting
        assert committed(sim) == 2


def test_a_task_that_waits_can_be_cancelled_at_once() -> None:
    with simulation(FOR_EVER, retriable=True) as sim:
        process = sim.start()
        produce(sim, ".!.")
        read(sim, process)
        run = process.run
        process.revoked()
        sim.loop.settle()
        assert run is not None
        assert run.cancelled()
        assert process.group.offsets.get(SOURCE) is None


def test_a_task_that_waits_hears_that_it_was_replaced() -> None:
    with simulation(FOR_EVER, retriable=True) as sim:
        zombie = sim.start()
        produce(sim, "...")
        sim.freeze(zombie, "intent:before")
        produce(sim, "!")
        read(sim, zombie)
        task = zombie.task
        assert task is not None
        assert task.waiting
        sim.start()
        sim.thaw(zombie)
        sim.tick(1000)
        assert task.replaced
        assert not task.waiting


def test_a_record_that_waits_survives_a_rebalance() -> None:
    with simulation(FOR_EVER, times=3, retriable=True) as sim:
        process = sim.start()
        produce(sim, "..!..")
        read(sim, process)
        sim.rebalance(keep=True)
        sim.finish()


# ---------------------------------------------------------------------------------------------- none and all
def test_without_tolerance_the_letter_is_written_and_then_the_task_ends_with_the_error() -> None:
    with simulation(ErrorPolicy(dead_letters=DLQ)) as sim:
        process = sim.start()
        produce(sim, ".!.!")
        read(sim, process)
        assert isinstance(process.error, RecordError)
        assert process.error.offset == 1
        assert [letter.offset for letter in sim.broker.letters] == [1]
        assert "records_tolerated" not in sim.metrics.counters


def test_without_tolerance_what_came_before_the_bad_record_is_not_lost() -> None:
    with simulation(ErrorPolicy(dead_letters=DLQ)) as sim:
        produce(sim, "....!.")
        process = sim.start()
        read(sim, process)
        assert committed(sim) <= 4
        produce(sim, ".")
        sim.rebalance()
        assert committed(sim) <= 4


@pytest.mark.parametrize(("kinds", "stored"), [("....!.", 4), ("...!..", 2), ("..!", 2), ("!..", 0), (".!", 0)])
def test_without_tolerance_files_that_were_full_before_the_bad_record_are_there_when_the_task_ends(
    kinds: str, stored: int
) -> None:
    with simulation(ErrorPolicy(dead_letters=DLQ)) as sim:
        produce(sim, kinds)
        process = sim.start()
        read(sim, process)
        assert isinstance(process.error, RecordError)
        assert sorted(sim.stored()) == list(range(stored))
        assert committed(sim) == stored


class SilentQueue:
    """Takes letters and never says that it has them."""

    async def send(self, letters: Sequence[DeadLetter]) -> None:
        await asyncio.get_running_loop().create_future()


def test_nothing_behind_a_bad_record_is_committed_before_its_letter_is_acknowledged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(FakeProcess, "_letters", lambda self: SilentQueue())
    with simulation(DLQ) as sim:
        produce(sim, ".!...")
        read(sim, sim.start())
        sim.tick(5000)
        assert committed(sim) <= 1


class BrokenQueue:
    """Takes no letters."""

    async def send(self, letters: Sequence[DeadLetter]) -> None:
        raise BrokerError("no")


def test_a_letter_that_cannot_be_sent_ends_the_task_whatever_is_tolerated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeProcess, "_letters", lambda self: BrokenQueue())
    with simulation(DLQ) as sim:
        produce(sim, ".!...")
        process = sim.start()
        read(sim, process)
        assert isinstance(process.error, BrokerError)
        assert sim.metrics.counters["dead_letter_failures"] == 1
        assert "records_tolerated" not in sim.metrics.counters


@pytest.mark.parametrize("point", ["letters:before", "letters:after", "intent:after", "put:after"])
def test_a_letter_may_come_twice_after_a_crash_but_never_not_at_all(point: str) -> None:
    with simulation(DLQ) as sim:
        produce(sim, ".!..!.")
        process = sim.start()
        sim.freeze(process, point)
        sim.crash(process)
        sim.finish()
        assert {letter.offset for letter in sim.broker.letters} == {1, 4}


@settings(max_examples=60, deadline=None)
@given(st.text(".!", min_size=1, max_size=12), st.integers(0, 14), st.integers(1, 4))
def test_good_records_are_in_one_object_and_bad_ones_in_the_queue_wherever_the_process_is_killed(
    kinds: str, steps: int, reads: int
) -> None:
    with simulation(ErrorPolicy("all", retry_timeout=700, dead_letters=DLQ), retriable=True) as sim:
        produce(sim, kinds)
        process = sim.start()
        process.gate.stop_after(steps)
        sim.work(process, reads)
        sim.crash(process)
        sim.empty()
        healthy = sim.start()
        for _ in range(60):
            read(sim, healthy)
            sim.tick(700)
        sim.work(healthy)
        sim.check()
        bad = {offset for offset, kind in enumerate(kinds) if kind == "!"}
        assert {letter.offset for letter in sim.broker.letters} == bad
        assert sum(len(lines) for _, lines in sim.objects()) == len(kinds) - len(bad)
