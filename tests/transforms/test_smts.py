"""The SMTs that edit fields, in the ways that Connect's own tests ask for."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.config import from_properties
from s3sink.errors import SCHEMA_BUILDER_EXCEPTION, ConfigError, TransformError
from s3sink.record import SinkRecord, TopicPartition
from s3sink.schema import DATE, DECIMAL, TIMESTAMP, Field, Schema
from s3sink.transforms import InsertField, MaskField, ReplaceField

SOURCE = TopicPartition("orders", 3)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TEXT, INT8, INT32 = Schema(type="string"), Schema(type="int8"), Schema(type="int32")
WITH_DEFAULT = Schema(type="string", optional=True, default="d")


def record(value: Any, schema: Schema | None = None, **changes: Any) -> SinkRecord:
    return SinkRecord(SOURCE, 42, 1500, "lake", value=value, value_schema=schema).replace(**changes)


def struct(optional: bool = False, **fields: Schema) -> Schema:
    row = tuple(Field(name, schema) for name, schema in fields.items())
    return Schema(type="struct", fields=row, name="n", version=2, doc="d", optional=optional)


SMTS = st.sampled_from(
    [
        MaskField(["a", "b"]),
        MaskField(["a"], replacement="7"),
        InsertField(topic_field="a", offset_field="z", timestamp_field="t"),
        ReplaceField(exclude=["a"]),
        ReplaceField(include=["a", "b"], renames={"a": "c"}),
    ]
)
MAPS = st.dictionaries(st.sampled_from("abcz"), st.none() | st.integers() | st.text() | st.floats())


@given(SMTS, MAPS)
def test_no_smt_touches_its_argument(smt: MaskField | InsertField | ReplaceField, value: dict[str, Any]) -> None:
    given_record, before = record(value), repr(value)
    result = smt.apply(given_record)
    assert repr(given_record.value) == before
    assert result.value is not value
    assert (result.source, result.offset, result.timestamp, result.topic) == (SOURCE, 42, 1500, "lake")


@pytest.mark.parametrize(
    ("smt", "purpose"),
    [
        (MaskField(["a"]), "mask fields"),
        (InsertField("t"), "field insertion"),
        (ReplaceField(["a"]), "field replacement"),
    ],
)
def test_what_has_no_fields_is_refused_with_connects_words(smt: MaskField, purpose: str) -> None:
    for value, schema, complaint in [
        ("s", None, f"Only Map objects supported in absence of schema for [{purpose}], found: java.lang.String"),
        (5, INT8, f"Only Struct objects supported for [{purpose}], found: java.lang.Byte"),
    ]:
        with pytest.raises(TransformError) as caught:
            smt.apply(record(value, schema))
        assert caught.value.reason == complaint


@pytest.mark.parametrize("schema", [None, struct(a=TEXT)])
def test_a_tombstone_passes_all_but_the_mask(schema: Schema | None) -> None:
    tombstone = record(None, schema)
    assert InsertField("t").apply(tombstone) is tombstone
    assert ReplaceField(["a"]).apply(tombstone) is tombstone
    with pytest.raises(TransformError, match="found: null"):
        MaskField(["a"]).apply(tombstone)


def test_keys_can_be_edited_too() -> None:
    given_record = record("v", key={"k": "secret", "b": 2})
    assert MaskField(["k"], of="key").apply(given_record).key == {"k": "", "b": 2}
    assert InsertField("t", of="key").apply(given_record).key == {"k": "secret", "b": 2, "t": "lake"}
    assert ReplaceField(["b"], of="key").apply(given_record) == given_record.replace(key={"k": "secret"})


# ---------------------------------------------------------------------------------------------- MaskField
@pytest.mark.parametrize(
    ("value", "nothing"),
    [(True, False), (5, 0), (1.5, 0.0), ("x", ""), (Decimal("1.50"), Decimal(0)), ([1], []), ({"a": 1}, {}),
     (None, None), (date(2026, 1, 2), date(1970, 1, 1)), (time(4), time(0)), (datetime(2026, 1, 2, tzinfo=UTC), EPOCH)],
)  # fmt: skip
def test_a_mask_leaves_nothing_in_the_same_type(value: Any, nothing: Any) -> None:
    masked = MaskField(["f"]).apply(record({"f": value, "keep": 1})).value
    assert repr(masked) == repr({"f": nothing, "keep": 1})


def test_masked_lists_and_maps_are_not_shared() -> None:
    mask = MaskField(["f"])
    mask.apply(record({"f": [1]})).value["f"].append("leak")
    assert mask.apply(record({"f": [1]})).value == {"f": []}


@pytest.mark.parametrize(
    ("value", "schema", "replacement", "masked"),
    [
        ("abc", TEXT, "123", "123"),
        (5, INT8, "300", 44),
        (5, None, "12.7", 12),
        (5, None, "\u0663", 3),
        (5, None, "1e20", (10**20 + 2**63) % 2**64 - 2**63),
        (5.0, None, "1.25", 1.25),
        (5.0, Schema(type="float32"), "0.1234567890123", 0.12345679),
        (Decimal("9.99"), Schema(type="bytes", name=DECIMAL), "1.50", Decimal("1.50")),
    ],
)
def test_a_replacement_takes_the_type_of_what_it_replaces(
    value: Any, schema: Schema | None, replacement: str, masked: Any
) -> None:
    given_record = record({"f": value}, schema and struct(f=schema))
    assert repr(MaskField(["f"], replacement).apply(given_record).value) == repr({"f": masked})


@pytest.mark.parametrize(
    ("value", "schema", "replacement", "complaint"),
    [
        (b"\1", None, None, "Cannot mask value of type: class [B"),
        ({"x": 1}, struct(x=INT8), None, "Cannot mask value of type: class org.apache.kafka.connect.data.Struct"),
        (5, None, "abc", "Unable to convert abc (class java.lang.String) to a number"),
        (5, None, "NaN", "Unable to convert NaN (class java.lang.String) to a number"),
        (Decimal(1), None, "abc", "Unable to convert abc (class java.lang.String) to number"),
        (True, None, "true", "Cannot mask value of type class java.lang.Boolean with custom replacement."),
        (date(2026, 1, 1), Schema(type="int32", name=DATE), "1", "Cannot mask value of type class java.util.Date with"),
    ],
)
def test_what_cannot_be_masked_is_refused(value: Any, schema: Schema | None, replacement: str, complaint: str) -> None:
    with pytest.raises(TransformError) as caught:
        MaskField(["f"], replacement).apply(record({"f": value}, schema and struct(f=schema)))
    assert caught.value.reason.startswith(complaint)


def test_a_field_that_is_not_there_is_added_as_null_only_without_schema() -> None:
    assert MaskField(["nope"]).apply(record({"a": 1})).value == {"a": 1, "nope": None}
    given_record = record({"a": 1}, struct(a=INT32))
    assert MaskField(["nope"]).apply(given_record) == given_record


@pytest.mark.parametrize(("replace", "expected"), [(True, "d"), (False, None)])
def test_null_in_other_fields_becomes_their_default(replace: bool, expected: str | None) -> None:
    given_record = record({"a": None, "b": "x"}, struct(a=WITH_DEFAULT, b=TEXT))
    smts = [MaskField(["b"], replace_null_with_default=replace), InsertField("t", replace_null_with_default=replace)]
    for smt in [*smts, ReplaceField(["b"], replace_null_with_default=replace)]:
        assert smt.apply(given_record).value["a"] == expected  # type: ignore[attr-defined]


def test_null_in_a_required_field_is_refused() -> None:
    with pytest.raises(TransformError, match='null used for required field: "a", schema type: INT32'):
        MaskField(["b"]).apply(record({"a": None, "b": "x"}, struct(a=INT32, b=TEXT)))


# ---------------------------------------------------------------------------------------------- InsertField
ALL = InsertField("topic!", "part", "off?", "ts", "static", "s")


def test_fields_are_inserted_in_connects_order() -> None:
    expected = {"a": 1, "topic": "lake", "part": 3, "off": 42, "ts": 1500, "static": "s"}
    assert list(ALL.apply(record({"a": 1})).value.items()) == list(expected.items())


def test_with_a_schema_inserted_fields_have_one() -> None:
    result = ALL.apply(record({"a": 1}, struct(a=INT32, optional=True)))
    maybe = {"optional": True}
    assert result.value["ts"] == datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC)
    assert result.value_schema == struct(
        a=INT32,
        topic=TEXT,
        part=INT32.replace(**maybe),
        off=Schema(type="int64", **maybe),  # type: ignore[arg-type]
        ts=Schema(type="int64", name=TIMESTAMP, version=1, optional=True),
        static=TEXT.replace(**maybe),
    )
    assert ALL.apply(record({"a": 1}, struct(a=INT32, optional=True))).value_schema is result.value_schema


def test_a_record_without_timestamp_gets_none() -> None:
    smt = InsertField(timestamp_field="ts!")
    assert smt.apply(record({"a": 1}, timestamp=None)).value == {"a": 1}
    assert smt.apply(record({"a": 1}, struct(a=INT32), timestamp=None)).value == {"a": 1, "ts": None}


def test_a_taken_name_is_overwritten_or_with_a_schema_refused() -> None:
    assert InsertField("a").apply(record({"a": 1})).value == {"a": "lake"}
    with pytest.raises(TransformError, match="Cannot create field because of field name duplication a"):
        InsertField("a").apply(record({"a": 1}, struct(a=INT32)))


# ---------------------------------------------------------------------------------------------- ReplaceField
ROW = {"dont": "w", "abc": 42, "foo": True, "etc": "e"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ROW),
        ({"exclude": ["dont", "etc"]}, {"abc": 42, "foo": True}),
        ({"include": ["abc", "foo"], "exclude": ["foo"]}, {"abc": 42}),
        ({"include": ["xyz"], "renames": ["abc:xyz"]}, {}),
        ({"include": ["abc", "foo"], "renames": {"abc": "xyz", "foo": "bar"}}, {"xyz": 42, "bar": True}),
        ({"exclude": ["foo", "etc"], "renames": {"dont": "abc"}}, {"abc": 42}),
    ],
)
def test_fields_are_chosen_by_old_names_and_then_renamed(options: Any, expected: dict[str, Any]) -> None:
    assert list(ReplaceField(**options).apply(record(ROW)).value.items()) == list(expected.items())


def test_with_a_schema_the_schema_is_replaced_too() -> None:
    schema = struct(optional=True, dont=TEXT, abc=INT32, foo=Schema(type="boolean"), etc=TEXT)
    result = ReplaceField(exclude=["dont"], renames=["abc:xyz", "foo:bar:"]).apply(record(ROW, schema))
    assert result.value == {"xyz": 42, "bar": True, "etc": "e"}
    assert result.value_schema == struct(xyz=INT32, bar=Schema(type="boolean"), etc=TEXT)
    with pytest.raises(TransformError, match="field name duplication etc"):
        ReplaceField(renames=["abc:etc"]).apply(record(ROW, schema))


def test_a_struct_with_the_new_name_and_without_the_old_one_is_refused_as_in_connect() -> None:
    given_record = record({"new": 5}, struct(new=INT32))
    with pytest.raises(TransformError) as caught:
        ReplaceField(renames=["old:new"]).apply(given_record)
    assert caught.value.reason == "old is not a valid field name"
    assert ReplaceField(renames=["old:other"]).apply(given_record).value == {"new": 5}


def test_no_field_of_a_struct_is_without_a_name() -> None:
    with pytest.raises(TransformError) as caught:
        InsertField("!").apply(record({}, struct()))
    assert (caught.value.reason, caught.value.connect_class) == ("fieldName cannot be null.", SCHEMA_BUILDER_EXCEPTION)
    assert InsertField("!").apply(record({})).value == {"": "lake"}


# ---------------------------------------------------------------------------------------------- options
OPTION, BAD, BAD_RENAME = "Configuration", "Invalid value", "Invalid rename mapping"
NO_VALUE = "No value specified for static field"


@pytest.mark.parametrize(
    ("smt", "properties", "complaint"),
    [
        (MaskField, {}, 'Missing required configuration "fields" which has no default value.'),
        (MaskField, {"fields": ""}, f"{OPTION} 'fields' must not be empty. Valid values include: any non-empty value"),
        (MaskField, {"fields": "a,,b"}, f"{OPTION} 'fields' values must not be empty."),
        (
            MaskField,
            {"fields": "a", "replacement": ""},
            f"{BAD}  for configuration replacement: String must be non-empty",
        ),
        (InsertField, {}, "No field insertion configured"),
        (InsertField, {"static.value": "x"}, "No field insertion configured"),
        (InsertField, {"static.field": "x"}, f"{BAD} null for configuration static.value: {NO_VALUE}: x"),
        (ReplaceField, {"renames": "a:b:c"}, f"{BAD} [a:b:c] for configuration renames: {BAD_RENAME}: a:b:c"),
        (ReplaceField, {"renames": "a:b,c:"}, f"{BAD} [a:b, c:] for configuration renames: {BAD_RENAME}: c:"),
    ],
)
def test_bad_options_are_refused_with_connects_words(smt: type, properties: dict[str, str], complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_properties(smt, properties)
    assert [problem.message for problem in caught.value.problems] == [complaint]


def test_a_connector_file_and_python_build_the_same_object() -> None:
    mask = {"fields": "a, b", "replacement": "x", "replace.null.with.default": "false"}
    insert = {"topic.field": "t!", "partition.field": "p", "offset.field": "o", "timestamp.field": "ts"}
    assert from_properties(MaskField, mask) == MaskField(["a", "b"], "x", False)
    assert from_properties(InsertField, insert) == InsertField("t!", "p", "o", "ts")
    assert from_properties(ReplaceField, {"exclude": "a,b", "include": "c", "renames": "d:e"}) == ReplaceField(
        ["a", "b"], ["c"], {"d": "e"}
    )
    assert len({MaskField(["a"]), MaskField(("a",))}) == 1


@pytest.mark.parametrize("options", [{"exclude": "a"}, {"include": "a"}, {"renames": "a:b"}])
def test_a_string_where_a_list_belongs_is_refused(options: Any) -> None:
    with pytest.raises(ConfigError, match="is one string"):
        ReplaceField(**options)
