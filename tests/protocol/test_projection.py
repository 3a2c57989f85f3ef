"""Records that are projected, and records that their file refuses: the same objects wherever a process is killed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3sink.converters import JsonConverter
from s3sink.dlq import DeadLetter, DeadLetterTopic
from s3sink.errors import RecordError
from s3sink.rotation import FlushSize, SchemaChange
from s3sink.schema import Field, Schema
from s3sink.sink import S3Sink
from s3sink.storage import MemoryStore
from s3sink.testing.process import FakeProcess
from s3sink.testing.simulation import SOURCE, ByLetter, Simulation

CONVERTER = JsonConverter(schemas_enable=True)


def schema(version: int | None, *more: Field) -> Schema:
    members = (Field("n", Schema(type="int64")), Field("to", Schema(type="string")), *more)
    return Schema(type="struct", name="r", version=version, fields=members)


FILLED = Field("b", Schema(type="string", default="d"))
SCHEMAS = {"1": schema(1), "2": schema(2, FILLED), "u": schema(None), "v": schema(None, FILLED)}


@contextmanager
def simulation(kinds: str, **options: Any) -> Iterator[Simulation]:
    """A record for each kind; an upper case U or V goes to another directory."""
    defaults: dict[str, Any] = {"rotation": [FlushSize(3), SchemaChange("BACKWARD")], "errors": DeadLetterTopic("dead")}
    sink = S3Sink(store=MemoryStore(), converter=CONVERTER, partitioner=ByLetter(), **{**defaults, **options})
    sim = Simulation(sink, lambda _: "dropped")  # what becomes of a record depends on the one before: see `outcome`
    try:
        for kind in kinds:
            value = {"n": len(sim.books.serials), "to": "y" if kind.isupper() else "x"}
            data = CONVERTER.encode("orders", SCHEMAS[kind.lower()], value)
            assert data is not None
            sim.produce(data)
        yield sim
    finally:
        sim.close()


def outcome(sim: Simulation) -> tuple[dict[str, list[Any]], set[int]]:
    """What stands in the objects, and which records were reported."""
    objects = sim.store._objects()
    lines = {key: [json.loads(line) for line in o.content.splitlines()] for key, o in objects.items()}
    return lines, {letter.offset for letter in sim.broker.letters}


def carried_on(sim: Simulation) -> tuple[dict[str, list[Any]], set[int]]:
    """The outcome when a healthy process has read everything."""
    sim.empty()
    process = sim.start()
    for _ in range(4):
        sim.work(process)
    assert process.error is None
    assert sim.group().offsets[SOURCE].offset == sim.log.end
    return outcome(sim)


def read(sim: Simulation, process: FakeProcess) -> None:
    assert process.reader is not None
    while process.reader.poll(500):
        sim.loop.settle()
    sim.loop.settle()


@settings(max_examples=80, deadline=None)
@given(st.text("12uvUV", min_size=1, max_size=12), st.integers(0, 20), st.integers(1, 4), st.booleans())
def test_a_killed_process_leaves_the_same_objects_as_one_that_lives(
    kinds: str, steps: int, reads: int, forget: bool
) -> None:
    with simulation(kinds) as sim:
        undisturbed = carried_on(sim)
    with simulation(kinds) as sim:
        process = sim.start()
        process.gate.stop_after(steps)
        sim.work(process, reads)
        sim.crash(process)
        if forget:
            sim.forget()
        assert carried_on(sim) == undisturbed


class SlowQueue:
    """Takes a letter when it is told to."""

    def __init__(self) -> None:
        self.go = asyncio.Event()

    async def send(self, letters: Sequence[DeadLetter]) -> None:
        await self.go.wait()


def test_files_may_close_while_a_refused_record_is_being_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = SlowQueue()
    monkeypatch.setattr(FakeProcess, "_letters", lambda self: queue)
    with simulation("uuvuvu", rotation=[FlushSize(9), SchemaChange("FULL")]) as sim:
        process = sim.start()
        read(sim, process)
        assert process.task is not None
        sim.loop.run(process.task.close_files("revoked"))
        assert sim.group().offsets[SOURCE].offset == 2
        queue.go.set()
        sim.loop.settle()
        sim.freeze(process, "put:before")
        sim.crash(process)
        found, _ = carried_on(sim)
        assert [[line["n"] for line in lines] for lines in found.values()] == [[0, 1], [3, 5]]


def test_nothing_behind_a_refused_record_is_committed_before_its_letter_is_acknowledged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(FakeProcess, "_letters", lambda self: SlowQueue())
    with simulation("uvuuuu") as sim:
        read(sim, sim.start())
        sim.tick(5000)
        stored = sim.group().offsets.get(SOURCE)
        assert stored is None or stored.offset <= 1


def test_without_tolerance_what_comes_before_a_refused_record_is_there_and_nothing_behind_it() -> None:
    with simulation("uuuuvuuuu", errors="fail") as sim:
        process = sim.start()
        read(sim, process)
        assert isinstance(process.error, RecordError)
        assert process.error.offset == 4
        assert sim.group().offsets[SOURCE].offset == 3
        assert [[line["n"] for line in lines] for lines in outcome(sim)[0].values()] == [[0, 1, 2]]
