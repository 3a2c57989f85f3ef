"""Debezium's TimezoneConverter."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.config import from_properties
from s3sink.errors import ConfigError, TransformError
from s3sink.record import SinkRecord, TopicPartition
from s3sink.schema import TIMESTAMP, Field, Schema
from s3sink.transforms.timezone_converter import TimezoneConverter

ZONED = Schema(type="string", optional=True, name="io.debezium.time.ZonedTimestamp")
MILLIS = Schema(type="int64", optional=True, name="io.debezium.time.Timestamp")
ROW = Schema(
    type="struct",
    optional=True,
    fields=(
        Field("id", Schema(type="int64")),
        Field("created_at", ZONED),
        Field("updated_at", MILLIS),
    ),
)
SOURCE = Schema(type="struct", fields=(Field("table", Schema(type="string")), Field("ts", MILLIS)))
ENVELOPE = Schema(
    type="struct", name="x.Envelope", fields=(Field("before", ROW), Field("after", ROW), Field("source", SOURCE))
)
CREATED, UPDATED, HOUR = "2011-01-11T16:40:30.123456789+00:00", 1_559_033_904_863, 3_600_000


def row() -> dict[str, Any]:
    return {"id": 1, "created_at": CREATED, "updated_at": UPDATED}


def event() -> dict[str, Any]:
    return {"before": None, "after": row(), "source": {"table": "customers", "ts": UPDATED}}


def converted(value: Any, schema: Schema | None = ENVELOPE, zone: str = "-05:00", **options: Any) -> Any:
    record = SinkRecord(TopicPartition("server.customers", 0), 1, 2, "server.customers", None, value, (), None, schema)
    return TimezoneConverter(zone, **options).apply(record).value


def one(schema: Schema, value: Any, zone: str) -> Any:
    """What becomes of one column."""
    return converted({"a": value}, Schema(type="struct", fields=(Field("a", schema),)), zone)["a"]


def of(kind: str, type: Any) -> Schema:
    return Schema(type=type, name=f"io.debezium.time.{kind}")


# ---------------------------------------------------------------------------------------------- values
@pytest.mark.parametrize(
    ("kind", "type", "value", "zone", "expected"),
    [
        ("ZonedTimestamp", "string", CREATED, "Pacific/Easter", "2011-01-11T11:40:30.123456789-05:00"),
        ("ZonedTimestamp", "string", "2024-07-01T00:00:00Z", "Europe/Paris", "2024-07-01T02:00:00+02:00"),
        ("ZonedTimestamp", "string", "2024-01-01T00:00:00.500+01:00", "UTC", "2023-12-31T23:00:00.5Z"),
        ("ZonedTimestamp", "string", "0001-01-02T00:00Z", "-01:00", "0001-01-01T23:00:00-01:00"),
        ("ZonedTimestamp", "string", "infinity", "+05:30", "infinity"),
        ("ZonedTime", "string", "23:30:00.5Z", "+02:00", "01:30:00.5+02:00"),
        ("ZonedTime", "string", "23:30:00Z", "Europe/Paris", "23:30:00Z"),
        ("Timestamp", "int64", 0, "+05:30", 19_800_000),
        ("MicroTimestamp", "int64", -1, "-05:00", -18_000_000_001),
        ("NanoTimestamp", "int64", 1, "Europe/Paris", 3_600_000_000_001),
        ("MicroTimestamp", "int64", 9223372036825200000, "Europe/Paris", 9223372036825200000),
        ("Date", "int32", 5, "+05:30", 5),
        ("MicroTime", "int64", 5, "+05:30", 5),
    ],
)
def test_times_are_what_the_clocks_of_the_zone_show(kind: str, type: str, value: Any, zone: str, expected: Any) -> None:
    assert one(of(kind, type), value, zone) == expected


def test_connects_timestamp_is_moved() -> None:
    schema, moment = Schema(type="int64", name=TIMESTAMP), datetime(2024, 7, 1, 12, tzinfo=UTC)
    assert one(schema, moment, "Europe/Paris") == moment + timedelta(hours=2)
    with pytest.raises(TransformError, match="outside the years"):
        one(schema, datetime(9999, 12, 31, 23, tzinfo=UTC), "+02:00")
    with pytest.raises(TransformError, match="64 bits"):
        one(MILLIS, 2**63 - 1, "+02:00")


@pytest.mark.parametrize("text", ["", "yesterday", "2024-13-01T00:00:00Z", "0001-01-01T00:00:00Z"])
def test_a_text_that_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(TransformError, match="could not be parsed"):
        one(ZONED, text, "-01:00")


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), st.sampled_from(["+05:30", "Asia/Seoul", "UTC"]))
def test_a_zoned_timestamp_stays_the_same_moment(moment: datetime, zone: str) -> None:
    text = moment.isoformat() + "Z"
    assert datetime.fromisoformat(one(ZONED, text, zone)) == moment.replace(tzinfo=UTC)


# ---------------------------------------------------------------------------------------------- which ones
BOTH, CREATED_ONLY, UPDATED_ONLY, NONE = ("created_at", "updated_at"), ("created_at",), ("updated_at",), ()


@pytest.mark.parametrize(
    ("options", "changed", "source"),
    [
        ({}, BOTH, False),
        ({"include_list": ["source:customers"]}, BOTH, False),
        ({"include_list": ["source:customers:created_at"]}, CREATED_ONLY, False),
        ({"include_list": ["source:orders"]}, NONE, False),
        ({"include_list": ["topic:server.customers:after.updated_at"]}, UPDATED_ONLY, False),
        ({"include_list": ["topic:server.customers:before.updated_at"]}, NONE, False),
        ({"include_list": ["customers:created_at", "customers:updated_at"]}, BOTH, False),
        ({"include_list": ["server.customers:created_at"]}, NONE, False),
        ({"include_list": ["source:customers:source.ts"]}, NONE, True),
        ({"exclude_list": ["source:customers"]}, NONE, False),
        ({"exclude_list": ["source:customers:updated_at"]}, CREATED_ONLY, False),
        ({"exclude_list": ["topic:orders"]}, BOTH, False),
    ],
)
def test_lists_say_which_columns_are_converted(options: dict[str, Any], changed: tuple[str, ...], source: bool) -> None:
    value = event()
    result = converted(value, **options)
    assert tuple(name for name, cell in result["after"].items() if cell != row()[name]) == changed
    assert (result["source"]["ts"] != UPDATED) is source
    assert result["before"] is None
    assert value == event()


def test_a_row_without_envelope_goes_by_its_topic() -> None:
    assert converted(row(), ROW)["updated_at"] == UPDATED - 5 * HOUR
    by_topic = converted(row(), ROW, include_list=["server.customers:updated_at"])
    assert by_topic == row() | {"updated_at": UPDATED - 5 * HOUR}
    assert converted(row(), ROW, include_list=["source:customers"]) == row()


@pytest.mark.parametrize(("value", "schema"), [(event(), None), (None, ENVELOPE), ("text", Schema(type="string"))])
def test_records_that_say_no_types_go_on_unchanged(value: Any, schema: Schema | None) -> None:
    before = copy.deepcopy(value)
    assert converted(value, schema) == before


# ---------------------------------------------------------------------------------------------- options
def test_options_have_debeziums_names() -> None:
    properties = {"converted.timezone": "+05:30", "include.list": "source:customers:created_at, customers:updated_at"}
    assert from_properties(TimezoneConverter, properties) == TimezoneConverter(
        "+05:30", ["source:customers:created_at", "customers:updated_at"]
    )


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        TimezoneConverter("Mars", ["customers", "source:a:b:c"], ["topic:"])
    assert [problem.key for problem in caught.value.problems] == [
        "converted_timezone",
        "include_list",
        "exclude_list",
        "exclude_list",
    ]
