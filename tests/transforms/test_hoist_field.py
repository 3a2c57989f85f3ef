"""HoistField wraps whatever comes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from s3sink.batch import RecordBatch, Span
from s3sink.config import from_properties
from s3sink.errors import ConfigError, TransformError
from s3sink.record import SinkRecord, TopicPartition
from s3sink.schema import Field, Schema
from s3sink.testing.strategies import json_values, row_batches
from s3sink.transforms import Chain, ExtractField, HoistField

SOURCE = TopicPartition("orders", 3)
NAMED = Schema(type="struct", name="N", version=3, optional=True, fields=(Field("a", Schema(type="int32")),))


def record(value: Any, schema: Schema | None = None) -> SinkRecord:
    return SinkRecord(SOURCE, 42, 1500, "lake", value=value, value_schema=schema)


@given(row_batches(json_values))
def test_every_row_is_wrapped_and_can_be_taken_out_again(batch: RecordBatch) -> None:
    hoisted = Chain([HoistField("h")]).apply(batch)[0]
    assert [row.value for row in hoisted.records()] == [{"h": row.value} for row in batch.records()]
    assert list(Chain([ExtractField("h")]).apply(hoisted)[0].records()) == list(batch.records())


@pytest.mark.parametrize("schema", [Schema(type="int32"), NAMED, Schema(type="string", default="d")])
def test_the_old_schema_is_that_of_the_only_field(schema: Schema) -> None:
    value = {"a": 1} if schema is NAMED else "x"
    result = HoistField("line").apply(record(value, schema))
    assert result == record({"line": value}, Schema(type="struct", fields=(Field("line", schema),)))


def test_null_is_wrapped_where_its_schema_allows_it() -> None:
    assert HoistField("f").apply(record(None)).value == {"f": None}
    assert HoistField("f").apply(record(None, NAMED)).value == {"f": None}
    for schema in (Schema(type="int32"), Schema(type="int32", default=1)):
        with pytest.raises(TransformError) as caught:
            HoistField("f").apply(record(None, schema))
        assert caught.value.reason == 'Invalid value: null used for required field: "f", schema type: INT32'


def test_keys_can_be_wrapped_too() -> None:
    row = record("v").replace(key=42, key_schema=Schema(type="int32"))
    result = HoistField("k", of="key").apply(row)
    expected = Schema(type="struct", fields=(Field("k", Schema(type="int32")),))
    assert result == row.replace(key={"k": 42}, key_schema=expected)


def test_documents_are_wrapped_as_rows_are() -> None:
    values: list[Any] = [{"a": 1}, None, 5]
    batch = RecordBatch(SOURCE, Span(0, 9), raw=[record(value) for value in values], documents=list(values))
    assert HoistField("h").apply_batch(batch).documents() == [{"h": value} for value in values]


def test_the_field_is_required_and_may_be_empty_where_there_is_no_schema() -> None:
    assert from_properties(HoistField, {"field": ""}).apply(record(1)).value == {"": 1}
    with pytest.raises(TransformError, match=r"fieldName cannot be null\."):
        HoistField("").apply(record(1, Schema(type="int32")))
    with pytest.raises(ConfigError, match='Missing required configuration "field" which has no default value'):
        from_properties(HoistField, {})
