"""Which files the connector makes of which records, when, and what it commits: 76 cases, for the whole sink.

A file is `encoded partition:first offset(records)`. Where the sink does otherwise, `ours` says why; `files` and
`commit` are then the sink's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
MIDNIGHT = 1_488_412_800_000  # 2017-03-02T00:00Z
MORNING = MIDNIGHT + 10 * HOUR
LA_MORNING = MIDNIGHT + 18 * HOUR  # 10:00 in Los Angeles
Step = Mapping[str, Any]
JSON = "io.confluent.connect.s3.format.json.JsonFormat"


class Row(NamedTuple):
    """`commit` is the offset that is committed at the end, of each partition where there are two; None is none."""

    number: str
    config: Mapping[str, str]
    steps: Sequence[Step]
    files: str
    commit: int | tuple[int | None, int | None] | None = None
    error: str = ""
    ours: str = ""
    start: int = MORNING
    reporter: bool = False
    source: tuple[str, int] = ("t", 0)
    keys: Sequence[str] = ()


# ---------------------------------------------------------------------------------------------- steps
def put(*records: Step) -> Step:
    return {"op": "put", "records": list(records)}


def at(offset: int, timestamp: int | None = MORNING, value: Any = None, **more: Any) -> Step:
    return {
        "offset": offset,
        "timestamp": timestamp,
        "value": json.dumps({"o": offset} if value is None else value),
        **more,
    }


def plain(offsets: Iterable[int], **more: Any) -> list[Step]:
    return [at(offset, **more) for offset in offsets]


def timed(times: Iterable[int], start: int = 0, since: int = MIDNIGHT) -> list[Step]:
    return [at(start + i, since + time) for i, time in enumerate(times)]


def clocks(*texts: str, start: int = 0) -> list[Step]:
    """`10:05` or `01:59:57` of the first day; `2 07:00` is on the second."""
    return timed(map(clock, texts), start)


def clock(text: str) -> int:
    day, _, time = text.rpartition(" ")
    units = zip(map(int, time.split(":")), (HOUR, MINUTE, SECOND), strict=False)
    return (int(day or 1) - 1) * DAY + sum(part * unit for part, unit in units)


def named(text: str, field: str = "f") -> list[Step]:
    return [at(i, value={field: c}) for i, c in enumerate(text)]


def typed(offset: int, schema: str | None, value: Any = None, **more: Any) -> Step:
    return at(offset, value={"schema": schema and SCHEMAS[schema], "payload": value or {"a": "x"}}, **more)


def bad(offset: int, timestamp: int = MORNING, **more: Any) -> Step:
    """It has no key, where keys are written."""
    return at(offset, timestamp, **more)


def good(offset: int, timestamp: int = MORNING) -> Step:
    return at(offset, timestamp, key="k")


def to(moment: int) -> Step:
    return {"op": "set_clock", "ms": moment}


def later(milliseconds: int) -> Step:
    return {"op": "advance", "ms": milliseconds}


def seed(*offsets: int, text: str = "x\n", directory: str = "partition=0") -> list[Step]:
    return [{"op": "seed", "key": f"topics/t/{directory}/t+0+{o:010}.json", "text": text} for o in offsets]


TICK = put()
CLOSE: Step = {"op": "close"}


def minutes(n: float) -> int:
    return MORNING + int(n * MINUTE)


# ---------------------------------------------------------------------------------------------- configurations
def _struct(name: str, version: int | None, *fields: str, **more: Any) -> dict[str, Any]:
    text = [{"field": f, "type": "string", "optional": f != "a"} for f in fields]
    return {"type": "struct", "name": name, "fields": text} | ({} if version is None else {"version": version}) | more


SCHEMAS: dict[str, Any] = {
    "v1": _struct("rec", 1, "a"),
    "v2": _struct("rec", 2, "a", "b"),
    "A": _struct("A", None, "f"),
    "B": _struct("B", None, "f", "g"),
    "record1": _struct("record1", None, "a"),
    "record2": _struct("record2", None, "a"),
}
_CLASSES = "io.confluent.connect.storage.partitioner."


def flush(n: int, **more: str) -> dict[str, str]:
    return {"flush.size": str(n), **{key.replace("__", "."): text for key, text in more.items()}}


def field(*names: str, **more: str) -> dict[str, str]:
    found = {"partitioner.class": f"{_CLASSES}FieldPartitioner", "partition.field.name": ",".join(names)}
    return found | {key.replace("__", "."): text for key, text in more.items()}


def by_time(
    kind: str, rotate: int = -1, change: bool = True, extractor: str = "Record", zone: str = "UTC"
) -> dict[str, str]:
    return {
        "partitioner.class": f"{_CLASSES}{kind}Partitioner",
        "locale": "en",
        "timezone": zone,
        "timestamp.extractor": extractor,
        "rotate.interval.ms": str(rotate),
        "rotate.file.on.partition.change": str(change).lower(),
    }


def hourly(rotate: int = -1, change: bool = True, extractor: str = "Record", zone: str = "UTC") -> dict[str, str]:
    return by_time("Hourly", rotate, change, extractor, zone)


def one_file(rotate: int, **more: str) -> dict[str, str]:
    found = by_time("TimeBased", rotate) | {"path.format": "'x'", "partition.duration.ms": str(HOUR)}
    return found | {key.replace("__", "."): text for key, text in more.items()}


def schedule(milliseconds: int) -> dict[str, str]:
    return {"rotate.schedule.interval.ms": str(milliseconds), "timezone": "UTC"}


def schemas(compatibility: str, n: int) -> dict[str, str]:
    return flush(n, value__converter__schemas__enable="true", schema__compatibility=compatibility)


KEYS = {"store.kafka.keys": "true", "keys.format.class": JSON}
CADENCE = [i * 20 * SECOND for i in range(9)] + [2 * HOUR + i * 20 * SECOND for i in range(9)]
LATE = ("01:59:57", "01:59:58", "02:00:01", "01:59:59", "02:00:02")
INTERLEAVED = ("10:00", "9:58", "10:09", "9:55", "10:10")
TEN = schedule(10 * MINUTE)
GRID_HOUR = schedule(HOUR)
THERE = "was not written by s3sink"
NOT_OURS = "nobody else's object is replaced, and none is taken for ours"
NO_TRACE = "a refused record is no base of time, closes no file, and its schema is nobody's"

SIZE = [
    Row(
        "1",
        flush(3, filename__offset__zero__pad__width="2"),
        [put(*plain(range(10), topic="test-topic", partition=12))],
        "p12:0(3) p12:3(3) p12:6(3)",
        9,
        source=("test-topic", 12),
        keys=["topics/test-topic/partition=12/test-topic+12+00.json"],
    ),
    Row("2", flush(3), [put(*plain(range(9)))], "p0:0(3) p0:3(3) p0:6(3)", 9),
    Row("3", flush(3), [put(*plain(range(9, 16)))], "p0:9(3) p0:12(3)", 15),
    Row(
        "4",
        flush(9) | field("int"),
        [put(*[at(i, value={"int": 16 + i % 3}) for i in range(18)])],
        "int=16:0(3) int=17:1(3) int=18:2(3) int=16:9(3) int=17:10(3) int=18:11(3)",
        18,
    ),
    Row("5", flush(4) | field("f"), [put(*named("ababababa"))], "f=a:0(2) f=b:1(2) f=a:4(2) f=b:5(2)", 8),
    Row("6", flush(10_000), [put(*plain(range(11_000)))], "p0:0(10000)", 10_000),
    Row("7", flush(1), [put(*plain([5, 6]))], "p0:5(1) p0:6(1)", 7),
    Row("7, 0", flush(0), [put(*plain([5, 6]))], "p0:5(1) p0:6(1)", 7),
    Row("8", flush(10), [put(*plain(range(9))), CLOSE], ""),
    Row("9", flush(3), [put(*plain([100, 102, 103, 107, 110, 111, 115]))], "p0:100(3) p0:107(3)", 112),
    Row(
        "10",
        flush(3, topics__dir=""),
        [put(*plain(range(9), topic="test-topic", partition=12))],
        "p12:0(3) p12:3(3) p12:6(3)",
        9,
        source=("test-topic", 12),
        keys=["test-topic/partition=12/test-topic+12+0000000000.json"],
    ),
    Row("11", flush(3), [*seed(0), put(*plain(range(7)))], "", error=THERE, ours=NOT_OURS),
    Row(
        "11, told to",
        flush(3, s3sink__on__conflict="overwrite"),
        [*seed(0), put(*plain(range(7)))],
        "p0:0(3) p0:3(3)",
        6,
    ),
]
INTERVAL = [
    Row(
        "12",
        hourly(MINUTE, zone="America/Los_Angeles"),
        [put(*timed(CADENCE, since=LA_MORNING))],
        "h10:0(3) h10:3(3) h10:6(3) h12:9(3) h12:12(3)",
        15,
    ),
    Row(
        "13",
        by_time("Daily", MINUTE, zone="America/Los_Angeles"),
        [put(*timed(CADENCE, since=LA_MORNING))],
        "d2:0(3) d2:3(3) d2:6(3) d2:9(3) d2:12(3)",
        15,
    ),
    Row(
        "14",
        hourly(MINUTE, extractor="RecordField", zone="America/Los_Angeles") | {"timestamp.field": "ts"},
        [
            put(
                *[at(i, 0, {"ts": LA_MORNING + t}) for i, t in enumerate(CADENCE)],
                at(19, 0, {"ts": LA_MORNING + 6 * HOUR}),
            )
        ],
        "h10:0(3) h10:3(3) h10:6(3) h12:9(3) h12:12(3) h12:15(3)",
        19,
        ours="a commit reaches to the next record, over the offset 18 that nobody has",
    ),
    Row(
        "15",
        by_time("TimeBased", HOUR, extractor="Wallclock") | {"path.format": "'d'd", "partition.duration.ms": str(DAY)},
        [put(*plain(range(9))), later(2 * HOUR), put(*plain(range(9, 18))), later(HOUR + 1), put(*plain([18]))],
        "d2:0(9) d2:9(9)",
        18,
    ),
    Row("16", one_file(10 * MINUTE), [put(*timed([0, 599_999]))], ""),
    Row("17", one_file(10 * MINUTE), [put(*timed([0, 599_999])), put(*timed([600_000], 2))], "x:0(2)", 2),
    Row("18", one_file(10 * MINUTE), [put(*clocks("0:00", "0:25", "0:34", "0:35"))], "x:0(1) x:1(2)", 3),
    Row("19", hourly(10 * MINUTE, False), [put(*clocks(*INTERLEAVED))], "h10:0(2) h9:1(2)", 4),
    Row("20", hourly(10 * MINUTE), [put(*clocks(*INTERLEAVED))], "h10:0(1) h9:1(1) h10:2(1) h9:3(1)", 4),
    Row("21", hourly(DAY, False), [put(*clocks("10:00", "8:00", "2 7:00", "2 5:00"))], ""),
    Row(
        "22",
        hourly(DAY, False),
        [put(*clocks("10:00", "8:00", "2 7:00", "2 5:00")), put(*clocks("2 10:00", start=4))],
        "h10:0(1) h8:1(1) h7:2(1) h5:3(1)",
        4,
    ),
    Row("23", hourly(HOUR), [put(*clocks("0:10", "0:50", "1:05"))], "h0:0(2)", 2),
    Row("24", hourly(HOUR), [put(*clocks(*LATE))], "h1:0(2) h2:2(1) h1:3(1)", 4),
    Row("25", hourly(HOUR, False), [put(*clocks(*LATE))], ""),
    Row("26", hourly(HOUR, False), [put(*clocks(*LATE)), put(*clocks("2:59:57", start=5))], "h1:0(3) h2:2(2)", 5),
    Row("27", hourly(), [put(*clocks(*LATE))], ""),
    Row("28", flush(5) | hourly(), [put(*clocks(*LATE))], "h1:0(3) h2:2(2)", 5),
    Row("29", hourly(HOUR), [put(*plain([0, 1])), *[later(HOUR), TICK] * 10], ""),
    Row("29, by the clock", hourly(HOUR, extractor="Wallclock"), [put(*plain([0, 1])), *[later(HOUR), TICK] * 10], ""),
    Row("30", hourly(10 * MINUTE, False), [put(*clocks("0:59", "0:30", "0:05", "0:58"))], ""),
    Row(
        "31",
        flush(3) | one_file(10 * MINUTE),
        [put(*timed([i * MINUTE for i in range(7)])), put(*timed([16 * MINUTE], 7))],
        "x:0(3) x:3(3) x:6(1)",
        7,
    ),
    Row("32", flush(3) | hourly(HOUR, False), [put(*clocks("0:59", "1:01", "0:58", "1:02"))], "h0:0(2) h1:1(1)", 3),
    Row("33", {"rotate.interval.ms": str(HOUR)}, [put(*clocks("0:00", "5:00", "9:00"))], ""),
    Row("33, fields", field("f", rotate__interval__ms=str(HOUR)), [put(*named("aaa"))], ""),
    Row("34", flush(1) | hourly(), [put(at(0, None))], "", error="Unable to determine timestamp"),
    Row(
        "34, reported", flush(1) | hourly(), [put(at(0, None))], "", 1, reporter=True, ours="dead letters are committed"
    ),
    Row("35", hourly(0), [put(*clocks("0:00", "5:00"))], ""),
    Row(
        "36",
        flush(6) | hourly(extractor="Wallclock"),
        [{"op": "fault", "on": "complete", "advance_ms": 2 * HOUR}, put(*plain(range(9))), put(*plain(range(9, 12)))],
        "h0:0(6) h0:6(3) h2:9(3)",
        12,
        start=3_599_000,
    ),
]
SCHEDULE = [
    Row("37, before", TEN, [later(6000), put(*plain(range(3))), to(minutes(10) - 100), TICK], ""),
    Row("37", TEN, [later(6000), put(*plain(range(3))), to(minutes(10)), TICK], "p0:0(3)", 3),
    Row(
        "38",
        TEN | hourly(HOUR, extractor="Wallclock"),
        [put(*plain(range(3))), later(11 * MINUTE), TICK, put(*plain(range(3, 6))), later(11 * MINUTE), TICK],
        "h10:0(3) h10:3(3)",
        6,
    ),
    Row(
        "39",
        TEN,
        [later(21 * MINUTE), put(*plain(range(3))), *[later(11 * MINUTE), TICK] * 4],
        "p0:0(3)",
        3,
    ),
    Row("40", TEN, [put(*plain([0, 1])), to(minutes(12)), put(*plain([2, 3])), to(minutes(19)), TICK], "p0:0(2)", 2),
    Row(
        "40, later",
        TEN,
        [put(*plain([0, 1])), to(minutes(12)), put(*plain([2, 3])), to(minutes(20)), TICK],
        "p0:0(2) p0:2(2)",
        4,
    ),
    Row("41", TEN, [put(*plain([0])), to(minutes(65)), put(*plain([1])), to(minutes(69)), TICK], "p0:0(1)", 1),
    Row(
        "42",
        TEN | flush(2),
        [later(6000), put(*plain([0, 1])), to(minutes(12)), put(*plain([2])), to(minutes(19)), TICK],
        "p0:0(2)",
        2,
    ),
    Row(
        "43",
        GRID_HOUR,
        [
            put(*plain(range(3))),
            later(70 * MINUTE),
            {"op": "fault", "on": "complete", "status": 503, "code": "SlowDown"},
            TICK,
        ],
        "p0:0(3)",
        3,
        ours="the request is sent again, and nothing is read again",
    ),
    Row("44", {"rotate.schedule.interval.ms": "600000"}, [], "", error="timezone configuration must be set"),
]
BAD = [
    Row(
        "45",
        hourly(10 * MINUTE) | KEYS,
        [put(bad(0, MORNING), good(1, minutes(11)), good(2, minutes(12)))],
        "",
        reporter=True,
        ours=NO_TRACE,
    ),
    Row(
        "46", hourly(10 * MINUTE) | KEYS, [put(good(0, MORNING), bad(1, minutes(11)))], "", reporter=True, ours=NO_TRACE
    ),
    Row(
        "47",
        flush(3) | KEYS,
        [put(good(0), good(1), bad(2), bad(3), good(4), good(5))],
        "p0:0(3)",
        5,
        reporter=True,
    ),
    Row(
        "48",
        flush(3, behavior__on__null__values="ignore"),
        [put(*[{"offset": i, "timestamp": MORNING} if i % 3 == 1 else at(i) for i in range(10)])],
        "p0:0(3) p0:5(3)",
        9,
        reporter=True,
    ),
    Row(
        "49",
        flush(10) | field("f", partitioner__max__open__files="5"),
        [put(*named("abcdef"))],
        "f=a:0(1) f=b:1(1) f=c:2(1) f=d:3(1) f=e:4(1)",
        5,
    ),
    Row(
        "50",
        flush(10) | field("int", "boolean", partitioner__max__open__files="5"),
        [put(*[at(i, value={"int": 16 + i, "boolean": True}) for i in range(6)])],
        " ".join(f"int={16 + i}/boolean=true:{i}(1)" for i in range(5)),
        5,
    ),
    Row(
        "51",
        field("f", partitioner__max__open__files="2"),
        [put(*named("abcabca"))],
        "f=a:0(1) f=b:1(1) f=c:2(1) f=a:3(1) f=b:4(1) f=c:5(1)",
        6,
    ),
    Row("52", flush(10) | field("f"), [put(*named("a" * 20))], "f=a:0(10) f=a:10(10)", 20),
]
_ALTERNATING = [typed(i, ("v1", "v2")[i % 2]) for i in range(7)]
SCHEMA = [
    Row("53", schemas("NONE", 2), [put(*_ALTERNATING)], " ".join(f"p0:{i}(1)" for i in range(6)), 6),
    Row("54", schemas("BACKWARD", 2), [put(*_ALTERNATING)], "p0:0(1) p0:1(2) p0:3(2) p0:5(2)", 7),
    Row("54, FULL", schemas("FULL", 2), [put(*_ALTERNATING)], "p0:0(1) p0:1(2) p0:3(2) p0:5(2)", 7),
    Row(
        "55",
        schemas("FORWARD", 2),
        [put(*[typed(i, ("v1", "v2")[i % 2]) for i in range(1, 8)])],
        "p0:1(1) p0:2(2) p0:4(2) p0:6(2)",
        8,
    ),
    Row(
        "56",
        schemas("BACKWARD", 2),
        [put(typed(0, "A", {"f": "x"}), typed(1, "B", {"f": "x"}))],
        "",
        error="Schema version required for BACKWARD compatibility",
    ),
    Row(
        "57",
        schemas("NONE", 1000) | field("f"),
        [put(*[typed(i, text[1], {"f": text[0]}) for i, text in enumerate(["aA", "bA", "aA", "bB", "aA"])])],
        "f=a:0(2) f=b:1(1)",
        3,
    ),
    Row(
        "58",
        schemas("NONE", 1000) | field("f"),
        [put(*[typed(i, text[1], {"f": text[0]}) for i, text in enumerate(["aA", "bB"] * 2)])],
        "",
    ),
    Row("59", flush(3), [put(*[at(i, value={str(i): i}) for i in range(7)])], "p0:0(3) p0:3(3)", 6),
    Row(
        "60",
        schemas("NONE", 3),
        [put(typed(0, None), *[typed(i, "v1") for i in range(1, 10)])],
        "p0:0(1) p0:1(3) p0:4(3) p0:7(3)",
        10,
    ),
    Row("61", schemas("NONE", 3), [put(*[typed(i, None) for i in range(3)])], "p0:0(3)", 3),
    Row(
        "62",
        schemas("NONE", 3),
        [put(*[typed(i, "v1") for i in range(9)], typed(9, None), typed(10, "v1"))],
        "p0:0(3) p0:3(3) p0:6(3) p0:9(1)",
        10,
    ),
    Row(
        "63",
        schemas("NONE", 1000) | KEYS,
        [put(typed(0, "v1"), *[typed(i, "v2", key="k") for i in (1, 2, 3)])],
        "",
        reporter=True,
        ours=NO_TRACE,
    ),
    Row(
        "64",
        schemas("NONE", 9) | {"s3.schema.partition.affix.type": "SUFFIX"},
        [put(*[typed(i, (None, "record1", "record2")[i % 3]) for i in range(54)])],
        " ".join(
            f"partition=0/schema_name={name}:{start + i}(3)"
            for start in range(0, 54, 9)
            for i, name in enumerate(("null", "record1", "record2"))
        ),
        54,
    ),
]


def both(n: int, m: int, start: int) -> Step:
    """`n` records of partition 0 and `m` of partition 1."""
    return put(*plain(range(start, start + n)), *plain(range(start, start + m), partition=1))


_TWO = "p0:0(3) p1:0(3)"
OFFSETS = [
    Row("65", flush(3), [both(3, 3, 0)], _TWO, (3, 3)),
    Row("65, open", flush(3), [both(3, 3, 0), both(2, 2, 3)], _TWO, (3, 3)),
    Row("65, full", flush(3), [both(3, 3, 0), both(2, 2, 3), both(1, 1, 5)], f"{_TWO} p0:3(3) p1:3(3)", (6, 6)),
    Row(
        "65, one",
        flush(3),
        [both(3, 3, 0), both(2, 2, 3), both(1, 1, 5), both(3, 2, 6)],
        f"{_TWO} p0:3(3) p1:3(3) p0:6(3)",
        (9, 6),
    ),
    Row("66", schemas("NONE", 2), [put(typed(0, "v1"), typed(1, "v2"))], "p0:0(1)", 1),
    Row("67, before", hourly(HOUR), [put(*clocks("10:00", "10:01", "10:02"))], ""),
    Row("67", hourly(HOUR), [put(*clocks("10:00", "10:01", "10:02")), put(*clocks("12:00", start=3))], "h10:0(3)", 3),
    Row("68", GRID_HOUR, [put(*plain(range(3))), later(70 * MINUTE), TICK], "p0:0(3)", 3),
    Row("69, before", flush(3), [both(7, 7, 0), CLOSE], f"{_TWO} p0:3(3) p1:3(3)", (6, 6)),
    Row(
        "69",
        flush(3),
        [both(7, 7, 0), CLOSE, {"op": "open", "partitions": [["t", 0], ["t", 1]]}, both(6, 6, 6)],
        f"{_TWO} p0:3(3) p1:3(3) p0:6(3) p1:6(3) p0:9(3) p1:9(3)",
        (12, 12),
    ),
]
CONDITIONAL = [
    Row("70", GRID_HOUR | flush(10), [*seed(0, 1, 2), put(*plain(range(10)))], "", error=THERE, ours=NOT_OURS),
    Row(
        "71",
        GRID_HOUR | flush(10),
        [
            *seed(0, 1, 2),
            {"op": "fault", "on": "exists", "status": 403, "code": "AccessDenied", "times": 99},
            put(*plain(range(10))),
        ],
        "",
        error="access is denied",
        ours=NOT_OURS,
    ),
    Row("72", GRID_HOUR | flush(100), [*seed(*range(120)), put(*plain(range(100)))], "", error=THERE, ours=NOT_OURS),
    Row(
        "73",
        GRID_HOUR | flush(3) | KEYS,
        [*seed(0, 1), put(good(0), good(1), bad(2), good(3))],
        "",
        error=THERE,
        reporter=True,
        ours=NOT_OURS,
    ),
    Row(
        "74",
        GRID_HOUR | flush(2) | field("f"),
        [*seed(0, directory="f=a"), *seed(1, directory="f=b"), put(*named("ab"))],
        "",
        error=THERE,
        ours=NOT_OURS,
    ),
    Row("75", GRID_HOUR | flush(3), [*seed(0), put(*plain(range(30)))], "", error=THERE, ours=NOT_OURS),
    Row("76", flush(3), [*seed(0, 1, 2), put(*plain(range(3)))], "", error=THERE, ours=NOT_OURS),
    Row(
        "76, told to",
        flush(3, s3sink__on__conflict="overwrite"),
        [*seed(0, 1, 2), put(*plain(range(3)))],
        "p0:0(3)",
        3,
    ),
]
TABLE = [*SIZE, *INTERVAL, *SCHEDULE, *BAD, *SCHEMA, *OFFSETS, *CONDITIONAL]
