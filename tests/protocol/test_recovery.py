"""Where a partition goes on, crash by crash: every test names the point, what is lost, and what must come of it."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from s3sink.batch import Route
from s3sink.errors import ConfigurationChangedError, ConsistencyError, KeyConflictError, OffsetGapError
from s3sink.formats import JsonFormat
from s3sink.generation import CONFIG, FILES, FIRST, ID, START, STOP
from s3sink.generation import SOURCE as SOURCE_KEY
from s3sink.metrics import NoMetrics
from s3sink.partitioners import DefaultPartitioner
from s3sink.record import SinkRecord
from s3sink.retry import Backoff
from s3sink.rotation import FlushSize, MaxAge
from s3sink.sink import S3Sink
from s3sink.storage import MemoryStore
from s3sink.testing.broker import FakeRecord
from s3sink.testing.faults import FaultyStore, Rule
from s3sink.testing.process import FakeProcess
from s3sink.testing.simulation import SOURCE, ByLetter, Fate, Simulation
from s3sink.upload import PartUpload

A0 = "orders/to=a/orders+0+0000000000.json"
A1 = "orders/to=a/orders+0+0000000001.json"


def fate(record: FakeRecord) -> Fate:
    value = json.loads(record.value or b"")
    return "dropped" if value["to"] == "drop" else (Route("orders", f"to={value['to']}"), value)


def drop(record: SinkRecord) -> SinkRecord | None:
    return None if record.value["to"] == "drop" else record


def value_as_key(record: SinkRecord) -> SinkRecord:
    return record.replace(key=record.value)


@contextmanager
def simulation(letters: str = "", *, part_size: int | None = None, **options: Any) -> Iterator[Simulation]:
    """A topic with these letters, files of 100 records, a directory for each letter."""
    defaults: dict[str, Any] = {"partitioner": ByLetter(), "rotation": [FlushSize(100)], "store": MemoryStore()}
    sim = Simulation(S3Sink(**{**defaults, **options}), fate, part_size=part_size)
    try:
        produce(sim, letters)
        yield sim
    finally:
        sim.close()


def produce(sim: Simulation, letters: str) -> None:
    for letter in letters:
        sim.produce({"to": letter})


def crash_at(sim: Simulation, point: str) -> None:
    process = sim.start()
    sim.freeze(process, point)
    sim.crash(process)


def failure(sim: Simulation) -> BaseException | None:
    """What a new process fails with."""
    process = sim.start()
    sim.work(process)
    return process.error


def keys(sim: Simulation) -> dict[str, list[int]]:
    return {key: [line.offset for line in lines] for key, lines in sim.objects()}


# ---------------------------------------------------------------------------------------------- each witness alone
LOSSES = {"nothing": (), "the changelog": ("rows",), "the offsets": ("offsets",), "both": ("rows", "offsets")}


def crash_and_recover(sim: Simulation, nth: int, lost: str) -> None:
    process = sim.start()
    process.gate.stop_after(nth)
    sim.work(process)
    sim.crash(process)
    if "rows" in LOSSES[lost]:
        sim.forget()
    if "offsets" in LOSSES[lost]:
        sim.reset(None)
    produce(sim, "ab")
    sim.finish()


@pytest.mark.parametrize(("nth", "lost"), list(itertools.product(range(14), LOSSES)))
def test_any_one_witness_is_enough_after_a_crash_at_any_point(nth: int, lost: str) -> None:
    with simulation("abaab") as sim:
        crash_and_recover(sim, nth, lost)


@pytest.mark.parametrize(("nth", "lost"), list(itertools.product(range(18), LOSSES)))
def test_files_of_keys_belong_to_the_generation_through_a_crash_at_any_point(nth: int, lost: str) -> None:
    options: dict[str, Any] = {"keys_format": JsonFormat(), "transforms": [value_as_key], "rotation": [FlushSize(3)]}
    with simulation("abaab", **options) as sim:
        crash_and_recover(sim, nth, lost)
        assert sim.stored().keys() == sim.stored("keys").keys()


def test_an_intent_is_finished_with_its_own_stop_however_much_there_is_to_read() -> None:
    with simulation("aaa") as sim:
        crash_at(sim, "put:before")
        sim.forget()
        produce(sim, "aaa")
        sim.finish()
        assert keys(sim) == {A0: [0, 1, 2], "orders/to=a/orders+0+0000000003.json": [3, 4, 5]}


def test_a_round_of_several_generations_is_finished_as_it_was_decided() -> None:
    with simulation("ababab", rotation=[FlushSize(2)]) as sim:
        process = sim.start()
        process.gate.stop_at("put:after")
        sim.work(process)
        sim.crash(process)
        sim.forget()
        sim.finish()
        assert sorted(keys(sim).values()) == [[0], [1], [2], [3], [4], [5]]


def test_a_reset_to_any_offset_writes_nothing_twice() -> None:
    for offset in range(7):
        with simulation("aababa", rotation=[FlushSize(3)]) as sim:
            sim.finish()
            sim.empty()
            sim.reset(offset)
            produce(sim, "ab")
            sim.finish()


def test_an_offset_that_a_sink_committed_needs_no_listing() -> None:
    with simulation("aaa") as sim:
        sim.finish()
        again = sim.start()
        sim.work(again)
        assert "list:before" not in again.gate.points


def test_an_offset_that_somebody_else_committed_is_checked_against_the_bucket() -> None:
    with simulation("aaa") as sim:
        sim.finish()
        sim.empty()
        sim.reset(3)
        again = sim.start()
        sim.work(again)
        assert "list:before" in again.gate.points


def test_a_half_written_generation_that_an_operator_went_into_is_finished_from_its_start() -> None:
    with simulation("abab") as sim:
        crash_at(sim, "put:after")
        sim.reset(2)
        sim.finish()
        assert keys(sim) == {A0: [0, 2], "orders/to=b/orders+0+0000000001.json": [1, 3]}


def test_what_lies_ahead_in_the_bucket_is_found_again_after_a_crash_on_the_way_there() -> None:
    with simulation("aaaaaaa", rotation=[FlushSize(3)]) as sim:
        sim.group().reset(SOURCE, 4)
        sim.books.skipped = {0, 1, 2, 3}
        sim.work(sim.start())
        sim.empty()
        sim.reset(0)
        process = sim.start()
        process.gate.stop_at("commit:after")
        sim.work(process, 3)
        sim.crash(process)
        sim.finish()
        assert [0, 1, 2] in keys(sim).values()
        assert [3] in keys(sim).values()


def test_objects_of_other_partitions_do_not_end_the_search() -> None:
    """Seventy objects of another topic with higher offsets, in a bucket where routers may have put ours anywhere."""
    with simulation("a" * 90, rotation=[FlushSize(100)], transforms=[drop]) as sim:
        sim.finish()
        metadata = {SOURCE_KEY: "others:0", ID: "x", CONFIG: "x", START: "5", STOP: "6", FIRST: "5", FILES: "1"}
        for offset in range(5, 75):
            key = f"others/p=0/others+0+{offset:010d}.json"
            sim.loop.run(sim.store.put(key, [b""], metadata=metadata, if_absent=True))
        sim.empty()
        sim.reset(80)
        process = sim.start()
        sim.work(process)
        assert process.error is None
        assert list(sim.stored()) == list(range(90))
        assert all(len(found) == 1 for found in sim.stored().values())


def test_a_store_that_fails_while_it_is_looked_into_is_asked_again() -> None:
    with simulation("aaa") as sim:
        sim.finish()
        sim.empty()
        sim.reset(1)
        process = FakeProcess(sim.world, "app", "unlucky")
        sim.processes.append(process)
        process.gate.lose(0)
        process.assigned(sim.loop)
        sim.work(process)
        assert process.error is None
        sim.finish()


# ---------------------------------------------------------------------------------------------- adoption, conflicts
def test_a_412_from_another_decision_is_adopted_and_not_guessed() -> None:
    with simulation("aaa") as sim:
        zombie = sim.start()
        sim.freeze(zombie, "put:before")
        sim.empty()
        sim.reset(None)
        produce(sim, "aa")
        second = sim.start()
        sim.freeze(second, "put:before")
        sim.thaw(zombie)
        sim.thaw(second)
        sim.work(second)
        sim.finish()
        assert keys(sim) == {A0: [0, 1, 2], "orders/to=a/orders+0+0000000003.json": [3, 4]}
        assert sim.metrics.counters["generations_adopted"] == 1


@pytest.mark.parametrize("part_size", [None, 20])
def test_an_object_of_somebody_else_stops_the_partition(part_size: int | None) -> None:
    with simulation("aaa", part_size=part_size) as sim:
        sim.loop.run(sim.store.put(A0, [b"theirs"], metadata={}, if_absent=True))
        assert isinstance(failure(sim), KeyConflictError)
        assert sim.loop.run(sim.store.get(A0)) == b"theirs"


@pytest.mark.parametrize("part_size", [None, 20])
def test_an_object_of_somebody_else_is_replaced_when_told_so(part_size: int | None) -> None:
    with simulation("aaa", part_size=part_size, on_conflict="overwrite") as sim:
        sim.loop.run(sim.store.put(A0, [b"theirs"], metadata={}, if_absent=True))
        sim.finish()
        assert keys(sim) == {A0: [0, 1, 2]}


def test_on_conflict_overwrite_never_replaces_an_object_of_ours() -> None:
    with simulation("aaa", on_conflict="overwrite", part_size=20) as sim:
        zombie = sim.start()
        sim.freeze(zombie, "complete:before")
        produce(sim, "aa")
        sim.work(sim.start())
        sim.thaw(zombie)
        sim.finish()


# ---------------------------------------------------------------------------------------------- changed configurations
def changed(sim: Simulation) -> None:
    """From now on processes run with another configuration, which writes the same keys and lines."""
    sim.sink = replace(sim.sink, null_values="ignore")
    sim.world = replace(sim.world, sink=sim.sink)


@pytest.mark.parametrize("lost", [(), ("rows",)])
@pytest.mark.parametrize("point", ["put:before", "commit:before"])
def test_a_new_configuration_takes_over_a_complete_or_an_absent_generation(point: str, lost: tuple[str, ...]) -> None:
    with simulation("abab") as sim:
        crash_at(sim, point)
        if lost:
            sim.forget()
        changed(sim)
        produce(sim, "a")
        sim.finish()


@pytest.mark.parametrize("lost", [(), ("rows",)])
def test_a_new_configuration_does_not_finish_what_an_old_one_has_half_written(lost: tuple[str, ...]) -> None:
    with simulation("abab") as sim:
        crash_at(sim, "put:after")
        if lost:
            sim.forget()
        old = sim.sink
        changed(sim)
        error = failure(sim)
        assert isinstance(error, ConfigurationChangedError)
        assert "offsets 0 to 3" in str(error)
        sim.processes.clear()
        sim.group().members.clear()
        sim.world = replace(sim.world, sink=old)
        sim.finish()


# ---------------------------------------------------------------------------------------------- compaction, gaps
@pytest.mark.parametrize("lost", [(), ("rows",), ("offsets",), ("rows", "offsets")])
def test_a_file_keeps_its_key_when_compaction_removes_its_first_record(lost: tuple[str, ...]) -> None:
    with simulation("abab") as sim:
        crash_at(sim, "put:after")
        sim.compact({0})
        if "rows" in lost:
            sim.forget()
        if "offsets" in lost:
            sim.reset(None)
        sim.finish()
        assert keys(sim)[A0] == [0, 2]


def test_a_logged_file_that_was_not_begun_keeps_its_key_too() -> None:
    with simulation("abab") as sim:
        crash_at(sim, "put:before")
        sim.compact({0})
        sim.finish()
        assert keys(sim)[A0] == [2]


@pytest.mark.parametrize("nth", range(8, 22))
def test_compaction_does_no_harm_to_a_half_written_round_of_which_no_row_is_left(nth: int) -> None:
    with simulation("abcabcabcabc", rotation=[FlushSize(6)]) as sim:
        process = sim.start()
        process.gate.stop_after(nth)
        sim.work(process)
        sim.crash(process)
        sim.forget()
        sim.compact({1, 7})
        sim.finish()


def test_records_that_are_gone_stop_the_partition() -> None:
    with simulation("aaaaa") as sim:
        sim.work(sim.start(), 2)
        produce(sim, "aaaaa")
        sim.empty()
        sim.log.truncate(7)
        error = failure(sim)
        assert isinstance(error, OffsetGapError)
        assert (error.expected, error.found) == (5, 7)


def test_records_that_are_gone_are_counted_when_told_to_go_on() -> None:
    with simulation("aaaaa", on_gap="continue") as sim:
        sim.work(sim.start(), 2)
        produce(sim, "aaaaa")
        sim.truncate(7)
        sim.finish()
        assert sim.metrics.counters["records_lost"] == 2


def test_an_operator_who_goes_past_a_gap_needs_no_option() -> None:
    """The half-written generation begins before the gap; nobody misses what lies before the operator's offset."""
    with simulation("abababab") as sim:
        crash_at(sim, "put:after")
        sim.truncate(4)
        sim.reset(4)
        sim.finish()
        assert keys(sim)["orders/to=b/orders+0+0000000001.json"] == [5, 7]


