"""ValueToKey makes keys of fields."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.batch import RecordBatch, Span
from s3sink.errors import ConfigError, TransformError
from s3sink.record import SinkRecord, TopicPartition
from s3sink.schema import Field, Schema
from s3sink.transforms import Chain, ValueToKey

SOURCE = TopicPartition("orders", 3)
NUMBER = Schema(type="int32", optional=True)
FIELDS = tuple(Field(name, NUMBER) for name in "abc")
STRUCT = Schema(type="struct", name="n", optional=True, fields=FIELDS)


def record(value: Any, schema: Schema | None = None) -> SinkRecord:
    return SinkRecord(SOURCE, 42, 1500, "lake", "old", value, (), Schema(type="string"), schema)


numbers = st.none() | st.integers(0, 9)
values = st.fixed_dictionaries({"a": numbers, "b": numbers, "c": numbers})
names = st.permutations("abc").flatmap(lambda order: st.integers(1, 3).map(lambda n: order[:n]))


@given(values, names)
def test_schema_and_map_make_the_same_key_in_the_order_of_the_option(value: dict[str, Any], fields: list[str]) -> None:
    before = deepcopy(value)
    plain, typed = ValueToKey(fields).apply(record(value)), ValueToKey(fields).apply(record(value, STRUCT))
    assert list(plain.key.items()) == list(typed.key.items()) == [(name, value[name]) for name in fields]
    assert typed.key_schema == Schema(type="struct", fields=tuple(Field(name, NUMBER) for name in fields))
    assert (plain.key_schema, value) == (None, before)
    assert (typed.value, typed.value_schema) == (value, STRUCT)


@given(st.lists(values))
def test_a_chain_does_to_rows_what_is_done_to_each(rows: list[dict[str, Any]]) -> None:
    smt, records = ValueToKey(["b"]), [record(value) for value in rows]
    batch = RecordBatch(SOURCE, Span(0, 99), rows=records)
    assert list(Chain([smt]).apply(batch)[0].records()) == [smt.apply(row) for row in records]


def test_a_field_that_is_not_there_is_null_in_a_map_and_refused_with_a_schema() -> None:
    assert ValueToKey(["x"]).apply(record({"a": 1})).key == {"x": None}
    with pytest.raises(TransformError, match="Field does not exist: x"):
        ValueToKey(["a", "x"]).apply(record({"a": 1}, STRUCT))


def test_a_field_that_is_named_twice_is_there_once() -> None:
    twice = ValueToKey(["b", "a", "b"])
    for schema in (None, STRUCT):
        assert list(twice.apply(record({"a": 1, "b": 2}, schema)).key.items()) == [("b", 2), ("a", 1)]
    assert twice.apply(record({"a": 1, "b": 2}, STRUCT)) == ValueToKey(["b", "a"]).apply(
        record({"a": 1, "b": 2}, STRUCT)
    )


@pytest.mark.parametrize(("replace", "expected"), [(True, "d"), (False, None)])
def test_null_becomes_the_default_or_stays(replace: bool, expected: str | None) -> None:
    field = Field("a", Schema(type="string", optional=True, default="d"))
    result = ValueToKey(["a"], replace).apply(record({"a": None}, Schema(type="struct", fields=(field,))))
    assert (result.key, result.value) == ({"a": expected}, {"a": None})


def test_null_in_a_required_field_is_refused() -> None:
    schema = Schema(type="struct", fields=(Field("a", Schema(type="string", default="d")),))
    with pytest.raises(TransformError, match='null used for required field: "a", schema type: STRING'):
        ValueToKey(["a"], replace_null_with_default=False).apply(record({"a": None}, schema))


@pytest.mark.parametrize(
    ("value", "schema", "complaint"),
    [
        (None, None, "Only Map objects supported in absence of schema for [{}], found: null"),
        (5, None, "Only Map objects supported in absence of schema for [{}], found: java.lang.Long"),
        (None, STRUCT, "Only Struct objects supported for [{}], found: null"),
        ("s", Schema(type="string"), "Only Struct objects supported for [{}], found: java.lang.String"),
    ],
)
def test_a_value_without_fields_is_refused(value: Any, schema: Schema | None, complaint: str) -> None:
    with pytest.raises(TransformError) as caught:
        ValueToKey(["a"]).apply(record(value, schema))
    assert caught.value.reason == complaint.format("copying fields from value to key")


def test_there_must_be_fields() -> None:
    with pytest.raises(ConfigError, match=r"'fields' must not be empty\. Valid values include: any non-empty value"):
        ValueToKey([])
