"""One process of `s3sink run`: all connectors that have a task in it, in one event loop, each in an app of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from s3sink.agents.hosted import HostedSink, host
from s3sink.agents.labels import LabelFilter
from s3sink.agents.prometheus import PrometheusMetrics, serve
from s3sink.agents.standing import Standing
from s3sink.agents.worker import run_hosted
from s3sink.cli.run_jobs import Job, build_job
from s3sink.errors import ConfigError
from s3sink.transforms._regex import compile_java

log = logging.getLogger("s3sink.run")
#: Their services say under our names, too, that they start; what is wrong we say ourselves.
_NOISY = {
    **dict.fromkeys(("faust", "mode", "s3sink.agents"), logging.CRITICAL),
    **dict.fromkeys(("aiokafka", "aiobotocore", "botocore"), logging.ERROR),
}
#: Even when everything is wanted: at DEBUG they log requests as they are sent, logins and SSE-C keys among them.
_INDISCREET = dict.fromkeys(("aiokafka.conn", "aiobotocore", "botocore"), logging.INFO)
Show = Callable[[Sequence[Standing]], None]


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """What a process is told, in one line of JSON on its standard input: arguments of a process can be seen by others.

    `connectors` are path and properties of each, as written.
    """

    task: int
    connectors: Sequence[tuple[str, Mapping[str, Any]]]
    worker: Mapping[str, Any]
    bootstrap: str | None
    interval: float
    log_level: str
    prometheus_port: int | None

    def line(self) -> str:
        """JSON."""
        return json.dumps(asdict(self))


def set_up_logging(level: str) -> None:
    """One line for each thing that happens, on stderr; what libraries say only when something is wrong."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(LabelFilter())
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(label)s%(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name, least in (_INDISCREET if level.upper() == "DEBUG" else _NOISY).items():
        logging.getLogger(name).setLevel(least)


def run_task(spec: TaskSpec, jobs: Sequence[Job], show: Show, *, watched: bool = False) -> int:
    """Run until stopped; the exit code. `watched`: stop, too, when standard input ends, since the parent is gone."""
    if spec.prometheus_port is not None:
        serve(spec.prometheus_port)
    sinks = [_hosted(job, spec) for job in jobs]

    def status() -> None:
        show([sink.standing() for sink in sinks])

    async def report(stop: asyncio.Event) -> None:
        while not stop.is_set():
            status()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), spec.interval)

    beside = [report, _until_the_parent_is_gone] if watched else [report]
    return run_hosted(sinks, *beside, finish=status)


def _hosted(job: Job, spec: TaskSpec) -> HostedSink:
    made = job.connector
    topics = compile_java(made.topics_regex) if made.topics_regex else made.topics
    metrics = PrometheusMetrics(made.name) if spec.prometheus_port is not None else None
    return host(made.name, made.group, made.sink, topics, job.clients, task=spec.task, metrics=metrics)


async def _until_the_parent_is_gone(stop: asyncio.Event) -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    stop.set()


# ---------------------------------------------------------------------------------------------- as a process
def _to_parent(standings: Sequence[Standing]) -> None:
    line = json.dumps([standing.plain() for standing in standings]) + "\n"
    with contextlib.suppress(BrokenPipeError):  # the parent is gone: standard input ends, too, which stops us
        os.write(1, line.encode())  # nothing is left in a buffer that could not be flushed at the end


def main() -> int:
    """A child of `s3sink run`."""
    spec = TaskSpec(**json.loads(sys.stdin.readline()))
    set_up_logging(spec.log_level)
    try:
        jobs = [build_job(path, properties, spec.worker, spec.bootstrap) for path, properties in spec.connectors]
        return run_task(spec, jobs, _to_parent, watched=True)
    except ConfigError as error:
        log.critical("%s", error)
        return 2


if __name__ == "__main__":
    sys.exit(main())
