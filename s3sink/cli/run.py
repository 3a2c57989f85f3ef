"""`s3sink run`: connector files of Kafka Connect, unchanged."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import click

from s3sink.cli.failures import json_option
from s3sink.cli.run_jobs import Job, read_jobs
from s3sink.cli.run_processes import run_processes
from s3sink.cli.run_screen import Kind, show
from s3sink.cli.run_task import TaskSpec, log, run_task, set_up_logging

_INTERVALS: dict[Kind, float] = {"json": 5.0, "table": 5.0, "log": 30.0}
_PATH = click.Path()


@click.command()
@click.argument("files", nargs=-1, required=True, type=_PATH, metavar="FILE...")
@click.option("--bootstrap-servers", metavar="HOST:PORT,...", help="Kafka; goes over what files say.")
@click.option(
    "--worker",
    type=_PATH,
    metavar="FILE",
    help="A Connect worker's properties: brokers, security, converters, providers.",
)
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="A property of every connector; repeatable."
)
@click.option("--restart", is_flag=True, help="Start what has failed again, with back-off, instead of ending.")
@json_option("A line of JSON on stdout every few seconds.")
@click.option("--status-seconds", type=click.FloatRange(min=0.1), help="Time between two status lines.")
@click.option("--prometheus-port", type=click.IntRange(1, 65535), help="Figures over HTTP; process n has port + n.")
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True
)
def run(
    files: Sequence[str],
    bootstrap_servers: str | None,
    worker: str | None,
    settings: Sequence[str],
    restart: bool,
    as_json: bool,
    status_seconds: float | None,
    prometheus_port: int | None,
    log_level: str,
) -> None:
    """Run connector files of Kafka Connect.

    FILE is JSON as the REST interface takes it, a .properties file, or Strimzi YAML. Each connector is the consumer
    group connect-NAME and begins where Kafka Connect stopped. One process runs all connectors; with tasks.max there
    are so many processes, and a connector is in as many of them as it may have tasks. With --restart every task has a
    process of its own.

    Exit codes: 0 stopped by SIGTERM or SIGINT, 1 failed, 2 misconfigured.
    """
    jobs, worker_properties = read_jobs(files, worker, bootstrap_servers, settings)
    set_up_logging(log_level)
    kind: Kind = "json" if as_json else "table" if sys.stdout.isatty() else "log"
    interval = status_seconds or _INTERVALS[kind]
    for job in jobs:
        for problem in job.warnings:
            log.warning("%s: %s", job.connector.name, problem)
    specs = [
        TaskSpec(
            task,
            [(job.path, dict(job.properties)) for job in together],
            worker_properties,
            bootstrap_servers,
            interval,
            log_level,
            None if prometheus_port is None else prometheus_port + number,
        )
        for number, (task, together) in enumerate(_processes(jobs, apart=restart))
    ]
    if len(specs) == 1 and not restart:
        raise SystemExit(run_task(specs[0], jobs, show(kind)))
    raise SystemExit(run_processes(specs, show(kind), interval, restart=restart))


def _processes(jobs: Sequence[Job], *, apart: bool) -> Iterator[tuple[int, list[Job]]]:
    """The number of the task and the connectors of each process."""
    for task in range(max(job.connector.tasks_max for job in jobs)):
        together = [job for job in jobs if job.connector.tasks_max > task]
        for group in [[job] for job in together] if apart else [together]:
            yield task, group
