"""Which files the connector makes of which records: the truth table, and that batches do not matter for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.batch import RecordBatch, Route, RoutedBatch, Span
from s3sink.partitioners import (
    DailyPartitioner,
    DefaultPartitioner,
    FieldPartitioner,
    HourlyPartitioner,
    Partitioner,
    RecordField,
    TimeBasedPartitioner,
    WallClock,
    route,
)
from s3sink.record import SinkRecord, TopicPartition
from s3sink.rotation import (
    Cut,
    FileSet,
    FlushSize,
    MaxOpenFiles,
    PartitionChange,
    RotateInterval,
    RotateSchedule,
    RotationPolicy,
    SchemaChange,
    decide,
    due,
)
from s3sink.schema import Schema

SOURCE = TopicPartition("t", 0)
SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
MORNING = 1_488_448_800_000  # 2017-03-02T10:00Z
V1 = Schema(type="struct", name="rec", version=1)
V2 = Schema(type="struct", name="rec", version=2)


class Simulator:
    """Writes what it is given and closes all files where the policies say, as a writer of one partition does."""

    def __init__(self, policies: Sequence[RotationPolicy], partitioner: Partitioner) -> None:
        self.policies, self.partitioner = policies, partitioner
        self.files = FileSet(0, 0)
        self.open: dict[Route, list[int]] = {}
        self.closed: list[str] = []
        self.cuts: list[Cut] = []

    def put(self, batch: RecordBatch, now: int) -> None:
        routed, errors = route(self.partitioner, batch, now)
        assert not errors
        while cut := decide(self.policies, self.files, routed, now):
            assert batch.span.start <= cut.offset <= batch.span.stop
            head, routed = routed.split(cut.offset)
            self._write(head, now)
            self._close(cut)
        self._write(routed, now)

    def idle(self, now: int) -> None:
        found = due(self.policies, self.files)
        if found and found[0] <= now:
            self._close(Cut(self.files.stop, found[1]))

    def _write(self, routed: RoutedBatch, now: int) -> None:
        files, batch = self.files, routed.batch
        files.stop = batch.span.stop
        if not batch.n:
            return
        if not files.records:
            files.opened_at, files.base_timestamp = now, routed.timestamps[0] if routed.timestamps else None
        schemas = dict(files.schemas)
        for index, record in enumerate(batch.records()):
            self.open.setdefault(routed.route_at(index), []).append(record.offset)
            schemas.setdefault(routed.route_at(index), record.value_schema)
        files.schemas, files.last_route = schemas, routed.route_at(batch.n - 1)
        files.records += batch.n

    def _close(self, cut: Cut) -> None:
        assert self.open, f"{cut} closes nothing"
        self.closed += described(self.open)
        self.cuts.append(cut)
        self.open, self.files = {}, FileSet(cut.offset, cut.offset)


def described(files: dict[Route, list[int]]) -> list[str]:
    return [f"{route.encoded_partition}:{offsets[0]}({len(offsets)})" for route, offsets in files.items()]


def batches(records: Sequence[SinkRecord], start: int, one_by_one: bool) -> Iterable[RecordBatch]:
    groups = [[r] for r in records] if one_by_one else [list(records)]
    for group in groups:
        stop = group[-1].offset + 1
        yield RecordBatch(SOURCE, Span(start, stop), rows=group)
        start = stop


class Step(NamedTuple):
    """Records and the clock at which they arrive; without records, time passes."""

    now: int
    records: Sequence[SinkRecord] = ()


class Row(NamedTuple):
    row: str
    policies: Sequence[RotationPolicy]
    partitioner: Partitioner
    steps: Sequence[Step]
    closed: str
    open: str
    commit: int | None


def at(offset: int, timestamp: int | None = 0, value: Any = None, schema: Schema | None = None) -> SinkRecord:
    return SinkRecord(SOURCE, offset, timestamp, "t", None, value, (), None, schema)


def plain(*offsets: int) -> list[SinkRecord]:
    return [at(offset) for offset in offsets]


def timed(*timestamps: int, start: int = 0) -> list[SinkRecord]:
    return [at(start + i, t) for i, t in enumerate(timestamps)]


def named(text: str) -> list[SinkRecord]:
    return [at(i, 0, {"f": c}) for i, c in enumerate(text)]


def clocks(*texts: str, start: int = 0) -> list[SinkRecord]:
    """`10:05` or `01:59:57` of the first day; `2 07:00` is on the second."""
    return timed(*[clock(text) for text in texts], start=start)


def clock(text: str) -> int:
    day, _, time = text.rpartition(" ")
    parts = [int(part) for part in time.split(":")]
    return (int(day or 1) - 1) * DAY + sum(
        part * unit for part, unit in zip(parts, (HOUR, MINUTE, SECOND), strict=False)
    )


def arrive(*records: SinkRecord) -> list[Step]:
    return [Step(0, records)]


HOURS = TimeBasedPartitioner("'h'H", "1h")
DAYS = TimeBasedPartitioner("'d'd", "1d")
ONE_FILE = TimeBasedPartitioner("'x'", "1h")
P, F = DefaultPartitioner(), FieldPartitioner("f")
LA = "America/Los_Angeles"
LA_MORNING = 1_488_477_600_000  # 2017-03-02 10:00 there
CADENCE = [LA_MORNING + i * 20 * SECOND for i in range(9)] + [LA_MORNING + 2 * HOUR + i * 20 * SECOND for i in range(9)]
LATE = ["01:59:57", "01:59:58", "02:00:01", "01:59:59", "02:00:02"]
INTERLEAVED = ["10:00", "9:58", "10:09", "9:55", "10:10"]
NINE = tuple(range(9))
TEN_MINUTES = RotateInterval("10m")
TEN_MINUTES_ANY = RotateInterval("10m", partition_change=False)
HOUR_OF, DAY_OF = "year=2017/month=03/day=02/hour=", "year=2017/month=03/day=02"
GRID = RotateSchedule("10m")
STAY = WallClock()
BY_CLOCK = HourlyPartitioner(extractor=STAY)


def minutes(n: float) -> int:
    return MORNING + int(n * MINUTE)


TABLE = [
    Row("2", [FlushSize(3)], P, arrive(*plain(*NINE)), "partition=0:0(3) partition=0:3(3) partition=0:6(3)", "", 9),
    Row(
        "3",
        [FlushSize(3)],
        P,
        arrive(*plain(*range(9, 16))),
        "partition=0:9(3) partition=0:12(3)",
        "partition=0:15(1)",
        15,
    ),
    Row(
        "4",
        [FlushSize(9)],
        FieldPartitioner("int"),
        arrive(*[at(i, 0, {"int": 16 + i % 3}) for i in range(18)]),
        "int=16:0(3) int=17:1(3) int=18:2(3) int=16:9(3) int=17:10(3) int=18:11(3)",
        "",
        18,
    ),
    Row("5", [FlushSize(4)], F, arrive(*named("ababababa")), "f=a:0(2) f=b:1(2) f=a:4(2) f=b:5(2)", "f=a:8(1)", 8),
    Row("6", [FlushSize(1000)], P, arrive(*plain(*range(1100))), "partition=0:0(1000)", "partition=0:1000(100)", 1000),
    Row("7", [FlushSize(1)], P, arrive(*plain(5, 6)), "partition=0:5(1) partition=0:6(1)", "", 7),
    Row("8", [FlushSize(10)], P, arrive(*plain(*NINE)), "", "partition=0:0(9)", None),
    Row(
        "9",
        [FlushSize(3)],
        P,
        arrive(*plain(100, 102, 103, 107, 110, 111, 115)),
        "partition=0:100(3) partition=0:107(3)",
        "partition=0:115(1)",
        112,
    ),
    Row(
        "12",
        [RotateInterval("1m")],
        HourlyPartitioner(timezone=LA),
        arrive(*timed(*CADENCE)),
        f"{HOUR_OF}10:0(3) {HOUR_OF}10:3(3) {HOUR_OF}10:6(3) {HOUR_OF}12:9(3) {HOUR_OF}12:12(3)",
        f"{HOUR_OF}12:15(3)",
        15,
    ),
    Row(
        "13",
        [RotateInterval("1m")],
        DailyPartitioner(timezone=LA),
        arrive(*timed(*CADENCE)),
        f"{DAY_OF}:0(3) {DAY_OF}:3(3) {DAY_OF}:6(3) {DAY_OF}:9(3) {DAY_OF}:12(3)",
        f"{DAY_OF}:15(3)",
        15,
    ),
    Row(
        "14",
        [RotateInterval("1m")],
        HourlyPartitioner(timezone=LA, extractor=RecordField("ts")),
        arrive(*[at(i, 0, {"ts": t}) for i, t in enumerate(CADENCE)], at(19, 0, {"ts": LA_MORNING + 6 * HOUR})),
        f"{HOUR_OF}10:0(3) {HOUR_OF}10:3(3) {HOUR_OF}10:6(3) {HOUR_OF}12:9(3) {HOUR_OF}12:12(3) {HOUR_OF}12:15(3)",
        f"{HOUR_OF}16:19(1)",
        19,
    ),
    Row(
        "15",
        [RotateInterval("1h")],
        TimeBasedPartitioner("'d'd", "1d", extractor=STAY),
        [
            Step(MORNING, plain(*NINE)),
            Step(MORNING + 2 * HOUR, plain(*range(9, 18))),
            Step(MORNING + 3 * HOUR + 1, plain(18)),
        ],
        "d2:0(9) d2:9(9)",
        "d2:18(1)",
        18,
    ),
    Row("16", [TEN_MINUTES], ONE_FILE, arrive(*timed(0, 599_999)), "", "x:0(2)", None),
    Row("17", [TEN_MINUTES], ONE_FILE, arrive(*timed(0, 599_999, 600_000)), "x:0(2)", "x:2(1)", 2),
    Row("18", [TEN_MINUTES], ONE_FILE, arrive(*clocks("0:00", "0:25", "0:34", "0:35")), "x:0(1) x:1(2)", "x:3(1)", 3),
    Row("19", [TEN_MINUTES_ANY], HOURS, arrive(*clocks(*INTERLEAVED)), "h10:0(2) h9:1(2)", "h10:4(1)", 4),
    Row("20", [TEN_MINUTES], HOURS, arrive(*clocks(*INTERLEAVED)), "h10:0(1) h9:1(1) h10:2(1) h9:3(1)", "h10:4(1)", 4),
    Row(
        "21",
        [RotateInterval("1d", False)],
        HOURS,
        arrive(*clocks("10:00", "8:00", "2 7:00", "2 5:00")),
        "",
        "h10:0(1) h8:1(1) h7:2(1) h5:3(1)",
        None,
    ),
    Row(
        "22",
        [RotateInterval("1d", False)],
        HOURS,
        arrive(*clocks("10:00", "8:00", "2 7:00", "2 5:00", "2 10:00")),
        "h10:0(1) h8:1(1) h7:2(1) h5:3(1)",
        "h10:4(1)",
        4,
    ),
    Row("23", [RotateInterval("1h")], HOURS, arrive(*clocks("0:10", "0:50", "1:05")), "h0:0(2)", "h1:2(1)", 2),
    Row("24", [RotateInterval("1h")], HOURS, arrive(*clocks(*LATE)), "h1:0(2) h2:2(1) h1:3(1)", "h2:4(1)", 4),
    Row("25", [RotateInterval("1h", False)], HOURS, arrive(*clocks(*LATE)), "", "h1:0(3) h2:2(2)", None),
    Row(
        "26",
        [RotateInterval("1h", False)],
        HOURS,
        arrive(*clocks(*LATE, "2:59:57")),
        "h1:0(3) h2:2(2)",
        "h2:5(1)",
        5,
    ),
    Row("27", [], HOURS, arrive(*clocks(*LATE)), "", "h1:0(3) h2:2(2)", None),
    Row("28", [FlushSize(5)], HOURS, arrive(*clocks(*LATE)), "h1:0(3) h2:2(2)", "", 5),
    Row(
        "29",
        [RotateInterval("1h")],
        HourlyPartitioner(extractor=STAY),
        [Step(MORNING, plain(0, 1)), *[Step(MORNING + i * HOUR) for i in range(10)]],
        "",
        f"{HOUR_OF}10:0(2)",
        None,
    ),
    Row("30", [TEN_MINUTES_ANY], HOURS, arrive(*clocks("0:59", "0:30", "0:05", "0:58")), "", "h0:0(4)", None),
    Row(
        "31",
        [FlushSize(3), TEN_MINUTES],
        ONE_FILE,
        arrive(*timed(*[i * MINUTE for i in range(7)], 16 * MINUTE)),
        "x:0(3) x:3(3) x:6(1)",
        "x:7(1)",
        7,
    ),
    Row(
        "32",
        [FlushSize(3), RotateInterval("1h", False)],
        HOURS,
        arrive(*clocks("0:59", "1:01", "0:58", "1:02")),
        "h0:0(2) h1:1(1)",
        "h1:3(1)",
        3,
    ),
    Row("33", [RotateInterval("1h")], P, arrive(*clocks("0:00", "5:00", "9:00")), "", "partition=0:0(3)", None),
    Row("35", [], HOURS, arrive(*clocks("0:00", "5:00")), "", "h0:0(1) h5:1(1)", None),
    Row(
        "36",
        [FlushSize(6)],
        TimeBasedPartitioner("'h'H", extractor=STAY),
        [Step(3_599_000, plain(*NINE))],
        "h0:0(6)",
        "h0:6(3)",
        6,
    ),
    Row(
        "37, before",
        [GRID],
        P,
        [Step(minutes(0.1), plain(0, 1, 2)), Step(minutes(10) - 100)],
        "",
        "partition=0:0(3)",
        None,
    ),
    Row("37", [GRID], P, [Step(minutes(0.1), plain(0, 1, 2)), Step(minutes(10))], "partition=0:0(3)", "", 3),
    Row(
        "38",
        [RotateInterval("1h"), GRID],
        BY_CLOCK,
        [Step(MORNING, plain(0, 1, 2)), Step(minutes(11)), Step(minutes(11), plain(3, 4, 5)), Step(minutes(22))],
        f"{HOUR_OF}10:0(3) {HOUR_OF}10:3(3)",
        "",
        6,
    ),
    Row(
        "39",
        [GRID],
        P,
        [Step(minutes(11)), Step(minutes(11), plain(0, 1, 2)), Step(minutes(22)), Step(minutes(40))],
        "partition=0:0(3)",
        "",
        3,
    ),
    Row(
        "40",
        [GRID],
        P,
        [Step(MORNING, plain(0, 1)), Step(minutes(12), plain(2, 3)), Step(minutes(19)), Step(minutes(20))],
        "partition=0:0(2) partition=0:2(2)",
        "",
        4,
    ),
    Row(
        "41",
        [GRID],
        P,
        [Step(MORNING, plain(0)), Step(minutes(65), plain(1)), Step(minutes(69))],
        "partition=0:0(1)",
        "partition=0:1(1)",
        1,
    ),
    Row(
        "42",
        [FlushSize(2), GRID],
        P,
        [Step(minutes(0.1), plain(0, 1)), Step(minutes(12), plain(2)), Step(minutes(19))],
        "partition=0:0(2)",
        "partition=0:2(1)",
        2,
    ),
    Row(
        "49",
        [FlushSize(10), MaxOpenFiles(5)],
        F,
        arrive(*named("abcdef")),
        "f=a:0(1) f=b:1(1) f=c:2(1) f=d:3(1) f=e:4(1)",
        "f=f:5(1)",
        5,
    ),
    Row(
        "50",
        [FlushSize(10), MaxOpenFiles(5)],
        FieldPartitioner("int", "boolean"),
        arrive(*[at(i, 0, {"int": 16 + i, "boolean": True}) for i in range(6)]),
        " ".join(f"int={16 + i}/boolean=true:{i}(1)" for i in range(5)),
        "int=21/boolean=true:5(1)",
        5,
    ),
    Row(
        "51",
        [MaxOpenFiles(2)],
        F,
        arrive(*named("abcabca")),
        "f=a:0(1) f=b:1(1) f=c:2(1) f=a:3(1) f=b:4(1) f=c:5(1)",
        "f=a:6(1)",
        6,
    ),
    Row("52", [FlushSize(10)], F, arrive(*named("a" * 20)), "f=a:0(10) f=a:10(10)", "", 20),
    Row(
        "53",
        [FlushSize(2), SchemaChange()],
        P,
        arrive(*[at(i, schema=(V1, V2)[i % 2]) for i in range(7)]),
        " ".join(f"partition=0:{i}(1)" for i in range(6)),
        "partition=0:6(1)",
        6,
    ),
    Row(
        "57",
        [SchemaChange()],
        F,
        arrive(
            *[at(i, 0, {"f": f}, s) for i, (f, s) in enumerate([("a", V1), ("b", V1), ("a", V1), ("b", V2), ("a", V1)])]
        ),
        "f=a:0(2) f=b:1(1)",
        "f=b:3(1) f=a:4(1)",
        3,
    ),
    Row(
        "58",
        [SchemaChange()],
        F,
        arrive(*[at(i, 0, {"f": f}, s) for i, (f, s) in enumerate([("a", V1), ("b", V2)] * 2)]),
        "",
        "f=a:0(2) f=b:1(2)",
        None,
    ),
    Row(
        "59",
        [FlushSize(3), SchemaChange()],
        P,
        arrive(*[at(i, 0, {str(i): i}) for i in range(7)]),
        "partition=0:0(3) partition=0:3(3)",
        "partition=0:6(1)",
        6,
    ),
    Row(
        "60",
        [FlushSize(3), SchemaChange()],
        P,
        arrive(at(0), *[at(i, schema=V1) for i in range(1, 10)]),
        "partition=0:0(1) partition=0:1(3) partition=0:4(3) partition=0:7(3)",
        "",
        10,
    ),
    Row("61", [FlushSize(3), SchemaChange()], P, arrive(*plain(0, 1, 2)), "partition=0:0(3)", "", 3),
    Row(
        "62",
        [FlushSize(3), SchemaChange()],
        P,
        arrive(*[at(i, schema=V1) for i in range(9)], at(9), at(10, schema=V1)),
        "partition=0:0(3) partition=0:3(3) partition=0:6(3) partition=0:9(1)",
        "partition=0:10(1)",
        10,
    ),
]


@pytest.mark.parametrize("one_by_one", [False, True], ids=["one batch", "one by one"])
@pytest.mark.parametrize("row", TABLE, ids=[row.row for row in TABLE])
def test_the_files_are_those_of_the_connector(row: Row, one_by_one: bool) -> None:
    simulator = Simulator(row.policies, row.partitioner)
    stop = next((step.records[0].offset for step in row.steps if step.records), 0)
    for step in row.steps:
        if not step.records:
            simulator.idle(step.now)
            continue
        for batch in batches(step.records, stop, one_by_one):
            simulator.put(batch, step.now)
        stop = step.records[-1].offset + 1
    assert " ".join(simulator.closed) == row.closed
    assert " ".join(described(simulator.open)) == row.open
    assert (simulator.cuts[-1].offset if simulator.cuts else None) == row.commit


def test_the_kafka_partition_names_the_directory_of_the_default_partitioner() -> None:
    """Row 1."""
    source = TopicPartition("test-topic", 12)
    rows = [SinkRecord(source, i, 0, "test-topic") for i in range(10)]
    simulator = Simulator([FlushSize(3)], P)
    simulator.put(RecordBatch(source, Span(0, 10), rows=rows), 0)
    assert simulator.closed == ["partition=12:0(3)", "partition=12:3(3)", "partition=12:6(3)"]
    assert simulator.cuts[-1].offset == 9


# ------------------------------------------------------------------------------------------ batches do not matter
SCHEMAS = st.sampled_from([None, V1, V2, V2.replace(doc="d"), V1.replace(name="other")])
POLICIES = st.lists(
    st.one_of(
        st.builds(FlushSize, st.integers(1, 5)),
        st.builds(RotateInterval, st.integers(1, 3 * HOUR), st.booleans()),
        st.just(PartitionChange()),
        st.builds(SchemaChange, st.sampled_from(["NONE", "BACKWARD", "FORWARD", "FULL"])),
        st.builds(MaxOpenFiles, st.integers(1, 3)),
    ),
    max_size=4,
)
RECORDS = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 5 * HOUR), SCHEMAS), max_size=25)


def cut_up(records: list[SinkRecord], start: int, stop: int, borders: Iterable[int]) -> Iterable[RecordBatch]:
    for a, b in pairwise([start, *sorted(set(borders) - {start, stop}), stop]):
        yield RecordBatch(SOURCE, Span(a, b), rows=[r for r in records if a <= r.offset < b])


@given(policies=POLICIES, steps=RECORDS, borders=st.sets(st.integers(1, 100)), by_time=st.booleans())
def test_where_records_are_cut_does_not_depend_on_their_batches(
    policies: list[RotationPolicy], steps: list[tuple[int, int, Schema | None]], borders: set[int], by_time: bool
) -> None:
    records, offset = [], 0
    for gap, timestamp, schema in steps:
        offset += gap
        records.append(at(offset, timestamp, {"f": timestamp % 3}, schema))
    partitioner: Partitioner = HOURS if by_time else F
    whole, parts = Simulator(policies, partitioner), Simulator(policies, partitioner)
    whole.put(RecordBatch(SOURCE, Span(0, 101), rows=records), 0)
    for batch in cut_up(records, 0, 101, borders):
        parts.put(batch, 0)
    assert (parts.closed, parts.cuts) == (whole.closed, whole.cuts)
    assert parts.open == whole.open
