"""The app of `demo-cdc`: rows of a MySQL table, as Debezium reports their changes, into daily folders of Seoul.

    BOOTSTRAP=localhost:9092 BUCKET=kafka-sink-data python -m s3sink.cli.demo_cdc_app

Writes `topics/dbserver.inventory.customers/yymmdd=20261121/dbserver.inventory.customers+0+0000000000.json`, a line for
each change: the row as it is after it, with `__deleted` and where in MySQL's log the change stands. A row that was
deleted comes as it was before, with `"__deleted":"true"`. SIGTERM and SIGINT stop the app cleanly, SIGKILL does no
harm.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping

import faust

from s3sink import (
    FlushSize,
    JsonConverter,
    JsonFormat,
    RecordField,
    RotateSchedule,
    S3Sink,
    S3Store,
    TimeBasedPartitioner,
)
from s3sink.agents import attach, run_worker
from s3sink.errors import ConfigError
from s3sink.transforms import ExtractNewRecordState

GROUP, TOPIC = "customers-cdc", "dbserver.inventory.customers"
SEOUL = "Asia/Seoul"
POSITION = ("source.file", "source.pos", "source.row")
"""Where a change stands in MySQL's binary log: what comes later is greater."""


def build_sink(env: Mapping[str, str]) -> S3Sink:
    """What apps/customers_cdc/connector.json says."""
    return S3Sink(
        store=S3Store(
            env.get("BUCKET", "kafka-sink-data"),
            prefix="topics",
            region=env.get("AWS_REGION", "ap-northeast-2"),
            endpoint=env.get("S3_ENDPOINT"),
        ),
        converter=JsonConverter(),
        key_converter=JsonConverter(),
        transforms=[
            ExtractNewRecordState(
                delete_tombstone_handling_mode="rewrite", add_fields=["op", "source.ts_ms", *POSITION]
            )
        ],
        partitioner=TimeBasedPartitioner("'yymmdd='yyyyMMdd", extractor=RecordField("__source_ts_ms"), timezone=SEOUL),
        rotation=[
            FlushSize(int(env.get("FLUSH_RECORDS", "1000"))),
            RotateSchedule(env.get("ROTATE", "10m"), timezone=SEOUL),
        ],
        format=JsonFormat(),
    )


def build_app(env: Mapping[str, str]) -> faust.App:
    """An ordinary Faust app with one sink attached."""
    app = faust.App(
        env.get("GROUP", GROUP),
        broker=[f"kafka://{server}" for server in env.get("BOOTSTRAP", "localhost:9092").split(",")],
        store="memory://",
        datadir=env.get("WORKDIR", ".customers-cdc"),
        topic_disable_leader=True,
        stream_wait_empty=False,
        broker_session_timeout=float(env.get("SESSION_TIMEOUT", "10")),
        broker_heartbeat_interval=1.0,
        web_enabled=False,
    )
    attach(app, env.get("TOPIC", TOPIC), build_sink(env))
    return app


def main(env: Mapping[str, str]) -> int:
    """Run until stopped; the exit code: 0 stopped, 1 failed (the reason is in the log), 2 misconfigured."""
    logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    for noisy in ("aiokafka", "faust", "mode"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        app = build_app(env)
    except (ConfigError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return run_worker(app)


if __name__ == "__main__":
    sys.exit(main(os.environ))
