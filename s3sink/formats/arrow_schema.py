"""Connect schemas and the values that they describe, as Arrow.

Types and names are those of the Connect sink's Parquet files: int8 and int16 are INT32; Decimal has the precision of
the parameter `connect.decimal.precision`, 64 where it says nothing, and 76, as much as Arrow has, where it says more;
maps whose keys are no texts are lists of entries; the branches of a union are `member0`, `member1`, ...; a null becomes
the default of its schema.

What Arrow writes in another form than Connect does: lists always have three levels (`list`, `element`), where Connect
has two (`array`) unless items may be null; decimals have a fixed length; enums are strings; the root is `schema`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from s3sink.avro_data import MappingOptions
from s3sink.avro_data.defaults import has_text_keys, is_union
from s3sink.avro_data.names import FIXED_SIZE
from s3sink.connect_json import PerSchema, payload_encoder
from s3sink.errors import FormatError
from s3sink.formats.parquet_schema import footer
from s3sink.java_class import java_class
from s3sink.schema import DATE, DECIMAL, TIME, TIMESTAMP, Field, Schema

_Values = list[Any]
_Build = Callable[[_Values], pa.Array]
_DEFAULT_PRECISION = 64
_MAX_PRECISION = 76
_FLOAT32_MAX = 3.4028235677973366e38  # from here on a double rounds to infinity

#: What the values are checked against, what they are in the file, the Python types, and one of them.
_SCALARS: dict[str, tuple[Any, Any, tuple[type, ...], Any]] = {
    "int8": (pa.int8(), pa.int32(), (int,), 0),
    "int16": (pa.int16(), pa.int32(), (int,), 0),
    "int32": (pa.int32(), pa.int32(), (int,), 0),
    "int64": (pa.int64(), pa.int64(), (int,), 0),
    "float32": (pa.float32(), pa.float32(), (float, int), 0.0),
    "float64": (pa.float64(), pa.float64(), (float, int), 0.0),
    "boolean": (pa.bool_(), pa.bool_(), (bool,), False),
    "string": (pa.string(), pa.string(), (str,), ""),
    "bytes": (pa.binary(), pa.binary(), (bytes,), b""),
}
_TIMES = {
    DATE: (pa.date32(), date(1970, 1, 1)),
    TIME: (pa.time32("ms"), time()),
    TIMESTAMP: (pa.timestamp("ms", "UTC"), datetime(1970, 1, 1, tzinfo=UTC)),
}
CONNECTOR = MappingOptions(enhanced_avro_schema_support=True)
"""How the sink maps schemas when nothing is said."""


class _Column(NamedTuple):
    """What becomes of values with one schema; `filler` is one that it takes, for what nobody reads."""

    type: pa.DataType
    build: _Build
    filler: Any


class Columns(NamedTuple):
    """What becomes of structs with one schema: `build` raises FormatError when one of them does not fit it.

    The metadata of `schema` is what the footer of a file says of it.
    """

    schema: pa.Schema
    build: Callable[[Sequence[Any]], pa.RecordBatch]


def columns_for(schema: Schema, options: MappingOptions = CONNECTOR) -> Columns:
    """How values with this schema become columns, made once. Raises FormatError when no Parquet file can hold it."""
    return _known(options)(schema)


@lru_cache(16)
def _known(options: MappingOptions) -> PerSchema[Columns]:
    return PerSchema(lambda schema: _make_columns(schema, options))


def _make_columns(schema: Schema, options: MappingOptions) -> Columns:
    metadata = footer(schema, options)
    columns = [_column(field.schema, options) for field in schema.fields]
    arrow = pa.schema(_fields(schema, columns), metadata)
    names = [field.name for field in schema.fields]

    def build(values: Sequence[Any]) -> pa.RecordBatch:
        _check_types(values, (dict,), schema)
        arrays = [c.build([v.get(name) for v in values]) for name, c in zip(names, columns, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=arrow)

    return Columns(arrow, build)


def _fields(schema: Schema, columns: list[_Column]) -> list[pa.Field]:
    if is_union(schema):
        return [pa.field(f"member{index}", column.type) for index, column in enumerate(columns)]
    return [
        pa.field(field.name, column.type, nullable=field.schema.optional)
        for field, column in zip(schema.fields, columns, strict=True)
    ]


def _column(schema: Schema, options: MappingOptions) -> _Column:
    column = _plain_column(schema, options)
    nothing = schema.optional or schema.default is not None
    return _Column(column.type, _strictly(schema, column.build), None if nothing else column.filler)


def _plain_column(schema: Schema, options: MappingOptions) -> _Column:
    if schema.name == DECIMAL:
        return _decimal(schema)
    if schema.name in _TIMES:
        return _time(schema, *_TIMES[schema.name])
    if schema.type in _NESTED:
        return _NESTED[schema.type](schema, options)
    if schema.type == "bytes" and schema.name is not None and FIXED_SIZE in dict(schema.parameters):
        return _fixed(schema, _number(dict(schema.parameters)[FIXED_SIZE], FIXED_SIZE))
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
            value = next(value for value in values if type(value) is kind)
            raise FormatError(f"Invalid type for {schema.type.upper()}: class {java_class(value)}")


def _scalar(schema: Schema) -> _Column:
    narrow, type_, allowed, filler = _SCALARS[schema.type]

    def build(values: _Values) -> pa.Array:
        _check_types(values, allowed, schema)
        if schema.type == "float32":
            _check_float32(values)
        array = pa.array(values, narrow)
        return array if narrow is type_ else array.cast(type_)

    return _Column(type_, build, filler)


def _fixed(schema: Schema, size: int) -> _Column:
    type_ = pa.binary(size)

    def build(values: _Values) -> pa.Array:
        _check_types(values, (bytes,), schema)
        return pa.array(values, type_)

    return _Column(type_, build, bytes(size))


def _check_float32(values: _Values) -> None:
    doubles = pa.array(values, pa.float64())
    beyond = pc.and_(pc.is_finite(doubles), pc.greater_equal(pc.abs(doubles), _FLOAT32_MAX))
    if pc.any(beyond).as_py():
        raise FormatError("a number beyond the range of FLOAT32")


def _time(schema: Schema, type_: pa.DataType, filler: Any) -> _Column:
    """Days or milliseconds, as JSON would have them: the same rounding and the same refusals."""
    encode = payload_encoder(schema.replace(optional=True, default=None))
    return _Column(type_, lambda values: pa.array([encode(v) for v in values], type_), filler)


def _decimal(schema: Schema) -> _Column:
    parameters = dict(schema.parameters)
    scale = max(0, _number(parameters.get("scale", "0"), "scale"))  # 3E+3 is 3000
    given = _number(parameters.get("connect.decimal.precision", str(_DEFAULT_PRECISION)), "precision")
    precision = min(max(scale, given), _MAX_PRECISION)
    if precision < 1 or scale > precision:
        raise FormatError(f"Decimal of {precision} digits with scale {scale}: Parquet files have up to 76 here")
    type_ = pa.decimal128(precision, scale) if precision <= 38 else pa.decimal256(precision, scale)

    def build(values: _Values) -> pa.Array:
        _check_types(values, (Decimal,), schema)
        return pa.array(values, type_)

    return _Column(type_, build, Decimal(0))


def _number(text: str, name: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise FormatError(f"Decimal with {name} {text!r}") from error


def _struct(schema: Schema, options: MappingOptions) -> _Column:
    columns = [_column(field.schema, options) for field in schema.fields]
    fields, names = _fields(schema, columns), [field.name for field in schema.fields]
    filler = {name: column.filler for name, column in zip(names, columns, strict=True)}

    def build(values: _Values) -> pa.Array:
        _check_types(values, (dict,), schema)
        present = [v for v in values if v is not None]
        whole = len(present) == len(values)
        shown = present if whole else [*present, filler]
        children = [c.build([v.get(name) for v in shown]) for name, c in zip(names, columns, strict=True)]
        return pa.StructArray.from_arrays(children, fields=fields) if whole else _spread(values, children, fields)

    return _Column(pa.struct(fields), build, filler)


def _spread(values: _Values, children: list[pa.Array], fields: list[pa.Field]) -> pa.Array:
    """Children of the values that are there, brought to where their parents are, and the last one to the nulls.

    A required child of a null may not be null for Arrow.
    """
    position, indices, last = 0, [], len(children[0]) - 1
    for value in values:
        indices.append(last if value is None else position)
        position += value is not None
    where = pa.array(indices, pa.int64())
    spread = [child.take(where) for child in children]
    return pa.StructArray.from_arrays(spread, fields=fields, mask=pa.array([value is None for value in values]))


def _array(schema: Schema, options: MappingOptions) -> _Column:
    items = _column(_inner(schema.items), options)
    type_ = pa.list_(pa.field("element", items.type, nullable=_inner(schema.items).optional))

    def build(values: _Values) -> pa.Array:
        _check_types(values, (list, tuple), schema)
        flat = items.build([item for v in values if v is not None for item in v])
        return pa.ListArray.from_arrays(_starts(values), flat, type=type_)

    return _Column(type_, build, [])


def _map(schema: Schema, options: MappingOptions) -> _Column:
    if not has_text_keys(schema, options):
        return _entries(schema, options)
    keys = _column(_inner(schema.keys).replace(optional=False), options)  # Parquet's maps have no null keys
    items = _column(_inner(schema.items), options)
    type_ = pa.map_(keys.type, pa.field("value", items.type, nullable=_inner(schema.items).optional))

    def build(values: _Values) -> pa.Array:
        _check_types(values, (dict,), schema)
        present = [v for v in values if v is not None]
        flat_keys = keys.build([key for v in present for key in v])
        flat_items = items.build([item for v in present for item in v.values()])
        return pa.MapArray.from_arrays(_starts(values), flat_keys, flat_items, type=type_)

    return _Column(type_, build, {})


def _entries(schema: Schema, options: MappingOptions) -> _Column:
    """Avro has no other keys than texts, so that Connect has lists here."""
    fields = (Field("key", _inner(schema.keys)), Field("value", _inner(schema.items)))
    column = _array(Schema(type="array", items=Schema(type="struct", fields=fields)), options)

    def build(values: _Values) -> pa.Array:
        _check_types(values, (dict,), schema)
        return column.build([None if v is None else [{"key": k, "value": i} for k, i in v.items()] for v in values])

    return _Column(column.type, build, {})


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


_NESTED: dict[str, Callable[[Schema, MappingOptions], _Column]] = {"struct": _struct, "array": _array, "map": _map}
