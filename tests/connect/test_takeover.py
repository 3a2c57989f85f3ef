"""Where the last object ends, what lies between it and the group, and what is said about it."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink import FieldPartitioner, JsonFormat, Layout, ParquetFormat, S3Sink
from s3sink.connect.takeover import Decision, Place, Stored, StoredObject, decide, expected_key, look_back, places
from s3sink.errors import ConfigError
from s3sink.offline import batch_of, preview
from s3sink.record import TopicPartition
from s3sink.storage import MemoryStore, ObjectSummary
from s3sink.tolerance import ErrorPolicy
from s3sink.transforms import Filter

SOURCE = TopicPartition("t", 0)
EXTENSION = ".json"


def sink(**more: object) -> S3Sink:
    return S3Sink(store=MemoryStore("lake"), **more)  # type: ignore[arg-type]


def key(start: int, directory: str = "partition=0", partition: int = 0) -> str:
    return f"t/{directory}/t+{partition}+{start:010d}{EXTENSION}"


def lines(count: int) -> bytes:
    return b'{"a":1}\n' * count


def fill(made: S3Sink, objects: dict[str, bytes]) -> None:
    for name, body in objects.items():
        asyncio.run(made.store.put(name, [body], metadata={}, if_absent=True))


def stored(made: S3Sink, committed: int | None, most: int = 100) -> Stored:
    async def ask() -> Stored:
        listing = [summary async for summary in made.store.list()]
        return await look_back(made, places(made, "t", listing).get(0, []), committed, most)

    return asyncio.run(ask())


# ---------------------------------------------------------------------------------------------- places
def test_objects_are_told_by_their_names() -> None:
    names = [
        key(0),
        key(7),
        key(3, partition=12),
        "t/partition=0/t+0+0000000009.json.gz",
        "t/partition=0/t+0+0000000009.keys.json",
        "t/partition=0/tt+0+0000000009.json",
        "t/partition=0/readme.txt",
    ]
    found = places(sink(), "t", [ObjectSummary(name, 1) for name in names])
    assert found == {0: [Place(7, key(7)), Place(0, key(0))], 12: [Place(3, key(3, partition=12))]}


def test_records_without_a_value_are_known_by_their_keys() -> None:
    made = sink(null_values="write", keys_format=JsonFormat())
    names = ["t/tombstone/t+0+0000000004.keys.json", "t/partition=0/t+0+0000000002.keys.json"]
    found = places(made, "t", [ObjectSummary(name, 1) for name in names])
    assert [place.start for place in found[0]] == [4]


def test_names_that_cannot_be_taken_apart_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"file\.delim"):
        places(sink(layout=Layout(file_delim="")), "t", [])


# ---------------------------------------------------------------------------------------------- the end
def test_an_object_ends_behind_its_records() -> None:
    made = sink()
    fill(made, {key(0): lines(10), key(10): lines(5)})
    assert stored(made, 15) == Stored((StoredObject(10, key(10), 5), StoredObject(0, key(0), 10)), 2)
    assert stored(made, 15).stop == 15


def test_records_are_counted_in_what_is_compressed() -> None:
    made = sink(format=JsonFormat(compression="gzip"))
    fill(made, {f"{key(0)}.gz": gzip.compress(lines(10))})
    assert stored(made, None).stop == 10


def test_rows_are_counted_in_parquet() -> None:
    made = sink(format=ParquetFormat())
    objects = preview(made, batch_of("t", [{"a": n} for n in range(7)], start=20)).objects
    fill(made, objects)
    assert stored(made, None).stop == 27


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=12), min_size=1, max_size=6))
def test_the_end_is_found_however_records_are_spread_over_directories(generations: list[list[str]]) -> None:
    """The records of a generation go to directories in any order; its objects close together."""
    objects: list[StoredObject] = []
    offset = 0
    for generation in generations:
        starts: dict[str, tuple[int, int]] = {}
        for directory in generation:
            start, count = starts.get(directory, (offset, 0))
            starts[directory] = (start, count + 1)
            offset += 1
        objects += [StoredObject(start, key(start, name), count) for name, (start, count) in starts.items()]
    latest = sorted(objects, reverse=True)
    assert Stored(tuple(latest)).stop == offset
    assert all((Stored(tuple(latest[:n])).stop or 0) <= offset for n in range(len(latest)))


def test_no_more_objects_are_read_than_it_takes() -> None:
    made = sink()
    fill(made, {key(10 * n): lines(10) for n in range(100)})
    assert len(stored(made, 1000).objects) == 8
    assert len(stored(made, 5000, most=20).objects) == 20
    assert stored(made, 1000).total == 100


def test_objects_of_ones_own_say_where_they_end() -> None:
    made = sink(transforms=[lambda record: record if record.offset < 3 else None])
    asyncio.run(_carry(made))
    assert stored(made, None).stop == 10


async def _carry(made: S3Sink) -> None:
    """Ten records of which three are written, by a sink that says so in the metadata."""
    from s3sink.generation import COUNT, STOP

    metadata = {
        f"s3sink-{n}": v for n, v in {"source": "t:0", "id": "i", "config": "c", "start": "0", "first": "0"}.items()
    }
    await made.store.put(key(0), [lines(3)], metadata={**metadata, STOP: "10", COUNT: "3"}, if_absent=True)


# ---------------------------------------------------------------------------------------------- the decision
def at(*objects: tuple[int, int]) -> Stored:
    """Objects of the connector: start and records."""
    return Stored(tuple(StoredObject(start, key(start), count) for start, count in sorted(objects, reverse=True)), 9)


DECISIONS: list[tuple[str, int | None, int, int, Stored, tuple[str, str | None, int]]] = [
    ("it ends where the group stands", 15, 0, 20, at((0, 10), (10, 5)), ("clean", None, 0)),
    ("nothing was ever done", None, 0, 20, Stored(), ("new", None, 0)),
    ("the topic begins later than 0", None, 7, 20, Stored(), ("new", None, 0)),
    ("files behind the group", 10, 0, 20, at((0, 10), (10, 5)), ("overlap", "error", 5)),
    ("a file across the group", 12, 0, 20, at((0, 10), (10, 5)), ("overlap", "error", 3)),
    ("no group, but files", None, 2, 20, at((0, 10)), ("overlap", "error", 8)),
    ("a hole before the group", 18, 0, 20, at((0, 10), (10, 5)), ("gap", "error", 3)),
    ("no files, but a group", 18, 0, 20, Stored(), ("gap", "warning", 18)),
    ("records were deleted", 5, 8, 20, at((0, 5)), ("lost", "error", 3)),
    ("the topic was made anew", 30, 0, 20, at((0, 30)), ("lost", "error", 0)),
]


@pytest.mark.parametrize(("what", "committed", "begin", "end", "found", "said"), DECISIONS)
def test_what_lies_between_bucket_and_group(
    what: str, committed: int | None, begin: int, end: int, found: Stored, said: tuple[str, str | None, int]
) -> None:
    decision = decide(sink(), committed, begin, end, found)
    assert (decision.outcome, decision.level, decision.count) == said, decision
    assert decision.reason


@pytest.mark.parametrize(
    "more", [{"transforms": [Filter()]}, {"null_values": "ignore"}, {"errors": ErrorPolicy("all")}]
)
def test_a_gap_may_be_the_sinks_own_doing(more: dict[str, object]) -> None:
    assert decide(sink(**more), 18, 0, 20, at((0, 10))).level == "warning"


def test_a_gap_behind_objects_that_do_not_say_what_they_hold_is_not_known() -> None:
    found = Stored((StoredObject(10, key(10), None),), 1)
    assert decide(sink(), 18, 0, 20, found).outcome == "unknown"


def test_objects_of_ones_own_beyond_the_group_are_no_trouble() -> None:
    found = Stored((StoredObject(10, key(10), 5, 15), StoredObject(0, key(0), 10)), 2)
    assert decide(sink(), 10, 0, 20, found) == Decision("overlap", None, 5, decide(sink(), 10, 0, 20, found).reason)


def test_writing_again_is_offered_only_where_it_gives_the_same_keys() -> None:
    from s3sink import TimeBasedPartitioner, WallClock

    clocked = sink(partitioner=TimeBasedPartitioner("%Y", extractor=WallClock()))
    found = at((0, 10), (10, 5))
    assert "overwrite" in decide(sink(), 10, 0, 20, found).remedy
    assert "overwrite" not in decide(clocked, 10, 0, 20, found).remedy


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (sink(), "topics/t/partition=0/t+0+0000000042.json"),
        (sink(partitioner=FieldPartitioner("a")), "topics/t/<directory>/t+0+0000000042.json"),
    ],
)
def test_the_first_new_key_is_told_as_far_as_it_is_known(made: S3Sink, expected: str) -> None:
    assert expected_key(made, SOURCE, 42, "topics/") == expected
    assert expected_key(replace(made, transforms=()), SOURCE, 42) == expected.removeprefix("topics/")


def test_offsets_in_order_are_what_the_search_wants() -> None:
    found: Sequence[Place] = places(sink(), "t", [ObjectSummary(key(n), 1) for n in (5, 50, 10)])[0]
    assert [place.start for place in found] == [50, 10, 5]
