"""Debezium's topic routing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.config import from_properties
from s3sink.errors import SCHEMA_BUILDER_EXCEPTION, ConfigError, TransformError
from s3sink.offline import batch_of
from s3sink.record import SinkRecord, TopicPartition
from s3sink.schema import Field, Schema
from s3sink.transforms.by_logical_table_router import ByLogicalTableRouter

SHARD = "server.db.customers_shard7"
ALL = "server.db.customers_all_shards"
PROPERTIES = {"topic.regex": "(.*)customers_shard(.*)", "topic.replacement": "$1customers_all_shards"}
ROUTER = from_properties(ByLogicalTableRouter, PROPERTIES)
NUMBERED = from_properties(
    ByLogicalTableRouter,
    PROPERTIES
    | {
        "key.field.name": "shard_id",
        "key.field.regex": "(.*)customers_shard(.*)",
        "key.field.replacement": "$2",
    },
)
KEY = Schema(type="struct", name=f"{SHARD}.Key", fields=(Field("id", Schema(type="int32")),))
ROW = Schema(type="struct", name=f"{SHARD}.Value", optional=True, fields=KEY.fields)
ENVELOPE = Schema(
    type="struct",
    name=f"{SHARD}.Envelope",
    version=2,
    fields=(Field("before", ROW), Field("after", ROW), Field("op", Schema(type="string"))),
)


def record(key: Any = None, topic: str = SHARD, key_schema: Schema | None = None) -> SinkRecord:
    return SinkRecord(TopicPartition(SHARD, 0), 1, 2, topic, key, {"op": "c"}, (), key_schema, ENVELOPE)


def test_records_of_all_shards_go_to_one_topic_with_keys_that_tell_them_apart() -> None:
    result = ROUTER.apply(record({"id": 1}, SHARD, KEY))
    assert result.topic == ALL
    assert result.key == {"id": 1, "__dbz__physicalTableIdentifier": SHARD}
    added = Field("__dbz__physicalTableIdentifier", Schema(type="string"))
    assert result.key_schema == KEY.replace(name=f"{ALL}.Key", fields=(*KEY.fields, added))
    assert NUMBERED.apply(record({"id": 1})).key == {"id": 1, "shard_id": "7"}


def test_schemas_are_called_after_the_new_topic() -> None:
    schema = ROUTER.apply(record()).value_schema
    row = ROW.replace(name=f"{ALL}.Value")
    fields = (Field("before", row), Field("after", row), ENVELOPE.fields[2])
    assert schema == ENVELOPE.replace(name=f"{ALL}.Envelope", fields=fields)
    flat = record().replace(value_schema=ROW)
    assert ROUTER.apply(flat).value_schema == ROW


@pytest.mark.parametrize("topic", ["server.db.orders", ""])
def test_other_topics_stay(topic: str) -> None:
    given_record = record({"id": 1}, topic)
    assert ROUTER.apply(given_record) is given_record


def test_a_new_name_that_is_empty_changes_nothing() -> None:
    given_record = record({"id": 1})
    assert ByLogicalTableRouter(".*", "").apply(given_record) is given_record


@pytest.mark.parametrize("key", [None, b"bytes", "text", 5])
def test_a_key_without_fields_stays(key: Any) -> None:
    result = ROUTER.apply(record(key))
    assert (result.topic, result.key) == (ALL, key)


@pytest.mark.parametrize("schema", [None, KEY])
def test_a_key_that_has_the_field_is_refused(schema: Schema | None) -> None:
    router = ByLogicalTableRouter("(.*)", "all", key_field_name="id")
    with pytest.raises(TransformError, match="field name duplication id") as caught:
        router.apply(record({"id": 1}, SHARD, schema))
    assert caught.value.connect_class == SCHEMA_BUILDER_EXCEPTION
    assert ByLogicalTableRouter("(.*)", "all", False).apply(record({"id": 1})).key == {"id": 1}


@given(st.dictionaries(st.text(max_size=3), st.integers()), st.booleans())
def test_the_record_is_never_changed_and_keys_stay_apart(key: dict[str, int], unique: bool) -> None:
    router = ByLogicalTableRouter("shard(.)", "all", unique, "table")
    records = [record(dict(key), topic) for topic in ("shard1", "shard2")]
    results = [router.apply(one) for one in records]
    assert [one.key for one in records] == [key, key]
    assert (results[0].key != results[1].key) is unique


def test_whole_batches_are_routed_when_keys_are_left_alone() -> None:
    router = ByLogicalTableRouter("(.*)_shard.", "$1", key_enforce_uniqueness=False)
    assert router.apply_batch(batch_of(SHARD, [{"a": 1}])).topic == "server.db.customers"
    assert router.apply_batch(batch_of("orders", [{"a": 1}])).topic == "orders"
    assert (router.takes_batches, ROUTER.takes_batches) == (True, False)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        ByLogicalTableRouter("[", "x", key_field_name="", key_field_regex="(")
    assert [problem.key for problem in caught.value.problems] == [
        "topic_regex",
        "key_field_regex",
        "key_field_name",
        "key_field_replacement",
    ]
