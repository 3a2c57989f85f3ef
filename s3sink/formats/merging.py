"""One schema for columns that were made at different times, and columns brought to such a schema.

Nothing that this module does changes a value: what cannot be merged without loss raises Misfit.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


class Misfit(Exception):
    """These columns do not go together; the message says which and why."""


# ---------------------------------------------------------------------------------------------- schemas
def merged_schema(a: pa.Schema, b: pa.Schema) -> pa.Schema:
    """A schema that has room for both: the columns of `a`, then those that only `b` has. Raises Misfit."""
    return a if a.equals(b) else pa.schema(_merged_fields(list(a), list(b)))


def _merged_fields(a: list[pa.Field], b: list[pa.Field]) -> list[pa.Field]:
    others = {field.name: field for field in b}
    fields = [_merged_field(f, others.pop(f.name)) if f.name in others else _optional(f) for f in a]
    return fields + [_optional(f) for f in b if f.name in others]


def _merged_field(a: pa.Field, b: pa.Field) -> pa.Field:
    merged = pa.field(a.name, _merged_type(a.name, a.type, b.type))
    return _optional(merged) if a.nullable or b.nullable else merged.with_nullable(False)


def _optional(field: pa.Field) -> pa.Field:
    """The field as optional, and so what lies below: a null has null children in Arrow."""
    if pa.types.is_struct(field.type):
        return pa.field(field.name, pa.struct([_optional(f) for f in field.type]))
    return field if field.nullable else field.with_nullable(True)


def _merged_type(name: str, a: pa.DataType, b: pa.DataType) -> pa.DataType:
    if a.equals(b) or pa.types.is_null(b):
        return a
    if pa.types.is_null(a):
        return b
    if pa.types.is_struct(a) and pa.types.is_struct(b):
        return pa.struct(_merged_fields(list(a), list(b)))
    if pa.types.is_list(a) and pa.types.is_list(b):
        return pa.list_(_merged_field(a.value_field, b.value_field.with_name(a.value_field.name)))
    if pa.types.is_map(a) and pa.types.is_map(b) and a.key_type.equals(b.key_type):
        return pa.map_(a.key_type, _merged_field(a.item_field, b.item_field))
    number = _merged_number(a, b)
    if number is None:
        raise Misfit(f"column {name!r} has {a} and {b}")
    return number


def _merged_number(a: pa.DataType, b: pa.DataType) -> pa.DataType | None:
    types = (a, b)
    if all(map(pa.types.is_integer, types)):
        return max(types, key=lambda t: t.bit_width)
    if all(pa.types.is_integer(t) or pa.types.is_floating(t) for t in types):
        return pa.float64()
    if all(pa.types.is_integer(t) or pa.types.is_decimal(t) for t in types):
        return _merged_decimal(*map(_as_decimal, types))
    return None


def _as_decimal(type_: pa.DataType) -> tuple[int, int]:
    """Digits before and after the point."""
    return (19, 0) if pa.types.is_integer(type_) else (type_.precision - type_.scale, type_.scale)


def _merged_decimal(a: tuple[int, int], b: tuple[int, int]) -> pa.DataType | None:
    whole, scale = max(a[0], b[0]), max(a[1], b[1])
    if whole + scale > 76:
        return None
    return pa.decimal128(whole + scale, scale) if whole + scale <= 38 else pa.decimal256(whole + scale, scale)


def writable_schema(schema: pa.Schema) -> pa.Schema:
    """The schema as a Parquet file can have it, once and for all.

    Columns of which only nulls are known are left out (unless nothing else is there); an object of which no field is
    known becomes text, which is `{}`; items of lists that were all empty or null become text.
    """
    known = [field for field in schema if not pa.types.is_null(field.type)]
    return pa.schema([_writable(field) for field in known or schema])


def _writable(field: pa.Field) -> pa.Field:
    type_ = field.type
    if pa.types.is_null(type_) or (pa.types.is_struct(type_) and not type_.num_fields):
        return pa.field(field.name, pa.string(), nullable=field.nullable)
    if pa.types.is_struct(type_):
        return pa.field(field.name, pa.struct([_writable(f) for f in type_]), nullable=field.nullable)
    if pa.types.is_list(type_):
        return pa.field(field.name, pa.list_(_writable(type_.value_field)), nullable=field.nullable)
    return field


# ---------------------------------------------------------------------------------------------- columns
def conformed(columns: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The columns with this schema and the same values. Raises Misfit."""
    if columns.schema.equals(schema):
        return columns
    given = {field.name: columns.column(i) for i, field in enumerate(columns.schema)}
    arrays = _children(given, list(schema), columns.num_rows)
    if not arrays:
        return pa.RecordBatch.from_struct_array(pa.nulls(columns.num_rows, pa.struct([])))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _children(given: dict[str, pa.Array], fields: list[pa.Field], n: int) -> list[pa.Array]:
    arrays = [_as_field(given.pop(f.name), f) if f.name in given else _missing(f, n) for f in fields]
    for name, array in given.items():
        if array.null_count < n:
            raise Misfit(f"column {name!r} is new")
    return arrays


