from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import fastavro
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from s3sink.avro_data import AvroData, MappingOptions
from s3sink.batch import RecordBatch
from s3sink.config import from_properties
from s3sink.errors import ConfigError, ConsistencyError, MissingExtraError
from s3sink.formats import AvroFormat, BufferingWriter, PreparingFormat, SchemaBoundWriter
from s3sink.formats import avro as avro_module
from s3sink.formats.avro import AvroCodec
from s3sink.formats.avro_encoding import UNSURE, long_bytes
from s3sink.formats.avro_file import BLOCK
from s3sink.formats.avro_records import encoders
from s3sink.schema import DATE, DECIMAL, TIMESTAMP, Field, Schema
from s3sink.testing.strategies import json_values, scalar_types, typed_values, value_types
from tests.formats.making import Sink, fits, prepared, raw, rows

_INT, _TEXT = Schema(type="int32"), Schema(type="string")
_ENUM = Schema(
    type="string",
    parameters=(
        ("io.confluent.connect.avro.Enum", "Color"),
        ("io.confluent.connect.avro.Enum.RED", "RED"),
        ("io.confluent.connect.avro.Enum.BLUE", "BLUE"),
    ),
)
_FIXED = Schema(type="bytes", name="F", parameters=(("connect.fixed.size", "2"),))
_UNION = Schema(
    type="struct",
    name="io.confluent.connect.avro.Union",
    fields=(Field("int", _INT.replace(optional=True)), Field("string", _TEXT.replace(optional=True))),
)


def _struct(**fields: Schema) -> Schema:
    return Schema(type="struct", fields=tuple(Field(n, s) for n, s in fields.items()))


_ROW = _struct(id=Schema(type="int64"), name=Schema(type="string", optional=True)).replace(name="ns.row")


def _file(format: AvroFormat, batches: Iterable[RecordBatch], schema: Schema | None) -> bytes:
    sink = Sink()
    writer = format.open(sink, schema)
    for batch in batches:
        writer.write(batch)
    writer.close()
    return sink.data


def _written(values: Sequence[Any], schema: Schema | None, format: AvroFormat | None = None) -> bytes:
    format = format or AvroFormat()
    batches, errors = prepared(format, rows(values, schema))
    assert errors == []
    return _file(format, batches, schema)


def _read(data: bytes) -> list[Any]:
    return list(fastavro.reader(io.BytesIO(data)))


def _schema_of(data: bytes) -> Any:
    return json.loads(fastavro.reader(io.BytesIO(data)).metadata["avro.schema"])


def _named_apart(schema: Schema, numbers: Iterator[int] | None = None) -> Schema:
    """Avro has no two types of one name."""
    numbers = numbers or count()
    named = schema.type == "struct" or (schema.type == "map" and schema.keys != _TEXT)
    return schema.replace(
        name=f"ns.n{next(numbers)}" if named else schema.name,
        fields=tuple(Field(f.name, _named_apart(f.schema, numbers)) for f in schema.fields),
        keys=schema.keys and _named_apart(schema.keys, numbers),
        items=schema.items and _named_apart(schema.items, numbers),
    )


_TYPES = value_types.map(lambda typed: (_named_apart(typed[0]), typed[1]))
_TYPED = typed_values.map(lambda typed: (_named_apart(typed[0]), typed[1]))


