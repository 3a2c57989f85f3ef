"""An agent of your own that writes what it likes: `await attached.write(event)`, one event at a time.

    BOOTSTRAP=localhost:9092 BUCKET=acme-lake python examples/agent_that_writes.py

Slower than the sink's own reading, because every record is a Faust event; as exact. Events that are not written count
as dropped by you: the offset passes them with the next one that is.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

import faust

from s3sink import FlushSize, MaxAge, S3Sink, S3Store
from s3sink.agents import attach, run_worker

app = faust.App(
    "agent-that-writes",
    broker=[f"kafka://{server}" for server in os.environ.get("BOOTSTRAP", "localhost:9092").split(",")],
    web_enabled=False,
    topic_disable_leader=True,
)
readings = app.topic("readings", value_serializer="json", acks=False)
lake = S3Sink(
    store=S3Store(os.environ.get("BUCKET", "acme-lake"), prefix="topics", endpoint=os.environ.get("S3_ENDPOINT")),
    rotation=[FlushSize(10_000), MaxAge("1s")],
)
attached = attach(app, readings, lake, agent=False)


@app.agent(readings)  # type: ignore[untyped-decorator]
async def keep_warm_ones(stream: Any) -> None:
    """Only readings above zero go into the lake."""
    async for event in stream.events():
        if event.value["celsius"] > 0:
            await attached.write(event)


if __name__ == "__main__":
    logging.basicConfig(level="INFO")
    sys.exit(run_worker(app))
