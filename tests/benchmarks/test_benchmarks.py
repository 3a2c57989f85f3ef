"""The benchmarks run, and notice when something is missing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bench import Bench, RowError, _checked
from benchmarks.limits import store_of, unwrapped
from benchmarks.records import changed_row, kept, kept_a_partition, records, seqs_of
from benchmarks.rows import ROWS, Goal
from benchmarks.topics import Topic
from benchmarks.transforms import measured, table
from s3sink.testing.services import KafkaBroker, SeaweedFS


@given(st.integers(1, 200), st.sampled_from([1, 4, 64]))
def test_what_is_left_of_the_changes_is_what_must_be_in_the_bucket(n: int, partitions: int) -> None:
    values = [record.value for record in records("changes", n, partitions)]
    expected = kept("changes", n, partitions)
    assert seqs_of(b"\n".join(unwrapped(values))) == expected
    assert n % partitions or len(expected) == kept_a_partition("changes", n, partitions) * partitions


@given(st.integers(0, 10**6))
def test_every_record_is_an_object(i: int) -> None:
    assert orjson.loads(changed_row(i))["seq"] == i


@given(st.integers(1, 300_000), st.sampled_from([1, 4, 64]))
def test_a_partition_ends_with_a_full_file(n: int, partitions: int) -> None:
    topic = Topic("clicks", n * partitions, partitions)
    assert n % topic.file_records == 0


def test_every_limit_and_every_row_of_a_comparison_is_a_row() -> None:
    named = {row.limit for row in ROWS.values()} | {goal.over or None for row in ROWS.values() for goal in row.goals}
    assert named - {None} <= ROWS.keys()


@pytest.mark.parametrize("name", ["none", "MaskField", "ValueToKey", "unwrap"])
def test_a_transform_costs_something(name: str) -> None:
    figures = measured(name, runs=1)
    assert (figures["batches"] is None) == (name == "ValueToKey")
    assert figures["rows"]
    assert name in table({name: figures})


def test_a_goal_is_met_on_its_own_side_only() -> None:
    assert Goal("cpu", at_most=2).met(2)
    assert not Goal("cpu", at_most=2).met(2.1)
    assert not Goal("rate", at_least=2).met(1.9)


@pytest.mark.broker
@pytest.mark.parametrize("name", ["limit", "unwrap-parquet", "requests"])
def test_a_row_leaves_every_record_in_the_bucket_once(
    name: str, kafka: KafkaBroker, seaweedfs: SeaweedFS, tmp_path: Path
) -> None:
    bench = Bench(kafka, seaweedfs, tmp_path, records=4000)
    bench.load([name])
    result = bench.measure(name)
    assert result.objects == 4
    assert result.figures["cpu"] > 0
    assert result.figures.get("requests_an_object", 1) == 1


@pytest.mark.broker
def test_records_that_are_not_in_the_bucket_fail_the_row(seaweedfs: SeaweedFS, bucket: str) -> None:
    env = {"BUCKET": bucket, "S3_ENDPOINT": seaweedfs.endpoint, "AWS_REGION": "us-east-1"}
    keys = {"AWS_ACCESS_KEY_ID": seaweedfs.access_key, "AWS_SECRET_ACCESS_KEY": seaweedfs.secret_key}
    with pytest.raises(RowError, match="0 records of 4 in the bucket, 4 of them missing"):
        asyncio.run(_checked(store_of(env | keys), Topic("clicks", 4)))
