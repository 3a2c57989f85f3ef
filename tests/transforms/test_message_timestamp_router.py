"""MessageTimestampRouter: a timestamp in the value is part of the topic's name."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.batch import RecordBatch, Span
from s3sink.class_names import class_name
from s3sink.config import from_properties
from s3sink.errors import DATA_EXCEPTION, ConfigError, TransformError
from s3sink.record import SinkRecord, TopicPartition
from s3sink.schema import Field, Schema
from s3sink.transforms import MessageTimestampRouter

SOURCE = TopicPartition("orders", 3)
DOCUMENTED = {
    "topic.format": "foo-${topic}-${timestamp}",
    "message.timestamp.format": "yyyy-MM-dd",
    "topic.timestamp.format": "yyyy.MM.dd",
    "message.timestamp.keys": "timestamp,time,ts",
}
KEYS = ("timestamp", "time", "ts")
DAYS = MessageTimestampRouter("yyyy.MM.dd", "yyyy-MM-dd", KEYS)


def record(value: Any, schema: Schema | None = None) -> SinkRecord:
    return SinkRecord(SOURCE, 42, 1500, "bar", value=value, value_schema=schema)


def test_it_does_what_confluents_documentation_says() -> None:
    smt = from_properties(MessageTimestampRouter, DOCUMENTED)
    assert smt.apply(record({"time": "2019-08-06"})) == record({"time": "2019-08-06"}).replace(
        topic="foo-bar-2019.08.06"
    )
    assert class_name(smt) == "io.confluent.connect.transforms.MessageTimestampRouter"


moments = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1))


@given(moments, st.sampled_from(KEYS))
def test_every_moment_is_named_in_utc_and_nothing_else_changes(moment: datetime, key: str) -> None:
    smt = MessageTimestampRouter("yyyyMMddHH", "yyyy-MM-dd HH:mm:ssX", KEYS, topic_format="${timestamp}")
    value = {key: f"{moment:%Y-%m-%d %H:%M:%S}+09", "other": 1}
    before = deepcopy(value)
    expected = datetime.fromtimestamp(moment.replace(tzinfo=UTC).timestamp() - 9 * 3600, UTC)
    assert smt.apply(record(value)) == record(before).replace(topic=f"{expected:%Y%m%d%H}")


def test_the_first_field_that_is_there_counts() -> None:
    value = {"ts": "2001-01-01", "time": "2002-02-02", "timestamp": None}
    assert DAYS.apply(record(value)).topic == "bar-2002.02.02"


def test_maps_with_a_schema_are_maps_and_structs_are_not() -> None:
    text = Schema(type="string")
    value = {"time": "2019-08-06"}
    assert DAYS.apply(record(value, Schema(type="map", keys=text, items=text))).topic == "bar-2019.08.06"
    with pytest.raises(TransformError) as caught:
        DAYS.apply(record(value, Schema(type="struct", fields=(Field("time", text),))))
    assert caught.value.reason == (
        "Only Map objects supported in absence of schema for [routing by a timestamp in the message], found: "
        "org.apache.kafka.connect.data.Struct"
    )


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({}, "none of the fields timestamp, time, ts is there"),
        ({"time": 5}, "the field time is no text but java.lang.Long"),
        ({"time": "yesterday"}, "'yesterday' does not match the pattern yyyy-MM-dd"),
        (None, "Only Map objects supported in absence of schema for [routing by a timestamp in the message], found: "
               "null"),
    ],
)  # fmt: skip
def test_a_record_without_a_timestamp_is_an_error(value: Any, reason: str) -> None:
    with pytest.raises(TransformError) as caught:
        DAYS.apply(record(value))
    assert (caught.value.reason, caught.value.connect_class) == (reason, DATA_EXCEPTION)


@pytest.mark.parametrize(
    ("documents", "topic"),
    [
        ([{"time": "2019-08-06"}, {"ts": "2019-08-06"}], "orders-2019.08.06"),
        ([{"time": "2019-08-06"}, {"ts": "2019-08-07"}], None),
        ([{"time": "2019-08-06"}, None], None),
    ],
)
def test_a_batch_goes_to_one_topic_or_is_left_to_rows(documents: list[Any], topic: str | None) -> None:
    batch = RecordBatch(SOURCE, Span(0, 9), raw=list(map(record, documents)), documents=deepcopy(documents))
    done = DAYS.apply_batch(batch)
    assert (done and done.topic) == topic
    assert done is None or done.documents() == documents


def test_text_stays_text() -> None:
    batch = RecordBatch(SOURCE, Span(0, 9), raw=[record(b'{"time": "2019-08-06"}')])
    done = DAYS.apply_batch(batch)
    assert done is not None
    assert (done.topic, done.values()) == ("orders-2019.08.06", [b'{"time": "2019-08-06"}'])


def test_what_a_year_of_two_digits_means_depends_on_the_day() -> None:
    assert DAYS.deterministic
    assert not MessageTimestampRouter("yyyy", "yy-MM-dd", KEYS).deterministic


def test_patterns_and_keys_are_needed() -> None:
    with pytest.raises(ConfigError) as caught:
        MessageTimestampRouter("yyyy b", "", ())
    assert [problem.key for problem in caught.value.problems] == [
        "topic_timestamp_format", "message_timestamp_format", "message_timestamp_keys",
    ]  # fmt: skip
    with pytest.raises(ConfigError) as caught:
        from_properties(MessageTimestampRouter, {})
    assert {problem.key for problem in caught.value.problems} == DOCUMENTED.keys() - {"topic.format"}
