"""Connect schemas and the values that they describe, as Arrow.

Types as in the Connect sink's Parquet files: Decimal has the precision of the parameter `connect.decimal.precision`, 64
where it says nothing; a null becomes the default of its schema. One difference: what lies below an optional struct is
optional, because Arrow has no null without a child that is null.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from s3sink.connect_json import PerSchema, payload_encoder
from s3sink.errors import FormatError
from s3sink.schema import DATE, DECIMAL, TIME, TIMESTAMP, Field, Schema

_Values = list[Any]
_Build = Callable[[_Values], pa.Array]
_DEFAULT_PRECISION = 64
_MAX_PRECISION = 76
_FLOAT32_MAX = 3.4028235677973366e38  # from here on a double rounds to infinity

_SCALARS: dict[str, tuple[Any, tuple[type, ...]]] = {
    "int8": (pa.int8(), (int,)),
    "int16": (pa.int16(), (int,)),
    "int32": (pa.int32(), (int,)),
    "int64": (pa.int64(), (int,)),
    "float32": (pa.float32(), (float, int)),
    "float64": (pa.float64(), (float, int)),
    "boolean": (pa.bool_(), (bool,)),
    "string": (pa.string(), (str,)),
    "bytes": (pa.binary(), (bytes,)),
}
_TIMES = {DATE: pa.date32(), TIME: pa.time32("ms"), TIMESTAMP: pa.timestamp("ms", "UTC")}


class _Column(NamedTuple):
    """What becomes of values with one schema."""

    type: pa.DataType
    build: _Build


class Columns(NamedTuple):
    """What becomes of structs with one schema: `build` raises FormatError when one of them does not fit it."""

    schema: pa.Schema
    build: Callable[[Sequence[Any]], pa.RecordBatch]


def columns_for(schema: Schema) -> Columns:
    """How values with this schema become columns, made once. Raises FormatError when no Parquet file can hold it."""
    return _columns(schema)


def _make_columns(schema: Schema) -> Columns:
    if schema.type != "struct" or not schema.fields:
        raise FormatError(f"a Parquet file holds structs that have fields; the value is {_described(schema)}")
    columns = [_column(field.schema, False) for field in schema.fields]
    arrow = pa.schema([_field(f, c, False) for f, c in zip(schema.fields, columns, strict=True)])
    names = [field.name for field in schema.fields]

    def build(values: Sequence[Any]) -> pa.RecordBatch:
        _check_types(values, (dict,), schema)
        arrays = [c.build([v.get(name) for v in values]) for name, c in zip(names, columns, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=arrow)

    return Columns(arrow, build)


def _described(schema: Schema) -> str:
    return "an empty struct" if schema.type == "struct" else f"of type {schema.type}"


def _field(field: Field, column: _Column, below_optional: bool) -> pa.Field:
    return pa.field(field.name, column.type, nullable=below_optional or field.schema.optional)


def _column(schema: Schema, below_optional: bool) -> _Column:
    column = _plain_column(schema, below_optional)
    return _Column(column.type, _strictly(schema, column.build))


def _plain_column(schema: Schema, below_optional: bool) -> _Column:
    if schema.name == DECIMAL:
        return _decimal(schema)
    if schema.name in _TIMES:
        return _time(schema, _TIMES[schema.name])
    if schema.type in _NESTED:
        return _NESTED[schema.type](schema, below_optional)
    return _scalar(schema)


def _strictly(schema: Schema, build: _Build) -> _Build:
    """Defaults for nulls, and a FormatError for every way in which Arrow says no."""
    default, required = schema.default, schema.default is None and not schema.optional

    def strict(values: _Values) -> pa.Array:
        if None in values:
            if required:
                raise FormatError("Found null value for non-optional schema")
            values = [default if v is None else v for v in values]
        try:
            return build(values)
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            raise FormatError(f"{schema.type} field: {error}") from error

    return strict


def _check_types(values: Sequence[Any], allowed: tuple[type, ...], schema: Schema) -> None:
    """Arrow takes 5.5 for an integer 5, True for 1.0 and text for bytes, and says nothing."""
    for kind in set(map(type, values)):
        if kind not in allowed and kind is not type(None):
            raise FormatError(f"Invalid type for {schema.type.upper()}: {kind.__name__}")


def _scalar(schema: Schema) -> _Column:
    type_, allowed = _SCALARS[schema.type]

    def build(values: _Values) -> pa.Array:
        _check_types(values, allowed, schema)
        if schema.type == "float32":
            _check_float32(values)
        return pa.array(values, type_)

    return _Column(type_, build)


def _check_float32(values: _Values) -> None:
    doubles = pa.array(values, pa.float64())
    beyond = pc.and_(pc.is_finite(doubles), pc.greater_equal(pc.abs(doubles), _FLOAT32_MAX))
    if pc.any(beyond).as_py():
        raise FormatError("a number beyond the range of FLOAT32")


def _time(schema: Schema, type_: pa.DataType) -> _Column:
    """Days or milliseconds, as JSON would have them: the same rounding and the same refusals."""
    encode = payload_encoder(schema.replace(optional=True, default=None))
    return _Column(type_, lambda values: pa.array([encode(v) for v in values], type_))


def _decimal(schema: Schema) -> _Column:
    parameters = dict(schema.parameters)
    scale = max(0, _number(parameters.get("scale", "0"), "scale"))  # 3E+3 is 3000
    precision = max(scale, _number(parameters.get("connect.decimal.precision", str(_DEFAULT_PRECISION)), "precision"))
    if not 1 <= precision <= _MAX_PRECISION:
        raise FormatError(f"Decimal with {precision} digits: Parquet files have up to {_MAX_PRECISION} here")
    type_ = pa.decimal128(precision, scale) if precision <= 38 else pa.decimal256(precision, scale)

    def build(values: _Values) -> pa.Array:
        _check_types(values, (Decimal,), schema)
        return pa.array(values, type_)

    return _Column(type_, build)


def _number(text: str, name: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise FormatError(f"Decimal with {name} {text!r}") from error


def _struct(schema: Schema, below_optional: bool) -> _Column:
    below_optional = below_optional or schema.optional
    columns = [_column(field.schema, below_optional) for field in schema.fields]
    fields = [_field(f, c, below_optional) for f, c in zip(schema.fields, columns, strict=True)]
    names = [field.name for field in schema.fields]

    def build(values: _Values) -> pa.Array:
        _check_types(values, (dict,), schema)
        present = [v for v in values if v is not None]
        children = [c.build([v.get(name) for v in present]) for name, c in zip(names, columns, strict=True)]
        if len(present) == len(values) and children:
            return pa.StructArray.from_arrays(children, fields=fields)
        return _spread(values, children, fields)

    return _Column(pa.struct(fields), build)


def _spread(values: _Values, children: list[pa.Array], fields: list[pa.Field]) -> pa.Array:
    """Children of the values that are there, brought to where their parents are."""
    position, indices = 0, []
    for value in values:
        indices.append(None if value is None else position)
        position += value is not None
    where = pa.array(indices, pa.int64())
    spread = [child.take(where) for child in children]
    return pa.StructArray.from_arrays(spread, fields=fields, mask=where.is_null())


def _array(schema: Schema, below_optional: bool) -> _Column:
    items = _column(_inner(schema.items), False)
    type_ = pa.list_(pa.field("element", items.type, nullable=_inner(schema.items).optional))

    def build(values: _Values) -> pa.Array:
        _check_types(values, (list, tuple), schema)
        flat = items.build([item for v in values if v is not None for item in v])
        return pa.ListArray.from_arrays(_starts(values), flat, type=type_)

    return _Column(type_, build)


def _map(schema: Schema, below_optional: bool) -> _Column:
    """Parquet's maps have no null keys, whatever the schema says of its keys."""
    keys = _column(_inner(schema.keys).replace(optional=False), False)
    items = _column(_inner(schema.items), False)
    type_ = pa.map_(keys.type, pa.field("value", items.type, nullable=_inner(schema.items).optional))

    def build(values: _Values) -> pa.Array:
        _check_types(values, (dict,), schema)
        present = [v for v in values if v is not None]
        flat_keys = keys.build([key for v in present for key in v])
        flat_items = items.build([item for v in present for item in v.values()])
        return pa.MapArray.from_arrays(_starts(values), flat_keys, flat_items, type=type_)

    return _Column(type_, build)


def _starts(values: _Values) -> pa.Array:
    """Where each list begins, null for a null; one more for the end."""
    starts: list[int | None] = []
    position = 0
    for value in values:
        starts.append(None if value is None else position)
        position += 0 if value is None else len(value)
    return pa.array([*starts, position], pa.int32())


def _inner(schema: Schema | None) -> Schema:
    if schema is None:
        raise FormatError("an array or map schema has no schema of what is in it")
    return schema


_NESTED: dict[str, Callable[[Schema, bool], _Column]] = {"struct": _struct, "array": _array, "map": _map}
_columns = PerSchema(_make_columns)
