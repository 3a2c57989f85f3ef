"""Values with a schema in Parquet files, as Connect's ParquetFormat has them."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Sequence
from typing import Any

import fastavro
import fastparquet
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3sink.avro_data import MappingOptions
from s3sink.formats import ParquetFormat
from s3sink.formats.arrow_schema import columns_for
from s3sink.formats.parquet_schema import footer
from s3sink.schema import DATE, DECIMAL, TIME, TIMESTAMP, Field, Schema
from s3sink.testing.strategies import Typed, scalar_types, value_types
from tests.formats.making import prepared, rows, table, written

_INT, _TEXT = Schema(type="int32"), Schema(type="string")


def _struct(**fields: Schema) -> Schema:
    return Schema(type="struct", fields=tuple(Field(n, s) for n, s in fields.items()))


def _written(values: Sequence[Any], schema: Schema, format: ParquetFormat | None = None) -> bytes:
    format = format or ParquetFormat()
    batches, errors = prepared(format, rows(values, schema))
    assert errors == []
    return written(format, batches)


def _footer(data: bytes) -> dict[str, str]:
    metadata = pq.ParquetFile(io.BytesIO(data)).metadata.metadata or {}
    return {key.decode(): text.decode() for key, text in metadata.items()}


def _types(data: bytes) -> list[str]:
    """The columns of a file without their numbers, as pyarrow prints them."""
    text = str(pq.ParquetFile(io.BytesIO(data)).schema).replace(" field_id=-1", "")
    return [line.strip() for line in text.splitlines()[2:-1]]


# ------------------------------------------------------------------- types
_ALL = _struct(
    i8=Schema(type="int8"),
    i16=Schema(type="int16"),
    i32=_INT,
    i64=Schema(type="int64"),
    f32=Schema(type="float32"),
    f64=Schema(type="float64"),
    b=Schema(type="boolean"),
    s=_TEXT,
    by=Schema(type="bytes"),
    os=Schema(type="string", optional=True),
    fixed=Schema(type="bytes", name="F", parameters=(("connect.fixed.size", "2"),)),
    dec=Schema(type="bytes", name=DECIMAL, parameters=(("scale", "2"),)),
    decp=Schema(type="bytes", name=DECIMAL, parameters=(("scale", "2"), ("connect.decimal.precision", "10"))),
    date=Schema(type="int32", name=DATE),
    time=Schema(type="int32", name=TIME),
    ts=Schema(type="int64", name=TIMESTAMP),
    arr=Schema(type="array", items=_INT),
    map=Schema(type="map", keys=_TEXT, items=Schema(type="int64")),
    entries=Schema(type="map", keys=_INT, items=_TEXT),
    st=_struct(x=_INT, y=Schema(type="string", optional=True)),
    ost=_struct(q=_TEXT).replace(optional=True),
)


def test_columns_have_the_types_that_connect_gives_them() -> None:
    sink = io.BytesIO()
    pq.ParquetWriter(sink, columns_for(_ALL).schema, store_schema=False, write_time_adjusted_to_utc=True).close()
    assert _types(sink.getvalue()) == [
        "required int32 i8;",
        "required int32 i16;",
        "required int32 i32;",
        "required int64 i64;",
        "required float f32;",
        "required double f64;",
        "required boolean b;",
        "required binary s (String);",
        "required binary by;",
        "optional binary os (String);",
        "required fixed_len_byte_array(2) fixed;",
        "required fixed_len_byte_array(27) dec (Decimal(precision=64, scale=2));",
        "required fixed_len_byte_array(5) decp (Decimal(precision=10, scale=2));",
        "required int32 date (Date);",
        "required int32 time (Time(isAdjustedToUTC=true, timeUnit=milliseconds));",
        "required int64 ts (Timestamp(isAdjustedToUTC=true, timeUnit=milliseconds, is_from_converted_type=false, "
        "force_set_converted_type=false));",
        "required group arr (List) {", "repeated group list {", "required int32 element;", "}", "}",
        "required group map (Map) {", "repeated group key_value {", "required binary key (String);",
        "required int64 value;", "}", "}",
        "required group entries (List) {", "repeated group list {", "required group element {",
        "required int32 key;", "required binary value (String);", "}", "}", "}",
        "required group st {", "required int32 x;", "optional binary y (String);", "}",
        "optional group ost {", "required binary q (String);", "}",
    ]  # fmt: skip


@pytest.mark.parametrize(("allowed", "wanted"), [(False, [{"key": "a", "value": 1}]), (True, [("a", 1)])])
def test_maps_with_optional_text_keys_are_maps_where_that_is_asked_for(allowed: bool, wanted: list[Any]) -> None:
    schema = _struct(m=Schema(type="map", keys=_TEXT.replace(optional=True), items=_INT))
    assert table(_written([{"m": {"a": 1}}], schema, ParquetFormat(allow_optional_map_keys=allowed))) == [{"m": wanted}]


def test_entries_may_have_a_null_key() -> None:
    schema = _struct(m=Schema(type="map", keys=_TEXT.replace(optional=True), items=_INT))
    assert table(_written([{"m": {None: 1}}], schema)) == [{"m": [{"key": None, "value": 1}]}]


def test_the_branches_of_a_union_are_numbered_members() -> None:
    branches = (Field("int", _INT.replace(optional=True)), Field("string", _TEXT.replace(optional=True)))
    union = Schema(type="struct", name="io.confluent.connect.avro.Union", fields=branches, optional=True)
    values = [{"u": {"int": 5, "string": None}}, {"u": {"string": "x"}}, {"u": None}]
    assert table(_written(values, _struct(u=union))) == [
        {"u": {"member0": 5, "member1": None}},
        {"u": {"member0": None, "member1": "x"}},
        {"u": None},
    ]


def test_more_digits_than_arrow_has_are_declared_as_many_as_it_has() -> None:
    schema = _struct(
        d=Schema(type="bytes", name=DECIMAL, parameters=(("scale", "2"), ("connect.decimal.precision", "99")))
    )
    assert columns_for(schema).schema.field("d").type == pa.decimal256(76, 2)


def test_an_optional_struct_is_written_since_no_record_is_null() -> None:
    assert table(_written([{"x": 1}], _struct(x=_INT).replace(optional=True))) == [{"x": 1}]


# ------------------------------------------------------------------- the footer
_RECORD = Schema(
    type="struct",
    name="ns.r",
    version=1,
    fields=(Field("a", Schema(type="string", default="zz")), Field("b", Schema(type="int8"))),
)


def test_the_footer_has_the_avro_schema_where_readers_look_for_it() -> None:
    data = _written([{"a": None, "b": 1}], _RECORD)
    assert _footer(data) == {
        "parquet.avro.schema": '{"type":"record","name":"r","namespace":"ns","fields":'
        '[{"name":"a","type":{"type":"string","connect.default":"zz"},"default":"zz"},'
        '{"name":"b","type":{"type":"int","connect.type":"int8"}}],"connect.version":1,"connect.name":"ns.r"}',
        "writer.model.name": "avro",
    }
    fastavro.parse_schema(json.loads(_footer(data)["parquet.avro.schema"]))


def test_the_footer_leaves_out_what_only_connect_says_where_that_is_asked_for() -> None:
    data = _written([{"b": 1}], _RECORD, ParquetFormat(connect_meta_data=False))
    assert _footer(data)["parquet.avro.schema"] == (
        '{"type":"record","name":"r","namespace":"ns","fields":'
        '[{"name":"a","type":"string","default":"zz"},{"name":"b","type":"int"}]}'
    )


def test_the_footer_is_that_of_the_first_schema_and_of_none_that_has_grown() -> None:
    format = ParquetFormat()
    first = prepared(format, rows([{"a": "x", "b": 1}], _RECORD))[0]
    documented = prepared(format, rows([{"a": "y", "b": 2}], _RECORD.replace(doc="later"), 101))[0]
    wider = prepared(format, rows([{"c": 1}], _struct(c=_INT), 101))[0]
    assert "later" not in _footer(written(format, [*first, *documented]))["parquet.avro.schema"]
    assert _footer(written(format, [*first, *wider])) == {}


def test_values_without_a_schema_have_no_avro_schema_either() -> None:
    batches, _ = prepared(ParquetFormat(), rows([{"a": 1}]))
    assert _footer(written(ParquetFormat(), batches)) == {}


# ------------------------------------------------------------------- what is refused
@pytest.mark.parametrize(
    ("schema", "reason", "java_class"),
    [
        (_TEXT, "Avro schema must be a record.", "java.lang.IllegalArgumentException"),
        (Schema(type="array", items=_RECORD), "Avro schema must be a record.", "java.lang.IllegalArgumentException"),
        (
            _struct().replace(name="ns.r"),
            "Cannot write a schema with an empty group: message ns.r {\n}\n",
            "org.apache.parquet.schema.InvalidSchemaException",
        ),
        (
            _struct(s=_struct().replace(optional=True)),
            "Cannot write a schema with an empty group: optional group s {\n}",
            "org.apache.parquet.schema.InvalidSchemaException",
        ),
        (
            _struct(l=Schema(type="array", items=_struct())),
            "Cannot write a schema with an empty group: repeated group array {\n}",
            "org.apache.parquet.schema.InvalidSchemaException",
        ),
    ],
)
def test_every_record_of_a_schema_that_no_file_has_is_refused_as_connect_does(
    schema: Schema, reason: str, java_class: str
) -> None:
    batches, errors = prepared(ParquetFormat(), rows([{}, {}], schema))
    assert [batch.n for batch in batches] == [0]
    assert [(error.reason, error.connect_class) for error in errors] == [(reason, java_class)] * 2


@pytest.mark.parametrize("name", ["my-field", "weird col-name.x", "1st", ""])
def test_names_that_avro_does_not_allow_are_names_of_columns_and_the_footer_says_nothing_of_avro(name: str) -> None:
    schema = Schema(type="struct", name="r", fields=(Field(name, _INT),))
    assert columns_for(schema).build([{name: 7}]).to_pylist() == [{name: 7}]
    assert footer(schema, MappingOptions()) == {}


# ------------------------------------------------------------------- any schema
def _holds_an_empty_struct(schema: Schema) -> bool:
    inner = [schema.keys, schema.items, *(field.schema for field in schema.fields)]
    empty = schema.type == "struct" and not schema.fields
    return empty or any(_holds_an_empty_struct(part) for part in inner if part is not None)


def _nameless(schema: Schema) -> Schema:
    """Avro has no two structs of one name, and a map with keys that are no texts is one."""
    return schema.replace(
        name=None if schema.type == "struct" else f"m{id(schema)}" if schema.type == "map" else schema.name,
        fields=tuple(Field(f.name, _nameless(f.schema)) for f in schema.fields),
        keys=schema.keys and _nameless(schema.keys),
        items=schema.items and _nameless(schema.items),
    )


def _plain(schema: Schema, value: Any) -> Any:
    """What a reader of Parquet finds."""
    if value is None:
        return None
    if schema.type == "struct":
        return {field.name: _plain(field.schema, value[field.name]) for field in schema.fields}
    if schema.type == "array" and schema.items is not None:
        return [_plain(schema.items, item) for item in value]
    if schema.type == "map" and schema.items is not None and schema.keys is not None:
        pairs = [(key, _plain(schema.items, item)) for key, item in value.items()]
        return pairs if schema.keys == _TEXT else [{"key": key, "value": item} for key, item in pairs]
    return struct.unpack("f", struct.pack("f", value))[0] if schema.type == "float32" else value


_RECORDS: st.SearchStrategy[Typed] = (
    st.lists(value_types, min_size=1, max_size=3)
    .map(lambda parts: {f"f{index}": part for index, part in enumerate(parts)})
    .map(
        lambda parts: (
            _nameless(_struct(**{name: schema for name, (schema, _) in parts.items()})),
            st.fixed_dictionaries({name: values for name, (_, values) in parts.items()}),
        )
    )
    .filter(lambda typed: not _holds_an_empty_struct(typed[0]))
)


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from([1, 10**6]))
def test_values_of_any_schema_read_back_as_they_were(data: st.DataObject, row_group_bytes: int) -> None:
    schema, values = data.draw(_RECORDS)
    records = data.draw(st.lists(values, min_size=1, max_size=5))
    format = ParquetFormat(row_group_bytes=row_group_bytes)
    batches = [batch for start in range(0, len(records), 2)
               for batch in prepared(format, rows(records[start : start + 2], schema, start))[0]]  # fmt: skip
    assert table(written(format, batches)) == [_plain(schema, record) for record in records]


_FLAT = ["int8", "int16", "int32", "int64", "float64", "string", "boolean", "bytes"]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_another_reader_finds_values_of_any_flat_schema(data: st.DataObject) -> None:
    kinds = data.draw(st.lists(st.sampled_from(_FLAT), min_size=1, max_size=5))
    typed = {f"f{i}": scalar_types[kind] for i, kind in enumerate(kinds)}
    parts = {n: (s.replace(optional=data.draw(st.booleans())), v) for n, (s, v) in typed.items()}
    schema = _struct(**{name: part for name, (part, _) in parts.items()})
    record = st.fixed_dictionaries({name: v | st.none() if part.optional else v for name, (part, v) in parts.items()})
    records = data.draw(st.lists(record, min_size=1, max_size=5))
    frame = fastparquet.ParquetFile(io.BytesIO(_written(records, schema))).to_pandas().astype(object)
    assert frame.where(frame.notna(), None).to_dict("records") == records
