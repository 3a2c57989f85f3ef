"""Timestamps from fields of a record."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.batch import RecordBatch, Span
from s3sink.config import from_properties
from s3sink.errors import ConfigError, PartitionError
from s3sink.partitioners import HourlyPartitioner, RecordField, needs_value
from s3sink.partitioners.iso import parse_iso, parse_strictly
from s3sink.record import SinkRecord, TopicPartition
from s3sink.schema import DATE, TIMESTAMP, Field, Schema
from s3sink.zones import parse_zone

SOURCE = TopicPartition("t", 0)
TEN = 1_488_448_800_000  # 2017-03-02T10:00Z
HOUR = 3_600_000
MIDNIGHT = TEN - 10 * HOUR


def record(value: Any, schema: Schema | None = None) -> SinkRecord:
    return SinkRecord(SOURCE, 0, None, "t", None, value, (), None, schema)


def extract(found: Any, **options: Any) -> int | None:
    return RecordField("ts", **options).extract(record({"ts": found}), 0)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (TEN, TEN),
        (-5, -5),
        (1.9, 1),
        (Decimal("12.5"), 12),
        (datetime(2017, 3, 2, 10, tzinfo=UTC), TEN),
        (datetime(2017, 3, 2, 10), TEN),
        (date(2017, 3, 2), MIDNIGHT),
        ("1488448800000", TEN),
        ("-5", -5),
        ("2017", 2017),
        ("20170302", 20_170_302),
        ("2017-03-02T10:00:00Z", TEN),
        ("2017-03-02T10:00:00z", TEN),
        ("2017-03-02T10:00:00+02:00", TEN - 2 * HOUR),
        ("2017-03-02T10:00:00-0230", TEN + 5 * HOUR // 2),
        ("2017-03-02T10:00:00+02", TEN - 2 * HOUR),
        ("2017-03-02T10:00:00.123456789Z", TEN + 123),
        ("2017-03-02T10:00:00,5Z", TEN + 500),
        ("2017-03-02T10:00Z", TEN),
        ("2017-03-02T10Z", TEN),
        ("2017-03-02T10.5Z", TEN + HOUR // 2),
        ("2017-03-02T10:00.5Z", TEN + 30_000),
        ("2017-03-02T10:00:00", TEN),
        ("2017-03-02", MIDNIGHT),
        ("2017-3-2", MIDNIGHT),
        ("+2017-03-02", MIDNIGHT),
        ("2017-03", MIDNIGHT - 24 * HOUR),
        ("2017-W09-4", MIDNIGHT),
        ("2018-W01-1", 1_514_764_800_000),
        ("2017-061", MIDNIGHT),
        ("17-03-02", -61_625_491_200_000),
        ("T10:30", 10 * HOUR + HOUR // 2),
    ],
)
def test_times_are_read_as_the_connector_reads_them(found: Any, expected: int) -> None:
    assert extract(found) == expected


@pytest.mark.parametrize(
    "found",
    [
        "", "T", "x", "10:30", "2017-03-02 10:00", "20170302T1000", "2017-03-02T10:00:00Z[UTC]", "2017-03-02T24:00:00Z",
        "2017-03-02T10:60:00Z", "2017-13-02", "2017-02-30", "2017-366", "2017-W53-1", "1488448800000.5",
        "99999999999999999999", "9999999999999999999", "999999999-01-01", "2017-03-02T10:00:00+2",
    ],
)  # fmt: skip
def test_other_text_is_no_time(found: str) -> None:
    with pytest.raises(PartitionError, match=r"^TASK_PUT: Error extracting timestamp from record field: ts"):
        extract(found)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ("10:30", 'Invalid format: "10:30" is malformed at ":30"'),
        ("1488448800000.5", 'Invalid format: "1488448800000.5" is malformed at "0000.5"'),
        ("9999999999999999999", 'Invalid format: "9999999999999999999" is malformed at "9999999999"'),
        ("2017-03-02 10:00", 'Invalid format: "2017-03-02 10:00" is malformed at " 10:00"'),
        ("2017-03-02T10:00[UTC]", 'Invalid format: "2017-03-02T10:00[UTC]" is malformed at "[UTC]"'),
        ("", 'Invalid format: ""'),
        ("x" * 40, f'Invalid format: "{"x" * 32}..."'),
        ("2017" + "x" * 40, f'Invalid format: "2017{"x" * 32}..." is malformed at "{"x" * 32}..."'),
    ],
)
def test_text_that_is_no_time_is_shown_where_it_goes_wrong(found: str, words: str) -> None:
    """Joda's words."""
    with pytest.raises(PartitionError) as caught:
        extract(found)
    assert str(caught.value.__cause__) == words


