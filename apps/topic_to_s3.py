"""A complete app: one topic into one bucket, configured by environment variables alone.

    BOOTSTRAP=localhost:9092 TOPIC=events BUCKET=lake python apps/topic_to_s3.py

See apps/README.md for the variables. SIGTERM stops it cleanly: open files are given up and read again by whoever comes
next, nothing is lost. Exit codes: 0 stopped, 1 failed (the reason is the last line of the log), 2 misconfigured.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import faust

from s3sink import (
    ConfigError,
    DefaultPartitioner,
    FlushSize,
    Format,
    HourlyPartitioner,
    JsonFormat,
    MaxAge,
    ParquetFormat,
    Partitioner,
    S3Sink,
    S3Store,
    TransformLike,
)
from s3sink.agents import attach, run_worker
from s3sink.errors import Problem
from s3sink.transforms import InsertField, MaskField, RegexRouter, ReplaceField

TRANSFORMS: dict[str, tuple[TransformLike, ...]] = {
    "none": (),
    "four": (
        InsertField(timestamp_field="ingested_at"),
        MaskField(fields=("user_agent",)),
        ReplaceField(exclude=("referrer",)),
        RegexRouter(regex="(.*)", replacement="$1"),
    ),
}


def build_sink(env: Mapping[str, str]) -> S3Sink:
    """The sink that these variables describe. Raises ConfigError with everything that is wrong with them."""
    return S3Sink(
        store=S3Store(
            env["BUCKET"],
            prefix=env.get("PREFIX", "topics"),
            endpoint=env.get("S3_ENDPOINT") or env.get("AWS_ENDPOINT_URL_S3") or env.get("AWS_ENDPOINT_URL"),
            region=env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION"),
            access_key=env.get("AWS_ACCESS_KEY_ID"),
            secret_key=env.get("AWS_SECRET_ACCESS_KEY"),
            session_token=env.get("AWS_SESSION_TOKEN"),
        ),
        transforms=_choice(env, "TRANSFORMS", TRANSFORMS, "none"),
        partitioner=_choice(env, "PARTITIONER", _PARTITIONERS, "default"),
        rotation=(FlushSize(int(env.get("FLUSH_RECORDS", "10000"))), MaxAge(int(env.get("ROTATE_MS", "2000")))),
        format=_format(env),
    )


_PARTITIONERS: dict[str, Partitioner] = {"default": DefaultPartitioner(), "hourly": HourlyPartitioner()}


def _format(env: Mapping[str, str]) -> Format:
    compression: Any = env.get("COMPRESSION")
    if _choice(env, "FORMAT", {"json": "json", "parquet": "parquet"}, "json") == "parquet":
        return ParquetFormat(compression=compression or "zstd")
    return JsonFormat(compression=compression or "gzip")


def _choice(env: Mapping[str, str], key: str, choices: Mapping[str, Any], default: str) -> Any:
    value = env.get(key, default)
    if value not in choices:
        raise ConfigError([Problem(key, f"{value!r} is not one of {', '.join(choices)}")], "environment")
    return choices[value]


def build_app(env: Mapping[str, str]) -> faust.App:
    """The Faust app: nothing in it is special but the call of `attach`."""
    datadir = Path(env.get("WORKDIR", tempfile.gettempdir())) / f"faust-{env.get('WORKER', '0')}-{os.getpid()}"
    return faust.App(
        env.get("GROUP", f"s3sink-{env['TOPIC']}"),
        broker=[f"kafka://{server}" for server in env.get("BOOTSTRAP", "localhost:9092").split(",")],
        store="memory://",
        datadir=str(datadir),
        web_enabled=False,
        topic_disable_leader=True,
        stream_wait_empty=False,
        broker_session_timeout=int(env.get("SESSION_TIMEOUT_MS", "10000")) / 1000,
        broker_heartbeat_interval=int(env.get("HEARTBEAT_MS", "3000")) / 1000,
        consumer_metadata_max_age_ms=int(env.get("METADATA_MAX_AGE_MS", "30000")),
    )


def main(env: Mapping[str, str]) -> int:
    """Run until stopped; the exit code."""
    logging.basicConfig(
        level=env.get("LOG_LEVEL", "INFO"), format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr
    )
    for noisy in ("aiokafka", "faust", "mode"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    missing = [Problem(key, "must be set") for key in ("TOPIC", "BUCKET") if not env.get(key)]
    try:
        if missing:
            raise ConfigError(missing, "environment")
        app = build_app(env)
        attach(app, app.topic(env["TOPIC"]), build_sink(env))
    except (ConfigError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return run_worker(app)


if __name__ == "__main__":
    sys.exit(main(os.environ))
