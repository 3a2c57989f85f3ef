"""TimestampRouter names topics after timestamps."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.batch import RecordBatch, Span
from s3sink.errors import DATA_EXCEPTION, ILLEGAL_ARGUMENT, TransformError
from s3sink.record import Header, SinkRecord, TopicPartition
from s3sink.schema import Schema
from s3sink.simple_date_format import SimpleDateFormat
from s3sink.transforms import TimestampRouter

SOURCE = TopicPartition("orders", 3)
PATTERNS = ["yyyyMMdd", "HH", "yyyy-MM-dd HH:mm", "ss", "SSS", "h a", "YYYY-ww", "'fixed'"]


def record(timestamp: int | None, topic: str = "lake", **changes: Any) -> SinkRecord:
    return SinkRecord(SOURCE, 42, timestamp, topic, value="v").replace(**changes)


@given(st.sampled_from(PATTERNS), st.lists(st.integers(-(10**13), 10**13), max_size=5), st.sampled_from(["a", "a$1b"]))
def test_the_topic_is_what_the_pattern_prints(pattern: str, timestamps: list[int], topic: str) -> None:
    router, form = TimestampRouter("${timestamp}/${topic}/${timestamp}", pattern), SimpleDateFormat(pattern)
    for timestamp in [*timestamps, *timestamps]:
        text, given_record = form.format(timestamp), record(timestamp, topic)
        assert router.apply(given_record) == given_record.replace(topic=f"{text}/{topic}/{text}")
        assert given_record == record(timestamp, topic)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=4))
def test_a_batch_has_the_topic_that_all_its_records_have(timestamps: list[int]) -> None:
    router = TimestampRouter()
    raw = [record(timestamp, value=b"{}") for timestamp in timestamps]
    routed = router.apply_batch(RecordBatch(SOURCE, Span(0, 9), raw=raw))
    topics = {router.apply(row.replace(topic="orders")).topic for row in raw}
    assert ({routed.topic} if routed is not None else None) == (topics if len(topics) == 1 else None)


def test_a_topic_that_looks_like_a_timestamp_is_replaced_as_well() -> None:
    assert TimestampRouter("${topic}", "yyyy").apply(record(0, "a-${timestamp}")).topic == "a-1970"
    assert TimestampRouter("fixed").apply(record(0)).topic == "fixed"
    assert TimestampRouter("").apply(record(0)).topic == ""


def test_a_record_without_a_timestamp_is_refused_with_connects_words() -> None:
    text = Schema(type="string")
    given_record = record(
        None, "test", key=5, headers=(Header("h", "v", text), Header("i", date(1970, 1, 2))), value_schema=text
    )
    with pytest.raises(TransformError) as caught:
        TimestampRouter().apply(given_record)
    assert caught.value.connect_class == DATA_EXCEPTION
    assert caught.value.reason == (
        "Timestamp missing on record: SinkRecord{kafkaOffset=42, timestampType=NoTimestampType, originalTopic=orders, "
        "originalKafkaPartition=3, originalKafkaOffset=42} ConnectRecord{topic='test', kafkaPartition=3, key=5, "
        "keySchema=null, value=v, valueSchema=Schema{STRING}, timestamp=null, headers=ConnectHeaders(headers="
        "[ConnectHeader(key=h, value=v, schema=Schema{STRING}), ConnectHeader(key=i, value=Fri Jan 02 "
        "00:00:00 UTC 1970, schema=null)])}"
    )


def test_a_wrong_pattern_shows_with_the_first_record() -> None:
    router = TimestampRouter(timestamp_format="bad-format")
    with pytest.raises(TransformError) as caught:
        router.apply(record(0))
    assert (caught.value.reason, caught.value.connect_class) == ("Illegal pattern character 'b'", ILLEGAL_ARGUMENT)
