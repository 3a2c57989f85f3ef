"""Orders three ways: what `orders_default.json`, `orders_by_time.json` and `orders_by_field.json` say, as one app.

    BUCKET=lake python apps/orders.py            # one record a file, a directory for each Kafka partition
    BUCKET=lake python apps/orders.py by-time    # one record a file, daily folders by the record's own `dt`
    BUCKET=lake python apps/orders.py by-field   # Parquet, one folder for each `dt`; records carry their schema

Each is a group of its own, because each gives the topic another meaning: run one of them. Two at once on one topic need
two prefixes; see examples/two_sinks_on_one_topic.py.
"""

from __future__ import annotations

import logging
import os
import sys

import faust

from s3sink import (
    DefaultPartitioner,
    FieldPartitioner,
    FlushSize,
    JsonConverter,
    JsonFormat,
    ParquetFormat,
    RecordField,
    RotateSchedule,
    S3Sink,
    S3Store,
    StringConverter,
    TimeBasedPartitioner,
)
from s3sink.agents import attach, run_worker

STORE = S3Store(
    os.environ.get("BUCKET", "lake"),
    prefix="topics",
    region=os.environ.get("AWS_REGION", "ap-northeast-2"),
    endpoint=os.environ.get("S3_ENDPOINT"),
)
EVERY_MINUTE = RotateSchedule("1m", timezone="Asia/Seoul")

SINKS = {
    # topics/orders/partition=0/orders+0+0000000000.json
    "default": S3Sink(
        store=STORE,
        partitioner=DefaultPartitioner(),
        rotation=(FlushSize(1), EVERY_MINUTE),
        format=JsonFormat(),
    ),
    # topics/orders/year=2023/month=10/day=01/orders+0+0000000000.json
    "by-time": S3Sink(
        store=STORE,
        key_converter=StringConverter(),
        partitioner=TimeBasedPartitioner(
            "year=%Y/month=%m/day=%d",
            extractor=RecordField("dt", timezone="Asia/Seoul"),
            timezone="Asia/Seoul",
        ),
        rotation=(FlushSize(1), EVERY_MINUTE),
        format=JsonFormat(),
    ),
    # topics/orders/dt=2023-10-02/orders+0+0000000000.snappy.parquet
    "by-field": S3Sink(
        store=STORE,
        converter=JsonConverter(schemas_enable=True),
        key_converter=StringConverter(),
        partitioner=FieldPartitioner("dt"),
        rotation=(FlushSize(1000), EVERY_MINUTE),
        format=ParquetFormat(compression="snappy"),
    ),
}


def build_app(choice: str) -> faust.App:
    """The app with one of the sinks."""
    app = faust.App(
        f"orders-s3-sink-{choice}",
        broker=[f"kafka://{server}" for server in os.environ.get("BOOTSTRAP", "localhost:9092").split(",")],
        web_enabled=False,
        topic_disable_leader=True,
    )
    attach(app, "orders", SINKS[choice])
    return app


def main(arguments: list[str]) -> int:
    """Run until stopped; the exit code."""
    choice = arguments[0] if arguments else "default"
    if choice not in SINKS:
        sys.stderr.write(f"{choice!r} is not one of {', '.join(SINKS)}\n")
        return 2
    return run_worker(build_app(choice))


if __name__ == "__main__":
    logging.basicConfig(level="INFO")
    sys.exit(main(sys.argv[1:]))
