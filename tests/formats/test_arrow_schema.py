from __future__ import annotations

import math
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3sink.errors import FormatError
from s3sink.formats import ParquetFormat
from s3sink.formats.arrow_schema import columns_for
from s3sink.schema import DATE, DECIMAL, TIME, TIMESTAMP, Field, Schema
from tests.formats.making import prepared, raw, rows, table, written


def _struct(**fields: Schema) -> Schema:
    return Schema(type="struct", fields=tuple(Field(n, s) for n, s in fields.items()))


def _decimal(scale: int, precision: int | None = None) -> Schema:
    more = () if precision is None else (("connect.decimal.precision", str(precision)),)
    return Schema(type="bytes", name=DECIMAL, parameters=(("scale", str(scale)), *more))


_INT, _TEXT = Schema(type="int32"), Schema(type="string")
_POINT = _struct(x=_INT, y=Schema(type="string", optional=True))
_MOMENT = datetime(2017, 3, 2, 10, 0, 0, 5000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schema", "value", "type_"),
    [
        (Schema(type="int8"), -128, pa.int32()),
        (Schema(type="int16"), 32767, pa.int32()),
        (_INT, -(2**31), pa.int32()),
        (Schema(type="int64"), 2**63 - 1, pa.int64()),
        (Schema(type="float32"), 1.5, pa.float32()),
        (Schema(type="float32"), math.inf, pa.float32()),
        (Schema(type="float64"), 0.1, pa.float64()),
        (Schema(type="float64"), 5, pa.float64()),
        (Schema(type="boolean"), True, pa.bool_()),
        (_TEXT, "한😀\x00", pa.string()),
        (Schema(type="bytes"), b"\x00\xff", pa.binary()),
        (_decimal(2), Decimal("1.56"), pa.decimal256(64, 2)),
        (_decimal(2, 10), Decimal("-1.50"), pa.decimal128(10, 2)),
        (_decimal(-3), Decimal("3E+3"), pa.decimal256(64, 0)),
        (Schema(type="int32", name=DATE), date(1969, 12, 31), pa.date32()),
        (Schema(type="int32", name=TIME), time(10, 0, 0, 5000), pa.time32("ms")),
        (Schema(type="int64", name=TIMESTAMP), _MOMENT, pa.timestamp("ms", "UTC")),
        (Schema(type="array", items=_INT), [1, 2], None),
        (Schema(type="array", items=Schema(type="int32", optional=True)), [1, None], None),
        (Schema(type="array", items=_POINT), [{"x": 1, "y": None}], None),
        (Schema(type="map", keys=_TEXT, items=Schema(type="int64")), {"k": 1, "l": 2}, None),
        (Schema(type="map", keys=_INT, items=Schema(type="string", optional=True)), {1: None, 2: "b"}, None),
        (_POINT, {"x": 1, "y": "a"}, None),
    ],
)
def test_each_type_is_written_and_read_back(schema: Schema, value: Any, type_: pa.DataType | None) -> None:
    optional = schema.replace(optional=True)
    record = _struct(a=schema, o=optional)
    batches, errors = prepared(ParquetFormat(), rows([{"a": value, "o": value}, {"a": value, "o": None}], record))
    columns = batches[0].columns()
    assert (errors, columns is not None) == ([], True)
    if columns is not None and type_ is not None:
        assert columns.schema.types == [type_, type_]
    back = table(written(ParquetFormat(), batches))
    plain = value
    if schema.type == "map":
        pairs = list(value.items())
        plain = pairs if schema.keys == _TEXT else [{"key": key, "value": item} for key, item in pairs]
    assert back == [{"a": plain, "o": plain}, {"a": plain, "o": None}]


def test_optional_fields_are_optional_in_the_file_and_required_ones_required() -> None:
    schema = columns_for(_struct(r=_INT, o=Schema(type="int32", optional=True), s=_POINT)).schema
    assert [field.nullable for field in schema] == [False, True, False]
    assert [field.nullable for field in schema.field("s").type] == [False, True]


def test_what_is_required_in_an_optional_struct_stays_required() -> None:
    record = _struct(s=_POINT.replace(optional=True))
    assert not columns_for(record).schema.field("s").type.field("x").nullable
    for values in ([{"s": None}, {"s": {"x": 1, "y": None}}], [{"s": None}] * 2, [{"s": {"x": 1, "y": "a"}}]):
        assert table(written(ParquetFormat(), prepared(ParquetFormat(), rows(values, record))[0])) == values


