"""HeaderFrom makes headers of fields."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.config import from_properties
from s3sink.errors import ConfigError, TransformError
from s3sink.record import Header, SinkRecord, TopicPartition
from s3sink.schema import Field, Schema
from s3sink.testing.strategies import headers
from s3sink.transforms import HeaderFrom
from s3sink.transforms.header_from import Operation

SOURCE = TopicPartition("orders", 3)
INT32, TEXT = Schema(type="int32"), Schema(type="string", optional=True, default="d")
SCHEMA = Schema(type="struct", name="n", optional=True, fields=(Field("a", INT32), Field("b", TEXT)))
names = st.lists(st.sampled_from("ab"), min_size=1, max_size=3)
operations: st.SearchStrategy[Operation] = st.sampled_from(["move", "copy"])


def record(value: Any, schema: Schema | None = None, **changes: Any) -> SinkRecord:
    return SinkRecord(SOURCE, 42, 1500, "lake", value=value, value_schema=schema).replace(**changes)


@given(names, operations, headers(), st.integers(-9, 9), st.text())
def test_with_and_without_schema_the_same_values_become_headers(
    fields: list[str], operation: Operation, old: tuple[Header, ...], a: int, b: str
) -> None:
    smt = HeaderFrom(fields, [f"h{i}" for i in range(len(fields))], operation)
    value: dict[str, Any] = {"a": a, "b": b}
    plain, typed = record(dict(value), headers=old), record(dict(value), SCHEMA, headers=old)
    rest = {name: item for name, item in value.items() if operation == "copy" or name not in fields}
    for given_record in (plain, typed):
        result = smt.apply(given_record)
        assert result.value == rest
        assert result.headers[: len(old)] == old
        assert [(h.key, h.value) for h in result.headers[len(old) :]] == [
            (f"h{i}", value[n]) for i, n in enumerate(fields)
        ]
        assert (given_record.value, given_record.headers) == (value, old)


def test_headers_have_the_schema_and_the_default_of_their_fields() -> None:
    given_record = record({"a": 1, "b": None}, SCHEMA)
    result = HeaderFrom(["b"], ["h"], "copy").apply(given_record)
    assert result == given_record.replace(headers=(Header("h", "d", TEXT),))
    raw = HeaderFrom(["b"], ["h"], "copy", replace_null_with_default=False).apply(given_record)
    assert raw.headers == (Header("h", None, TEXT),)


def test_what_is_moved_leaves_the_schema_which_is_then_required() -> None:
    result = HeaderFrom(["a"], ["h"], "move").apply(record({"a": 1, "b": None}, SCHEMA))
    assert result.headers == (Header("h", 1, INT32),)
    assert result.value == {"b": "d"}
    assert result.value_schema == SCHEMA.replace(optional=False, fields=(Field("b", TEXT),))


def test_a_field_that_is_not_there_is_a_null_header_in_a_map_and_an_error_in_a_struct() -> None:
    smt = HeaderFrom(["no"], ["h"], "move")
    assert smt.apply(record({"a": 1})) == record({"a": 1}, headers=(Header("h", None),))
    with pytest.raises(TransformError):
        smt.apply(record({"a": 1}, SCHEMA))


def test_a_header_is_not_null_where_its_schema_says_so() -> None:
    schema = Schema(type="struct", fields=(Field("a", Schema(type="int32", name="n", default=5)),))
    assert HeaderFrom(["a"], ["h"], "move").apply(record({"a": None}, schema)).headers[0].value == 5
    with pytest.raises(TransformError) as caught:
        HeaderFrom(["a"], ["h"], "move", replace_null_with_default=False).apply(record({"a": None}, schema))
    assert caught.value.reason == "A null value requires an optional schema but was Schema{n:INT32}"


@pytest.mark.parametrize("operation", ["move", "copy"])
@pytest.mark.parametrize(
    ("value", "schema", "reason"),
    [
        (None, None, "Only Map objects supported in absence of schema for [header {}], found: null"),
        (5, None, "Only Map objects supported in absence of schema for [header {}], found: java.lang.Long"),
        (None, SCHEMA, "Only Struct objects supported for [header {}], found: null"),
        (5, INT32, "Only Struct objects supported for [header {}], found: java.lang.Integer"),
    ],
)
def test_what_has_no_fields_is_refused_with_connects_words(
    operation: Operation, value: Any, schema: Schema | None, reason: str
) -> None:
    with pytest.raises(TransformError) as caught:
        HeaderFrom(["a"], ["h"], operation).apply(record(value, schema))
    assert caught.value.reason == reason.format(operation)


def test_keys_can_be_taken_from_too() -> None:
    result = HeaderFrom(["k"], ["h"], "move", of="key").apply(record("v", key={"k": 1, "l": 2}))
    assert result == record("v", key={"l": 2}, headers=(Header("h", 1),))


@pytest.mark.parametrize(
    ("properties", "messages"),
    [
        ({"headers": "h", "operation": "move"},
         ['Missing required configuration "fields" which has no default value.']),
        ({"fields": "a", "headers": "h,i", "operation": "move"},
         ["'fields' config must have the same number of elements as 'headers' config."]),
        ({"fields": "", "headers": "", "operation": "rename"},
         ["Invalid value [] for configuration fields: Empty list",
          "Invalid value [] for configuration headers: Empty list",
          "Invalid value rename for configuration operation: String must be one of: move, copy"]),
    ],
)  # fmt: skip
def test_a_wrong_configuration_is_refused_with_connects_words(properties: dict[str, str], messages: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        from_properties(HeaderFrom, properties)
    assert [problem.message for problem in caught.value.problems] == messages
