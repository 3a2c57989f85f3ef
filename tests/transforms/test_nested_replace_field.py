"""NestedReplaceField: ReplaceField at any depth."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.batch import RecordBatch, Span
from s3sink.class_names import class_name
from s3sink.config import from_properties
from s3sink.errors import SCHEMA_BUILDER_EXCEPTION, ConfigError, TransformError
from s3sink.record import SinkRecord, TopicPartition
from s3sink.schema import Field, Schema
from s3sink.transforms import NestedReplaceField, ReplaceField

SOURCE = TopicPartition("orders", 3)
LEAF = {"b2": {"c1": "f4"}, "b1": {"c1": "f4"}}
DOCUMENTED = {"abc": 42, "etc": "etc", "foo": {"a1": "k1", "a2": LEAF, "a3": LEAF}, "dont": "whatever"}
RENAMES = ["foo.a2:xyz", "foo:bar", "foo.a3.b1:luck", "foo.a3.b2.c1:happy"]


def record(value: Any, schema: Schema | None = None) -> SinkRecord:
    return SinkRecord(SOURCE, 42, 1500, "lake", value=value, value_schema=schema)


def schema_for(value: Any) -> Schema:
    """A schema of a value made of dicts and numbers, everything optional."""
    if isinstance(value, dict):
        fields = tuple(Field(name, schema_for(item)) for name, item in value.items())
        return Schema(type="struct", optional=True, fields=fields)
    return Schema(type="string" if isinstance(value, str) else "int64", optional=True)


def shape(value: Any) -> Any:
    """The names of a value, or of the values of a schema, as nested dicts in order."""
    if isinstance(value, Schema):
        return {field.name: shape(field.schema) for field in value.fields} if value.type == "struct" else None
    return {name: shape(item) for name, item in value.items()} if isinstance(value, dict) else None


names = st.sampled_from("abc")
values = st.recursive(
    st.dictionaries(names, st.integers(-9, 9)), lambda inner: st.dictionaries(names, inner | st.integers(-9, 9))
)
paths = st.lists(names, min_size=1, max_size=3).map(".".join)
lists = st.lists(paths, max_size=3)
renames = st.dictionaries(paths, st.sampled_from("xyz"), max_size=3)


@given(values, lists, lists, renames)
def test_structs_become_what_maps_become_and_nothing_is_changed(
    value: dict[str, Any], exclude: list[str], include: list[str], new: dict[str, str]
) -> None:
    smt, before = NestedReplaceField(exclude, include, new), deepcopy(value)
    by_map = smt.apply(record(value))
    try:
        by_struct = smt.apply(record(value, schema_for(value)))
    except TransformError as error:
        assert error.connect_class == SCHEMA_BUILDER_EXCEPTION  # noqa: PT017 -- two fields of one new name
    else:
        assert by_struct.value == by_map.value
        assert by_struct.value_schema is not None
        assert shape(by_struct.value_schema) == shape(by_map.value)
    assert value == before


@given(values, st.lists(names), st.lists(names), st.dictionaries(names, st.sampled_from("xyz")))
def test_at_the_top_it_does_what_replace_field_does(
    value: dict[str, Any], exclude: list[str], include: list[str], new: dict[str, str]
) -> None:
    nested, flat = NestedReplaceField(exclude, include, new), ReplaceField(exclude, include, new)
    assert nested.apply(record(value)) == flat.apply(record(value))


@given(values, paths)
def test_excluding_a_path_takes_away_what_including_it_leaves(value: dict[str, Any], path: str) -> None:
    *outer, last = path.split(".")
    left = NestedReplaceField(exclude=[path]).apply(record(value)).value
    only = NestedReplaceField(include=[path]).apply(record(value)).value
    before: Any = value
    for name in outer:
        before, left, only = (part.get(name) if isinstance(part, dict) else None for part in (before, left, only))
    if isinstance(before, dict) and last in before:
        assert only == {last: before[last]}
        assert left == {name: item for name, item in before.items() if name != last}


def test_it_does_what_confluents_documentation_says() -> None:
    smt = from_properties(NestedReplaceField, {"exclude": "dont", "renames": ",".join(RENAMES)})
    expected = {
        "abc": 42, "etc": "etc",
        "bar": {"a1": "k1", "a3": {"b2": {"happy": "f4"}, "luck": {"c1": "f4"}}, "xyz": LEAF},
    }  # fmt: skip
    assert smt.apply(record(DOCUMENTED)).value == expected
    assert smt.apply(record(DOCUMENTED, schema_for(DOCUMENTED))).value == expected
    assert class_name(smt) == "io.confluent.connect.transforms.ReplaceField$Value"


def test_what_an_included_field_is_in_stays_as_far_as_needed() -> None:
    smt = NestedReplaceField(["dont"], ["foo.a3"], RENAMES)
    assert smt.apply(record(DOCUMENTED)).value == {"bar": {"a3": {"b2": {"happy": "f4"}, "luck": {"c1": "f4"}}}}


def test_exclude_wins() -> None:
    smt = NestedReplaceField(exclude=["foo"], include=["foo.a1", "abc"])
    assert smt.apply(record(DOCUMENTED)).value == {"abc": 42}
    inside = NestedReplaceField(exclude=["foo.a2"], include=["foo"])
    assert inside.apply(record(DOCUMENTED)).value == {"foo": {"a1": "k1", "a3": LEAF}}


def test_a_struct_within_a_struct_may_still_be_null_and_has_the_default_that_is_left() -> None:
    fields = (Field("b", Schema(type="int32")), Field("c", Schema(type="int32", default=7)))
    inner = Schema(type="struct", name="I", version=2, optional=True, fields=fields)
    schema = Schema(type="struct", fields=(Field("a", inner), Field("d", inner.replace(default={"b": 1, "c": 2}))))
    done = NestedReplaceField(exclude=["a.b", "d.b"]).apply(record({"a": None, "d": None}, schema))
    assert done.value == {"a": None, "d": {"c": 2}}
    left = inner.replace(fields=fields[1:])
    assert done.value_schema == Schema(
        type="struct", fields=(Field("a", left), Field("d", left.replace(default={"c": 2})))
    )
    kept = NestedReplaceField(exclude=["a.b"], replace_null_with_default=False)
    assert kept.apply(record({"a": None, "d": None}, schema)).value == {"a": None, "d": None}


def test_a_batch_of_documents_becomes_what_rows_become() -> None:
    smt, documents = NestedReplaceField(["dont"], renames=RENAMES), [DOCUMENTED, None, {"foo": 1}]
    batch = RecordBatch(SOURCE, Span(0, 9), raw=list(map(record, documents)), documents=deepcopy(documents))
    done = smt.apply_batch(batch)
    assert done is not None
    assert done.documents() == [smt.apply(record(document)).value for document in documents]


def test_what_has_no_fields_is_refused_and_null_goes_on() -> None:
    smt = NestedReplaceField(["a.b"])
    assert smt.apply(record(None)) == record(None)
    assert smt.apply(record({"a": 5})).value == {"a": 5}
    with pytest.raises(TransformError, match=r"for \[field replacement\], found: java.lang.Long"):
        smt.apply(record(5))


def test_keys_have_fields_too() -> None:
    row = record("v").replace(key={"a": {"b": 1, "c": 2}})
    assert NestedReplaceField(["a.b"], of="key").apply(row) == row.replace(key={"a": {"c": 2}})


def test_wrong_renames_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"Invalid rename mapping: a\.b"):
        NestedReplaceField(renames=["a.b"])
