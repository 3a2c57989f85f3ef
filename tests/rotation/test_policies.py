"""What each policy says about given files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.batch import RecordBatch, Route, RoutedBatch, Span
from s3sink.config import from_properties
from s3sink.errors import ConfigError
from s3sink.record import SinkRecord, TopicPartition
from s3sink.rotation import (
    Compatibility,
    Cut,
    FileSet,
    FlushSize,
    MaxAge,
    MaxBytes,
    MaxOpenFiles,
    PartitionChange,
    RotateInterval,
    RotateSchedule,
    RotationPolicy,
    SchemaChange,
    decide,
    due,
)
from s3sink.rotation.compatibility import fits
from s3sink.schema import Field, Schema, Type

SOURCE = TopicPartition("t", 0)
ROUTE = Route("t", "p")
HOUR = 3_600_000


def batch_of(n: int, start: int = 0, timestamps: list[int | None] | None = None) -> RoutedBatch:
    rows = [SinkRecord(SOURCE, start + i, 0, "t") for i in range(n)]
    return RoutedBatch(RecordBatch(SOURCE, Span(start, start + n), rows=rows), ROUTE, timestamps)


def opened(at: int, records: int = 1, **changes: Any) -> FileSet:
    return FileSet(0, records, records=records, opened_at=at, last_route=ROUTE, schemas={ROUTE: None}, **changes)


# ---------------------------------------------------------------------------------------------- options
@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda: FlushSize(0), "records"),
        (lambda: RotateInterval(0), "interval"),
        (lambda: RotateInterval("soon"), "interval"),
        (lambda: RotateSchedule("10m", "Mars/Base"), "timezone"),
        (lambda: RotateSchedule(-1), "interval"),
        (lambda: MaxBytes("128 parsecs"), "size"),
        (lambda: MaxBytes(0), "size"),
        (lambda: MaxAge(0), "age"),
        (lambda: MaxOpenFiles(0), "files"),
        (lambda: SchemaChange("SOMETIMES"), "compatibility"),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_option_is_refused_under_its_name(make: Callable[[], object], key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make()
    assert [problem.key for problem in caught.value.problems] == [key]


def test_all_problems_are_reported_together() -> None:
    with pytest.raises(ConfigError) as caught:
        RotateSchedule("x", "y")
    assert {problem.key for problem in caught.value.problems} == {"interval", "timezone"}


def test_equal_durations_and_sizes_are_equal_policies() -> None:
    assert RotateInterval("10m") == RotateInterval(600_000)
    assert MaxBytes("64MiB") == MaxBytes(2**26)
    assert MaxAge("1h") == MaxAge(HOUR)


def test_policies_come_from_a_connector_file() -> None:
    properties = {
        "flush.size": "500",
        "rotate.interval.ms": "300000",
        "rotate.file.on.partition.change": "false",
        "rotate.schedule.interval.ms": "60000",
        "timezone": "Asia/Seoul",
    }
    assert from_properties(FlushSize, properties) == FlushSize(500)
    assert from_properties(RotateInterval, properties) == RotateInterval("5m", partition_change=False)
    assert from_properties(RotateSchedule, properties) == RotateSchedule("1m", "Asia/Seoul")


# ---------------------------------------------------------------------------------------------- wall clock
@pytest.mark.parametrize(
    ("zone", "local", "interval", "expected"),
    [
        ("UTC", "2017-03-02T10:07:30", "10m", "2017-03-02T10:10:00"),
        ("UTC", "2017-03-02T10:10:00", "10m", "2017-03-02T10:20:00"),
        ("UTC", "2017-03-02T23:59:59", "10m", "2017-03-03T00:00:00"),
        ("UTC", "2017-03-02T00:30:00", "7h", "2017-03-02T07:00:00"),
        ("UTC", "2017-03-02T07:30:00", "7h", "2017-03-02T14:00:00"),
        ("UTC", "2017-03-02T20:30:00", "7h", "2017-03-02T21:00:00"),
        ("UTC", "2017-03-02T21:30:00", "7h", "2017-03-03T00:00:00"),
        ("UTC", "2017-03-02T12:00:00", "2d", "2017-03-03T00:00:00"),
        ("Asia/Kolkata", "2017-03-02T15:37:30", "1h", "2017-03-02T16:00:00"),
        ("America/Los_Angeles", "2019-11-03T22:00:00", "1h", "2019-11-03T23:00:00"),
        ("America/Los_Angeles", "2019-11-03T23:00:00", "1h", "2019-11-04T00:00:00"),
        ("America/Los_Angeles", "2019-11-03T00:30:00", "2h", "2019-11-03T01:00:00-08:00"),
        ("America/Los_Angeles", "2020-03-08T01:30:00", "2h", "2020-03-08T03:00:00"),
        ("America/Sao_Paulo", "2018-11-03T23:30:00", "1h", "2018-11-04T01:00:00"),
    ],
)
def test_a_schedule_counts_from_local_midnight(zone: str, local: str, interval: str, expected: str) -> None:
    files = opened(instant(local, zone))
    assert RotateSchedule(interval, zone).due_at(files) == instant(expected, zone)


def instant(text: str, zone: str) -> int:
    time = datetime.fromisoformat(text)
    return int((time if time.tzinfo else time.replace(tzinfo=ZoneInfo(zone))).timestamp() * 1000)


@given(
    at=st.integers(0, 2**41),
    interval=st.integers(1000, 3 * 24 * HOUR),
    zone=st.sampled_from(["UTC", "Asia/Seoul", "Europe/Berlin", "America/Sao_Paulo", "Pacific/Apia", "+05:30"]),
)
def test_a_schedule_is_due_later_than_now_and_within_one_interval_or_day(at: int, interval: int, zone: str) -> None:
    due_at = RotateSchedule(interval, zone).due_at(opened(at))
    assert due_at is not None
    assert at < due_at <= at + min(interval, 25 * HOUR)


def test_wall_clock_policies_cut_before_the_batch_only_when_due() -> None:
    batch = batch_of(3, start=7)
    for policy in (MaxAge("10m"), RotateSchedule("10m")):
        assert policy.due_at(opened(0)) == 600_000
        assert policy.cut(opened(0), batch, 599_999) is None
        assert policy.cut(opened(0), batch, 600_000) == Cut(7, policy.reason)
        assert policy.due_at(FileSet(0, 0)) is None


def test_full_files_are_due_at_once() -> None:
    policy, batch = MaxBytes("1KiB"), batch_of(1, start=5)
    assert policy.due_at(opened(99, bytes=1023)) is None
    assert policy.due_at(opened(99, bytes=1024)) == 99
    assert policy.cut(opened(99, bytes=1023), batch, 0) is None
    assert policy.cut(opened(99, bytes=1024), batch, 0) == Cut(5, "max_bytes")


# ---------------------------------------------------------------------------------------------- together
def test_the_smallest_offset_wins() -> None:
    timestamps: list[int | None] = [0, 0, HOUR, HOUR]
    policies: list[RotationPolicy] = [FlushSize(4), RotateInterval("1h")]
    assert decide(policies, FileSet(0, 0), batch_of(4, 0, timestamps), 0) == Cut(2, "rotate_interval")


def test_at_one_offset_a_full_file_comes_before_the_next_record() -> None:
    policies: list[RotationPolicy] = [RotateInterval("1h"), FlushSize(2)]
    assert decide(policies, FileSet(0, 0), batch_of(3, 0, [0, 0, HOUR]), 0) == Cut(2, "flush_size")


def test_record_time_comes_before_the_schedule() -> None:
    files = opened(0, base_timestamp=0)
    policies: list[RotationPolicy] = [MaxAge("10m"), RotateSchedule("10m"), RotateInterval("1h")]
    assert decide(policies, files, batch_of(1, 1, [HOUR]), HOUR) == Cut(1, "rotate_interval")


def test_nothing_is_cut_before_the_batch_while_no_file_is_open() -> None:
    class Always:
        def cut(self, files: FileSet, routed: RoutedBatch, now: int) -> Cut | None:
            return Cut(routed.batch.span.start, "memory")

        def due_at(self, files: FileSet) -> int | None:
            return 0

    assert decide([Always()], FileSet(0, 0), batch_of(3), 0) is None
    assert decide([Always()], opened(0), batch_of(3), 0) == Cut(0, "memory")
    assert due([Always()], FileSet(0, 0)) is None
    assert due([Always()], opened(0)) == (0, "max_age")


def test_the_earliest_due_time_is_told_with_its_reason() -> None:
    policies: list[RotationPolicy] = [FlushSize(9), MaxAge("1h"), RotateSchedule("25m")]
    assert due(policies, opened(0)) == (1_500_000, "rotate_schedule")
    assert due([FlushSize(9)], opened(0)) is None


def test_an_empty_batch_is_not_cut_by_its_records() -> None:
    empty = RoutedBatch(RecordBatch(SOURCE, Span(5, 9), rows=[]), [], [])
    policies: list[RotationPolicy] = [
        FlushSize(3),
        RotateInterval(1),
        PartitionChange(),
        SchemaChange(),
        MaxOpenFiles(1),
    ]
    assert decide(policies, opened(0, base_timestamp=0), empty, 0) is None


def test_a_partition_change_inside_an_interval_says_so() -> None:
    routes = [ROUTE, Route("t", "q")]
    routed = RoutedBatch(batch_of(2).batch, routes, [0, 1])
    assert RotateInterval("1h").cut(FileSet(0, 0), routed, 0) == Cut(1, "partition_change")
    assert RotateInterval("1h", partition_change=False).cut(FileSet(0, 0), routed, 0) is None
    assert PartitionChange().cut(FileSet(0, 0), routed, 0) == Cut(1, "partition_change")
    assert PartitionChange().cut(FileSet(0, 0, last_route=Route("t", "before")), batch_of(2), 0) is None


def test_batches_that_were_not_decoded_have_no_schema_to_change() -> None:
    raw = RecordBatch(SOURCE, Span(0, 3), raw=[object(), object(), object()])
    assert SchemaChange().cut(opened(0), RoutedBatch(raw, ROUTE), 0) is None


# ---------------------------------------------------------------------------------------------- schemas
def struct(*fields: Field, version: int | None = 1, name: str = "n", **changes: Any) -> Schema:
    return Schema(type="struct", name=name, version=version, fields=fields, **changes)


def x(kind: Type, name: str = "x", **changes: Any) -> Field:
    return Field(name, Schema(type=kind, **changes))


# record schemas a a b b a: where the files are cut, by mode (schema vectors of the real connector)
EVOLUTIONS = [
    ("int32 -> int64", struct(x("int32")), struct(x("int64"), version=2), [2], [2, 4]),
    ("int32 -> string", struct(x("int32")), struct(x("string"), version=2), [2, 4], [2, 4]),
    ("another name", struct(x("int32")), struct(x("int32"), name="m"), [2, 4], [2, 4]),
    ("required -> optional", struct(x("int32")), struct(x("int32", optional=True), version=2), [2], [2, 4]),
    ("optional -> required", struct(x("int32", optional=True)), struct(x("int32"), version=2), [2, 4], []),
    ("required added", struct(x("int32")), struct(x("int32"), x("int32", "y"), version=2), [2, 4], []),
    ("doc only", struct(x("int32")), struct(x("int32"), doc="d"), [], []),
    ("parameters", struct(x("int32")), struct(x("int32"), parameters=(("p", "q"),)), [2, 4], [2, 4]),
    ("no version", struct(x("int32"), version=None), struct(x("int64"), version=None), [], []),  # they are refused
]


@pytest.mark.parametrize(
    ("old", "new", "backward", "forward"), [e[1:] for e in EVOLUTIONS], ids=[e[0] for e in EVOLUTIONS]
)
def test_schemas_share_files_as_in_the_connector(
    old: Schema, new: Schema, backward: list[int], forward: list[int]
) -> None:
    assert cuts_of([old, old, new, new, old], "NONE") == [2, 4]
    assert cuts_of([old, old, new, new, old], "BACKWARD") == backward
    assert cuts_of([old, old, new, new, old], "FULL") == backward
    assert cuts_of([old, old, new, new, old], "FORWARD") == forward


def cuts_of(schemas: list[Schema | None], mode: Compatibility) -> list[int]:
    rows = [SinkRecord(SOURCE, i, 0, "t", None, {}, (), None, s) for i, s in enumerate(schemas)]
    routed, cuts = RoutedBatch(RecordBatch(SOURCE, Span(0, len(rows)), rows=rows), ROUTE), []
    while cut := SchemaChange(mode).cut(FileSet(0, 0), routed, 0):
        cuts.append(cut.offset)
        routed = routed.split(cut.offset)[1]
    return cuts


@pytest.mark.parametrize("mode", ["NONE", "BACKWARD", "FORWARD", "FULL"])
def test_records_with_and_without_a_schema_do_not_share_a_file(mode: Compatibility) -> None:
    assert cuts_of([None, None, struct(), struct(), None], mode) == [2, 4]


def test_nested_structs_arrays_and_enums_are_compared_too() -> None:
    def array(of: Schema, version: int) -> Schema:
        return struct(Field("a", Schema(type="array", items=of)), version=version)

    def enum(*symbols: str) -> Schema:
        mark = "io.confluent.connect.avro.Enum"
        return Schema(type="string", parameters=((mark, "e"), *((f"{mark}.{s}", s) for s in symbols)))

    assert fits(array(Schema(type="int32"), 1), array(Schema(type="int64"), 2), "BACKWARD")
    assert not fits(array(Schema(type="int64"), 1), array(Schema(type="int32"), 2), "BACKWARD")
    assert fits(array(enum("A"), 1), array(enum("A", "B"), 2), "BACKWARD")
    assert not fits(array(enum("A", "C"), 1), array(enum("A", "B"), 2), "BACKWARD")
