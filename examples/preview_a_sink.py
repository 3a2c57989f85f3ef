"""See what a configuration would write before it runs: the same code as in the app, in memory.

This is also how to test a sink of yours: build it in a module, import it in the test, preview some records.
"""

from __future__ import annotations

from datetime import UTC, datetime

from s3sink import FlushSize, HourlyPartitioner, JsonFormat, S3Sink, S3Store
from s3sink.offline import Message, batch_of, preview

sink = S3Sink(
    store=S3Store("acme-lake", prefix="topics"),
    partitioner=HourlyPartitioner(timezone="Asia/Seoul"),
    rotation=[FlushSize(2)],
    format=JsonFormat(compression="gzip"),
)


def main() -> None:
    """Nothing of this touches the bucket."""
    times = [datetime(2026, 3, 1, 23, minute, tzinfo=UTC) for minute in (10, 20, 30)]
    messages = [Message({"click": n}, timestamp=at) for n, at in enumerate(times)]
    for key in preview(sink, batch_of("clicks", messages, partition=3, start=100)).objects:
        print(f"{sink.store.url}/{key}")
    print(sink.promise(conditional_create=True))


if __name__ == "__main__":
    main()
    # s3://acme-lake/topics/clicks/year=2026/month=03/day=02/hour=08/clicks+3+0000000100.json.gz
    # s3://acme-lake/topics/clicks/year=2026/month=03/day=02/hour=08/clicks+3+0000000102.json.gz
    # exactly once through crashes, rebalances, zombies, lost or reset group offsets and a second writer