# ------------------------------------------------------------------- what another reader says
def _plain(schema: Schema, value: Any) -> Any:
    """What a reader of Avro that knows nothing of Connect finds."""
    if value is None:
        return None
    if schema.type == "struct":
        return {f.name: _plain(f.schema, f.schema.default if (v := value[f.name]) is None else v)
                for f in schema.fields}  # fmt: skip
    if schema.type == "array" and schema.items is not None:
        return [_plain(schema.items, item) for item in value]
    if schema.type == "map" and schema.items is not None and schema.keys is not None:
        items = {key: _plain(schema.items, item) for key, item in value.items()}
        return items if schema.keys == _TEXT else [{"key": key, "value": item} for key, item in items.items()]
    return struct.unpack("f", struct.pack("f", value))[0] if schema.type == "float32" else value


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_values_of_any_schema_read_back_as_they_were(data: st.DataObject) -> None:
    schema, values = data.draw(_TYPES)
    found = [value for value in data.draw(st.lists(values, min_size=1, max_size=6)) if value is not None]
    if found:
        assert _read(_written(found, schema)) == [_plain(schema, value) for value in found]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_columns_become_the_bytes_that_a_codec_makes_of_each_value(data: st.DataObject) -> None:
    schema, values = data.draw(_TYPES)
    encode = encoders(MappingOptions())(schema)
    found = data.draw(st.lists(values, max_size=6))
    assert encode.all(found) == list(map(encode.one, found))


@settings(max_examples=200, deadline=None)
@given(st.lists(json_values.filter(lambda value: value is not None), min_size=1, max_size=4))
@example([{"a": 1}, [None, True, 0.5, "é"], 2**63 - 1, {"a": {"b": []}}])
def test_values_without_a_schema_become_what_a_codec_makes_of_anything(values: list[Any]) -> None:
    encode = encoders(MappingOptions())(None)
    assert encode.all(values) == list(map(encode.one, values))
    reading = AvroData().reading(json.dumps(_schema_of(_written(values, None))))
    wire = fastavro.parse_schema(reading.wire)
    back = [reading.convert(fastavro.schemaless_reader(io.BytesIO(one), wire, None)) for one in encode.all(values)]
    assert back == values


@settings(max_examples=200, deadline=None)
@given(_TYPED, _TYPED)
def test_columns_take_no_value_that_its_schema_does_not_allow(
    one: tuple[Schema, Any], other: tuple[Schema, Any]
) -> None:
    encode, value = encoders(MappingOptions())(one[0]), other[1]
    try:
        expected = encode.one(value)
    except UNSURE:
        with pytest.raises(UNSURE):
            encode.all([value])
    else:
        assert encode.all([value]) == [expected]


_ODD: list[Any] = [
    None,
    True,
    1,
    128,
    2**31,
    2**63,
    0.5,
    1e300,
    "x",
    "\ud800",
    b"x",
    b"xyz",
    [1],
    {"a": 1},
    date(2024, 1, 1),
]


@pytest.mark.parametrize("value", _ODD, ids=repr)
@pytest.mark.parametrize("schema", [*(schema for schema, _ in scalar_types.values()), _ENUM, _FIXED, _UNION, _ROW])
def test_columns_and_codec_refuse_the_same_odd_values(schema: Schema, value: Any) -> None:
    encode = encoders(MappingOptions(enhanced_avro_schema_support=True))(schema)
    try:
        expected = encode.one(value)
    except UNSURE:
        with pytest.raises(UNSURE):
            encode.all([value])
    else:
        assert encode.all([value]) == [expected]


@pytest.mark.parametrize(
    ("schema", "values"),
    [
        (_struct(c=_ENUM), [{"c": "RED"}, {"c": "BLUE"}]),
        (_struct(c=_ENUM.replace(optional=True)), [{"c": None}, {"c": "BLUE"}]),
        (_struct(f=_FIXED), [{"f": b"ab"}]),
        (_struct(u=_UNION), [{"u": {"int": 5, "string": None}}, {"u": {"int": None, "string": "x"}}]),
        (_struct(u=_UNION.replace(optional=True)), [{"u": None}, {"u": {"int": None, "string": "x"}}]),
        (_struct(d=Schema(type="string", optional=True, default="dd")), [{"d": None}, {}, {"d": "x"}]),
        (_struct(d=Schema(type="int32", default=7)), [{"d": None}, {"d": 8}]),
        (_struct(f=Schema(type="float64")), [{"f": 5}, {"f": 0.5}]),
        (_struct(s=_struct().replace(optional=True)), [{"s": {}}, {"s": {}}]),
        (Schema(type="array", items=_struct()), [[{}, {}], []]),
        (Schema(type="map", keys=_TEXT.replace(optional=True), items=_INT), [{None: 1, "a": 2}]),
        (_struct(a=_ROW, b=_ROW), [{"a": {"id": 1}, "b": {"id": 2, "name": "n"}}]),
    ],
)
def test_columns_and_codec_agree_where_connect_has_a_view_of_its_own(schema: Schema, values: list[Any]) -> None:
    encode = encoders(MappingOptions(enhanced_avro_schema_support=True))(schema)
    assert encode.all(values) == list(map(encode.one, values))
    assert len(_read(_written(values, schema))) == len(values)


