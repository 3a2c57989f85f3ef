"""`s3sink demo`: a year of flights from Kafka into S3, the worker killed half-way, every record counted at the end."""

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

from s3sink.agents.produce import produce
from s3sink.cli import demo_flights as flights_2013
from s3sink.cli import demo_report as report
from s3sink.cli import interrupts
from s3sink.cli.demo_flights import Flights
from s3sink.cli.demo_report import Kill, Run
from s3sink.cli.demo_screen import Screen, screen_for
from s3sink.cli.demo_services import PARTITIONS, TOPIC, Services, Worker, services
from s3sink.cli.demo_verdict import read_back
from s3sink.errors import ConfigError, Problem
from s3sink.testing.services import KafkaBroker, SeaweedFS

_GENERATIONS = 4  # that a partition of average size is written in
_INTERRUPTED = 130


@click.command()
@click.option(
    "--records",
    type=click.IntRange(100, flights_2013.ALL),
    default=flights_2013.ALL,
    show_default=True,
    help="How many flights, from New Year on.",
)
@click.option("--kills", type=click.IntRange(0, 20), default=1, show_default=True, help="SIGKILLs, evenly spread.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, everything else on stderr.")
@click.option("--keep/--no-keep", default=None, help="Leave all running until Ctrl-C; the default on a terminal.")
@click.option("--dir", "directory", type=click.Path(file_okay=False, path_type=Path), help="Keep data and logs here.")
def demo(records: int, kills: int, as_json: bool, keep: bool | None, directory: Path | None) -> None:
    """Flights from Kafka into S3, killed half-way, counted at the end.

    Starts a real Kafka broker and a real S3 server on this machine, writes the 336,776 flights that left New York in
    2013 into a topic, and runs a Faust app with two sinks on it: gzip JSON by hour of departure, Parquet by day and
    carrier. Kills the app with SIGKILL half-way, starts it again, then reads every object back and compares every
    record with what was produced. Exit code 0: nothing lost, nothing twice. Ctrl-C ends it at any moment and leaves
    nothing behind.
    """
    if keep is None:
        keep = sys.stdout.isatty() and not as_json
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what matters comes back as an error
    screen = screen_for(sys.stderr if as_json else sys.stdout)
    interrupts.interrupt_once()
    try:
        with _home(directory) as home:
            run = _demo(home, records, kills, screen, as_json, keep)
    except KeyboardInterrupt:
        screen.say("Interrupted: everything is stopped.")
        raise SystemExit(_INTERRUPTED) from None
    raise SystemExit(0 if run.verdict.exactly_once else 1)


def _demo(home: Path, records: int, kills: int, screen: Screen, as_json: bool, keep: bool) -> Run:
    flights = _load(records, screen)
    with ExitStack() as stack:
        with screen.step("Starting Kafka and SeaweedFS"):
            running = stack.enter_context(services(home, KafkaBroker(home / "kafka"), SeaweedFS(home / "seaweedfs")))
        _produce(running, flights, screen)
        worker = Worker(running, flush_records=max(200, records // PARTITIONS // _GENERATIONS))
        stack.callback(worker.kill)
        run = _carry(running, worker, flights, kills, screen)
        _show(run, screen, as_json)
        if keep:
            _stay(run, running, worker, screen)
    return run


# ---------------------------------------------------------------------------------------------- one step after another
def _load(records: int, screen: Screen) -> Flights:
    with screen.step("Reading the flights of 2013", "records") as advance:
        flights = flights_2013.load(records)
        advance(len(flights.values), records)
    return flights


def _produce(running: Services, flights: Flights, screen: Screen) -> None:
    total = len(flights.values)
    with screen.step("Writing them to Kafka", "records") as advance:
        rows, bootstrap = flights.rows(), running.kafka.bootstrap
        interrupts.run(produce(bootstrap, TOPIC, PARTITIONS, rows, lambda done: advance(done, total)))


def _carry(running: Services, worker: Worker, flights: Flights, kills: int, screen: Screen) -> Run:
    total, killed = len(flights.values), list[Kill]()
    started = time.monotonic()
    with screen.step("From Kafka to S3, two sinks", "records") as advance:

        def work_until(records: int) -> int:
            return worker.work_until(records, lambda done: advance(done, total))

        worker.start()
        work_until(1)
        first = time.monotonic() - started
        for number in range(1, kills + 1):
            committed, at = work_until(total * number // (kills + 1)), time.monotonic()
            worker.kill()
            screen.say(f"  SIGKILL to the worker, pid {worker.pid}, at {committed:,} records; starting another one")
            worker.start()
            work_until(min(total, committed + 1))
            killed.append(Kill(committed, round(time.monotonic() - at, 2)))
        work_until(total)
        seconds = time.monotonic() - started
    with screen.step("Reading every object back", "objects") as advance:
        verdict = interrupts.run(read_back(running.store, flights.values, advance))
    return Run(total, seconds, first, killed, verdict)


def _show(run: Run, screen: Screen, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(run.figures()))
        return
    parts = [report.table(run), report.pace(run), report.tree(run.verdict.objects), report.conclusion(run)]
    for part in parts:
        screen.say(f"\n{part}")


def _stay(run: Run, running: Services, worker: Worker, screen: Screen) -> None:
    """Until Ctrl-C, or until one of the processes ends."""
    screen.say(f"\n{report.addresses(running, worker)}\n\nTo look at a file:\n")
    click.echo(report.how_to_look(running, run.verdict.objects))
    screen.say("\nAll of it runs until you press Ctrl-C.")
    try:
        while running.kafka.running and running.s3.running and worker.running:
            time.sleep(0.5)
    except KeyboardInterrupt:
        screen.say("Stopping.")


# ---------------------------------------------------------------------------------------------- around it
@contextmanager
def _home(directory: Path | None) -> Iterator[Path]:
    """The directory of this run: a temporary one, or an empty one that the user names and keeps."""
    if directory is None:
        with tempfile.TemporaryDirectory(prefix="s3sink-demo-", ignore_cleanup_errors=True) as temporary:
            yield Path(temporary)
        return
    if directory.exists() and any(directory.iterdir()):
        raise ConfigError([Problem("--dir", f"{directory} is not empty: the demo counts from nothing")], "demo")
    directory.mkdir(parents=True, exist_ok=True)
    yield directory.absolute()
    click.echo(
        f"Data and logs: {directory}; python -m s3sink.testing.services --dir {directory} serves them.", err=True
    )
