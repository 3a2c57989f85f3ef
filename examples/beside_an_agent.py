"""A sink beside an agent of your own, on the same topic: the agent counts events while the sink writes files.

    BOOTSTRAP=localhost:9092 BUCKET=acme-lake python examples/beside_an_agent.py

Both read the topic once and share the group's offset, which is that of whoever is furthest behind: after a restart
the agent may see records again, so what it counts is at least once, and what is in the bucket exactly once.
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
    "beside-an-agent",
    broker=[f"kafka://{server}" for server in os.environ.get("BOOTSTRAP", "localhost:9092").split(",")],
    web_enabled=False,
    topic_disable_leader=True,
)
visits = app.topic("visits", value_type=bytes, value_serializer="raw")
lake = S3Sink(
    store=S3Store(os.environ.get("BUCKET", "acme-lake"), prefix="topics", endpoint=os.environ.get("S3_ENDPOINT")),
    rotation=[FlushSize(10_000), MaxAge("1s")],
)
attach(app, visits, lake)


@app.agent(visits)  # type: ignore[untyped-decorator]
async def count(stream: Any) -> None:
    """Says what it has seen, every hundred events."""
    async for number, _ in stream.enumerate(start=1):
        if number % 100 == 0:
            print(f"seen {number}", flush=True)


if __name__ == "__main__":
    logging.basicConfig(level="INFO")
    sys.exit(run_worker(app))