@given(st.integers(-(2**63), 2**63 - 1))
@example(8191)
@example(8192)
@example(-8192)
@example(-8193)
def test_numbers_have_the_bytes_that_avro_gives_them(number: int) -> None:
    target = io.BytesIO()
    fastavro.schemaless_writer(target, "long", number)
    encode = encoders(MappingOptions())(Schema(type="int64"))
    assert long_bytes(number) == encode.all([number])[0] == encode.all([number, 1])[0] == target.getvalue()


# ------------------------------------------------------------------- as the connector writes them
def test_a_file_says_what_the_connector_says_of_a_schema() -> None:
    schema = Schema(
        type="struct",
        name="ns.r",
        version=1,
        doc="rdoc",
        parameters=(("x", "y"),),
        fields=(Field("a", Schema(type="string", default="zz")), Field("b", Schema(type="int8", doc="the b"))),
    )
    data = _written([{"a": None, "b": 2}], schema)
    assert (
        b'{"type":"record","name":"r","namespace":"ns","fields":'
        b'[{"name":"a","type":{"type":"string","connect.default":"zz"},"default":"zz"},'
        b'{"name":"b","type":{"type":"int","connect.doc":"the b","connect.type":"int8"}}],'
        b'"connect.doc":"rdoc","connect.version":1,"connect.parameters":{"x":"y"},"connect.name":"ns.r"}'
    ) in data
    assert _read(data) == [{"a": "zz", "b": 2}]


def test_what_only_connect_says_can_be_left_out() -> None:
    schema = _ROW.replace(version=3, doc="a row")
    assert _schema_of(_written([{"id": 1}], schema, AvroFormat(connect_meta_data=False))) == {
        "type": "record",
        "name": "row",
        "namespace": "ns",
        "fields": [
            {"name": "id", "type": "long"},
            {"name": "name", "type": ["null", "string"], "default": None},
        ],
    }


@pytest.mark.parametrize(("allowed", "type_"), [(False, "array"), (True, "map")])
def test_maps_with_optional_text_keys_are_maps_where_that_is_asked_for(allowed: bool, type_: str) -> None:
    schema = _struct(m=Schema(type="map", keys=_TEXT.replace(optional=True), items=_INT))
    format = AvroFormat(allow_optional_map_keys=allowed)
    found = _schema_of(_written([{"m": {"a": 1}}], schema, format))
    assert found["fields"][0]["type"]["type"] == type_


@pytest.mark.parametrize(("enhanced", "type_"), [(True, "enum"), (False, "string")])
def test_enums_stay_enums_unless_that_is_not_wanted(enhanced: bool, type_: str) -> None:
    format = AvroFormat(enhanced_avro_schema_support=enhanced, connect_meta_data=False)
    found = _schema_of(_written([{"c": "RED"}], _struct(c=_ENUM), format))["fields"][0]["type"]
    assert (found if isinstance(found, str) else found["type"]) == type_


