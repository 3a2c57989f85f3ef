"""Debezium's unwrap: what is added to rows and headers, and routes; with schema and without."""

from __future__ import annotations

from typing import Any

import pytest

from s3sink.errors import SCHEMA_BUILDER_EXCEPTION, TransformError
from s3sink.record import Header, SinkRecord
from s3sink.schema import Field, Schema
from s3sink.transforms import ExtractNewRecordState
from tests.transforms.change_events import (
    BLOCK_OF_PLACE,
    DELETE,
    ENVELOPE,
    INT,
    NEW,
    OLD,
    ROW,
    SOURCE,
    TAGS,
    TEXT,
    event,
    record,
    unwrapped,
)


# ---------------------------------------------------------------------------------------------- added fields
@pytest.mark.parametrize(
    ("reference", "name", "value", "schema"),
    [
        ("op", "__op", "u", TEXT),
        ("ts_ms", "__ts_ms", 7, INT.replace(optional=True)),
        (" table ", "__table", "customers", TEXT),
        ("source.ts_ms", "__source_ts_ms", 5, INT.replace(optional=True)),
        ("source.ts_ms:when", "__when", 5, INT.replace(optional=True)),
        ("op::", "__op", "u", TEXT),
        ("op..", "__op", "u", TEXT),
        ("ts_ms.:t", "__t", 7, INT.replace(optional=True)),
        ("id", "__id", None, TEXT.replace(doc="of it")),
        ("transaction.id", "__transaction_id", None, TEXT.replace(doc="of it")),
        ("before.note", "__before_note", "old", TEXT),
        ("after.tags:t", "__t", ["x"], TAGS),
        ("before.id.more", "__before_id", 1, INT.replace(optional=True)),
        ("source.op", "__source_op", "u", TEXT),
    ],
)
@pytest.mark.parametrize("typed", [True, False])
def test_a_reference_adds_what_it_refers_to(reference: str, name: str, value: Any, schema: Schema, typed: bool) -> None:
    result = unwrapped(event(), typed, add_fields=[reference], add_headers=[reference])
    assert result.value == NEW | {name: value}
    assert list(result.value)[-1] == name
    assert result.headers == (Header(name, value, schema if typed else None),)
    if typed:
        assert result.value_schema == ROW.replace(optional=False, fields=(*ROW.fields, Field(name, schema)))


@pytest.mark.parametrize("reference", ["nope", "source.nope", "", "before.nope", ":alias"])
@pytest.mark.parametrize("typed", [True, False])
def test_what_an_event_does_not_have_is_left_out(reference: str, typed: bool) -> None:
    result = unwrapped(event(), typed, add_fields=[reference, "op"], add_headers=[reference, "op"])
    assert result.value == NEW | {"__op": "u"}
    assert [header.key for header in result.headers] == ["__op"]


@pytest.mark.parametrize(
    ("reference", "complaint"),
    [("nope.x", "Unknown struct in the change event: nope"), ("op.x", "Cannot look up fields on non-struct type")],
)
@pytest.mark.parametrize("option", ["add_fields", "add_headers"])
@pytest.mark.parametrize("typed", [True, False])
def test_a_struct_that_no_event_has_is_an_error(reference: str, complaint: str, option: str, typed: bool) -> None:
    options: dict[str, Any] = {option: [reference]}
    with pytest.raises(TransformError, match=complaint):
        unwrapped(event(), typed, **options)


def test_a_struct_can_be_added_to_a_map_only() -> None:
    assert unwrapped(event(), False, add_fields=["before"]).value["__before"] == OLD
    assert unwrapped(event(before=None), add_fields=["before"]).value["__before"] is None
    with pytest.raises(TransformError, match=r"Struct schemas do not match\."):
        unwrapped(event(), add_fields=["before"])
    assert unwrapped(event(), add_headers=["source"]).headers == (
        Header("__source", event()["source"], BLOCK_OF_PLACE),
    )


@pytest.mark.parametrize(
    "options",
    [
        {"add_fields": ["op:note"], "add_fields_prefix": ""},
        {"add_fields": ["op", "op"]},
        {"add_fields": ["op:__deleted"], "add_fields_prefix": "", "delete_tombstone_handling_mode": "rewrite"},
    ],
)
@pytest.mark.parametrize("typed", [True, False])
def test_no_column_is_overwritten(options: dict[str, Any], typed: bool) -> None:
    with pytest.raises(TransformError, match="Cannot create field because of field name duplication") as caught:
        unwrapped(event(), typed, **options)
    assert caught.value.connect_class == SCHEMA_BUILDER_EXCEPTION


