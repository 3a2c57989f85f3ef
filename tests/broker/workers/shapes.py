"""Apps of several shapes, chosen by SHAPE; the other variables are those of apps/topic_to_s3.py.

- two_sinks: one topic into the prefixes `one` and `two`, cut at different places
- two_topics: the topics TOPIC and TOPIC2 into one sink
- beside_agent: an agent writes `partition offset id` of each event to the file SEEN, a sink reads the same topic
- by_event: an agent writes each event into the sink itself, SLEEP_MS after it came
- dead_letters: as the app, bad records go to the topic DLQ
- no_gap: as the app, and goes on behind records that are gone
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import faust
import orjson

from s3sink import (
    DeadLetterTopic,
    DefaultPartitioner,
    FlushSize,
    HourlyPartitioner,
    JsonFormat,
    MaxAge,
    S3Sink,
    S3Store,
)
from s3sink.agents import attach, run_worker

Env = Mapping[str, str]


def sink(env: Env, *, prefix: str = "topics", records: int | None = None, **options: Any) -> S3Sink:
    """A sink of JSON lines."""
    store = S3Store(
        env["BUCKET"],
        prefix=prefix,
        endpoint=env["S3_ENDPOINT"],
        region="us-east-1",
        access_key=env["AWS_ACCESS_KEY_ID"],
        secret_key=env["AWS_SECRET_ACCESS_KEY"],
    )
    flush = records or int(env.get("FLUSH_RECORDS", "2000"))
    partitioner = HourlyPartitioner() if env.get("PARTITIONER") == "hourly" else DefaultPartitioner()
    rotation = (FlushSize(flush), MaxAge(int(env["ROTATE_MS"])))
    return S3Sink(
        store=store, format=JsonFormat(compression="gzip"), partitioner=partitioner, rotation=rotation, **options
    )


def two_sinks(app: faust.App, env: Env) -> None:
    attach(app, app.topic(env["TOPIC"]), sink(env, prefix="one", records=700), name="one")
    attach(app, app.topic(env["TOPIC"]), sink(env, prefix="two", records=1900), name="two")


def two_topics(app: faust.App, env: Env) -> None:
    attach(app, [env["TOPIC"], env["TOPIC2"]], sink(env))


def beside_agent(app: faust.App, env: Env) -> None:
    topic = app.topic(env["TOPIC"], key_type=bytes, value_type=bytes, value_serializer="raw")
    attach(app, topic, sink(env))
    seen = Path(env["SEEN"]).open("a", buffering=1)  # noqa: SIM115 - as long as the process

    @app.agent(topic)  # type: ignore[untyped-decorator]
    async def count(stream: Any) -> None:
        async for event in stream.events():
            message = event.message
            seen.write(f"{message.partition} {message.offset} {orjson.loads(message.value)['id']}\n")


def by_event(app: faust.App, env: Env) -> None:
    topic = app.topic(env["TOPIC"], key_type=bytes, value_type=bytes, value_serializer="raw", acks=False)
    attached = attach(app, topic, sink(env), agent=False)
    pause = int(env.get("SLEEP_MS", "0")) / 1000

    @app.agent(topic)  # type: ignore[untyped-decorator]
    async def write(stream: Any) -> None:
        async for event in stream.events():
            await asyncio.sleep(pause)
            await attached.write(event)


def dead_letters(app: faust.App, env: Env) -> None:
    attach(app, app.topic(env["TOPIC"]), sink(env, errors=DeadLetterTopic(env["DLQ"])))


def no_gap(app: faust.App, env: Env) -> None:
    attach(app, app.topic(env["TOPIC"]), sink(env, on_gap="continue"))


SHAPES: dict[str, Callable[[faust.App, Env], None]] = {
    shape.__name__: shape for shape in (two_sinks, two_topics, beside_agent, by_event, dead_letters, no_gap)
}


def main(env: Env) -> int:
    """Run the shape; the exit code."""
    logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    for noisy in ("aiokafka", "faust", "mode"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    asyncio.set_event_loop(asyncio.new_event_loop())
    app = faust.App(
        env["GROUP"],
        broker=f"kafka://{env['BOOTSTRAP']}",
        store="memory://",
        datadir=env["WORKDIR"],
        web_enabled=False,
        topic_disable_leader=True,
        broker_session_timeout=int(env["SESSION_TIMEOUT_MS"]) / 1000,
        broker_heartbeat_interval=int(env["HEARTBEAT_MS"]) / 1000,
        consumer_metadata_max_age_ms=int(env.get("METADATA_MAX_AGE_MS", "30000")),
    )
    SHAPES[env["SHAPE"]](app, env)
    return run_worker(app)


if __name__ == "__main__":
    sys.exit(main(os.environ))
