"""Two sinks on one topic, in one app: JSON as it came, for ever, and Parquet by country, for queries.

    BOOTSTRAP=localhost:9092 BUCKET=acme-lake python examples/two_sinks_on_one_topic.py

The topic is read once. Each sink has its own files, its own rotation and its own place from which it goes on after a
crash; the group's offset is that of the slower one. They need names, and must not be able to write the same keys: here
the prefixes differ.
"""

from __future__ import annotations

import logging
import os
import sys

import faust

from s3sink import FieldPartitioner, FlushSize, JsonFormat, MaxAge, ParquetFormat, S3Sink, S3Store
from s3sink.agents import attach, run_worker

BUCKET, ENDPOINT = os.environ.get("BUCKET", "acme-lake"), os.environ.get("S3_ENDPOINT")

archive = S3Sink(
    name="archive",
    store=S3Store(BUCKET, prefix="archive", endpoint=ENDPOINT),
    rotation=[FlushSize(100_000), MaxAge("2s")],
    format=JsonFormat(compression="gzip"),
)
queries = S3Sink(
    name="queries",
    store=S3Store(BUCKET, prefix="queries", endpoint=ENDPOINT),
    partitioner=FieldPartitioner("country"),
    rotation=[FlushSize(10_000), MaxAge("1s")],
    format=ParquetFormat(compression="zstd"),
)

app = faust.App(
    "two-sinks",
    broker=[f"kafka://{server}" for server in os.environ.get("BOOTSTRAP", "localhost:9092").split(",")],
    web_enabled=False,
    topic_disable_leader=True,
)
attach(app, "events", archive)
attach(app, "events", queries)

if __name__ == "__main__":
    logging.basicConfig(level="INFO")
    sys.exit(run_worker(app))
