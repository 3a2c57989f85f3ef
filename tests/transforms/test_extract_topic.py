"""ExtractTopic: the record names its topic."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.class_names import class_name
from s3sink.config import from_properties
from s3sink.errors import DATA_EXCEPTION, ConfigError, TransformError
from s3sink.record import Header, SinkRecord, TopicPartition
from s3sink.schema import Field, Schema
from s3sink.transforms import ExtractTopic

SOURCE = TopicPartition("orders", 3)
TEXT, NUMBER = Schema(type="string", optional=True), Schema(type="int64", optional=True)
INNER = Schema(type="struct", optional=True, fields=(Field("to", TEXT), Field("n", NUMBER)))
OUTER = Schema(type="struct", fields=(Field("to", TEXT), Field("n", NUMBER), Field("in", INNER)))


def record(value: Any, schema: Schema | None = None) -> SinkRecord:
    return SinkRecord(SOURCE, 42, 1500, "lake", value=value, value_schema=schema)


texts = st.none() | st.text(max_size=3)
numbers = st.none() | st.integers(-3, 3)
inner = st.none() | st.fixed_dictionaries({"to": texts, "n": numbers})
values = st.fixed_dictionaries({"to": texts, "n": numbers, "in": inner})
smts = st.builds(
    ExtractTopic,
    st.sampled_from(["to", "n", "in", "x"]),
    st.just("PLAIN"),
    st.booleans(),
) | st.builds(
    ExtractTopic,
    st.sampled_from(["$.to", "$['in']['to']", '$["in"]["n"]', "in.x", "$.x.y"]),
    st.just("JSON_PATH"),
    st.booleans(),
)


def outcome(smt: ExtractTopic, row: SinkRecord) -> str:
    try:
        return smt.apply(row).topic
    except TransformError as error:
        return f"{error.connect_class}: {error.reason.split(':')[0]}"


@given(values, smts)
def test_structs_name_the_topics_that_maps_name_and_nothing_else_changes(value: Any, smt: ExtractTopic) -> None:
    before = deepcopy(value)
    assert outcome(smt, record(value, OUTER)) == outcome(smt, record(value))
    assert value == before
    if not outcome(smt, record(value)).startswith(DATA_EXCEPTION):
        done = smt.apply(record(value))
        assert done == record(value).replace(topic=done.topic)


@given(st.text())
def test_the_topic_is_the_text_wherever_it_is(topic: str) -> None:
    value = {"a": topic, "b": {"c": topic}}
    row = record(value).replace(key=topic, headers=(Header("h", "old"), Header("h", topic), Header("x", "y")))
    for smt in (ExtractTopic("a"), ExtractTopic("$.b.c", "JSON_PATH"), ExtractTopic(of="key"),
                ExtractTopic("h", of="header")):  # fmt: skip
        assert smt.apply(row) == row.replace(topic=topic)


@pytest.mark.parametrize("value", [None, {}, {"a": None}])
def test_what_is_null_or_not_there_is_an_error_or_leaves_the_topic(value: Any) -> None:
    for schema in (None, Schema(type="struct", optional=True, fields=(Field("a", TEXT),))):
        for field, form in (("a", "PLAIN"), ("$.a", "JSON_PATH")):
            row = record(value, schema)
            assert ExtractTopic(field, form, skip_missing_or_null=True).apply(row) is row  # type: ignore[arg-type]
            with pytest.raises(TransformError, match=r"it is null or not there") as caught:
                ExtractTopic(field, form).apply(row)  # type: ignore[arg-type]
            assert caught.value.connect_class == DATA_EXCEPTION
    empty = record(None)
    assert ExtractTopic(skip_missing_or_null=True).apply(empty) is empty
    assert ExtractTopic("h", of="header", skip_missing_or_null=True).apply(empty) is empty
    with pytest.raises(TransformError, match="the header h has no topic"):
        ExtractTopic("h", of="header").apply(empty)


@pytest.mark.parametrize(
    ("value", "schema", "field", "reason"),
    [
        ({"a": 5}, None, "a", "the field a of the value is no text for a topic: java.lang.Long"),
        (5, Schema(type="int8"), "", "the value is no text for a topic: java.lang.Byte"),
        (5, None, "a", "Only Map objects supported in absence of schema for [topic extraction], found: java.lang.Long"),
        ("x", TEXT, "a", "Only Struct objects supported for [topic extraction], found: java.lang.String"),
    ],
)
def test_what_is_no_text_is_an_error_even_when_nulls_are_skipped(
    value: Any, schema: Schema | None, field: str, reason: str
) -> None:
    with pytest.raises(TransformError) as caught:
        ExtractTopic(field, skip_missing_or_null=True).apply(record(value, schema))
    assert caught.value.reason == reason


def test_a_struct_has_its_defaults_and_a_map_with_a_schema_its_members() -> None:
    schema = Schema(type="struct", fields=(Field("a", Schema(type="string", optional=True, default="d")),))
    assert ExtractTopic("a").apply(record({"a": None}, schema)).topic == "d"
    members = Schema(type="map", keys=Schema(type="string"), items=TEXT)
    assert ExtractTopic("a").apply(record({"a": "x"}, members)).topic == "x"


def test_headers_as_read_are_utf8() -> None:
    row = record(None).replace(headers=(Header("h", "é".encode()),))
    assert ExtractTopic("h", of="header").apply(row).topic == "é"
    with pytest.raises(TransformError, match=r"no text for a topic: \[B"):
        ExtractTopic("h", of="header").apply(row.replace(headers=(Header("h", b"\xff"),)))


def test_its_options_have_confluents_keys_and_its_class_confluents_name() -> None:
    properties = {"field": "$.a", "field.format": "JSON_PATH", "skip.missing.or.null": "true"}
    assert from_properties(ExtractTopic, properties) == ExtractTopic("$.a", "JSON_PATH", True)
    smt = from_properties(ExtractTopic, {"field": "h", "field.format": ""}, fixed={"of": "header"})
    assert smt == ExtractTopic("h", of="header")
    assert class_name(smt) == "io.confluent.connect.transforms.ExtractTopic$Header"


@pytest.mark.parametrize(
    ("options", "problems"),
    [
        ({"of": "header"}, {"field": "the name of a header is needed"}),
        ({"field": "$.a", "of": "header", "field_format": "JSON_PATH"}, {"field_format": "headers are read by name"}),
        ({"field": "$[", "field_format": "JSON_PATH"}, {"field": r"Invalid value \$\["}),
        ({"field": "$..a", "field_format": "JSON_PATH"}, {"field": "may lead to several places"}),
        ({"field": "a", "field_format": "plain"}, {"field_format": "must be one of: PLAIN, JSON_PATH"}),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], problems: dict[str, str]) -> None:
    for key, message in problems.items():
        with pytest.raises(ConfigError, match=message) as caught:
            ExtractTopic(**options)
        assert [problem.key for problem in caught.value.problems] == [key]
