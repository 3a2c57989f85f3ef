"""Flatten brings nested fields to the top."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3sink.batch import RecordBatch, Span
from s3sink.config import from_properties
from s3sink.errors import SCHEMA_BUILDER_EXCEPTION, TransformError
from s3sink.record import SinkRecord, TopicPartition
from s3sink.schema import DECIMAL, Field, Schema, Type
from s3sink.testing.strategies import json_objects, row_batches
from s3sink.transforms import Chain, Flatten, MaskField

SOURCE = TopicPartition("orders", 3)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TEXT, NUMBER = Schema(type="string"), Schema(type="int32")
ARRAY = Schema(type="array", items=Schema(type="struct", fields=(Field("x", NUMBER),)))


def record(value: Any, schema: Schema | None = None) -> SinkRecord:
    return SinkRecord(SOURCE, 42, 1500, "lake", value=value, value_schema=schema)


def struct(optional: bool = False, default: Any = None, **fields: Schema) -> Schema:
    row = tuple(Field(name, schema) for name, schema in fields.items())
    return Schema(type="struct", fields=row, optional=optional, default=default)


def leaves(value: dict[str, Any]) -> list[Any]:
    """What is in a map and in the maps in it."""
    found: list[Any] = []
    for item in value.values():
        found += leaves(item) if isinstance(item, dict) else [item]
    return found


_TYPES: dict[type, Type] = {int: "int64", str: "string", float: "float64", bool: "boolean"}


def schema_of(value: Any) -> Schema:
    """A schema of a map without nulls and lists, as a struct."""
    if isinstance(value, dict):
        fields = tuple(Field(name, schema_of(item)) for name, item in value.items())
        return Schema(type="struct", fields=fields, name="n", doc="d")
    return Schema(type=_TYPES[type(value)])


names = st.text(alphabet="abc", min_size=1, max_size=3)
trees: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    names,
    st.recursive(
        st.integers() | st.text() | st.booleans(), lambda inner: st.dictionaries(names, inner, max_size=3), max_leaves=9
    ),
)


@given(trees)
def test_schema_and_map_become_the_same_flat_fields_in_order(value: dict[str, Any]) -> None:
    before = deepcopy(value)
    plain, typed = Flatten().apply(record(value)), Flatten().apply(record(value, schema_of(value)))
    assert list(plain.value.items()) == list(typed.value.items())
    assert typed.value_schema == schema_of(plain.value)
    assert leaves(value) == list(plain.value.values())
    assert value == before


@given(json_objects, st.sampled_from([".", "", "_", " - "]))
@example({"a": {"b": 1}, "a.b": 2, "c": {}, "": {"d": {"": 3}}}, ".")
def test_nothing_nested_is_left_and_twice_is_as_once(value: dict[str, Any], delimiter: str) -> None:
    smt = Flatten(delimiter)
    once = smt.apply(record(value))
    assert not any(isinstance(item, dict) for item in once.value.values())
    assert smt.apply(once) == once


@given(row_batches(json_objects | st.none()))
def test_rows_through_a_chain_are_as_rows_singly(batch: RecordBatch) -> None:
    smts: list[Any] = [Flatten("_"), MaskField(["a_b"]), Flatten()]
    rows = [row for row in batch.records() if row.value is not None]
    expected = [smts[2].apply(smts[1].apply(smts[0].apply(row))) for row in rows]
    assert list(Chain(smts).apply(batch)[0].records()) == expected


@given(st.lists(st.none() | trees))
def test_documents_are_flattened_as_rows_are(values: list[Any]) -> None:
    rows = [record(value) for value in values]
    batch = Flatten().apply_batch(RecordBatch(SOURCE, Span(0, 99), raw=list(rows), documents=deepcopy(values)))
    assert batch is not None
    assert batch.documents() == [Flatten().apply(row).value for row in rows]


@pytest.mark.parametrize(
    ("value", "delimiter", "flat"),
    [
        ({"a": {"b": {"c": 1}}}, "#", {"a#b#c": 1}),
        ({"a": {"b": 1}}, "", {"ab": 1}),
        ({"a": None, "b": {"c": None}}, ".", {"a": None, "b.c": None}),
        ({"a": {}, "b": {"c": {}}}, ".", {}),
        ({"a": [{"x": {"y": 1}}], "b": {"c": [1]}}, ".", {"a": [{"x": {"y": 1}}], "b.c": [1]}),
        ({"a.b": 2, "a": {"b": 1}}, ".", {"a.b": 1}),
        ({"": {"a": 1}, "b": {"": 2}}, ".", {"a": 1, "b.": 2}),
    ],
)
def test_maps_become_their_fields(value: dict[str, Any], delimiter: str, flat: dict[str, Any]) -> None:
    assert Flatten(delimiter).apply(record(value)).value == flat


@pytest.mark.parametrize(
    ("value", "schema", "reason"),
    [
        ({"a": {"d": EPOCH}}, None, "Flatten transformation was passed a value of type class java.util.Date which is "
                                    "not supported by Connect's data API"),
        ({"d": Decimal(1)}, None, "Flatten transformation was passed a value of type class java.math.BigDecimal which "
                                  "is not supported by Connect's data API"),
        ([1], None, "Only Map objects supported in absence of schema for [flattening], found: java.util.ArrayList"),
        (42, NUMBER, "Only Struct objects supported for [flattening], found: java.lang.Integer"),
        ({"s": {"m": {}}}, struct(s=struct(m=Schema(type="map", keys=TEXT, items=TEXT))), "Flatten transformation does "
         "not support MAP for record with schemas (for field s.m)."),
    ],
)  # fmt: skip
def test_what_cannot_be_flattened_is_refused(value: Any, schema: Schema | None, reason: str) -> None:
    with pytest.raises(TransformError) as caught:
        Flatten().apply(record(value, schema))
    assert caught.value.reason == reason


# ---------------------------------------------------------------------------------------------- with a schema
def test_fields_keep_their_own_schema_and_the_struct_its_name() -> None:
    money = Schema(type="bytes", name=DECIMAL, version=1, parameters=(("scale", "2"),), doc="d")
    schema = struct(a=struct(money=money, list=ARRAY)).replace(name="n", version=2, doc="d", optional=True)
    result = Flatten().apply(record({"a": {"money": Decimal("1.50"), "list": [{"x": 1}]}}, schema))
    assert result.value == {"a.money": Decimal("1.50"), "a.list": [{"x": 1}]}
    fields = (Field("a.money", money.replace(optional=True)), Field("a.list", ARRAY.replace(optional=True)))
    assert result.value_schema == Schema(type="struct", fields=fields, name="n", version=2, doc="d")


def test_what_is_under_an_optional_struct_is_optional_and_null_where_that_is() -> None:
    schema = struct(a=struct(optional=True, b=struct(c=TEXT), n=NUMBER.replace(default=3)), top=TEXT)
    result = Flatten().apply(record({"a": None, "top": "t"}, schema))
    assert result.value == {"a.b.c": None, "a.n": None, "top": "t"}
    text, number = TEXT.replace(optional=True), NUMBER.replace(default=3, optional=True)
    fields = (Field("a.b.c", text), Field("a.n", number), Field("top", TEXT))
    assert result.value_schema == Schema(type="struct", fields=fields)


def test_defaults_come_from_the_field_or_from_the_structs_around_it() -> None:
    inner = struct(optional=True, own=TEXT.replace(default="own"), bare=TEXT, deep=struct(x=NUMBER))
    schema = struct(a=inner.replace(default={"own": "outer", "bare": "outer", "deep": {"x": 5}}))
    value = {"a": {"own": None, "bare": "v", "deep": {"x": 1}}}
    result = Flatten().apply(record(value, schema))
    assert result.value == {"a.own": "own", "a.bare": "v", "a.deep.x": 1}
    new = result.value_schema
    assert new is not None
    assert [(field.name, field.schema.default) for field in new.fields] == [
        ("a.own", "own"), ("a.bare", "outer"), ("a.deep.x", 5)
    ]  # fmt: skip
    assert Flatten().apply(record({"a": None}, schema)).value == {"a.own": None, "a.bare": None, "a.deep.x": None}


def test_the_default_of_the_whole_value_goes_to_its_fields() -> None:
    schema = struct(default={"a": {"b": "x"}}, a=struct(b=TEXT))
    result = Flatten().apply(record({"a": {"b": "y"}}, schema))
    assert result.value_schema == Schema(type="struct", fields=(Field("a.b", TEXT.replace(default="x")),))


def test_two_fields_of_one_name_are_an_error_with_a_schema() -> None:
    schema = struct(a=struct(b=TEXT)).replace(fields=(Field("a", struct(b=TEXT)), Field("a.b", TEXT)))
    with pytest.raises(TransformError, match=r"field name duplication a\.b") as caught:
        Flatten().apply(record({"a": {"b": "x"}, "a.b": "y"}, schema))
    assert caught.value.connect_class == SCHEMA_BUILDER_EXCEPTION


def test_null_in_a_required_field_is_refused_under_its_new_name() -> None:
    with pytest.raises(TransformError, match=r'null used for required field: "a\.b", schema type: STRING'):
        Flatten().apply(record({"a": {"b": None}}, struct(a=struct(b=TEXT))))


@pytest.mark.parametrize("schema", [None, struct(optional=True, a=struct(b=TEXT))])
def test_a_record_without_a_value_goes_on_unchanged(schema: Schema | None) -> None:
    tombstone = record(None, schema)
    assert Flatten().apply(tombstone) is tombstone


def test_keys_can_be_flattened_too_and_the_delimiter_comes_from_a_file() -> None:
    row = record("v").replace(key={"a": {"b": 1}})
    assert Flatten("_", of="key").apply(row).key == {"a_b": 1}
    assert from_properties(Flatten, {"delimiter": ""}).apply(record({"a": {"b": 1}})).value == {"ab": 1}
