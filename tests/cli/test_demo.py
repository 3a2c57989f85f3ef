"""The demo: its data, its judge, and the whole of it on real servers."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pytest
from click.testing import CliRunner
from pyarrow import parquet

from s3sink.cli import demo_report as report
from s3sink.cli.demo_flights import ALL, FIELDS, Flights, encoded, load
from s3sink.cli.demo_screen import PlainScreen, screen_for
from s3sink.cli.demo_verdict import SINKS, Verdict, read_back
from s3sink.cli.main import main
from s3sink.storage import MemoryStore, ObjectSummary


@pytest.fixture(scope="module")
def flights() -> Flights:
    """All of them."""
    return load()


# ---------------------------------------------------------------------------------------------- the data
def test_every_flight_is_a_record_whose_id_is_its_number(flights: Flights) -> None:
    assert len(flights.values) == len(flights.carriers) == len(flights.departures) == ALL
    assert [json.loads(flights.values[i])["id"] for i in (0, 1, ALL - 1)] == [0, 1, ALL - 1]


def test_flights_come_in_the_order_of_their_departure(flights: Flights) -> None:
    assert flights.departures == sorted(flights.departures)
    assert json.loads(flights.values[0])["time_hour"] == "2013-01-01T10:00:00Z"
    assert flights.departures[0] == 1_357_034_400_000


def test_numbers_are_numbers_and_what_is_not_known_is_null(flights: Flights) -> None:
    texts = {"carrier", "tailnum", "origin", "dest", "time_hour"}
    unknown: Counter[str] = Counter()
    for value in flights.values[::10]:
        row = json.loads(value)
        assert tuple(row) == FIELDS
        unknown.update(name for name in FIELDS if row[name] is None)
        wrong = [name for name in FIELDS if type(row[name]) not in (str if name in texts else int, type(None))]
        assert not wrong
    assert set(unknown) == {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "tailnum"}


def test_a_record_is_keyed_by_its_carrier(flights: Flights) -> None:
    key, value, timestamp = next(iter(flights.rows()))
    assert (key.decode(), timestamp) == (json.loads(value)["carrier"], flights.departures[0])


# ---------------------------------------------------------------------------------------------- the judge
def test_records_that_are_all_there_once_are_exactly_once() -> None:
    verdict = judge(_rows(), _rows())
    assert verdict.exactly_once
    assert verdict.tallies["json"].figures() == {
        "records": 20,
        "objects": 2,
        "bytes": sum(o.size for o in verdict.objects if o.key.startswith("json/")),
        "lost": 0,
        "duplicates": 0,
        "changed": 0,
    }


FAULTS = [
    ("a lost record", lambda rows: rows[:-1], (1, 0, 0)),
    ("a record twice", lambda rows: [*rows, rows[3]], (0, 1, 0)),
    ("a record three times", lambda rows: [*rows, rows[3], rows[3]], (0, 2, 0)),
    ("another value", lambda rows: [{**rows[0], "distance": 1}, *rows[1:]], (1, 0, 1)),
    ("another type", lambda rows: [{**row, "distance": float(row["distance"])} for row in rows], (20, 0, 20)),
    ("text for a number", lambda rows: [{**row, "distance": str(row["distance"])} for row in rows], (20, 0, 20)),
    ("a null for a number", lambda rows: [{**rows[0], "distance": None}, *rows[1:]], (1, 0, 1)),
    ("another record's id", lambda rows: [{**rows[0], "id": 1}, *rows[1:]], (1, 1, 0)),
    ("an id of nobody", lambda rows: [*rows, {**rows[0], "id": 20}], (0, 0, 1)),
    ("a negative id", lambda rows: [*rows, {**rows[0], "id": -20}], (0, 0, 1)),
    ("one field more", lambda rows: [{**row, "more": 1} for row in rows], (20, 0, 20)),
]


@pytest.mark.parametrize("sink", SINKS)
@pytest.mark.parametrize(("fault", "expected"), [pytest.param(f, e, id=name) for name, f, e in FAULTS])
def test_each_fault_is_found_in_the_sink_that_has_it(sink: str, fault: Any, expected: tuple[int, int, int]) -> None:
    broken = {"json": _rows(), "parquet": _rows()}
    broken[sink] = fault(broken[sink])
    verdict = judge(broken["json"], broken["parquet"])
    tally = verdict.tallies[sink]
    assert (tally.lost, tally.duplicates, tally.changed) == expected
    assert not verdict.exactly_once
    assert all(verdict.tallies[other].exactly_once for other in SINKS if other != sink)


def test_a_json_record_without_a_field_is_changed_but_a_parquet_file_may_leave_out_a_column_of_nulls() -> None:
    rows = [{name: value for name, value in row.items() if value is not None} for row in _rows()]
    verdict = judge(rows, rows)
    assert verdict.tallies["json"].changed == 10
    assert verdict.tallies["parquet"].exactly_once


def test_an_empty_bucket_has_lost_everything() -> None:
    verdict = asyncio.run(read_back(MemoryStore("nothing"), _produced()))
    assert [tally.lost for tally in verdict.tallies.values()] == [20, 20]


def judge(json_rows: Sequence[Any], parquet_rows: Sequence[Any]) -> Verdict:
    """The verdict on a bucket with these rows, in two objects a sink, against twenty flights."""

    async def run() -> Verdict:
        store = MemoryStore("judged")
        for part, half in enumerate((slice(0, 10), slice(10, None))):
            text = "".join(json.dumps(row) + "\n" for row in json_rows[half]).encode()
            await store.put(f"json/{part}.json.gz", [gzip.compress(text)], metadata={}, if_absent=True)
            await store.put(f"parquet/{part}.parquet", [_parquet(parquet_rows[half])], metadata={}, if_absent=True)
        return await read_back(store, _produced())

    return asyncio.run(run())


def _parquet(rows: Sequence[Any]) -> bytes:
    names = dict.fromkeys(name for row in rows for name in row)
    out = io.BytesIO()
    parquet.write_table(pa.table({name: [row.get(name) for row in rows] for name in names}), out)
    return out.getvalue()


def _rows() -> list[Any]:
    """Twenty flights; of the first ten, which are an object of their own, nobody knows the delay."""
    unlike = {"carrier": "UA", "tailnum": "N1", "origin": "EWR", "dest": "IAH", "time_hour": "2013-01-01T10:00:00Z"}
    row = {name: unlike.get(name, 7) for name in FIELDS}
    return [{**row, "id": number, "dep_delay": None if number < 10 else number} for number in range(20)]


def _produced() -> list[bytes]:
    return [encoded(row) for row in _rows()]


# ---------------------------------------------------------------------------------------------- what is shown
def test_the_tree_shows_the_first_entries_and_counts_the_rest() -> None:
    objects = [ObjectSummary(f"json/flights/hour={hour:02}/{n}", 1000) for hour in (5, 6, 7) for n in range(4)]
    assert [line.split() for line in report.tree(objects).splitlines()] == [
        ["json/", "12", "objects", "12.0", "kB"],
        ["flights/", "12", "objects", "12.0", "kB"],
        ["hour=05/", "4", "objects", "4.0", "kB"],
        ["0", "1.0", "kB"],
        ["1", "1.0", "kB"],
        ["...", "and", "2", "more"],
        ["hour=06/", "4", "objects", "4.0", "kB"],
        ["0", "1.0", "kB"],
        ["1", "1.0", "kB"],
        ["...", "and", "2", "more"],
        ["...", "and", "1", "more"],
    ]


def test_what_is_no_terminal_gets_plain_lines() -> None:
    out = io.StringIO()
    screen = screen_for(out)
    assert isinstance(screen, PlainScreen)
    with screen.step("Counting", "sheep") as advance:
        advance(1200, 1200)
    assert out.getvalue().startswith("Counting ...\nCounting: 1,200 sheep in 0.0 s\n")


def test_an_error_is_one_screen_with_every_problem_and_an_exit_code(tmp_path: Path) -> None:
    (tmp_path / "something").touch()
    done = CliRunner().invoke(main, ["demo", "--dir", str(tmp_path)])
    assert done.exit_code == 2
    assert done.stderr == f"Error: demo:\n  --dir: {tmp_path} is not empty: the demo counts from nothing\n"


# ---------------------------------------------------------------------------------------------- all of it
COMMAND = [sys.executable, "-m", "s3sink.cli", "demo", "--json", "--records"]


@pytest.mark.broker
def test_the_demo_kills_its_worker_and_finds_every_record_once() -> None:
    with subprocess.Popen([*COMMAND, "20000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        seen = _descendants_until(demo, lambda line: "SIGKILL" in line)
        out, err = demo.communicate(timeout=240)
    assert demo.returncode == 0, err
    told = json.loads(out)
    assert (told["records"], told["lost"], told["duplicates"], told["changed"]) == (20_000, 0, 0, 0)
    assert told["exactly_once"] is True
    assert [sink["records"] for sink in told["sinks"].values()] == [20_000, 20_000]
    assert len(told["kills"]) == 1
    assert len(seen) >= 3
    assert not psutil.wait_procs(seen, timeout=10)[1]


@pytest.mark.broker
@pytest.mark.parametrize("moment", ["Starting Kafka", "Writing them to Kafka", "SIGKILL"])
def test_an_interrupt_leaves_no_process_behind(moment: str) -> None:
    with subprocess.Popen([*COMMAND, "20000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        seen = _descendants_until(demo, lambda line: moment in line)
        time.sleep(0.5)
        seen += psutil.Process(demo.pid).children(recursive=True)
        demo.send_signal(signal.SIGINT)
        out, err = demo.communicate(timeout=60)
    assert demo.returncode == 130, err
    assert out == ""
    assert err.endswith("Interrupted: everything is stopped.\n")
    assert "Traceback" not in err
    assert not psutil.wait_procs(seen, timeout=10)[1]


def _descendants_until(demo: subprocess.Popen[str], reached: Callable[[str], bool]) -> list[psutil.Process]:
    """Read what the demo says up to a line; all processes that it had started until then."""
    assert demo.stderr is not None
    seen: set[psutil.Process] = set()
    for line in demo.stderr:
        seen.update(psutil.Process(demo.pid).children(recursive=True))
        if reached(line):
            return list(seen)
    raise AssertionError("the demo ended before")