def test_offsets_without_records_are_no_gap() -> None:
    with simulation("aa") as sim:
        sim.log.skip(3)
        produce(sim, "a")
        sim.log.skip(2)
        process = sim.finish()
        assert process.task is not None
        assert process.task.committed == sim.log.end == 8


def test_a_topic_that_was_made_anew_is_not_taken_for_the_old_one() -> None:
    with simulation("aaaaa") as sim:
        sim.work(sim.start())
        sim.empty()
        sim.log.recreate()
        sim.log.append(b'{"n": 0, "to": "a"}')
        error = failure(sim)
        assert isinstance(error, ConsistencyError)
        assert "made anew" in str(error)


def test_the_offset_follows_a_busy_topic_of_which_nothing_is_wanted() -> None:
    with simulation(transforms=[drop]) as sim:
        process = sim.start()
        for _ in range(8):
            sim.produce({"to": "drop"})
            assert process.reader is not None
            process.reader.poll()
            sim.loop.settle()
            sim.now += 400  # the reader is never idle for a second, the clock goes on
        assert sim.group().offsets[SOURCE].offset >= 6


# ---------------------------------------------------------------------------------------------- multipart
MULTIPART_POINTS = ["start_upload", "put_part", "complete"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("what", MULTIPART_POINTS)
@pytest.mark.parametrize("lost", LOSSES)
def test_a_large_file_survives_a_crash_at_any_point(what: str, when: str, lost: str) -> None:
    with simulation("aaaaaa", part_size=20) as sim:
        process = sim.start()
        process.gate.stop_at(f"{what}:{when}")
        sim.work(process, 2)
        sim.crash(process)
        if "rows" in LOSSES[lost]:
            sim.forget()
        if "offsets" in LOSSES[lost]:
            sim.reset(None)
        sim.finish()


@pytest.mark.parametrize("effect", ["fail", "lose_answer", "claim_exists"])
def test_completing_a_large_file_is_tried_again_without_a_byte_more(effect: Any) -> None:
    rules = [Rule("complete", effect)]
    with simulation("aaaaaa", part_size=20) as sim:
        process = sim.start()
        assert process.task is not None
        setup = process.task._setup
        faulty = FaultyStore(setup.store, rules)
        object.__setattr__(setup, "store", faulty)
        sim.work(process, 2)
        assert process.error is None
        assert sim.metrics.counters["objects_committed"] == 1
        assert keys(sim) == {A0: [0, 1, 2, 3, 4, 5]}


def test_parts_on_their_way_survive_whoever_waited_for_them() -> None:
    async def twice() -> bytes:
        store, may_go = MemoryStore(), asyncio.Event()

        async def before(operation: str, key: str) -> None:
            if operation == "put_part":
                await may_go.wait()

        upload = PartUpload(FaultyStore(store, before=before), "key", {}, Backoff(), NoMetrics())
        upload.add([b"part"])
        waiting = asyncio.create_task(upload.arrived())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        may_go.set()
        await upload.arrived()
        await upload.complete(if_absent=True, metadata={})
        return await store.get("key")

    assert asyncio.run(twice()) == b"part"


def without_stop(sim: Simulation, key: str) -> None:
    """As a multipart object is left behind by a writer that died between Complete and its tags."""
    objects = sim.store._objects()
    metadata = {name: value for name, value in objects[key].metadata.items() if name != STOP}
    objects[key] = objects[key]._replace(metadata=metadata)


def test_the_changelog_knows_the_stop_of_a_multipart_object_without_one() -> None:
    with simulation("aaa", part_size=20) as sim:
        crash_at(sim, "complete:after")
        without_stop(sim, A0)
        sim.reset(None)
        produce(sim, "aa")
        sim.finish()
        assert keys(sim)[A0] == [0, 1, 2]


def test_a_multipart_object_without_a_stop_that_nobody_knows_is_named() -> None:
    with simulation("aaa", part_size=20) as sim:
        crash_at(sim, "complete:after")
        without_stop(sim, A0)
        sim.reset(None)
        sim.forget()
        error = failure(sim)
        assert isinstance(error, ConsistencyError)
        assert A0 in str(error)


def test_a_multipart_object_without_a_stop_does_not_matter_when_another_generation_follows_it() -> None:
    with simulation("aaa", part_size=20) as sim:
        sim.finish()
        produce(sim, "aaa")
        sim.finish()
        without_stop(sim, A0)
        sim.empty()
        sim.reset(4)
        sim.finish()


# ---------------------------------------------------------------------------------------------- rebalances
@pytest.mark.parametrize("part_size", [None, 20])
def test_open_files_survive_a_rebalance_that_gives_the_partition_back(part_size: int | None) -> None:
    with simulation("aaa", part_size=part_size) as sim:
        process = sim.start()
        assert process.reader is not None
        process.reader.poll()
        sim.loop.settle()
        sim.work(process)
        produce(sim, "aaa")
        process.reader.poll()
        sim.loop.settle()
        sim.rebalance(keep=True)
        produce(sim, "aaa")
        sim.work(process)
        sim.check()
        assert sorted(keys(sim).values()) == [[0, 1, 2], [3, 4, 5, 6, 7, 8]]
        assert process.gate.points.count("committed:before") == 1


@pytest.mark.parametrize("nth", range(24))
@pytest.mark.parametrize("part_size", [None, 20])
def test_a_round_cut_short_by_a_rebalance_is_finished_once(nth: int, part_size: int | None) -> None:
    """The client joins the next generation in the background while the round waits at any of its points."""
    with simulation("abab", part_size=part_size) as sim:
        sim.work(sim.start())
        process = sim.processes[0]
        produce(sim, "abab")
        process.gate.stop_after(nth)
        sim.work(process)
        process.revoked(keep=True)
        sim.loop.settle()
        process.gate.open()
        sim.loop.settle()
        sim.group().rebalance()
        process.assigned(sim.loop)
        produce(sim, "ab")
        sim.work(process)
        sim.check()
        sim.finish()


# ---------------------------------------------------------------------------------------------- time
def test_a_generation_that_was_cut_by_the_clock_is_cut_there_again() -> None:
    with simulation("aaa", rotation=[MaxAge("1s")]) as sim:
        process = sim.start()
        process.gate.stop_at("put:before")
        assert process.reader is not None
        process.reader.poll()
        sim.loop.settle()
        sim.tick(1100)
        sim.crash(process)
        produce(sim, "aaa")
        sim.now -= 100_000
        sim.finish()
        assert keys(sim)[A0] == [0, 1, 2]


def test_one_record_a_file_costs_one_commit_a_round() -> None:
    with simulation("a" * 50, rotation=[FlushSize(1)], partitioner=DefaultPartitioner()) as sim:
        process = sim.start()
        assert process.reader is not None
        process.reader.poll()
        sim.loop.settle()
        assert len(list(sim.objects())) == 50
        assert process.gate.points.count("commit:after") <= 2


# ---------------------------------------------------------------------------------------------- two sinks, one prefix
def test_another_sinks_objects_are_not_taken_for_stored() -> None:
    with simulation("abab") as sim:
        sim.finish()
        sim.empty()
        changed(sim)
        sim.forget()
        sim.reset(None)
        error = failure(sim)
        assert isinstance(error, ConfigurationChangedError)
        assert "give each sink a prefix of its own" in str(error)
        sim.empty()


def test_the_same_sink_in_another_group_takes_them_for_stored() -> None:
    with simulation("abab") as sim:
        sim.finish()
        before = keys(sim)
        sim.empty()
        sim.forget()
        sim.reset(None)
        sim.finish()
        assert keys(sim) == before
