"""Fields in paths, and routes of batches from any partitioner."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.batch import RecordBatch, Route, RoutedBatch, Span
from s3sink.config import from_properties
from s3sink.errors import ConfigError, PartitionError, RecordError, TransformError
from s3sink.partitioners import (
    BatchPartitioner,
    DailyPartitioner,
    DefaultPartitioner,
    FieldPartitioner,
    HourlyPartitioner,
    Partitioner,
    RecordField,
    TimeBasedPartitioner,
    WallClock,
    is_deterministic,
    needs_value,
    route,
)
from s3sink.record import SinkRecord, TopicPartition
from s3sink.schema import Field, Schema

SOURCE = TopicPartition("t", 3)
HOUR = 3_600_000


def record(value: Any, offset: int = 0, schema: Schema | None = None, **changes: Any) -> SinkRecord:
    return SinkRecord(SOURCE, offset, 0, "t", None, value, (), None, schema).replace(**changes)


def batch_of(*values: Any, **changes: Any) -> RecordBatch:
    rows = [record(value, i + 10, **changes) for i, value in enumerate(values)]
    return RecordBatch(SOURCE, Span(5, len(rows) + 20), rows=rows)


# ---------------------------------------------------------------------------------------------- fields
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"f": "DE"}, "f=DE"),
        ({"f": ""}, "f="),
        ({"f": "a/b ..ü"}, "f=a/b ..ü"),
        ({"f": -9007199254740993}, "f=-9007199254740993"),
        ({"f": True}, "f=true"),
        ({"f": False}, "f=false"),
        ({"f": 1}, "f=1"),
        ({"f": None}, "f=null"),
    ],
)
def test_a_field_names_the_directory(value: Any, expected: str) -> None:
    assert FieldPartitioner("f").encode(record(value), 0) == expected


def test_several_fields_are_joined_in_their_order() -> None:
    value = {"active": True, "address": {"city": "Bonn"}}
    assert FieldPartitioner("address.city", "active").encode(record(value), 0) == "address.city=Bonn/active=true"
    assert FieldPartitioner("active", "active", delimiter="|").encode(record(value), 0) == "active=true|active=true"


def test_a_name_with_a_dot_wins_over_the_nested_field() -> None:
    assert FieldPartitioner("a.b").encode(record({"a": {"b": 1}, "a.b": 2}), 0) == "a.b=2"
    assert FieldPartitioner("a.b").encode(record({"a": {"b": 1}}), 0) == "a.b=1"


def test_a_null_with_a_default_is_the_default() -> None:
    inner = Schema(type="string", optional=True, default="dflt")
    nested = Schema(type="struct", fields=(Field("b", inner),))
    schema = Schema(type="struct", fields=(Field("f", inner), Field("a", nested)))
    assert FieldPartitioner("f", "a.b").encode(record({"f": None, "a": {"b": None}}, 0, schema), 0) == "f=dflt/a.b=dflt"


@pytest.mark.parametrize("found", [1.5, b"x", [], {}, datetime(2017, 3, 2, tzinfo=UTC)])
def test_other_types_name_no_directory(found: Any) -> None:
    with pytest.raises(PartitionError, match=r"Error encoding partition"):
        FieldPartitioner("f").encode(record({"f": found}), 0)


def test_a_missing_field_is_named() -> None:
    values: list[Any] = [{}, {"a": 5}, {"a": {}}]
    for value in values:
        with pytest.raises(PartitionError, match=r"a\.b is not a valid field name"):
            FieldPartitioner("a.b").encode(record(value), 0)


@pytest.mark.parametrize("value", [None, 5, "x", [1], b"{}"])
def test_a_value_without_fields_has_no_place(value: Any) -> None:
    with pytest.raises(PartitionError, match="Error encoding partition"):
        FieldPartitioner("f").encode(record(value), 0)


def test_fields_come_from_a_connector_file_or_from_python() -> None:
    made = from_properties(FieldPartitioner, {"partition.field.name": "b, a"})
    assert made == FieldPartitioner("b", "a")
    assert from_properties(FieldPartitioner, {"partition.field.name": ""}).encode(record(5), 0) == ""
    assert repr(made) == "FieldPartitioner(fields=('b', 'a'), delimiter='/')"
    with pytest.raises(ConfigError):
        FieldPartitioner("a", "")


# ---------------------------------------------------------------------------------------------- contract
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "f": st.one_of(st.text(), st.integers(), st.booleans(), st.none(), st.floats()),
        "ts": st.one_of(st.integers(-(2**44), 2**44), st.none(), st.just("2017-03-02T10:00:00Z")),
    },
)
PARTITIONERS: list[BatchPartitioner] = [
    DefaultPartitioner(),
    FieldPartitioner(),
    FieldPartitioner("f"),
    FieldPartitioner("f", "ts"),
    TimeBasedPartitioner("%Y/%m/%d/%H", timezone="America/Sao_Paulo", extractor=RecordField("ts")),
    HourlyPartitioner(),
    DailyPartitioner(extractor=WallClock()),
]


@pytest.mark.parametrize("partitioner", PARTITIONERS, ids=repr)
@given(values=st.lists(st.one_of(VALUES, st.none()), max_size=8), topics=st.lists(st.sampled_from("tu"), min_size=8))
def test_routes_are_those_of_the_single_records(
    partitioner: BatchPartitioner, values: list[Any], topics: list[str]
) -> None:
    rows = [record(value, i, topic=topics[i]) for i, value in enumerate(values)]
    routed, errors = route(partitioner, RecordBatch(SOURCE, Span(0, 9), rows=rows), HOUR)
    expected = [encoded(partitioner, row) for row in rows]
    good = [(row.offset, Route(row.topic, path)) for row, path in zip(rows, expected, strict=True) if path is not None]
    assert [(o, routed.route_at(i)) for i, o in enumerate(routed.batch.offsets)] == good
    assert [error.offset for error in errors] == [
        row.offset for row, path in zip(rows, expected, strict=True) if path is None
    ]
    assert routed.batch.span == Span(0, 9)
    assert routed.timestamps is None or len(routed.timestamps) == len(good)


def encoded(partitioner: Partitioner, row: SinkRecord) -> str | None:
    try:
        return partitioner.encode(row, HOUR)
    except PartitionError:
        return None


# ---------------------------------------------------------------------------------------------- routes
def test_one_route_is_one_object() -> None:
    routed, errors = route(FieldPartitioner("f"), batch_of({"f": 1}, {"f": 1}), 0)
    assert (routed.routes, errors) == (Route("t", "f=1"), [])


def test_a_raw_batch_goes_to_its_own_topic() -> None:
    class Raw:
        offset, timestamp, key, value, headers = 7, HOUR, None, b"{}", ()

    batch = RecordBatch(SOURCE, Span(7, 8), raw=[Raw()])
    assert route(DefaultPartitioner(), batch, 0)[0].routes == Route("t", "partition=3")
    routed = route(TimeBasedPartitioner("HH"), batch, 0)[0]
    assert (routed.routes, routed.timestamps) == (Route("t", "01"), [HOUR])


def test_an_empty_batch_has_no_routes() -> None:
    for partitioner in PARTITIONERS:
        routed, errors = route(partitioner, batch_of(), 0)
        assert (routed.batch.n, routed.routes, errors) == (0, [], [])


def test_bad_records_are_taken_out_with_their_coordinates() -> None:
    partitioner = HourlyPartitioner(extractor=RecordField("ts"))
    routed, errors = route(partitioner, batch_of({"ts": 0}, {}, {"ts": 1}), 0)
    assert list(routed.batch.offsets) == [10, 12]
    assert routed.timestamps == [0, 1]
    assert routed.batch.span == Span(5, 23)
    assert [(e.source, e.offset, e.executing) for e in errors] == [(SOURCE, 11, "HourlyPartitioner")]
    assert str(errors[0]).startswith(
        "TASK_PUT in HourlyPartitioner: The field 'ts' does not exist. (topic=t partition=3"
    )


def test_when_every_record_is_bad_the_span_is_left() -> None:
    routed, errors = route(FieldPartitioner("f"), batch_of({}, {}), 0)
    assert (routed.batch.n, routed.batch.span, len(errors)) == (0, Span(5, 22), 2)


class ByLength:
    """A partitioner as a user writes it."""

    deterministic = False

    def encode(self, record: SinkRecord, now: int) -> str:
        if record.value == "mine":
            raise TransformError("mine")
        return f"n={len(record.value)}" if record.value != "four" else 4  # type: ignore[return-value]


def outcome(*values: Any) -> tuple[RoutedBatch, list[RecordError]]:
    return route(ByLength(), batch_of(*values), 0)


def test_a_partitioner_with_one_verb_is_enough() -> None:
    routed, errors = outcome("a", "bb")
    assert (routed.routes, routed.timestamps, errors) == ([Route("t", "n=1"), Route("t", "n=2")], None, [])
    assert needs_value(ByLength())
    assert not is_deterministic(ByLength())


def test_whatever_it_raises_belongs_to_the_record() -> None:
    routed, errors = outcome("a", None, "mine", "four")
    assert list(routed.batch.offsets) == [10]
    assert [type(e) for e in errors] == [PartitionError, TransformError, PartitionError]
    assert isinstance(errors[0].__cause__, TypeError)
    assert [e.offset for e in errors] == [11, 12, 13]
    assert "ByLength" in str(errors[0])


def test_an_extractor_that_fails_unexpectedly_fails_for_its_record_alone() -> None:
    class Careless:
        def extract(self, record: SinkRecord, now: int) -> int | None:
            return int(record.value["ts"])

    routed, errors = route(TimeBasedPartitioner("HH", extractor=Careless()), batch_of({"ts": 0}, {}), 0)
    assert (routed.routes, routed.timestamps) == (Route("t", "00"), [0])
    assert isinstance(errors[0].__cause__, KeyError)
