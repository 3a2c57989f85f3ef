"""Web and application logs into daily folders of Seoul: what `customer_logs.json` says, as a Faust app.

    BUCKET=customer-logs python apps/customer_logs.py

Writes `topics/customer-logs/year=2026/month=03/day=02/customer-logs+0+0000000000.json`. A file closes at 500 records,
at five minutes of record time, or when the day changes; what cannot be written goes to `dlq-customer-logs`.
"""

from __future__ import annotations

import logging
import os
import sys

import faust

from s3sink import DeadLetterTopic, FlushSize, JsonFormat, RotateInterval, S3Sink, S3Store, TimeBasedPartitioner
from s3sink.agents import attach, run_worker

SINK = S3Sink(
    store=S3Store(
        os.environ.get("BUCKET", "customer-logs"),
        prefix="topics",
        region=os.environ.get("AWS_REGION", "ap-northeast-2"),
        endpoint=os.environ.get("S3_ENDPOINT"),
    ),
    partitioner=TimeBasedPartitioner("year=%Y/month=%m/day=%d", timezone="Asia/Seoul"),
    rotation=(FlushSize(500), RotateInterval("5m")),
    format=JsonFormat(),
    errors=DeadLetterTopic("dlq-customer-logs"),
)

app = faust.App(
    "customer-logs-s3-sink",
    broker=[f"kafka://{server}" for server in os.environ.get("BOOTSTRAP", "localhost:9092").split(",")],
    web_enabled=False,
    topic_disable_leader=True,
)
attach(app, "customer-logs", SINK)

if __name__ == "__main__":
    logging.basicConfig(level="INFO")
    sys.exit(run_worker(app))
