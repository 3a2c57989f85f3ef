"""SetSchemaMetadata renames the schemas of structs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.config import from_properties
from s3sink.errors import ConfigError, TransformError
from s3sink.record import SinkRecord, TopicPartition
from s3sink.schema import Field, Schema
from s3sink.transforms import SetSchemaMetadata

SOURCE = TopicPartition("orders", 3)
INT32 = Schema(type="int32")
FIELDS = (Field("a", INT32), Field("b", Schema(type="string", optional=True, default="d")))
schemas = st.builds(
    Schema,
    type=st.just("struct"),
    optional=st.booleans(),
    name=st.none() | st.text(),
    version=st.none() | st.integers(0, 9),
    doc=st.none() | st.text(),
    parameters=st.sampled_from([(), (("p", "1"),)]),
    fields=st.just(FIELDS),
)


def record(value: Any, schema: Schema | None = None) -> SinkRecord:
    return SinkRecord(SOURCE, 42, 1500, "lake", value=value, value_schema=schema)


@given(schemas, st.none() | st.text(), st.none() | st.integers(-(2**31), 2**31 - 1), st.booleans())
def test_what_is_given_changes_and_nothing_else(
    schema: Schema, name: str | None, version: int | None, null: bool
) -> None:
    if name is None and version is None:
        version = 1
    given_record = record(None if null else {"a": 1, "b": "x"}, schema)
    changes: dict[str, Any] = {"name": name} if name is not None else {}
    changes |= {"version": version} if version is not None else {}
    result = SetSchemaMetadata(name, version).apply(given_record)
    assert result == given_record.replace(value_schema=schema.replace(**changes))
    assert given_record.value_schema == schema


def test_null_becomes_the_default_of_its_field_unless_told_otherwise() -> None:
    given_record = record({"a": 1, "b": None}, Schema(type="struct", fields=FIELDS))
    assert SetSchemaMetadata("n").apply(given_record).value == {"a": 1, "b": "d"}
    assert SetSchemaMetadata("n", replace_null_with_default=False).apply(given_record).value == {"a": 1, "b": None}


@pytest.mark.parametrize(
    ("value", "schema", "reason"),
    [
        ({"a": 1}, None, "Schema required for [updating schema metadata]"),
        ("x", Schema(type="string", name="n"), "Cannot list fields on non-struct type"),
        (None, Schema(type="array", items=INT32), "Cannot list fields on non-struct type"),
        ({}, Schema(type="struct", fields=FIELDS),
         'Invalid value: null used for required field: "a", schema type: INT32'),
    ],
)  # fmt: skip
def test_what_is_no_struct_is_refused_with_connects_words(value: Any, schema: Schema | None, reason: str) -> None:
    with pytest.raises(TransformError) as caught:
        SetSchemaMetadata("n").apply(record(value, schema))
    assert caught.value.reason == reason


def test_a_tombstone_without_schema_passes_and_keys_can_be_renamed_too() -> None:
    tombstone = record(None)
    assert SetSchemaMetadata("n").apply(tombstone) is tombstone
    schema = Schema(type="struct", fields=(Field("a", INT32),))
    keyed = record("v").replace(key={"a": 1}, key_schema=schema)
    assert SetSchemaMetadata(schema_version=3, of="key").apply(keyed) == keyed.replace(
        key_schema=schema.replace(version=3)
    )


@pytest.mark.parametrize(
    ("properties", "message"),
    [({}, "Neither schema name nor version configured"),
     ({"schema.version": "abc"}, "Invalid value abc for configuration schema.version: Not a number of type INT")],
)  # fmt: skip
def test_a_wrong_configuration_is_refused_with_connects_words(properties: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_properties(SetSchemaMetadata, properties)
    assert [problem.message for problem in caught.value.problems] == [message]
