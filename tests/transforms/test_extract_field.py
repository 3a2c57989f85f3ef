"""ExtractField: one field in the place of all."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3sink.batch import RecordBatch, Span
from s3sink.config import from_properties
from s3sink.errors import DATA_EXCEPTION, ILLEGAL_ARGUMENT, ConfigError, TransformError
from s3sink.record import SinkRecord, TopicPartition
from s3sink.schema import Field, Schema
from s3sink.transforms import Chain, ExtractField
from s3sink.transforms._paths import parse_path, path_problem

SOURCE = TopicPartition("orders", 3)
NUMBER = Schema(type="int32", optional=True, default=7)


def record(value: Any, schema: Schema | None = None) -> SinkRecord:
    return SinkRecord(SOURCE, 42, 1500, "lake", value=value, value_schema=schema)


def struct(optional: bool = False, default: Any = None, **fields: Schema) -> Schema:
    row = tuple(Field(name, schema) for name, schema in fields.items())
    return Schema(type="struct", fields=row, optional=optional, default=default)


def nest(steps: list[str], value: Any, schema: Schema) -> tuple[Any, Schema]:
    """The value under these names, and its schema."""
    for step in reversed(steps):
        value, schema = {step: value}, Schema(type="struct", fields=(Field(step, schema),))
    return value, schema


def quoted(name: str) -> str:
    return "`" + name.replace("`.", "\\`.") + "`"


names = st.text(alphabet="ab.`\\ ", max_size=5).filter(lambda name: "\\" not in name and not name.endswith("`"))
paths = st.lists(names, min_size=1, max_size=4)


@given(paths, st.integers() | st.text())
@example(["foo.bar", "baz"], 42)
@example(["a`.b", ""], 1)
@example(["a`b"], 1)
def test_names_in_backticks_lead_to_the_value_with_schema_and_without(steps: list[str], value: Any) -> None:
    path = ".".join(map(quoted, steps))
    assert parse_path(path) == tuple(steps)
    schema = Schema(type="int64" if isinstance(value, int) else "string")
    nested, around = nest(steps, value, schema)
    before, smt = deepcopy(nested), ExtractField(path, "V2")
    assert smt.apply(record(nested)) == record(value)
    assert smt.apply(record(nested, around)) == record(value, schema)
    assert nested == before


@given(st.lists(st.text(alphabet="ab\\ ", min_size=1), min_size=1))
def test_names_without_dots_and_backticks_need_no_quotes(steps: list[str]) -> None:
    assert parse_path(".".join(steps)) == tuple(steps)


@given(st.text(alphabet="a.`\\", min_size=1))
def test_any_path_is_read_or_refused_for_its_backticks(path: str) -> None:
    assert parse_path(path, "v1") == (path,)
    problem = path_problem("field", path, "V2")
    if problem is None:
        assert parse_path(path)
    else:
        assert problem.message.startswith(f"Incomplete backtick pair in path: [{path}]")


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("a", ("a",)), ("a.b", ("a", "b")), ("a.", ("a", "")), (".a", ("", "a")), ("a..b", ("a", "", "b")),
        (".", ("", "")), ("`a`", ("a",)), ("``", ("",)), ("`a`.", ("a", "")), ("`a.b`.`c.d`", ("a.b", "c.d")),
        ("a`b.c", ("a`b", "c")), ("`a`b`.c", ("a`b", "c")), ("`a\\`.b`.c", ("a`.b", "c")), ("`a\\`b`", ("a\\`b",)),
        ("a\\.b", ("a\\", "b")), ("`a``", ("a`",)),
    ],
)  # fmt: skip
def test_paths_are_read_as_kip_821_says(path: str, steps: tuple[str, ...]) -> None:
    assert parse_path(path) == steps


@pytest.mark.parametrize(("path", "position"), [("`a", 0), ("a.`b", 2), ("`", 0), ("`a`b", 0), ("`a\\`", 0)])
def test_a_backtick_without_its_other_is_refused(path: str, position: int) -> None:
    with pytest.raises(ConfigError) as caught:
        ExtractField(path, "V2")
    (problem,) = caught.value.problems
    hint = f"consider adding a backslash before backtick at position {position} to escape it"
    assert problem == ("field", f"Incomplete backtick pair in path: [{path}], {hint}")
    assert ExtractField(path).apply(record({path: 1})).value == 1


def test_the_syntax_version_is_one_of_two_in_any_case() -> None:
    assert from_properties(ExtractField, {"field": "a.b", "field.syntax.version": "v2"}) == ExtractField("a.b", "V2")
    with pytest.raises(ConfigError) as caught:
        from_properties(ExtractField, {"field": "a", "field.syntax.version": "V3"})
    message = "Invalid value V3 for configuration field.syntax.version: "
    expected = ("field.syntax.version", message + "String must be one of (case insensitive): V1, V2")
    assert list(caught.value.problems) == [expected]


def test_an_empty_path_leads_nowhere_but_an_empty_name_may_be_there() -> None:
    assert ExtractField("").apply(record({"": 1})).value == 1
    with pytest.raises(ConfigError, match="An empty path"):
        ExtractField("", "V2")


@given(st.lists(st.none() | st.dictionaries(st.sampled_from("ab"), st.integers() | st.none())))
def test_a_chain_and_a_batch_of_documents_do_what_is_done_to_each_row(values: list[Any]) -> None:
    smt, rows = ExtractField("a"), [record(value) for value in values]
    expected = [smt.apply(row) for row in rows]
    assert list(Chain([smt]).apply(RecordBatch(SOURCE, Span(0, 99), rows=rows))[0].records()) == expected
    documents = RecordBatch(SOURCE, Span(0, 99), raw=list(rows), documents=deepcopy(values))
    assert smt.apply_batch(documents).documents() == [row.value for row in expected]


def test_without_schema_what_is_not_there_is_null() -> None:
    for path, value in [("x", {"a": 1}), ("a.b", {"a": None}), ("a.b", {}), ("a.b", None), ("a.b", {"a": {}})]:
        assert ExtractField(path, "V2").apply(record(value)) == record(None)


def test_with_a_schema_a_field_that_is_not_there_is_an_error() -> None:
    schema = struct(a=struct(b=NUMBER))
    for path, version in [("x", "V1"), ("a.b", "V1"), ("a.x", "V2"), ("x.b", "V2")]:
        for value in ({"a": {"b": 1}}, None):
            with pytest.raises(TransformError) as caught:
                ExtractField(path, version).apply(record(value, schema))
            assert (caught.value.reason, caught.value.connect_class) == (f"Unknown field: {path}", ILLEGAL_ARGUMENT)


@pytest.mark.parametrize(
    ("value", "schema", "path", "reason"),
    [
        (5, None, "a", "Only Map objects supported in absence of schema for [field extraction], found: java.lang.Long"),
        ({"a": 5}, None, "a.b", "Only Map objects supported in absence of schema for [nested field access], found: "
                                "java.lang.Long"),
        ("s", Schema(type="string"), "a", "Only Struct objects supported for [field extraction], found: "
                                          "java.lang.String"),
        (None, Schema(type="string"), "a", "Cannot look up fields on non-struct type"),
        ({"a": 5}, struct(a=NUMBER), "a.b", "Cannot look up fields on non-struct type"),
    ],
)  # fmt: skip
def test_what_has_no_fields_is_refused(value: Any, schema: Schema | None, path: str, reason: str) -> None:
    with pytest.raises(TransformError) as caught:
        ExtractField(path, "V2").apply(record(value, schema))
    assert (caught.value.reason, caught.value.connect_class) == (reason, DATA_EXCEPTION)


@pytest.mark.parametrize(("replace", "expected"), [(True, 7), (False, None)])
def test_null_becomes_the_default_or_stays(replace: bool, expected: int | None) -> None:
    smt = ExtractField("a", replace_null_with_default=replace)
    assert smt.apply(record({"a": None}, struct(a=NUMBER))) == record(expected, NUMBER)


def test_null_stays_null_and_gets_the_fields_schema() -> None:
    assert ExtractField("a").apply(record(None, struct(a=NUMBER))) == record(None, NUMBER)
    optional = struct(a=struct(optional=True, b=NUMBER))
    assert ExtractField("a.b", "V2").apply(record({"a": None}, optional)) == record(None, NUMBER)


def test_a_struct_on_the_way_that_is_null_is_its_default() -> None:
    schema = struct(a=struct(optional=True, default={"b": 3}, b=NUMBER))
    for replace in (True, False):
        smt = ExtractField("a.b", "V2", replace_null_with_default=replace)
        assert smt.apply(record({"a": None}, schema)).value == 3


def test_keys_have_fields_too() -> None:
    row = record("v").replace(key={"id": 5}, key_schema=struct(id=NUMBER))
    assert ExtractField("id", of="key").apply(row) == row.replace(key=5, key_schema=NUMBER)