def test_logical_types_are_avros() -> None:
    schema = _struct(
        dec=Schema(type="bytes", name=DECIMAL, parameters=(("scale", "2"),)),
        day=Schema(type="int32", name=DATE),
        at=Schema(type="int64", name=TIMESTAMP),
    )
    value = {"dec": Decimal("1.56"), "day": date(2017, 3, 2), "at": datetime(2017, 3, 2, 10, tzinfo=UTC)}
    assert _read(_written([value], schema)) == [value]


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy", "bzip2"])
def test_another_reader_finds_the_records_whatever_the_codec(codec: AvroCodec) -> None:
    values = [{"id": i, "name": f"n{i % 7}" if i % 3 else None} for i in range(20_000)]
    format = AvroFormat(codec)
    data = _written(values, _ROW, format)
    reader = fastavro.reader(io.BytesIO(data))
    assert (reader.codec, list(reader), format.extension) == (codec, values, ".avro")


@pytest.mark.parametrize("level", range(-1, 10))
def test_each_level_of_deflate_can_be_read(level: int) -> None:
    assert _read(_written([{"id": 1}], _ROW, AvroFormat("deflate", level))) == [{"id": 1, "name": None}]


# ------------------------------------------------------------------- what is refused
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "the value is null"),
        ({"name": "x"}, "Found null value for non-optional schema"),
        ({"id": None}, "Found null value for non-optional schema"),
        ({"id": "5"}, "Invalid type for INT64: class java.lang.String"),
        ({"id": True}, "Invalid type for INT64: class java.lang.Boolean"),
        ({"id": 2**63}, "Invalid type for INT64: class java.math.BigInteger"),
        ({"id": 1, "name": 5}, "Invalid type for STRING: class java.lang.Long"),
        ("text", "Invalid type for STRUCT: class java.lang.String"),
    ],
)
def test_a_value_that_is_not_what_its_schema_says_is_refused_alone(value: Any, reason: str) -> None:
    good = {"id": 1, "name": "x"}
    batches, errors = prepared(AvroFormat(), rows([good, value, good], _ROW))
    assert [(error.offset, error.reason) for error in errors] == [(101, reason)]
    assert _read(_file(AvroFormat(), batches, _ROW)) == [good, good]


def test_text_that_is_no_unicode_is_refused_with_a_reason() -> None:
    _, errors = prepared(AvroFormat(), rows([{"id": 1, "name": "\ud800"}], _ROW))
    assert "surrogates not allowed" in errors[0].reason


@pytest.mark.parametrize("value", [b"x", 2**63, {"d": date(2024, 1, 1)}])
def test_without_a_schema_only_what_json_knows_can_be_written(value: Any) -> None:
    _, errors = prepared(AvroFormat(), rows([1, value], None))
    assert [error.offset for error in errors] == [101]


def test_every_record_of_a_schema_with_a_name_that_avro_does_not_allow_is_refused() -> None:
    schema = Schema(type="struct", fields=(Field("my-field", _INT),))
    batches, errors = prepared(AvroFormat(), rows([{"my-field": 1}] * 2, schema))
    assert [b.n for b in batches] == [0]
    assert [(e.offset, e.reason, e.connect_class) for e in errors] == [
        (offset, "Illegal character in: my-field", "org.apache.avro.SchemaParseException") for offset in (100, 101)
    ]


# ------------------------------------------------------------------- one schema a file
def test_a_change_of_schema_splits_the_batch_and_the_files() -> None:
    format = AvroFormat()
    mixed = [
        *rows([{"id": 1}] * 3, _ROW).records(),
        *rows([5, 6], _INT, 103).records(),
        *rows(["x"], None, 105).records(),
    ]
    batches, errors = prepared(format, rows(range(6)).with_rows(mixed))
    assert ([b.span for b in batches], errors) == ([(100, 103), (103, 105), (105, 106)], [])
    writer = format.open(Sink(), _ROW)
    assert [fits(writer, batch) for batch in batches] == [True, False, False]
    with pytest.raises(ConsistencyError, match="another schema"):
        writer.write(batches[1])


