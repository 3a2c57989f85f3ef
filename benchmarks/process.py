"""One row at work, in a process of its own: `python -m benchmarks.process ROW`, told the rest by its environment."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from apps.topic_to_s3 import build_app, build_sink
from benchmarks import limits
from benchmarks.meter import Meter
from benchmarks.rows import ROWS, Work
from s3sink import CountingMetrics, RecordBatch, S3Sink, TopicPartition
from s3sink.agents import attach, run_worker
from s3sink.metrics import Name

Env = Mapping[str, str]


class Watch(CountingMetrics):
    """Ends the process when every record of the topic is in a committed object or was dropped by a transform."""

    def __init__(self, meter: Meter, records: int) -> None:
        super().__init__()
        self._meter, self._records = meter, records

    def add(self, name: Name, value: int = 1, /, **labels: str) -> None:
        """Raise a counter, and look whether that was the last one."""
        super().add(name, value, **labels)
        if name == "records_read":
            self._meter.begin()
        elif name == "objects_committed":
            self._meter.object_written()
        elif name in ("records_written", "records_filtered") and self._done() >= self._records:
            self._meter.end(self.counters)

    def _done(self) -> int:
        return self.counters.get("records_written", 0) + self.counters.get("records_filtered", 0)


class Dropped:
    """Stands in for a SinkTask: counts batches and lets them go."""

    held = open_bytes = open_files = 0

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def deliver(self, batch: RecordBatch) -> None:
        """As `SinkTask.deliver`."""
        self._watch.add("records_read", batch.n)
        self._watch.add("records_filtered", batch.n)


def run_sink(env: Env, meter: Meter, work: Work) -> int:
    """The app of apps/topic_to_s3.py with the row's options."""
    watch = Watch(meter, int(env["RECORDS"]))
    app = build_app(env)
    attach(app, app.topic(env["TOPIC"]), _sink(env, work), metrics=watch)
    return run_worker(app)


def run_tap(env: Env, meter: Meter) -> int:
    """As `run_sink`, but nobody looks at the batches."""
    watch = Watch(meter, int(env["RECORDS"]))
    app = build_app(env)
    attached = attach(app, app.topic(env["TOPIC"]), build_sink(env), metrics=watch)

    async def start(source: TopicPartition) -> None:
        tasks: dict[TopicPartition, Any] = attached.tasks
        tasks[source] = Dropped(watch)

    attached.start = start  # type: ignore[method-assign]
    return run_worker(app)


def _sink(env: Env, work: Work) -> S3Sink:
    sink = build_sink({**env, **work.env})
    return replace(sink, **work.options) if work.options else sink


def run_agent(env: Env, meter: Meter) -> int:
    """What people write with Faust alone: an event a record, files as in `limits`, at least once at best."""
    app = build_app(env)
    store = limits.store_of(env)
    topic = app.topic(env["TOPIC"], key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

    @app.agent(topic)  # type: ignore[untyped-decorator]
    async def write(stream: Any) -> None:
        await store.open()
        files = limits.Files(store, limits.GzipBody, int(env["FLUSH_RECORDS"]), meter)
        left, waiting = int(env["RECORDS"]), dict[int, list[bytes]]()
        async for event in stream.events():
            meter.begin()
            lines = waiting.setdefault(event.message.partition, [])
            lines.append(event.message.value)
            left -= 1
            if len(lines) == 1000 or not left:
                await files.add(event.message.partition, waiting.pop(event.message.partition))
            if not left:
                for partition, lines in waiting.items():
                    await files.add(partition, lines)
                await files.close()
                meter.end()

    return run_worker(app)


def run(env: Env, row: str) -> int:
    """Until everything is committed, or failed."""
    work, meter = ROWS[row].work, Meter(Path(env["REPORT"]))
    if work.kind == "sink":
        return run_sink(env, meter, work)
    if work.kind == "tap":
        return run_tap(env, meter)
    if work.kind == "agent":
        return run_agent(env, meter)
    limits.run(env, meter, work.fetch, work.body, work.change)
    return 1


def main(env: Env, row: str) -> int:
    """The exit code."""
    logging.basicConfig(level=env.get("LOG_LEVEL", "WARNING"), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    return run(env, row)


if __name__ == "__main__":
    sys.exit(main(os.environ, sys.argv[1]))
