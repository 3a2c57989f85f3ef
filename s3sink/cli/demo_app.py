"""The app of the demo: flights as gzip JSON by hour of departure, and as Parquet by day and carrier, from one topic.

Hours are those of the day and days those of the week: calendar days would make 6,000 files of 60 records each.

    BOOTSTRAP=localhost:9092 BUCKET=lake S3_ENDPOINT=http://localhost:8333 python -m s3sink.cli.demo_app

Two sinks on one topic in one Faust app share the group's offset; each is exactly once on its own. Faust's web page is
on WEB_PORT; its page `/flights/` says how far the sinks are. SIGTERM and SIGINT stop it cleanly, SIGKILL does no harm.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from typing import Any

import faust

from s3sink import (
    ConfigError,
    FieldPartitioner,
    FlushSize,
    JsonFormat,
    MaxAge,
    MaxOpenFiles,
    ParquetFormat,
    Partitioner,
    RecordField,
    S3Sink,
    S3Store,
    SinkRecord,
    TimeBasedPartitioner,
)
from s3sink.agents import AttachedSink, attach, run_worker
from s3sink.errors import Problem

GROUP = "flights-to-s3"
NEEDED = ("BOOTSTRAP", "BUCKET")


def build_app(env: Mapping[str, str]) -> faust.App:
    """An ordinary Faust app with two sinks attached."""
    app = faust.App(
        env.get("GROUP", GROUP),
        broker=f"kafka://{env['BOOTSTRAP']}",
        store="memory://",
        datadir=env.get("WORKDIR", ".flights"),
        topic_disable_leader=True,
        stream_wait_empty=False,
        broker_session_timeout=float(env.get("SESSION_TIMEOUT", "6")),
        broker_heartbeat_interval=1.0,
        web_bind="127.0.0.1",
        web_host="127.0.0.1",
        web_port=int(env.get("WEB_PORT", "6066")),
    )
    flights = app.topic(env.get("TOPIC", "flights"))
    sinks = [
        attach(app, flights, by_hour(env), name="json-by-hour"),
        attach(app, flights, by_day_and_carrier(env), name="parquet-by-day-and-carrier"),
    ]
    _add_page(app, sinks)
    return app


def by_hour(env: Mapping[str, str]) -> S3Sink:
    """`json/flights/hour=17/flights+0+0000000000.json.gz`"""
    return S3Sink(
        store=_store(env, "json"),
        partitioner=departure("hour=%H"),
        rotation=_rotation(env),
        format=JsonFormat(compression="gzip"),
    )


def by_day_and_carrier(env: Mapping[str, str]) -> S3Sink:
    """`parquet/flights/weekday=Thu/carrier=UA/flights+0+0000000000.zstd.parquet`"""
    return S3Sink(
        store=_store(env, "parquet"),
        partitioner=Nested(departure("'weekday'=EEE"), FieldPartitioner("carrier")),
        rotation=_rotation(env),
        format=ParquetFormat(compression="zstd"),
    )


def departure(pattern: str) -> TimeBasedPartitioner:
    """Directories by the time of departure on New York's clocks."""
    return TimeBasedPartitioner(pattern, extractor=RecordField("time_hour"), timezone="America/New_York")


class Nested:
    """The directories of one partitioner inside those of another: your own partitioner is a class with `encode`."""

    def __init__(self, outer: Partitioner, inner: Partitioner) -> None:
        self.outer, self.inner = outer, inner

    def encode(self, record: SinkRecord, now: int) -> str:
        """Both depend on the record alone, and so does this."""
        return f"{self.outer.encode(record, now)}/{self.inner.encode(record, now)}"

    def __repr__(self) -> str:
        return f"Nested({self.outer!r}, {self.inner!r})"


def _rotation(env: Mapping[str, str]) -> tuple[FlushSize, MaxAge, MaxOpenFiles]:
    return FlushSize(int(env.get("FLUSH_RECORDS", "20000"))), MaxAge(env.get("MAX_AGE", "5s")), MaxOpenFiles(200)


def _store(env: Mapping[str, str], prefix: str) -> S3Store:
    """Keys of S3 come from the ordinary AWS chain: the environment, a profile, a role."""
    return S3Store(env["BUCKET"], prefix=prefix, endpoint=env.get("S3_ENDPOINT"), region=env.get("AWS_REGION"))


def _add_page(app: faust.App, sinks: list[AttachedSink]) -> None:
    @app.page("/flights/")  # type: ignore[untyped-decorator]
    async def progress(web: Any, request: Any) -> Any:
        return web.json({sink.name: _progress(sink) for sink in sinks})


def _progress(sink: AttachedSink) -> dict[str, Any]:
    partitions = {
        str(source.partition): {"committed": task.committed, "next": task.next, "open_files": task.open_files}
        for source, task in sorted(sink.tasks.items())
    }
    return {"objects": sink.sink.store.url, "partitions": partitions}


def main(env: Mapping[str, str]) -> int:
    """Run until stopped; the exit code: 0 stopped, 1 failed (the reason is in the log), 2 misconfigured."""
    logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    for noisy in ("aiokafka", "faust", "mode", "aiohttp.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    missing = [Problem(key, "must be set") for key in NEEDED if not env.get(key)]
    try:
        if missing:
            raise ConfigError(missing, "environment")
        app = build_app(env)
    except (ConfigError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return run_worker(app)


if __name__ == "__main__":
    sys.exit(main(os.environ))
