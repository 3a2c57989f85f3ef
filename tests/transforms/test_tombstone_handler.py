"""TombstoneHandler: what becomes of records without a value."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given

from s3sink.batch import RecordBatch, Span
from s3sink.class_names import class_name
from s3sink.config import from_properties
from s3sink.errors import DATA_EXCEPTION, ConfigError, TransformError
from s3sink.record import SinkRecord, TopicPartition
from s3sink.schema import Schema
from s3sink.testing.strategies import json_values, row_batches
from s3sink.transforms import Chain, TombstoneHandler

SOURCE = TopicPartition("orders", 3)
SCHEMA = Schema(type="string", optional=True)


def record(value: Any, schema: Schema | None = None) -> SinkRecord:
    return SinkRecord(SOURCE, 42, 1500, "lake", key="k", value=value, value_schema=schema)


@given(row_batches(json_values))
def test_all_records_but_tombstones_go_on_as_they_are(batch: RecordBatch) -> None:
    done, errors = Chain([TombstoneHandler("ignore")]).apply(batch)
    assert list(done.records()) == [row for row in batch.records() if row.value is not None]
    _, errors = Chain([TombstoneHandler("fail")]).apply(batch)
    assert [error.offset for error in errors] == [row.offset for row in batch.records() if row.value is None]


@pytest.mark.parametrize("schema", [None, SCHEMA])
@pytest.mark.parametrize(("behavior", "level"), [("warn", logging.WARNING), ("ignore", logging.DEBUG)])
def test_a_tombstone_is_dropped_with_a_line_in_the_log(
    caplog: pytest.LogCaptureFixture, schema: Schema | None, behavior: Any, level: int
) -> None:
    with caplog.at_level(logging.DEBUG):
        assert TombstoneHandler(behavior).apply(record(None, schema)) is None
    (line,) = caplog.records
    assert (line.levelno, line.getMessage()) == (
        level, f"tombstone topic=orders partition=3 offset=42 behavior={behavior}",
    )  # fmt: skip


def test_a_tombstone_may_be_an_error() -> None:
    with pytest.raises(TransformError) as caught:
        TombstoneHandler("fail").apply(record(None, SCHEMA))
    assert caught.value.connect_class == DATA_EXCEPTION


@pytest.mark.parametrize(("value", "same"), [(b'{"a":1}', True), (None, False), (b"null", False), (b" ", False)])
def test_a_batch_with_tombstones_is_left_to_rows(value: bytes | None, same: bool) -> None:
    batch = RecordBatch(SOURCE, Span(0, 9), raw=[record(b"1"), record(value)])
    assert TombstoneHandler("ignore").apply_batch(batch) is (batch if same else None)


def test_the_behavior_is_warn_unless_told() -> None:
    smt = from_properties(TombstoneHandler, {})
    assert smt == TombstoneHandler("warn")
    assert class_name(smt) == "io.confluent.connect.transforms.TombstoneHandler"
    with pytest.raises(ConfigError, match=r"Invalid value WARN .*: String must be one of: warn, ignore, fail"):
        from_properties(TombstoneHandler, {"behavior": "WARN"})
