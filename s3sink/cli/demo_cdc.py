"""`s3sink demo-cdc`: a MySQL table through Debezium and Kafka into S3, and the table again from what is in S3."""

from __future__ import annotations

import json
import logging
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from s3sink.cli import demo_cdc_report as report
from s3sink.cli import interrupts
from s3sink.cli.demo_cdc_changes import Customers, Made, Stream
from s3sink.cli.demo_cdc_rebuild import Verdict, compare, read_back, rebuild
from s3sink.cli.demo_cdc_report import Kill, Run
from s3sink.cli.demo_cdc_services import CdcWorker, Pipeline, pipeline
from s3sink.cli.demo_screen import Advance, Screen, screen_for
from s3sink.errors import ConfigError, Problem

_CHANGES_PER_SECOND = 800
_SECONDS_FOR_A_KILL = 8  # longer than a worker needs to come back: the changes go on meanwhile, and after it
_FLUSH_RECORDS = 500
_INTERRUPTED = 130


@click.command("demo-cdc")
@click.option(
    "--customers",
    type=click.IntRange(50, 100_000),
    default=1_000,
    show_default=True,
    help="Rows that are there before Debezium comes.",
)
@click.option(
    "--changes", type=click.IntRange(100, 1_000_000), default=10_000, show_default=True, help="Rows changed then."
)
@click.option("--kills", type=click.IntRange(0, 20), default=1, show_default=True, help="SIGKILLs, evenly spread.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, everything else on stderr.")
@click.option("--keep/--no-keep", default=None, help="Leave all running until Ctrl-C; the default on a terminal.")
@click.option("--dir", "directory", type=click.Path(file_okay=False, path_type=Path), help="Keep data and logs here.")
def demo_cdc(
    customers: int, changes: int, kills: int, as_json: bool, keep: bool | None, directory: Path | None
) -> None:
    """A MySQL table through Debezium, Kafka and s3sink into S3, and back.

    Starts real servers on this machine: MySQL, Kafka Connect with Debezium, Kafka, S3. Changes a table for some
    seconds: inserts, updates, deletes, new primary keys, rollbacks, and an ALTER TABLE ADD COLUMN half-way. Kills the
    sink with SIGKILL in the middle and starts it again. Then rebuilds the table from the objects in the bucket and
    compares it with the one in MySQL, row by row, column by column. Exit code 0: they are equal, and every change is
    in exactly one object. Linux on x86-64; the first time it fetches about 140 MB. Ctrl-C ends it at any moment and
    leaves nothing behind.
    """
    if keep is None:
        keep = sys.stdout.isatty() and not as_json
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what matters comes back as an error
    screen = screen_for(sys.stderr if as_json else sys.stdout)
    interrupts.interrupt_once()
    try:
        with _home(directory) as home, ExitStack() as stack:
            running = stack.enter_context(pipeline(home, screen, keep_data=directory is not None))
            run = _demo(running, stack, (customers, changes, kills), screen)
            _show(run, screen, as_json)
            if keep:
                _stay(running, screen)
    except KeyboardInterrupt:
        screen.say("Interrupted: everything is stopped.")
        raise SystemExit(_INTERRUPTED) from None
    raise SystemExit(0 if run.verdict.equal else 1)


def _demo(running: Pipeline, stack: ExitStack, sizes: tuple[int, int, int], screen: Screen) -> Run:
    rows, changes, kills = sizes
    customers = Customers(running.mysql)
    with screen.step("Debezium's snapshot", "rows") as advance:
        customers.create(rows)
        running.capture()
        advance(rows, rows)
    seconds = changes / _CHANGES_PER_SECOND + kills * _SECONDS_FOR_A_KILL
    worker, stream = CdcWorker(running, _FLUSH_RECORDS), Stream(customers, changes, seconds)
    stack.callback(worker.kill)
    stack.callback(stream.stop)
    started = time.monotonic()
    with screen.step("From MySQL to S3", "records") as advance:
        killed = _carry(worker, stream, customers.made, changes, kills, screen, advance)
    seconds = time.monotonic() - started
    return Run(customers.made, seconds, killed, _judge(running, customers.made, screen))


# ---------------------------------------------------------------------------------------------- one step after another
def _carry(
    worker: CdcWorker, stream: Stream, made: Made, changes: int, kills: int, screen: Screen, advance: Advance
) -> list[Kill]:
    """The snapshot, then the changes as they happen, then what is left. `changes` is how many there will be."""
    killed = list[Kill]()

    def work_until(records: int) -> int:
        def enough(committed: int) -> bool:
            advance(committed, max(made.records, committed + (not stream.done)))
            return committed >= records or (stream.done and committed >= made.records)

        return worker.work_until(enough)

    worker.start()
    work_until(made.records)
    stream.start()
    for number in range(1, kills + 1):
        committed, at = work_until(made.snapshot + changes * number // (kills + 1)), time.monotonic()
        worker.kill()
        screen.say(f"  SIGKILL to the worker, pid {worker.pid}, at {committed:,} records; starting another one")
        worker.start()
        went_on = work_until(committed + 1) > committed
        killed.append(Kill(committed, round(time.monotonic() - at, 2) if went_on else None))
    while not stream.done:
        time.sleep(0.1)
    work_until(made.records)
    return killed


def _judge(running: Pipeline, made: Made, screen: Screen) -> Verdict:
    with screen.step("The table again, from the bucket", "objects") as advance:
        objects, found = interrupts.run(read_back(running.store, advance))
        columns, table = running.table()
        return compare(columns, table, rebuild(found), made.rows, objects)


def _show(run: Run, screen: Screen, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(run.figures()))
        return
    screen.say("")
    for part in (report.what_happened(run.made), report.tables(run), report.pace(run), report.conclusion(run)):
        click.echo(f"{part}\n")  # colours on a terminal, none elsewhere


def _stay(running: Pipeline, screen: Screen) -> None:
    """Until Ctrl-C, or until one of the processes ends."""
    screen.say(f"{report.addresses(running)}\n\nAll of it runs until you press Ctrl-C.")
    try:
        while running.running:
            time.sleep(0.5)
    except KeyboardInterrupt:
        screen.say("Stopping.")


@contextmanager
def _home(directory: Path | None) -> Iterator[Path]:
    """The directory of this run: a temporary one, or an empty one that the user names and keeps."""
    if directory is None:
        with tempfile.TemporaryDirectory(prefix="s3sink-demo-cdc-", ignore_cleanup_errors=True) as temporary:
            yield Path(temporary)
        return
    if directory.exists() and any(directory.iterdir()):
        raise ConfigError(
            [Problem("--dir", f"{directory} is not empty: the demo begins with an empty table")], "demo-cdc"
        )
    directory.mkdir(parents=True, exist_ok=True)
    yield directory.absolute()
