"""TimestampConverter: every form of a timestamp to every other."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.batch import RecordBatch, Span
from s3sink.config import from_properties
from s3sink.errors import CONNECT_EXCEPTION, DATA_EXCEPTION, ConfigError, TransformError
from s3sink.record import SinkRecord, TopicPartition
from s3sink.schema import DATE, TIME, TIMESTAMP, Field, Schema
from s3sink.transforms import Chain, InsertHeader, TimestampConverter
from s3sink.transforms._timestamps import Precision, Target

SOURCE = TopicPartition("orders", 3)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ISO = "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'"
SCHEMAS: dict[str, Schema] = {
    "string": Schema(type="string"),
    "unix": Schema(type="int64"),
    "Date": Schema(type="int32", name=DATE, version=1),
    "Time": Schema(type="int32", name=TIME, version=1),
    "Timestamp": Schema(type="int64", name=TIMESTAMP, version=1),
}
TEXT, INT32, INT64, MOMENT = SCHEMAS["string"], Schema(type="int32"), SCHEMAS["unix"], SCHEMAS["Timestamp"]

targets: st.SearchStrategy[Target] = st.sampled_from(get_args(Target))
precisions: st.SearchStrategy[Precision] = st.sampled_from(get_args(Precision))
instants = st.integers(-62_135_596_800_000, 253_402_300_799_999)
anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes(timezones=st.just(UTC))


def record(value: Any, schema: Schema | None = None, **changes: Any) -> SinkRecord:
    return SinkRecord(SOURCE, 42, 1500, "lake", value=value, value_schema=schema).replace(**changes)


def struct(optional: bool = False, **fields: Schema) -> Schema:
    row = tuple(Field(name, schema) for name, schema in fields.items())
    return Schema(type="struct", fields=row, name="n", version=2, doc="d", optional=optional)


def moment(instant: int) -> datetime:
    return EPOCH + timedelta(milliseconds=instant)


def converted(smt: TimestampConverter, value: Any, schema: Schema | None = None) -> Any:
    return smt.apply(record(value, schema)).value


# ---------------------------------------------------------------------------------------------- properties
@given(targets, precisions, instants)
def test_with_and_without_schema_it_is_the_same_moment(target: Target, precision: Precision, instant: int) -> None:
    smt = TimestampConverter(target, format=ISO, unix_precision=precision)
    plain, typed = converted(smt, moment(instant)), smt.apply(record(moment(instant), MOMENT))
    assert typed.value_schema == SCHEMAS[target]
    same = {"Date": datetime.date, "Time": datetime.time}.get(target, lambda value: value)
    assert typed.value == same(plain)
    assert type(typed.value) is {"Date": date, "Time": time, "Timestamp": datetime, "string": str, "unix": int}[target]


@given(st.sampled_from(["string", "unix", "Timestamp"]), instants, st.booleans())
def test_there_and_back_again(form: Target, instant: int, typed: bool) -> None:
    there, back = TimestampConverter(form, format=ISO), TimestampConverter("Timestamp", format=ISO)
    given_record = record(moment(instant), MOMENT if typed else None)
    assert back.apply(there.apply(given_record)) == given_record


@given(targets, precisions, st.dictionaries(st.sampled_from(["ts", "x"]), anything), st.sampled_from(["", "ts"]))
def test_it_fails_as_a_transform_or_not_at_all_and_never_touches_its_argument(
    target: Target, precision: Precision, value: dict[str, Any], name: str
) -> None:
    smt = TimestampConverter(target, field=name, format="yyyy-MM-dd", unix_precision=precision)
    for given_value in (value, value.get("ts")):
        given_record = record(given_value)
        before = repr(given_record)
        with contextlib.suppress(TransformError):
            smt.apply(given_record)
        assert repr(given_record) == before


@given(instants, st.sampled_from(["string", "unix"]))
def test_fields_whole_values_and_documents_agree(instant: int, target: Target) -> None:
    whole, part = TimestampConverter(target, format=ISO), TimestampConverter(target, field="ts", format=ISO)
    wanted = {"ts": converted(whole, instant), "a": 1}
    assert converted(part, {"ts": instant, "a": 1}) == wanted
    schema = struct(ts=INT64, a=INT32)
    assert part.apply(record({"ts": instant, "a": 1}, schema)).value == wanted
    document = msgspec.json.encode({"ts": instant, "a": 1})
    batch = RecordBatch(SOURCE, Span(42, 43), raw=[record(document)])
    edited = Chain([part]).apply_batch(batch)
    assert edited is not None
    assert edited.documents() == [wanted]


# ---------------------------------------------------------------------------------------------- numbers
@pytest.mark.parametrize(
    ("precision", "number", "instant"),
    [
        ("seconds", -2, -2000), ("microseconds", 1_483_425_001_864_123, 1_483_425_001_864), ("microseconds", -1500, -1),
        ("nanoseconds", 1_483_425_001_864_123_456, 1_483_425_001_864),
        ("nanoseconds", -999_999, 0), ("milliseconds", 7, 7),
    ],
)  # fmt: skip
def test_finer_numbers_are_cut_off_towards_zero(precision: Precision, number: int, instant: int) -> None:
    assert converted(TimestampConverter("Timestamp", unix_precision=precision), number) == moment(instant)


@pytest.mark.parametrize(
    ("precision", "instant", "number"),
    [
        ("seconds", -1500, -1), ("seconds", 1999, 1), ("microseconds", -1, -1000), ("nanoseconds", 5, 5_000_000),
        ("nanoseconds", 253_402_300_799_999, 2**63 - 1), ("nanoseconds", -62_135_596_800_000, -(2**63)),
    ],
)  # fmt: skip
def test_numbers_are_made_in_the_unit_and_stop_at_64_bits(precision: Precision, instant: int, number: int) -> None:
    assert converted(TimestampConverter("unix", unix_precision=precision), moment(instant)) == number


def test_days_begin_at_midnight_before_1970_too() -> None:
    assert converted(TimestampConverter("Date"), moment(-1)) == moment(-86_400_000)
    assert converted(TimestampConverter("Time"), moment(-1)) == moment(86_399_999)
    assert converted(TimestampConverter("Date"), moment(-1), MOMENT) == date(1969, 12, 31)
    assert converted(TimestampConverter("Time"), moment(-1), MOMENT) == time(23, 59, 59, 999_000)


def test_dates_and_times_are_moments() -> None:
    assert converted(TimestampConverter("unix"), date(1970, 1, 2), SCHEMAS["Date"]) == 86_400_000
    assert converted(TimestampConverter("Timestamp"), time(12, 30), SCHEMAS["Time"]) == moment(45_000_000)


def test_a_year_that_python_has_not_fails_the_record_but_not_as_a_number_or_text() -> None:
    with pytest.raises(TransformError, match="outside the years 1 to 9999"):
        converted(TimestampConverter("Timestamp"), 2**62)
    assert converted(TimestampConverter("string", format="yyyy"), 253_402_300_800_000) == "10000"


# ---------------------------------------------------------------------------------------------- what is refused
@pytest.mark.parametrize(
    ("value", "schema", "reason", "connect_class"),
    [
        (1.5, None, "TimestampConverter does not support class java.lang.Double objects as timestamps", DATA_EXCEPTION),
        (True, None, "TimestampConverter does not support class java.lang.Boolean objects as timestamps",
         DATA_EXCEPTION),
        ({}, None, "TimestampConverter does not support class java.util.HashMap objects as timestamps", DATA_EXCEPTION),
        ("x", None, "Could not parse timestamp: value (x) does not match pattern (yyyy)", DATA_EXCEPTION),
        (5, INT32, "Schema Schema{INT32} does not correspond to a known timestamp type format", CONNECT_EXCEPTION),
        (None, INT32, "Schema Schema{INT32} does not correspond to a known timestamp type format", CONNECT_EXCEPTION),
        (True, Schema(type="boolean", name="b"),
         "Schema Schema{b:BOOLEAN} does not correspond to a known timestamp type format", CONNECT_EXCEPTION),
    ],
)  # fmt: skip
def test_what_is_no_timestamp_is_refused_with_connects_words(
    value: Any, schema: Schema | None, reason: str, connect_class: str
) -> None:
    with pytest.raises(TransformError) as caught:
        converted(TimestampConverter("Timestamp", format="yyyy"), value, schema)
    assert (caught.value.reason, caught.value.connect_class) == (reason, connect_class)


def test_a_text_without_a_format_is_refused() -> None:
    with pytest.raises(TransformError, match="requires format option"):
        converted(TimestampConverter("unix"), "2017-01-03")


@pytest.mark.parametrize(
    ("value", "schema", "reason"),
    [
        ("s", None,
         "Only Map objects supported in absence of schema for [converting timestamp formats], found: java.lang.String"),
        ("s", TEXT, "Only Struct objects supported for [converting timestamp formats], found: java.lang.String"),
        (None, TEXT, "Cannot list fields on non-struct type"),
        ({"ts": None}, struct(ts=INT64), 'Invalid value: null used for required field: "ts", schema type: INT32'),
        ({"ts": 5}, struct(ts=INT32), "Schema Schema{INT32} does not correspond to a known timestamp type format"),
    ],
)  # fmt: skip
def test_what_has_no_such_field_is_refused_with_connects_words(value: Any, schema: Schema | None, reason: str) -> None:
    with pytest.raises(TransformError) as caught:
        TimestampConverter("Date", field="ts").apply(record(value, schema))
    assert caught.value.reason == reason


# ---------------------------------------------------------------------------------------------- fields and nulls
def test_a_field_that_is_not_there_is_added_to_a_map_and_not_to_a_struct() -> None:
    smt = TimestampConverter("unix", field="no")
    assert converted(smt, {"a": 1}) == {"a": 1, "no": None}
    given_record = record({"a": None}, struct(a=TEXT.replace(optional=True, default="d")))
    assert smt.apply(given_record) == given_record.replace(value={"a": "d"})


def test_the_new_schema_is_as_optional_as_the_old_one_and_has_no_default() -> None:
    old = MOMENT.replace(optional=True, default=moment(7), doc="when")
    smt = TimestampConverter("unix", field="ts")
    after = struct(True, ts=INT64.replace(optional=True), o=TEXT)
    assert smt.apply(record({"ts": None, "o": "x"}, struct(True, ts=old, o=TEXT))) == record({"ts": 7, "o": "x"}, after)
    raw = TimestampConverter("unix", field="ts", replace_null_with_default=False)
    assert converted(raw, {"ts": None, "o": "x"}, struct(ts=old, o=TEXT)) == {"ts": None, "o": "x"}


def test_the_default_of_a_struct_is_converted() -> None:
    schema = struct(ts=MOMENT).replace(default={"ts": moment(7)})
    result = TimestampConverter("unix", field="ts").apply(record({"ts": moment(8)}, schema))
    assert result.value_schema == struct(ts=INT64).replace(default={"ts": 7})
    assert TimestampConverter("unix", field="ts").apply(record(None, schema)).value_schema == result.value_schema


def test_null_stays_null_and_its_schema_is_converted() -> None:
    assert TimestampConverter("unix").apply(record(None)) == record(None)
    assert TimestampConverter("unix", field="ts").apply(record(None)) == record(None)
    optional = MOMENT.replace(optional=True)
    assert TimestampConverter("unix").apply(record(None, optional)) == record(None, INT64.replace(optional=True))
    in_field = TimestampConverter("unix", field="ts")
    assert in_field.apply(record(None, struct(True, ts=MOMENT))) == record(None, struct(True, ts=INT64))
    assert in_field.apply(record(None, struct(True, ts=INT32))) == record(None, struct(True, ts=INT64))


def test_keys_can_be_converted_too() -> None:
    given_record = record("v", key={"ts": moment(5)})
    assert TimestampConverter("unix", field="ts", of="key").apply(given_record).key == {"ts": 5}
    assert TimestampConverter("unix", of="key").apply(record("v", key=moment(5))).key == 5


def test_only_what_json_can_say_is_done_by_documents() -> None:
    takes = {target: TimestampConverter(target, field="ts", format=ISO).takes_batches for target in get_args(Target)}
    assert [target for target, yes in takes.items() if yes] == ["string", "unix"]
    assert not TimestampConverter("unix").takes_batches
    assert not TimestampConverter("unix", field="ts", of="key").takes_batches


def test_a_century_that_is_guessed_makes_it_less_than_deterministic() -> None:
    assert not TimestampConverter("unix", format="dd/MM/yy").deterministic
    assert TimestampConverter("string", format="dd/MM/yy").deterministic
    assert Chain([TimestampConverter("unix", format="dd/MM/yyyy"), InsertHeader("a", "1")]).deterministic


# ---------------------------------------------------------------------------------------------- options
@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({}, 'Missing required configuration "target.type" which has no default value.'),
        ({"target.type": "date"},
         "Invalid value date for configuration target.type: String must be one of: string, unix, Date, Time, "
         "Timestamp"),
        ({"target.type": "string", "format": " "},
         "TimestampConverter requires format option to be specified when using string timestamps"),
        ({"target.type": "unix", "format": "bad"},
         "Invalid value java.lang.IllegalArgumentException: Illegal pattern character 'b' for configuration "
         "TimestampConverter requires a SimpleDateFormat-compatible pattern for string timestamps: bad"),
        ({"target.type": "unix", "unix.precision": "minutes"},
         "Invalid value minutes for configuration unix.precision: String must be one of: nanoseconds, microseconds, "
         "milliseconds, seconds"),
    ],
)  # fmt: skip
def test_a_wrong_configuration_is_refused_with_connects_words(properties: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_properties(TimestampConverter, properties)
    assert [problem.message for problem in caught.value.problems] == [message]
