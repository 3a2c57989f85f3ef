"""A real Kafka broker and a real S3 server on this machine, from `pip install 's3sink[demo]'` alone.

`python -m s3sink.testing.services --dir DIR` starts both, prints one line of JSON with bootstrap, endpoint and keys
when both answer, and stays until it gets SIGTERM or SIGINT.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from s3sink.testing.child import ServerError
from s3sink.testing.kafka import KafkaBroker
from s3sink.testing.seaweedfs import SeaweedFS

__all__ = ["KafkaBroker", "SeaweedFS", "ServerError"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run both until a signal comes or one of them ends; the exit code is 1 in the second case."""
    parser = argparse.ArgumentParser(prog="python -m s3sink.testing.services", description=main.__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="where data and logs go")
    parser.add_argument("--kafka-port", type=int, help="default: any free port")
    parser.add_argument("--s3-port", type=int, help="default: any free port")
    given = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    kafka = KafkaBroker(given.dir / "kafka", port=given.kafka_port)
    with SeaweedFS(given.dir / "seaweedfs", port=given.s3_port) as s3, kafka:
        print(json.dumps(_where(kafka, s3)), flush=True)
        while not stop.wait(0.5):
            if not (kafka.running and s3.running):
                return 1
    return 0


def _where(kafka: KafkaBroker, s3: SeaweedFS) -> dict[str, str | int]:
    keys = {"access_key": s3.access_key, "secret_key": s3.secret_key}
    return {"bootstrap": kafka.bootstrap, "endpoint": s3.endpoint, **keys, "kafka_pid": kafka.pid, "s3_pid": s3.pid}


if __name__ == "__main__":
    sys.exit(main())
