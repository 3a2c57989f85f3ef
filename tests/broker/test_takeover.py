"""Taking over from a stopped connector: the group's offsets and the bucket as they are, and neither of them changed."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Mapping
from typing import Any

import pytest
from click.testing import CliRunner

from s3sink.cli.main import main
from tests.broker.cluster import EPOCH, Sent
from tests.broker.harness import Rig

pytestmark = pytest.mark.broker


def stopped(
    rig: Rig, changes: Mapping[str, str] | None = None, *, partitions: int = 1, records: int = 40
) -> dict[str, str]:
    """A topic with records, and the file of a connector on it."""
    rig.cluster.create_topic(rig.topic, partitions)
    sent = [Sent(n % partitions, b'{"n":%d}' % n, EPOCH + n, b"k") for n in range(records)]
    rig.cluster.produce(rig.topic, sent)
    return {
        "name": rig.topic,
        "connector.class": "io.confluent.connect.s3.S3SinkConnector",
        "topics": rig.topic,
        "s3.bucket.name": rig.bucket,
        "s3.region": "us-east-1",
        "store.url": rig.s3.endpoint,
        "aws.access.key.id": rig.s3.access_key,
        "aws.secret.access.key": rig.s3.secret_key,
        "storage.class": "io.confluent.connect.s3.storage.S3Storage",
        "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
        "s3.compression.type": "gzip",
        "flush.size": "10",
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "value.converter": "org.apache.kafka.connect.json.JsonConverter",
        "value.converter.schemas.enable": "false",
        **(changes or {}),
    }


def written(rig: Rig, starts: Mapping[int, int], directory: str = "partition=0") -> None:
    """Objects as Kafka Connect leaves them, on partition 0: start offset and number of records."""
    asyncio.run(_write(rig, starts, directory))


async def _write(rig: Rig, starts: Mapping[int, int], directory: str) -> None:
    store = rig.store()
    await store.open()
    try:
        for start, records in starts.items():
            key = f"{rig.topic}/{directory}/{rig.topic}+0+{start:010d}.json.gz"
            await store.put(key, [gzip.compress(b'{"n":1}\n' * records)], metadata={}, if_absent=True)
    finally:
        await store.close()


def takeover(rig: Rig, config: Mapping[str, str]) -> tuple[int, Mapping[str, Any]]:
    """Exit code and answer, with bucket and group compared before and after."""
    path = rig.home / "connector.json"
    path.write_text(json.dumps(config))
    before = rig.objects(), rig.cluster.committed(f"connect-{rig.topic}", rig.topic)
    arguments = ["takeover", str(path), "--bootstrap-servers", rig.cluster.bootstrap, "--json"]
    result = CliRunner().invoke(main, arguments)
    assert isinstance(result.exception, SystemExit | None), result.exception
    assert before == (rig.objects(), rig.cluster.committed(f"connect-{rig.topic}", rig.topic))
    return result.exit_code, json.loads(result.output)[0]


def test_a_connector_that_stopped_well_is_gone_on_with(rig: Rig) -> None:
    config = stopped(rig, partitions=2)
    written(rig, {0: 10})
    rig.cluster.reset(f"connect-{rig.topic}", rig.topic, {0: 10})
    code, answer = takeover(rig, config)
    first, second = answer["partitions"]
    assert (code, answer["members"]) == (0, 0)
    assert (first["outcome"], first["stored_until"], first["committed"], first["topic_end"]) == ("clean", 10, 10, 20)
    assert first["first_key"] == f"topics/{rig.topic}/partition=0/{rig.topic}+0+0000000010.json.gz"
    assert (second["outcome"], second["committed"], second["objects"]) == ("new", None, 0)
    assert second["first_key"] == f"topics/{rig.topic}/partition=1/{rig.topic}+1+0000000000.json.gz"


def test_a_crash_between_object_and_commit_is_an_overlap(rig: Rig) -> None:
    config = stopped(rig)
    written(rig, {0: 10, 10: 10, 20: 5})
    rig.cluster.reset(f"connect-{rig.topic}", rig.topic, {0: 10})
    code, answer = takeover(rig, config)
    (partition,) = answer["partitions"]
    assert (code, partition["outcome"], partition["count"]) == (1, "overlap", 15)
    assert (partition["stored_until"], partition["first_key_taken"]) == (25, True)


def test_what_is_committed_and_in_no_object_is_a_gap(rig: Rig) -> None:
    config = stopped(rig)
    written(rig, {0: 10})
    rig.cluster.reset(f"connect-{rig.topic}", rig.topic, {0: 30})
    code, answer = takeover(rig, config)
    (partition,) = answer["partitions"]
    assert (code, partition["outcome"], partition["count"]) == (1, "gap", 20)


def test_the_first_new_key_is_where_the_next_record_belongs(rig: Rig) -> None:
    by_field = {
        "partitioner.class": "io.confluent.connect.storage.partitioner.TimeBasedPartitioner",
        "path.format": "'day'=yyyy-MM-dd",
        "partition.duration.ms": "86400000",
        "timestamp.extractor": "Record",
        "timezone": "UTC",
        "locale": "en",
    }
    config = stopped(rig, by_field)
    written(rig, {0: 6, 1: 4}, "day=2001-01-01")
    rig.cluster.reset(f"connect-{rig.topic}", rig.topic, {0: 10})
    _, answer = takeover(rig, config)
    (partition,) = answer["partitions"]
    assert partition["outcome"] == "clean"
    assert "/day=2" in partition["first_key"]
    assert partition["first_key"].endswith("+0+0000000010.json.gz")


def test_a_topic_or_a_cluster_that_is_not_there_is_told(rig: Rig) -> None:
    config = stopped(rig)
    path = rig.home / "connector.json"
    for changes, servers, code in (
        ({"topics": f"{rig.topic}-none"}, rig.cluster.bootstrap, 2),
        ({}, "127.0.0.1:1", 1),
        ({"s3.bucket.name": "no-such-bucket"}, rig.cluster.bootstrap, 1),
    ):
        path.write_text(json.dumps({**config, **changes}))
        result = CliRunner().invoke(main, ["takeover", str(path), "--bootstrap-servers", servers])
        assert (result.exit_code, "Traceback" in result.output) == (code, False), result.output
        assert isinstance(result.exception, SystemExit)
