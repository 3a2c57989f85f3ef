"""One sink on two topics: the same rules for both, a directory for each.

BOOTSTRAP=localhost:9092 BUCKET=acme-lake python examples/one_sink_on_two_topics.py
"""

from __future__ import annotations

import logging
import os
import sys

import faust

from s3sink import FlushSize, JsonFormat, MaxAge, S3Sink, S3Store
from s3sink.agents import attach, run_worker

lake = S3Sink(
    name="web",
    store=S3Store(os.environ.get("BUCKET", "acme-lake"), prefix="topics", endpoint=os.environ.get("S3_ENDPOINT")),
    rotation=[FlushSize(10_000), MaxAge("1s")],
    format=JsonFormat(compression="gzip"),
)

app = faust.App(
    "one-sink",
    broker=[f"kafka://{server}" for server in os.environ.get("BOOTSTRAP", "localhost:9092").split(",")],
    web_enabled=False,
    topic_disable_leader=True,
)
attach(app, ["pages", "clicks"], lake)

if __name__ == "__main__":
    logging.basicConfig(level="INFO")
    sys.exit(run_worker(app))