def test_equal_schemas_that_are_not_the_same_object_share_a_file() -> None:
    a, b = (_struct(x=Schema(type="int32")) for _ in range(2))
    batch = rows([1, 2]).with_rows([*rows([{"x": 1}], a).records(), *rows([{"x": 2}], b, 101).records()])
    assert len(prepared(AvroFormat(), batch)[0]) == 1


def test_a_file_whose_records_were_decided_before_a_crash_needs_nothing_more() -> None:
    writer = AvroFormat().open(Sink(), _ROW)
    assert isinstance(writer, SchemaBoundWriter)
    writer.hold()
    assert not writer.fits(prepared(AvroFormat(), rows([1], _INT))[0][0])


def test_a_file_without_records_has_no_bytes() -> None:
    assert _file(AvroFormat(), [rows([])], _ROW) == b""


# ------------------------------------------------------------------- blocks
_MANY = [{"id": i, "name": "x" * (i % 50)} for i in range(5_000)]


def test_blocks_are_written_as_the_file_grows() -> None:
    format, sink = AvroFormat(), Sink()
    writer = format.open(sink, _ROW)
    assert isinstance(writer, BufferingWriter)
    for start in range(0, 5_000, 100):
        writer.write(prepared(format, rows(_MANY[start : start + 100], _ROW, start))[0][0])
        assert writer.buffered < BLOCK
    assert len(sink.data) + writer.buffered > 100_000
    writer.close()
    blocks = fastavro.block_reader(io.BytesIO(sink.data))
    assert [record for block in blocks for record in block] == _MANY


@pytest.mark.parametrize("size", [1, 7, 5_000])
def test_a_file_does_not_depend_on_the_batches_that_its_records_came_in(size: int) -> None:
    format = AvroFormat("deflate")
    parts = [rows(_MANY[at : at + size], _ROW, 100 + at) for at in range(0, 5_000, size)]
    data = _file(format, [batch for part in parts for batch in prepared(format, part)[0]], _ROW)
    assert data == _written(_MANY, _ROW, format)


def test_a_block_ends_with_the_record_that_fills_it() -> None:
    half = b"x" * (BLOCK // 2 - 3)  # three bytes say how long it is
    data = _written([half] * 5, Schema(type="bytes"))
    assert [block.num_records for block in fastavro.block_reader(io.BytesIO(data))] == [2, 2, 1]


def test_a_record_larger_than_a_block_has_one() -> None:
    values = [{"id": 1}, {"id": 2, "name": "x" * 3 * BLOCK}, {"id": 3}]
    blocks = list(fastavro.block_reader(io.BytesIO(_written(values, _ROW))))
    assert [block.num_records for block in blocks] == [2, 1]


# ------------------------------------------------------------------- options
@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({"codec": "gzip", "level": 3}, ["codec", "level"]),
        ({"level": 3}, ["level"]),
        ({"codec": "deflate", "level": 10}, ["level"]),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], keys: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        AvroFormat(**options)
    assert [problem.key for problem in caught.value.problems] == keys


def test_options_have_the_keys_of_the_connector() -> None:
    properties = {
        "avro.codec": "snappy",
        "connect.meta.data": "false",
        "enhanced.avro.schema.support": "false",
        "allow.optional.map.keys": "true",
    }
    assert from_properties(AvroFormat, properties) == AvroFormat("snappy", None, False, False, True)


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(avro_module, "find_spec", lambda name: None if name == "fastavro" else object())
    with pytest.raises(MissingExtraError, match="avro"):
        AvroFormat()


def test_it_prepares_and_wants_values_not_text() -> None:
    format = AvroFormat()
    assert (isinstance(format, PreparingFormat), format.takes_json, format.writes_arrays) == (True, False, True)
    assert format == AvroFormat()
    assert hash(format) == hash(AvroFormat())


def test_bytes_as_read_are_no_value_without_a_converter() -> None:
    _, errors = prepared(AvroFormat(), raw([b"{}"]))
    assert len(errors) == 1