def _missing(field: pa.Field, n: int) -> pa.Array:
    if not field.nullable and n:
        raise Misfit(f"column {field.name!r} is required and missing")
    return pa.nulls(n, field.type)


def _as_field(array: pa.Array, field: pa.Field) -> pa.Array:
    if not field.nullable and array.null_count:
        raise Misfit(f"column {field.name!r} is required and has nulls")
    return _as_type(array, field.type, field.name)


def _as_type(array: pa.Array, type_: pa.DataType, name: str) -> pa.Array:
    if array.type.equals(type_):
        return array
    if array.null_count == len(array):
        return pa.nulls(len(array), type_)
    if pa.types.is_struct(array.type):
        return _struct_as(array, type_, name)
    if pa.types.is_list(array.type) and pa.types.is_list(type_):
        return _list_as(array, type_, name)
    if pa.types.is_map(array.type) and pa.types.is_map(type_):
        return _map_as(array, type_, name)
    return _number_as(array, type_, name)


def _struct_as(array: pa.Array, type_: pa.DataType, name: str) -> pa.Array:
    # flatten() and not field(): a child says nothing of the nulls of its parent
    given = {f.name: child for f, child in zip(array.type, array.flatten(), strict=True)}
    if pa.types.is_string(type_) and all(child.null_count == len(child) for child in given.values()):
        return pc.if_else(array.is_valid(), "{}", pa.scalar(None, pa.string()))
    if not pa.types.is_struct(type_):
        raise Misfit(f"column {name!r} has {array.type} and the file {type_}")
    children = _children(given, list(type_), len(array))
    return pa.StructArray.from_arrays(children, fields=list(type_), mask=array.is_null())


def _list_as(array: pa.Array, type_: pa.DataType, name: str) -> pa.Array:
    starts, items = rebased(array, array.values)
    return pa.ListArray.from_arrays(starts, _as_field(items, type_.value_field.with_name(name)), type=type_)


def _map_as(array: pa.Array, type_: pa.DataType, name: str) -> pa.Array:
    starts, keys = rebased(array, array.keys)
    _, items = rebased(array, array.items)
    return pa.MapArray.from_arrays(
        starts, _as_type(keys, type_.key_type, name), _as_field(items, type_.item_field), type=type_
    )


def rebased(array: pa.Array, items: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Where each list begins, null for a null, and the items of these lists only: the array may be a slice."""
    offsets = array.offsets
    first, last = offsets[0].as_py(), offsets[-1].as_py()
    starts = pc.subtract(offsets, pa.scalar(first, pa.int32()))
    if array.null_count:
        ends = pa.concat_arrays([array.is_valid(), pa.array([True])])
        starts = pc.if_else(ends, starts, pa.scalar(None, pa.int32()))
    return starts, items.slice(first, last - first)


def _number_as(array: pa.Array, type_: pa.DataType, name: str) -> pa.Array:
    if not _castable(array.type, type_):
        raise Misfit(f"column {name!r} has {array.type} and the file {type_}")
    try:
        return array.cast(type_)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise Misfit(f"column {name!r}: {error}") from error


def _castable(a: Any, b: Any) -> bool:
    """Casts that Arrow checks for loss. Not double to float: it rounds without a word."""
    is_integer, is_floating, is_decimal = pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal
    if is_floating(a):
        return bool(is_integer(b) or (is_floating(b) and b.bit_width >= a.bit_width))
    if is_integer(a):
        return bool(is_integer(b) or is_floating(b) or is_decimal(b))
    return bool(is_decimal(a) and (is_decimal(b) or is_integer(b)))