@pytest.mark.parametrize("typed", [True, False])
def test_added_fields_come_behind_the_mark_of_deletes(typed: bool) -> None:
    options: dict[str, Any] = {
        "delete_tombstone_handling_mode": "rewrite",
        "add_fields": ["op", "table:t"],
        "add_fields_prefix": "_",
    }
    assert list(unwrapped(DELETE, typed, **options).value.items()) == [
        *OLD.items(),
        ("__deleted", "true"),
        ("_op", "d"),
        ("_t", "customers"),
    ]
    assert unwrapped(DELETE, typed, add_fields=["op"]).value is None


# ---------------------------------------------------------------------------------------------- headers
def test_headers_are_appended_and_have_their_own_prefix() -> None:
    first = Header("a", b"x")
    result = unwrapped(DELETE, True, (first,), add_headers=["op", "source.table"], add_headers_prefix="h-")
    assert result.headers == (first, Header("h-op", "d", TEXT), Header("h-source_table", "customers", TEXT))


def test_a_tombstone_that_is_kept_says_that_it_is_one() -> None:
    options: dict[str, Any] = {
        "delete_tombstone_handling_mode": "rewrite-with-tombstone",
        "add_headers": ["op:kind", "table", "op"],
    }
    op = Schema(type="string")
    assert unwrapped(None, **options).headers == (Header("__kind", "d", op), Header("__op", "d", op))


@pytest.mark.parametrize("value", [{"ts_ms": 1}, "text", None])
def test_what_is_no_change_event_gets_no_headers(value: Any) -> None:
    given_record = SinkRecord(SOURCE, 1, 2, "heartbeat", None, value, (), None, Schema(type="struct", name="Heartbeat"))
    result = ExtractNewRecordState("rewrite-with-tombstone", add_headers=["table"]).apply(given_record)
    assert result is given_record


# ---------------------------------------------------------------------------------------------- routes
@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("t2", "t2"),
        (None, SOURCE.topic),
        ("", SOURCE.topic),
        (" ", SOURCE.topic),
        ("\x00 \t", SOURCE.topic),
        ("\u3000", "\u3000"),
    ],
)
@pytest.mark.parametrize("typed", [True, False])
def test_a_column_can_say_the_topic(text: str | None, topic: str, typed: bool) -> None:
    change = event(after=NEW | {"note": text})
    delete = event("d", OLD | {"note": text}, None)
    assert unwrapped(change, typed, route_by_field="note").topic == topic
    assert unwrapped(delete, typed, route_by_field="note").topic == topic


@pytest.mark.parametrize(
    ("operation", "mode", "replace_null_with_default", "topic"),
    [
        ("c", "rewrite", True, "t3"),
        ("c", "rewrite", False, SOURCE.topic),
        ("d", "rewrite", True, SOURCE.topic),
        ("c", "tombstone", True, SOURCE.topic),
    ],
)
def test_a_column_that_is_null_says_its_default_where_the_row_of_a_change_is_rewritten(
    operation: str, mode: str, replace_null_with_default: bool, topic: str
) -> None:
    columns = (Field("note", TEXT.replace(default="t3")),)
    row = Schema(type="struct", optional=True, fields=columns)
    envelope = ENVELOPE.replace(fields=(Field("before", row), Field("after", row), *ENVELOPE.fields[2:]))
    rows = (None, {"note": None}) if operation == "c" else ({"note": None}, None)
    unwrap = ExtractNewRecordState(mode, route_by_field="note", replace_null_with_default=replace_null_with_default)
    result = unwrap.apply(record(event(operation, *rows)).replace(value_schema=envelope))
    assert result is not None
    assert result.topic == topic


@pytest.mark.parametrize(
    ("column", "complaint"),
    [("nope", "nope is not a valid field name"), ("id", "Field 'id' is not of type STRING")],
)
@pytest.mark.parametrize("typed", [True, False])
def test_a_route_needs_a_column_of_text(column: str, complaint: str, typed: bool) -> None:
    with pytest.raises(TransformError, match=complaint):
        unwrapped(event(), typed, route_by_field=column)
    dropped = ExtractNewRecordState("drop", route_by_field=column)
    assert dropped.apply(record(DELETE, typed)) is None


def test_the_topic_stays_unless_a_column_says_it() -> None:
    assert ExtractNewRecordState(route_by_field="").keeps_topic
    assert not ExtractNewRecordState(route_by_field="x").keeps_topic
    assert not ExtractNewRecordState(route_by_field="x").takes_batches
