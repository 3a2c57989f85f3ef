"""FilterByCondition: a JSON path says which records stay."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.batch import RecordBatch, Span
from s3sink.class_names import class_name
from s3sink.config import from_properties
from s3sink.errors import DATA_EXCEPTION, ConfigError, TransformError
from s3sink.record import SinkRecord, TopicPartition
from s3sink.schema import Field, Schema
from s3sink.transforms import FilterByCondition
from s3sink.transforms._json_path import JsonPath

SOURCE = TopicPartition("orders", 3)
NUMBER, TEXT = Schema(type="int64", optional=True), Schema(type="string", optional=True)
INNER = Schema(type="struct", optional=True, fields=(Field("kind", TEXT), Field("n", NUMBER)))
OUTER = Schema(type="struct", fields=(Field("key", INNER), Field("n", NUMBER)))


def record(value: Any, schema: Schema | None = None) -> SinkRecord:
    return SinkRecord(SOURCE, 42, 1500, "lake", value=value, value_schema=schema)


numbers = st.none() | st.integers(-3, 3)
inner = st.none() | st.fixed_dictionaries({"kind": st.none() | st.sampled_from(["v1", "v2"]), "n": numbers})
values = st.fixed_dictionaries({"key": inner, "n": numbers})
conditions = st.sampled_from(
    ["$.key[?(@.kind == 'v1')]", "$[?(@.n > 0 && @.key.n < 2)]", "$.key.kind", "$.n", "$..kind", "$[?(!@.n)]", "$.x"]
)
types = st.sampled_from(["include", "exclude"])
behaviors = st.sampled_from(["fail", "include", "exclude"])


def outcome(smt: FilterByCondition, row: SinkRecord) -> Any:
    try:
        return smt.apply(row) is not None
    except TransformError as error:
        return error.reason


@given(values, conditions, types, behaviors)
def test_structs_are_filtered_as_maps_are_and_nothing_is_changed(
    value: Any, condition: str, type_: Any, behavior: Any
) -> None:
    smt, before = FilterByCondition(condition, type_, behavior), deepcopy(value)
    assert outcome(smt, record(value, OUTER)) == outcome(smt, record(value))
    assert value == before


@given(values, conditions, behaviors)
def test_what_one_type_keeps_the_other_drops_unless_something_is_missing(
    value: Any, condition: str, behavior: Any
) -> None:
    included = outcome(FilterByCondition(condition, "include", behavior), record(value))
    excluded = outcome(FilterByCondition(condition, "exclude", behavior), record(value))
    if JsonPath(condition).find(value) is None:
        assert included == excluded
        assert isinstance(included, str) if behavior == "fail" else included is (behavior == "include")
    else:
        assert included is not excluded


@given(st.lists(st.none() | values), conditions, types, st.sampled_from(["include", "exclude"]))
def test_a_batch_keeps_the_records_that_rows_keep(
    documents: list[Any], condition: str, type_: Any, behavior: Any
) -> None:
    smt, rows = FilterByCondition(condition, type_, behavior), list(map(record, documents))
    batch = RecordBatch(SOURCE, Span(0, 99), raw=list(rows), documents=deepcopy(documents))
    done = smt.apply_batch(batch)
    assert (done.span, done.documents()) == (Span(0, 99), [row.value for row in rows if smt.apply(row)])


def test_text_stays_text() -> None:
    batch = RecordBatch(SOURCE, Span(0, 9), raw=[record(b'{"a": 1}'), record(b'{"a": 2.50}'), record(b'{"b":1}')])
    done = FilterByCondition("$[?(@.a > 1)]", "include").apply_batch(batch)
    assert (done.holds_documents, done.values()) == (False, [b'{"a": 2.50}'])


@pytest.mark.parametrize(
    ("condition", "value", "answer"),
    [
        ("$.key[?(@.kind == 'v1')]", {"key": {"kind": "v1"}}, True),
        ("$.key[?(@.kind == 'v1')]", {"key": {"kind": "v2"}}, False),
        ("$.key[?(@.kind == 'v1')]", {"key": {}}, False),
        ("$.key[?(@.kind == 'v1')]", {}, None),
        ("$.key[?(@.kind == 'v1')]", {"key": None}, None),
        ("$.key[?(@.kind == 'v1')]", None, None),
        ("$.key", {"key": False}, True),
        ("$.items[?(@.n == 2)]", {"items": [{"n": 1}, {"n": 2}]}, True),
        ("$.items[?(@.n == 3)]", {"items": [{"n": 1}, {"n": 2}]}, False),
    ],
)
def test_missing_behavior_is_for_what_the_path_needs_before_its_filter(
    condition: str, value: Any, answer: bool | None
) -> None:
    for behavior in ("include", "exclude", "fail"):
        smt = FilterByCondition(condition, "include", behavior)
        if answer is None and behavior == "fail":
            with pytest.raises(TransformError) as caught:
                smt.apply(record(value))
            assert caught.value.connect_class == DATA_EXCEPTION
        else:
            assert (smt.apply(record(value)) is not None) == (behavior == "include" if answer is None else answer)


def test_keys_can_be_asked_too() -> None:
    row = SinkRecord(SOURCE, 1, None, "t", key={"id": 5}, value=None)
    assert FilterByCondition("$[?(@.id == 5)]", "include", of="key").apply(row) is row
    assert FilterByCondition("$[?(@.id == 5)]", "exclude", of="key").apply(row) is None


def test_its_options_have_confluents_keys_and_its_class_confluents_name() -> None:
    properties = {"filter.condition": "$.a", "filter.type": "exclude", "missing.or.null.behavior": "include"}
    smt = from_properties(FilterByCondition, properties)
    assert smt == FilterByCondition("$.a", "exclude", "include")
    assert class_name(smt) == "io.confluent.connect.transforms.Filter$Value"


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        from_properties(
            FilterByCondition, {"filter.condition": "$[", "filter.type": "x", "missing.or.null.behavior": ""}
        )
    texts = [(problem.key, problem.message.split(":")[0]) for problem in caught.value.problems]
    assert texts == [
        ("filter.condition", "Invalid value $[ for configuration filter.condition"),
        ("filter.type", "Invalid value x for configuration filter.type"),
        ("missing.or.null.behavior", "Invalid value  for configuration missing.or.null.behavior"),
    ]
