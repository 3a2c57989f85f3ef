"""Clicks into hourly folders of Seoul: what `clickstream.properties` says, as a Faust app.

    BUCKET=clickstream python apps/clickstream.py

Writes `topics/clickstream/year=2026/month=03/day=02/hour=01/clickstream+0+0000000000.json`. As with the connector, a
file closes only at 100 records: add `MaxAge("10m")` to the rotation where an idle topic should not keep one open.
"""

from __future__ import annotations

import logging
import os
import sys

import faust

from s3sink import FlushSize, HourlyPartitioner, JsonFormat, S3Sink, S3Store
from s3sink.agents import attach, run_worker

SINK = S3Sink(
    store=S3Store(
        os.environ.get("BUCKET", "clickstream"),
        prefix="topics",
        region=os.environ.get("AWS_REGION", "ap-northeast-2"),
        endpoint=os.environ.get("S3_ENDPOINT"),
    ),
    partitioner=HourlyPartitioner(timezone="Asia/Seoul"),
    rotation=(FlushSize(100),),
    format=JsonFormat(),
    part_size="64MiB",
)

app = faust.App(
    "clickstream-s3-sink",
    broker=[f"kafka://{server}" for server in os.environ.get("BOOTSTRAP", "localhost:9092").split(",")],
    web_enabled=False,
    topic_disable_leader=True,
)
attach(app, "clickstream", SINK)

if __name__ == "__main__":
    logging.basicConfig(level="INFO")
    sys.exit(run_worker(app))
