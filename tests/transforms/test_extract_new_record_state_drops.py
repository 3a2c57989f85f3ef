"""Debezium's unwrap: columns that a header names are left out; what holds for all options together."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3sink.errors import TransformError
from s3sink.record import Header, SinkRecord
from s3sink.schema import Field, Schema
from s3sink.transforms import ExtractNewRecordState
from tests.transforms.change_events import (
    DELETE,
    ENVELOPE,
    INT,
    KEY,
    NEW,
    OLD,
    ROW,
    TAGS,
    TEXT,
    event,
    record,
    unwrapped,
)


# ---------------------------------------------------------------------------------------------- dropped fields
def header(*names: str | None) -> tuple[Header, ...]:
    return (Header("drop", list(names), TAGS), Header("drop", ["of", "another", "tags"], TAGS))


def test_a_header_says_which_optional_columns_to_leave_out() -> None:
    result = unwrapped(event(), True, header("id", "note", None, "nope"), drop_fields_header_name="drop")
    assert result.value == {"id": 1, "tags": ["x"]}
    assert result.value_schema == ROW.replace(optional=False, fields=(ROW.fields[0], ROW.fields[2]))
    assert (result.key, result.key_schema) == ({"id": 1, "note": "k"}, KEY)
    assert result.headers == header("id", "note", None, "nope")


@pytest.mark.parametrize(
    ("options", "value", "key"),
    [
        ({"drop_fields_from_key": True}, {"id": 1, "tags": ["x"]}, {"id": 1}),
        ({"drop_fields_keep_schema_compatible": False}, {"tags": ["x"]}, {"id": 1, "note": "k"}),
        ({"drop_fields_keep_schema_compatible": False, "drop_fields_from_key": True}, {"tags": ["x"]}, {}),
    ],
)
def test_required_columns_and_keys_are_left_out_when_asked(
    options: dict[str, Any], value: dict[str, Any], key: dict[str, Any]
) -> None:
    result = unwrapped(event(), True, header("id", "note"), drop_fields_header_name="drop", **options)
    assert (result.value, result.key) == (value, key)
    assert result.value_schema is not None
    assert [field.name for field in result.value_schema.fields] == list(value)
    assert result.key_schema is not None
    assert [field.name for field in result.key_schema.fields] == list(key)


@pytest.mark.parametrize("value", [event(), DELETE])
@pytest.mark.parametrize(
    ("schema", "keeps_required", "complaint"),
    [
        (INT, True, "Cannot list fields on non-struct type"),
        (INT, False, "Only Struct objects supported for [field replacement], found: java.lang.Integer"),
        (None, False, "Only Map objects supported in absence of schema for [field replacement], found: java.lang.Long"),
    ],
)
def test_a_key_without_fields_is_refused(
    value: Any, schema: Schema | None, keeps_required: bool, complaint: str
) -> None:
    unwrap = ExtractNewRecordState(
        drop_fields_header_name="drop",
        drop_fields_from_key=True,
        drop_fields_keep_schema_compatible=keeps_required,
    )
    given_record = record(value, True, header("note"))
    with pytest.raises(TransformError) as caught:
        unwrap.apply(given_record.replace(key=5, key_schema=schema))
    assert caught.value.reason == complaint
    result = unwrap.apply(given_record.replace(key=None, key_schema=schema))
    assert result is not None
    assert (result.key, result.key_schema) == (None, schema)


@pytest.mark.parametrize(("keeps_required", "note"), [(True, None), (False, "d")])
def test_null_becomes_its_default_even_where_there_is_nothing_to_leave_out(keeps_required: bool, note: Any) -> None:
    row = ROW.replace(fields=(Field("id", INT), Field("note", TEXT.replace(default="d"))))
    envelope = ENVELOPE.replace(fields=(Field("before", row), Field("after", row), *ENVELOPE.fields[2:]))
    unwrap = ExtractNewRecordState(drop_fields_header_name="drop", drop_fields_keep_schema_compatible=keeps_required)
    given_record = record(event("c", None, {"id": 1, "note": None}), True, header("nope"))
    result = unwrap.apply(given_record.replace(value_schema=envelope))
    assert result is not None
    assert result.value == {"id": 1, "note": note}


def test_without_a_schema_no_column_is_required() -> None:
    options: dict[str, Any] = {"drop_fields_header_name": "drop", "drop_fields_from_key": True}
    for headers in (header("id", "note"), (Header("drop", b'["id","note"]'),)):
        result = unwrapped(event(), False, headers, **options)
        assert (result.value, result.key) == ({"tags": ["x"]}, {})
    assert unwrapped(event(), False, (), **options).value == NEW


@pytest.mark.parametrize("typed", [True, False])
def test_added_fields_can_be_dropped_from_changes_but_not_from_deletes(typed: bool) -> None:
    options: dict[str, Any] = {
        "delete_tombstone_handling_mode": "rewrite",
        "add_fields": ["op"],
        "drop_fields_header_name": "drop",
    }
    assert list(unwrapped(event(), typed, header("__op", "note"), **options).value) == ["id", "tags", "__deleted"]
    assert list(unwrapped(DELETE, typed, header("__op"), **options).value) == [*OLD, "__deleted", "__op"]


@pytest.mark.parametrize("value", ["note", b"note", b'{"a":1}', b"\xff", 5])
def test_a_header_that_is_no_list_is_refused(value: Any) -> None:
    with pytest.raises(TransformError, match="the header drop is no list of field names"):
        unwrapped(event(), True, (Header("drop", value),), drop_fields_header_name="drop")


def test_a_header_of_null_drops_nothing() -> None:
    assert unwrapped(event(), True, (Header("drop", None),), drop_fields_header_name="drop").value is not None
    assert unwrapped(DELETE, True, header("note"), drop_fields_header_name="drop").value is None


# ---------------------------------------------------------------------------------------------- properties
REFERENCES = [
    "op",
    "ts_ms",
    "table",
    "source.table",
    "transaction.id",
    "id",
    "before.id",
    "after.note:n",
    "nope",
    "op:a",
]
REFERENCES += ["source.op", "op:note", "nope.x", "op.x"]
MODES = [None, "drop", "tombstone", "rewrite", "rewrite-with-tombstone", "delete-to-tombstone"]
OPTIONS = st.fixed_dictionaries(
    {
        "delete_tombstone_handling_mode": st.sampled_from(MODES),
        "add_fields": st.lists(st.sampled_from(REFERENCES), max_size=3),
        "add_headers": st.lists(st.sampled_from(REFERENCES), max_size=3),
        "add_fields_prefix": st.sampled_from(["", "__"]),
        "route_by_field": st.sampled_from([None, None, "note", "id", "nope"]),
        "drop_fields_header_name": st.sampled_from([None, "drop"]),
        "drop_fields_from_key": st.booleans(),
        "delete_handling_mode": st.sampled_from([None, "rewrite"]),
    }
)
ROWS = st.none() | st.builds(
    lambda number, note, tags: {"id": number, "note": note, "tags": tags},
    st.integers(-5, 5),
    st.none() | st.text(max_size=3),
    st.none() | st.just(["x"]),
)
EVENTS = st.builds(event, st.sampled_from("crudt"), ROWS, ROWS, st.none() | st.just({"id": "571"}))
HEADERS = st.lists(st.lists(st.sampled_from(["id", "note", "__op", "a", "x"]), max_size=3), max_size=2)


def answer(unwrap: ExtractNewRecordState, given_record: SinkRecord) -> Any:
    """What becomes of a record, in words that schemas have no part in."""
    try:
        result = unwrap.apply(given_record)
    except TransformError:
        return "error"
    if result is None:
        return "dropped"
    if result.value is not None and result.value_schema is not None:
        assert [field.name for field in result.value_schema.fields] == list(result.value)
    items = None if result.value is None else list(result.value.items())
    return result.topic, result.key, items, [header[:2] for header in result.headers]


@given(OPTIONS, st.none() | EVENTS, HEADERS)
@example({"add_fields": ["op:note"], "add_fields_prefix": "", "drop_fields_header_name": "drop"}, DELETE, [["note"]])
def test_schemas_make_no_difference_and_records_are_never_changed(
    options: dict[str, Any], value: Any, dropped: list[list[str]]
) -> None:
    unwrap = ExtractNewRecordState(**options, drop_fields_keep_schema_compatible=False)
    headers = tuple(Header("drop", names) for names in dropped)
    typed, plain = record(value, True, headers), record(value, False, headers)
    before = copy.deepcopy((value, dropped))
    assert answer(unwrap, typed) == answer(unwrap, typed) == answer(unwrap, plain)
    assert (typed.value, [list(header.value) for header in typed.headers]) == before
