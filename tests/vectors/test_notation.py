"""The comparison with vectors sees what Connect would see."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from s3sink.record import SinkRecord, TopicPartition
from s3sink.schema import DATE, DECIMAL, TIME, TIMESTAMP, Field, Schema
from tests.vectors.records import agrees, differences, plain, read_record, same_schema, typed

SCALE_2 = Schema(type="bytes", name=DECIMAL, version=1, parameters=(("scale", "2"),))
INTS = Schema(type="map", keys=Schema(type="int32"), items=Schema(type="int32", optional=True))
ROW = Schema(
    type="struct", fields=(Field("a", Schema(type="int32")), Field("f", Schema(type="float32", optional=True)))
)


@pytest.mark.parametrize(
    ("schema", "value", "wanted"),
    [
        (None, 1, 1),
        (None, 1, {"$int8": 1}),
        (None, {"a": [b"x", Decimal("1.50")]}, {"a": [{"$bytes": "eA=="}, {"$decimal": "1.50"}]}),
        (None, float("nan"), {"$float": "NaN"}),
        (None, datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), {"$date": 1000}),
        (SCALE_2, Decimal("0.86"), "Vg=="),
        (Schema(type="int32", name=DATE), date(1970, 1, 2), 1),
        (Schema(type="int32", name=TIME), time(0, 0, 1), 1000),
        (Schema(type="int64", name=TIMESTAMP), datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), -1000),
        (Schema(type="float32"), 0.10000000149011612, 0.1),
        (INTS, {1: 2, 3: None}, [[1, 2], [3, None]]),
        (ROW, {"a": 1}, {"a": 1, "f": None}),
    ],
)
def test_a_value_agrees_with_its_notation(schema: Schema | None, value: Any, wanted: Any) -> None:
    assert agrees(value, schema, wanted)


@pytest.mark.parametrize(
    ("schema", "value", "wanted"),
    [
        (None, 1, 1.0),
        (None, 1, True),
        (None, "1", 1),
        (None, None, False),
        (None, 0.0, -0.0),
        (None, Decimal("1.5"), {"$decimal": "1.50"}),
        (None, b"x", "eA=="),
        (None, [1], [1, 2]),
        (None, {"a": None}, {}),
        (SCALE_2, Decimal("0.860"), "Vg=="),
        (Schema(type="float64"), 1, 1.0),
        (Schema(type="int64", name=TIMESTAMP), 1000, 1000),
        (ROW, {"a": 1, "more": 2}, {"a": 1, "f": None}),
        (ROW, {"a": 1, "f": 0.5}, {"a": 1, "f": None}),
    ],
)
def test_a_value_that_is_another_to_connect_does_not_agree(schema: Schema | None, value: Any, wanted: Any) -> None:
    assert not agrees(value, schema, wanted)


def test_what_its_schema_does_not_describe_is_compared_as_it_is() -> None:
    assert agrees("12:30:00.000Z", Schema(type="string", name=TIME), "12:30:00.000Z", loose=True)
    assert not agrees("12:30:00.001Z", Schema(type="string", name=TIME), "12:30:00.000Z", loose=True)


def test_the_order_of_fields_and_every_attribute_of_a_schema_count() -> None:
    wanted = {
        "type": "struct",
        "fields": [{"type": "int32", "field": "a"}, {"type": "float", "optional": True, "field": "f"}],
    }
    assert same_schema(ROW, wanted)
    assert not same_schema(ROW, {**wanted, "fields": wanted["fields"][::-1]})
    assert not same_schema(ROW.replace(doc="d"), wanted)
    assert not same_schema(None, wanted)


def test_each_difference_of_a_record_is_named() -> None:
    wanted = {"topic": "t", "partition": 0, "offset": 4, "value": {"a": 1}, "headers": [{"key": "h", "value": 1}]}
    assert differences(read_record(wanted), wanted) == []
    other = SinkRecord(TopicPartition("t", 1), 5, 6, "u", 7, {"a": 1.0}, value_schema=ROW)
    names = [text.split(":")[0] for text in differences(other, wanted)]
    assert names == ["topic", "partition", "offset", "timestamp", "key", "value_schema", "value", "headers"]


def test_tags_are_read_with_and_without_a_schema() -> None:
    assert plain({"$bigint": "12"}) == 12
    assert typed(SCALE_2, {"$decimal": "1.5"}) == Decimal("1.5")
