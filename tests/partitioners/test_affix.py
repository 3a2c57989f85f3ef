"""The schema's name as a directory."""

from __future__ import annotations

import pytest

from s3sink import FieldPartitioner, HourlyPartitioner, RecordBatch, Schema, SinkRecord, Span, TopicPartition, WallClock
from s3sink.errors import ConfigError
from s3sink.partitioners import DefaultPartitioner, Partitioner, is_deterministic, route
from s3sink.partitioners.affix import Position, SchemaNameAffix

SOURCE = TopicPartition("t", 3)


def record(offset: int, name: str | None, *, with_schema: bool = True) -> SinkRecord:
    schema = Schema(type="struct", name=name) if with_schema else None
    return SinkRecord(SOURCE, offset, 1_488_448_800_000, "t", None, {"a": offset}, value_schema=schema)


def batch(rows: list[SinkRecord]) -> RecordBatch:
    return RecordBatch(SOURCE, Span(0, len(rows)), rows=rows)


@pytest.mark.parametrize(
    ("position", "encoded"), [("PREFIX", "schema_name=rec/partition=3"), ("SUFFIX", "partition=3/schema_name=rec")]
)
def test_the_name_stands_before_or_behind(position: Position, encoded: str) -> None:
    assert SchemaNameAffix(position=position).encode(record(0, "rec"), 0) == encoded


def test_a_record_without_a_name_is_null() -> None:
    affix = SchemaNameAffix(delimiter="|")
    assert affix.encode(record(0, None), 0) == "schema_name=null|partition=3"
    assert affix.encode(record(0, None, with_schema=False), 0) == "schema_name=null|partition=3"


@pytest.mark.parametrize("inner", [DefaultPartitioner(), FieldPartitioner("a"), HourlyPartitioner()])
def test_batches_and_records_agree(inner: Partitioner) -> None:
    rows = [record(0, "x"), record(1, None), record(2, "y")]
    affix = SchemaNameAffix(inner, "SUFFIX")
    routed, errors = route(affix, batch(rows), 0)
    assert not errors
    assert [routed.route_at(i).encoded_partition for i in range(3)] == [affix.encode(row, 0) for row in rows]
    timed = isinstance(inner, HourlyPartitioner)
    assert (list(routed.timestamps or ()) == [row.timestamp for row in rows]) is timed


def test_it_is_as_deterministic_as_what_it_wraps() -> None:
    assert is_deterministic(SchemaNameAffix())
    assert not is_deterministic(SchemaNameAffix(HourlyPartitioner(extractor=WallClock())))


def test_another_position_is_refused() -> None:
    with pytest.raises(ConfigError):
        SchemaNameAffix(position="NONE")  # type: ignore[arg-type]