def test_nulls_become_the_default_of_their_schema() -> None:
    record = _struct(a=Schema(type="string", default="zz"), b=Schema(type="int32", optional=True, default=7))
    batches, errors = prepared(ParquetFormat(), rows([{"a": None, "b": None}, {}, {"a": "x", "b": 1}], record))
    assert errors == []
    assert table(written(ParquetFormat(), batches)) == [{"a": "zz", "b": 7}] * 2 + [{"a": "x", "b": 1}]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (_INT, 5.5),
        (_INT, 5.0),
        (_INT, True),
        (_INT, "5"),
        (_INT, 2**31),
        (Schema(type="int8"), 128),
        (Schema(type="int64"), 2**63),
        (_INT, None),
        (Schema(type="float64"), True),
        (Schema(type="float64"), 2**53 + 1),
        (Schema(type="float64"), "1"),
        (Schema(type="float32"), 1e300),
        (Schema(type="boolean"), 1),
        (_TEXT, 5),
        (_TEXT, b"x"),
        (_TEXT, "\ud800"),
        (Schema(type="bytes"), "text"),
        (_decimal(2), 1.5),
        (_decimal(2), Decimal("1.256")),
        (_decimal(2, 4), Decimal("123.45")),
        (_decimal(2), Decimal("NaN")),
        (Schema(type="int32", name=DATE), datetime(2024, 1, 1, tzinfo=UTC)),
        (Schema(type="int32", name=DATE), 5),
        (Schema(type="int64", name=TIMESTAMP), date(2024, 1, 1)),
        (Schema(type="int64", name=TIMESTAMP), 5),
        (Schema(type="array", items=_INT), [None]),
        (Schema(type="array", items=_INT), {"a": 1}),
        (Schema(type="map", keys=_TEXT, items=_INT), {None: 1}),
        (Schema(type="map", keys=_INT, items=_INT), {None: 1}),
        (Schema(type="bytes", name="F", parameters=(("connect.fixed.size", "2"),)), b"abc"),
        (Schema(type="map", keys=_TEXT, items=_INT), [("k", 1)]),
        (_POINT, {"y": "a"}),
        (_POINT, "text"),
    ],
)
def test_a_value_that_is_not_what_its_schema_says_is_refused_alone(schema: Schema, value: Any) -> None:
    good = {"n": 1}
    record = _struct(n=_INT, a=schema.replace(optional=value is not None))
    batches, errors = prepared(
        ParquetFormat(), rows([good, {"n": 2, "a": value}, good] if value is not None else [{"n": 2}], record)
    )
    assert [error.offset for error in errors] == [101 if value is not None else 100]
    assert sum(b.n for b in batches) == (2 if value is not None else 0)


@pytest.mark.parametrize(
    "schema",
    [
        Schema(type="string"),
        Schema(type="struct"),
        Schema(type="array", items=_POINT),
        Schema(type="struct", name="io.confluent.connect.avro.Union", fields=(Field("int", _INT),)),
        _struct(s=_struct()),
        _struct(a=Schema(type="array", items=_struct())),
        _struct(d=_decimal(77, 77)),
        _struct(d=Schema(type="bytes", name=DECIMAL, parameters=(("scale", "two"),))),
        _struct(a=Schema(type="array")),
    ],
)
def test_records_whose_schema_no_file_can_have_are_refused(schema: Schema) -> None:
    with pytest.raises(FormatError):
        columns_for(schema)
    batches, errors = prepared(ParquetFormat(), rows([{"d": 1}, {"d": 2}], schema))
    assert ([b.n for b in batches], len(errors)) == ([0], 2)


def test_the_message_says_what_is_wrong() -> None:
    _, errors = prepared(ParquetFormat(), rows([{"x": 5.5, "y": None}], _POINT))
    assert (
        str(errors[0])
        == "TASK_PUT: Invalid type for INT32: class java.lang.Double (topic=orders partition=3 offset=100)"
    )


def test_a_change_of_schema_splits_the_batch() -> None:
    one, two, none = (
        rows([{"x": 1}] * 3, _POINT),
        rows([{"z": 1}] * 2, _struct(z=_INT), 103),
        rows([{"q": 1}], start=105),
    )
    batch = rows(range(6)).with_rows([*one.records(), *two.records(), *none.records()])
    batches, errors = prepared(ParquetFormat(), batch)
    assert [b.span for b in batches] == [(100, 103), (103, 105), (105, 106)]
    assert errors == []


def test_equal_schemas_that_are_not_the_same_object_stay_together() -> None:
    a, b = (_struct(x=Schema(type="int32")) for _ in range(2))
    batch = rows([1, 2]).with_rows([*rows([{"x": 1}], a).records(), *rows([{"x": 2}], b, 101).records()])
    assert len(prepared(ParquetFormat(), batch)[0]) == 1


# ------------------------------------------------------------------- any schema
_LEAVES = st.sampled_from(
    [
        (Schema(type="int8"), st.integers(-128, 127)),
        (Schema(type="int64"), st.integers(-(2**63), 2**63 - 1)),
        (Schema(type="float64"), st.floats(allow_nan=False)),
        (Schema(type="string"), st.text(st.characters(codec="utf-8"))),
        (Schema(type="bytes"), st.binary()),
        (Schema(type="boolean"), st.booleans()),
        (Schema(type="int32", name=DATE), st.dates()),
        (_decimal(3, 20), st.decimals(-(10**16), 10**16, places=3)),
    ]
)


def _nested(inner: Any) -> Any:
    return inner.map(lambda p: (Schema(type="array", items=p[0]), st.lists(p[1], max_size=3))) | st.lists(
        inner, min_size=1, max_size=3
    ).map(_struct_of)


def _struct_of(parts: list[tuple[Schema, Any]]) -> tuple[Schema, Any]:
    fields = {f"f{i}": part for i, part in enumerate(parts)}
    schema = _struct(**{name: part[0] for name, part in fields.items()})
    return schema, st.fixed_dictionaries({name: part[1] for name, part in fields.items()})


def _maybe_optional(pair: tuple[Schema, Any], optional: bool) -> tuple[Schema, Any]:
    return (pair[0].replace(optional=True), st.none() | pair[1]) if optional else pair


_PAIRS = st.recursive(
    st.builds(_maybe_optional, _LEAVES, st.booleans()),
    lambda inner: st.builds(_maybe_optional, _nested(inner), st.booleans()),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_values_of_any_schema_read_back_as_they_were(data: st.DataObject) -> None:
    schema, values = _struct_of(data.draw(st.lists(_PAIRS, min_size=1, max_size=4)))
    records = data.draw(st.lists(values, min_size=1, max_size=5))
    batches, errors = prepared(ParquetFormat(), rows(records, schema))
    assert errors == []
    assert table(written(ParquetFormat(), batches)) == records


def test_raw_batches_are_json_whatever_schema_others_have() -> None:
    assert prepared(ParquetFormat(), raw([b'{"x":1}']))[1] == []
