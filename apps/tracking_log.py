"""One record a file: what the Kubernetes resource `tracking_log.yaml` says, as a Faust app.

    BUCKET=tracking-log python apps/tracking_log.py

Writes `topics/tracking.log/partition=0/tracking.log+0+0000000000.json`, then `...0000000001.json` and so on.
"""

from __future__ import annotations

import logging
import os
import sys

import faust

from s3sink import FlushSize, JsonFormat, S3Sink, S3Store, StringConverter
from s3sink.agents import attach, run_worker

SINK = S3Sink(
    store=S3Store(
        os.environ.get("BUCKET", "tracking-log"),
        prefix="topics",
        region=os.environ.get("AWS_REGION", "ap-northeast-2"),
        endpoint=os.environ.get("S3_ENDPOINT"),
    ),
    key_converter=StringConverter(),
    rotation=(FlushSize(1),),
    format=JsonFormat(),
)

app = faust.App(
    "tracking-log-s3-sink",
    broker=[f"kafka://{server}" for server in os.environ.get("BOOTSTRAP", "localhost:9092").split(",")],
    web_enabled=False,
    topic_disable_leader=True,
)
attach(app, "tracking.log", SINK)

if __name__ == "__main__":
    logging.basicConfig(level="INFO")
    sys.exit(run_worker(app))
