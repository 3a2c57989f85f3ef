"""`s3sink demo`: a year of flights from Kafka into S3, the worker killed half-way, every record counted at the end."""

from __future__ import annotations

import json
import logging
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from s3sink.agents.produce import produce
from s3sink.cli import demo_flights as flights_2013
from s3sink.cli import demo_report as report
from s3sink.cli.demo_flights import Flights
from s3sink.cli.demo_report import Kill, Run
from s3sink.cli.demo_screen import Screen, screen_for
from s3sink.cli.demo_services import PARTITIONS, TOPIC, Services, Worker, services
from s3sink.cli.demo_verdict import Verdict, read_back
from s3sink.config import check, problem_if
from s3sink.testing.services import KafkaBroker, SeaweedFS

_GENERATIONS = 6  # that a partition of average size is written in
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
    carrier. Kills the app with SIGKILL half-way, starts it again, then reads every object back and compares every record
    with what was produced. Exit code 0: nothing lost, nothing twice. Ctrl-C ends it at any moment and leaves nothing.
    """
    if keep is None:
        keep = sys.stdout.isatty() and not as_json
    screen = screen_for(sys.stderr if as_json else sys.stdout)
    with _one_interrupt_only(), _home(directory) as home:
        try:
            run = _demo(home, records, kills, screen, as_json, keep)
        except KeyboardInterrupt:
            screen.say("Interrupted; stopping everything.")
            raise SystemExit(_INTERRUPTED) from None
    raise SystemExit(0 if run.verdict.exactly_once else 1)


def _demo(home: Path, records: int, kills: int, screen: Screen, as_json: bool, keep: bool) -> Run:
    flights = _load(records, screen)
    with _running(home, screen) as running:
        _produce(running, flights, screen)
        worker = Worker(running, flush_records=max(200, records // PARTITIONS // _GENERATIONS))
        try:
            run = _carry(running, worker, flights, kills, screen)
            _show(run, running, worker, screen, as_json)
            if keep:
                _stay(running, worker, screen)
        finally:
            worker.kill()
    return run


# ---------------------------------------------------------------------------------------------- one step after another
def _load(records: int, screen: Screen) -> Flights:
    with screen.step("Reading flights of 2013", "records") as advance:
        flights = flights_2013.load(records)
        advance(len(flights.values), records)
    return flights


@contextmanager
def _running(home: Path, screen: Screen) -> Iterator[Services]:
    with screen.step("Starting Kafka and SeaweedFS"):
        started = services(home, KafkaBroker(home / "kafka"), SeaweedFS(home / "seaweedfs"))
        running = started.__enter__()
    try:
        yield running
    finally:
        started.__exit__(None, None, None)
