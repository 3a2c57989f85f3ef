"""What a rate makes of a configuration: the arithmetic, held against what is cut for real."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink import FlushSize, MaxAge, MaxBytes, RecordTimestamp, S3Sink, TimeBasedPartitioner
from s3sink.connect.contents import records_in
from s3sink.connect.plan import at_rate, planned, requests_for, sample_rate
from s3sink.offline import Message, batch_of, preview
from s3sink.partitioners import FieldPartitioner, HourlyPartitioner
from s3sink.rotation import RotateInterval, RotateSchedule, RotationPolicy
from s3sink.storage import MemoryStore

HOUR = 3_600_000


def sink(*rotation: RotationPolicy, partitioner: object = None) -> S3Sink:
    more = {"partitioner": partitioner} if partitioner else {}
    return S3Sink(store=MemoryStore("lake"), rotation=rotation or (FlushSize(100),), **more)  # type: ignore[arg-type]


def written(made: S3Sink, records: int, every: int = 1000) -> dict[str, bytes]:
    """The objects of records that come one every so many milliseconds, of two countries in turn."""
    messages = [Message({"n": n, "country": "AB"[n % 2]}, timestamp=n * every) for n in range(records)]
    return preview(made, batch_of("t", messages)).objects


POLICIES: list[tuple[RotationPolicy, str, float]] = [
    (FlushSize(100), "flush.size", 10),
    (RotateSchedule(60_000, "UTC"), "rotate.schedule.interval.ms", 60),
    (MaxAge("30s"), "s3sink.max.age.ms", 30),
    (MaxBytes(2290), "s3sink.max.bytes", 10),
]


@pytest.mark.parametrize(("policy", "name", "seconds"), POLICIES)
def test_the_first_policy_that_is_due_closes_files(policy: RotationPolicy, name: str, seconds: float) -> None:
    made = sink(policy, FlushSize(100_000))
    rate = at_rate(made, planned(made, written(made, 100)), 20, 2)
    assert rate is not None
    assert rate.closed_by == name
    assert rate.seconds_open == pytest.approx(seconds, rel=0.05)
    assert rate.files_per_hour == pytest.approx(2 * 3600 / seconds, rel=0.05)
    assert rate.records_per_file == pytest.approx(10 * seconds, rel=0.05)


@given(st.integers(1, 60), st.sampled_from([FieldPartitioner("country"), None]))
def test_files_an_hour_are_those_that_an_hour_of_records_makes(size: int, partitioner: object) -> None:
    made = sink(FlushSize(size), partitioner=partitioner)
    objects = written(made, 720, every=5000)
    rate = at_rate(made, planned(made, objects), 0.2, 1)
    assert rate is not None
    assert rate.files_per_hour == pytest.approx(len(objects), rel=0.5)
    assert rate.files_per_hour * rate.records_per_file == pytest.approx(720)


def test_a_partition_change_closes_files_with_their_hour() -> None:
    made = sink(RotateInterval("2h"), partitioner=HourlyPartitioner(extractor=RecordTimestamp()))
    rate = at_rate(made, planned(made, written(made, 100)), 1, 1)
    assert rate is not None
    assert (rate.closed_by, rate.seconds_open, rate.files_per_hour) == ("rotate.file.on.partition.change", 3600, 1)


def test_files_that_are_open_for_longer_than_a_directory_lasts_are_more() -> None:
    made = sink(FlushSize(7200), partitioner=TimeBasedPartitioner("%Y/%m/%d/%H"))
    rate = at_rate(made, planned(made, written(made, 100)), 1, 1)
    assert rate is not None
    assert rate.files_per_hour == pytest.approx(1.5)


def test_nothing_is_said_where_nothing_closes_files() -> None:
    made = sink(RotateInterval("1h", partition_change=False))
    object.__setattr__(made, "rotation", ())
    rate = at_rate(made, planned(made, written(sink(), 10)), 1, 1)
    assert rate is not None
    assert (rate.closed_by, rate.files_per_hour, rate.seconds_open) == ("", 0, math.inf)


@pytest.mark.parametrize(("size", "requests"), [(0, 1), (10, 1), (11, 5), (100, 13)])
def test_an_object_is_one_request_up_to_the_part_size(size: int, requests: int) -> None:
    assert requests_for(size, 10) == requests


def test_the_rate_of_a_sample_is_that_of_its_timestamps() -> None:
    assert sample_rate([0, 500, 1000]) == 2
    assert sample_rate([]) is None
    assert sample_rate([7, 7]) is None


def test_what_is_damaged_has_no_number_of_records() -> None:
    for key in ("a.parquet", "a.avro", "a.json.gz", "a.zst"):
        assert records_in(key, b"damaged") is None
