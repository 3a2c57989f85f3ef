"""Drop: the key or value becomes null."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.batch import RecordBatch, Span
from s3sink.class_names import class_name
from s3sink.config import from_properties
from s3sink.errors import DATA_EXCEPTION, ConfigError, TransformError
from s3sink.record import SinkRecord, TopicPartition
from s3sink.schema import Schema
from s3sink.testing.strategies import json_values, typed_values
from s3sink.transforms import Drop

SOURCE = TopicPartition("orders", 3)
behaviors = st.sampled_from(["nullify", "retain", "validate", "force_optional"])


def record(value: Any, schema: Schema | None = None) -> SinkRecord:
    return SinkRecord(SOURCE, 42, 1500, "lake", key="k", value=value, value_schema=schema)


@given(json_values, behaviors)
def test_without_schema_all_behaviors_are_the_same(value: Any, behavior: Any) -> None:
    row = record(value)
    assert Drop(behavior).apply(row) == record(None)
    assert Drop(behavior, of="key").apply(row) == row.replace(key=None)


@given(typed_values, st.booleans())
def test_the_behavior_says_what_becomes_of_the_schema(typed: tuple[Schema, Any], optional: bool) -> None:
    schema, value = typed[0].replace(optional=optional), typed[1]
    row = record(value, schema)
    assert Drop().apply(row) == record(None)
    assert Drop("retain").apply(row) == record(None, schema)
    assert Drop("force_optional").apply(row) == record(None, schema.replace(optional=True))
    if optional:
        assert Drop("validate").apply(row) == record(None, schema)
    else:
        with pytest.raises(TransformError) as caught:
            Drop("validate").apply(row)
        assert caught.value.connect_class == DATA_EXCEPTION


def test_a_batch_of_documents_loses_its_values() -> None:
    batch = RecordBatch(SOURCE, Span(0, 9), raw=[record(b"1"), record(None)])
    done = Drop().apply_batch(batch)
    assert (done.n, done.nulls(), done.documents()) == (2, [True, True], [None, None])
    with pytest.raises(ValueError, match="truncated"):
        Drop().apply_batch(RecordBatch(SOURCE, Span(0, 9), raw=[record(b"{")]))


def test_its_options_have_confluents_keys_and_its_class_confluents_name() -> None:
    smt = from_properties(Drop, {"schema.behavior": "force_optional"}, fixed={"of": "key"})
    assert smt == Drop("force_optional", of="key")
    assert class_name(smt) == "io.confluent.connect.transforms.Drop$Key"
    with pytest.raises(ConfigError, match="must be one of: nullify, retain, validate, force_optional"):
        from_properties(Drop, {"schema.behavior": "drop"})