@pytest.mark.parametrize("found", [True, [], {}, b"AAAA", float("nan"), time(10), 2**63])
def test_other_types_are_no_time(found: Any) -> None:
    with pytest.raises(PartitionError, match="Error extracting timestamp from record field: ts"):
        extract(found)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({}, "The field 'a.ts' does not exist."),
        ({"a": 5}, "The field 'a.ts' does not exist."),
        ({"a": {"ts": None}}, "The field 'a.ts' does not exist."),
        ({"a.ts": TEN}, "The field 'a.ts' does not exist."),
        (5, "Error encoding partition."),
        (None, "Error encoding partition."),
    ],
)
def test_a_field_that_is_not_there_is_named(value: Any, words: str) -> None:
    with pytest.raises(PartitionError) as caught:
        RecordField("a.ts").extract(record(value), 0)
    assert words in str(caught.value)


def test_a_nested_field_is_found() -> None:
    assert RecordField("a.b.ts").extract(record({"a": {"b": {"ts": TEN}}}), 0) == TEN


def test_a_schema_supplies_defaults_and_refuses_numbers_with_fractions() -> None:
    def struct(**options: Any) -> Schema:
        return Schema(type="struct", fields=(Field("ts", Schema(optional=True, **options)),))

    field = RecordField("ts")
    assert field.extract(record({"ts": None}, struct(type="int64", default=TEN)), 0) == TEN
    assert field.extract(record({"ts": date(2017, 3, 2)}, struct(type="int32", name=DATE)), 0) == MIDNIGHT
    moment = datetime(2017, 3, 2, 10, tzinfo=UTC)
    assert field.extract(record({"ts": moment}, struct(type="int64", name=TIMESTAMP)), 0) == TEN
    with pytest.raises(PartitionError):
        field.extract(record({"ts": 1.0}, struct(type="float64")), 0)


def test_text_without_an_offset_is_local_to_the_zone_of_the_extractor() -> None:
    assert extract("2017-03-02T10:00:00", timezone="Asia/Seoul") == TEN - 9 * HOUR
    assert extract("2017-03-02T10:00:00Z", timezone="Asia/Seoul") == TEN


def test_a_format_reads_text_alone() -> None:
    assert extract("20170302", format="%Y%m%d") == MIDNIGHT
    assert extract("20170302 10", format="%Y%m%d %H", timezone="Asia/Seoul") == TEN - 9 * HOUR
    assert extract(TEN, format="%Y%m%d") == TEN
    with pytest.raises(PartitionError):
        extract("2017-03-02", format="%Y%m%d")


def test_wrong_options_are_reported_together() -> None:
    with pytest.raises(ConfigError) as caught:
        RecordField(" ", format="", timezone="nowhere")
    assert {problem.key for problem in caught.value.problems} == {"name", "format", "timezone"}


def test_a_connector_file_names_the_field() -> None:
    assert from_properties(RecordField, {"timestamp.field": "dt"}) == RecordField("dt")
    assert from_properties(RecordField, {}) == RecordField("timestamp")


def test_a_batch_is_read_record_by_record() -> None:
    rows = [record({"ts": "2017-03-02T10:00:00Z"}), record({"ts": TEN + HOUR})]
    partitioner = HourlyPartitioner(extractor=RecordField("ts"))
    encoded, timestamps = partitioner.encode_batch(RecordBatch(SOURCE, Span(0, 2), rows=rows), 0)
    assert [path[-2:] for path in encoded] == ["10", "11"]
    assert timestamps == [TEN, TEN + HOUR]
    assert needs_value(partitioner)


@given(
    st.datetimes(min_value=datetime(1000, 1, 1)),
    st.sampled_from(["Z", "+02:00", "-0830", "+05", "", "z", "[UTC]"]),
    st.sampled_from(["auto", "seconds", "milliseconds", "microseconds"]),
)
def test_the_short_cut_reads_what_the_definition_reads(moment: datetime, offset: str, spec: str) -> None:
    text = moment.isoformat(timespec=spec) + offset
    zone = parse_zone("Asia/Seoul")
    assert outcome(parse_iso, text, zone) == outcome(parse_strictly, text, zone)


@given(st.from_regex(r"\A20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.,]?[0-9]{0,12}(Z|[+-][0-9:]{2,8})\Z"))
def test_the_short_cut_refuses_what_the_definition_refuses(text: str) -> None:
    zone = parse_zone("UTC")
    assert outcome(parse_iso, text, zone) == outcome(parse_strictly, text, zone)


def outcome(parse: Any, text: str, zone: Any) -> int | None:
    try:
        return int(parse(text, zone))
    except ValueError:
        return None


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_isoformat_writes_is_read(moment: datetime) -> None:
    expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert extract(moment.isoformat()) == expected
