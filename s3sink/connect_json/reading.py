"""Payloads become values with a schema."""

from __future__ import annotations

import math
import re
import struct
from base64 import b64decode
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NoReturn, cast

from s3sink.connect_json.common import (
    DAY_MS,
    EPOCH,
    EPOCH_DAY,
    Finder,
    Function,
    PerSchema,
)
from s3sink.errors import ConversionError
from s3sink.java_class import INT_BITS as INT_BITS
from s3sink.schema import DATE, DECIMAL, TIME, TIMESTAMP, Field, Schema

_SPACED_BASE64 = re.compile(r"(?:[\x00- ]*[A-Za-z0-9+/]{2}(?:[A-Za-z0-9+/]{2}|[A-Za-z0-9+/]=|==))*[\x00- ]*")
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]+")


def from_payload(schema: Schema, obj: Any, replace_null_with_default: bool = True) -> Any:
    """The value of a payload that was decoded from JSON. Raises ConversionError, without coordinates.

    For exact Decimals the JSON decoder has to give numbers with a fraction as `decimal.Decimal`.
    """
    return payload_decoder(schema, replace_null_with_default)(obj)


def payload_decoder(schema: Schema, replace_null_with_default: bool = True) -> Function:
    """`from_payload` for one schema."""
    return (_decoders if replace_null_with_default else _plain_decoders)(schema)


def _decoder(schema: Schema, with_defaults: bool) -> Function:
    convert = _decode_some(schema, with_defaults)
    null = schema.default if with_defaults else None
    if null is None and not schema.optional:
        return _refusing_null(convert, f"Invalid null value for required {schema.type.upper()} field")
    return lambda obj: null if obj is None else convert(obj)


def _refusing_null(convert: Function, complaint: str) -> Function:
    def decode(obj: Any) -> Any:
        if obj is None:
            raise ConversionError(complaint)
        return convert(obj)

    return decode


def _decode_some(schema: Schema, with_defaults: bool) -> Function:
    if schema.name in _LOGICAL_DECODERS:
        return _LOGICAL_DECODERS[schema.name](schema)
    if schema.type in INT_BITS:
        return int_decoder(INT_BITS[schema.type])
    if schema.type in ("array", "map", "struct"):
        return _NESTED_DECODERS[schema.type](schema, lambda inner: payload_decoder(inner, with_defaults))
    return _SCALAR_DECODERS[schema.type]


def int_decoder(bits: int) -> Function:
    """Narrows a number to a signed integer of that width, as Java does: 300 is 44 in 8 bits."""
    low, high = -(1 << (bits - 1)), 1 << (bits - 1)

    def decode(obj: Any) -> int:
        if type(obj) is int and low <= obj < high:
            return obj
        return (_whole(obj) - low) % (2 * high) + low

    return decode


def _whole(obj: Any) -> int:
    """As an integer, 0 where it is no number. A multiple of 2**64 narrows to 0 however long it is."""
    if isinstance(obj, Decimal):
        return 0 if cast("int", obj.as_tuple().exponent) > 64 else int(obj)
    if type(obj) is float:
        return int(Decimal(repr(obj)))  # the digits of the text, which 1e30 as a double has not
    return obj if type(obj) is int else 0


def _double(obj: Any) -> float:
    if type(obj) is float:
        return obj + 0.0  # Connect reads it by way of BigDecimal, which has no negative zero
    try:
        return float(obj) + 0.0 if type(obj) in (int, Decimal) else 0.0
    except OverflowError:
        return math.inf if obj > 0 else -math.inf


def shortest_float32(value: float) -> float:
    """The double that prints as the float32 nearest to `value` does: 0.1 and not 0.10000000149011612.

    It has as many digits as tell one float32 from the next, but two at least, as in Java: the smallest is 1.4e-45.
    """
    if float(f"{value:.6g}") == value and 1e-37 < abs(value) < 1e38:
        return value
    try:
        packed = struct.pack("<f", value)
    except OverflowError:
        return math.copysign(math.inf, value)
    exact: float = struct.unpack("<f", packed)[0]
    rounded = (float(f"{exact:.{digits}g}") for digits in ((6, 7, 8) if abs(exact) > 1e-37 else range(2, 9)))
    return next((short for short in rounded if _packs_to(short, packed)), float(f"{exact:.9g}"))


def _packs_to(value: float, packed: bytes) -> bool:
    try:
        return struct.pack("<f", value) == packed
    except OverflowError:
        return False


def _decode_bytes(obj: Any) -> bytes | None:
    try:
        return _from_base64(obj) if type(obj) is str else None
    except ValueError as error:
        raise ConversionError("Invalid bytes field") from error


def _from_base64(text: str) -> bytes:
    """As Jackson reads it: with white space between groups of four, and groups behind a padded one."""
    try:
        return b64decode(text, validate=True)
    except ValueError:
        if not _SPACED_BASE64.fullmatch(text):
            raise
        groups = text.translate(_NO_SPACE)
        return b"".join(b64decode(groups[at : at + 4]) for at in range(0, len(groups), 4))


_NO_SPACE = dict.fromkeys(range(33))


_SCALAR_DECODERS: dict[str, Function] = {
    "boolean": lambda obj: obj is True,
    "string": lambda obj: obj if type(obj) is str else None,
    "bytes": _decode_bytes,
    "float64": _double,
    "float32": lambda obj: shortest_float32(_double(obj)),
}


def _array_decoder(schema: Schema, inner: Callable[[Schema], Function]) -> Function:
    decode_item = inner(part_of(schema.items))

    def decode(obj: Any) -> list[Any]:
        if isinstance(obj, dict):  # Jackson walks the members of an object as it walks the items of an array
            obj = obj.values()
        return [decode_item(item) for item in obj] if not isinstance(obj, str | int | float | Decimal) else []

    return decode


def _map_decoder(schema: Schema, inner: Callable[[Schema], Function]) -> Function:
    keys, decode_key, decode_value = part_of(schema.keys), inner(part_of(schema.keys)), inner(part_of(schema.items))

    def decode_object(obj: Any) -> dict[Any, Any]:
        if not isinstance(obj, dict):
            _refuse("Maps with string fields should be encoded as JSON objects, but found ", _node_type(obj))
        return {key: decode_value(value) for key, value in obj.items()}

    def decode_pairs(obj: Any) -> dict[Any, Any]:
        if not isinstance(obj, list):
            _refuse(
                "Maps with non-string fields should be encoded as JSON array of tuples, but found ", _node_type(obj)
            )
        return {_hashable(decode_key(k)): decode_value(v) for k, v in map(_pair, obj)}

    return decode_object if keys.type == "string" else decode_pairs


def _pair(entry: Any) -> list[Any]:
    if not isinstance(entry, list):
        _refuse("Found invalid map entry instead of array tuple: ", _node_type(entry))
    if len(entry) != 2:
        _refuse("Found invalid map entry, expected length 2 but found :", str(len(entry)))
    return entry


def _hashable(key: Any) -> Any:
    if isinstance(key, list | dict):
        _refuse("A map key must be a single value, but found ", _node_type(key))
    return key


def _struct_decoder(schema: Schema, inner: Callable[[Schema], Function]) -> Function:
    fields = [(field.name, _member_decoder(field, inner(field.schema))) for field in schema.fields]

    def decode(obj: Any) -> dict[str, Any]:
        if type(obj) is not dict:
            _refuse("Structs should be encoded as JSON objects, but found ", _node_type(obj))
        get = obj.get
        return {name: decode_field(get(name)) for name, decode_field in fields}

    return decode


def _member_decoder(field: Field, decode: Function) -> Function:
    """Only a struct looks at what it gets: what has become null, like a number for a text, may have to be there."""
    missing = finder_of_null(field.schema, f'field: "{field.name}"')
    if missing is None:
        return decode

    def decode_valid(obj: Any) -> Any:
        value = decode(obj)
        if complaint := missing(value):
            raise ConversionError(complaint)
        return value

    return decode_valid


def finder_of_null(schema: Schema, place: str) -> Finder | None:
    """Finds null where it may not be and says so as Connect does; None for a schema where there can be none.

    Only texts and bytes become null, when something else is in their place.
    """
    if schema.type in ("string", "bytes"):
        complaint = f"Invalid value: null used for required {place}, schema type: {schema.type.upper()}"
        return None if schema.optional else lambda value: complaint if value is None else None
    if schema.type == "array":
        return _finder_among([(list, finder_of_null(part_of(schema.items), f"element of array {place}"))])
    if schema.type == "map":
        find_key = finder_of_null(part_of(schema.keys), f"key of map {place}")
        return _finder_among(
            [(list, find_key), (dict.values, finder_of_null(part_of(schema.items), f"value of map {place}"))]
        )
    return None


def _finder_among(parts: list[tuple[Callable[[Any], Iterable[Any]], Finder | None]]) -> Finder | None:
    finders = [(items_of, find) for items_of, find in parts if find is not None]

    def find_in(value: Any) -> str | None:
        found = (find(item) for items_of, find in finders for item in items_of(value or {}))
        return next(filter(None, found), None)

    return find_in if finders else None


def _decimal_decoder(schema: Schema) -> Function:
    scale = dict(schema.parameters).get("scale", "")

    def decode(obj: Any) -> Decimal:
        if type(obj) in (int, float, Decimal):
            return obj if type(obj) is Decimal else Decimal(repr(obj))
        if type(obj) is not str:
            kind = "numeric or bytes"
            _refuse(f"Invalid type for Decimal, underlying representation should be {kind} but was ", _node_type(obj))
        try:
            return decimal_from_bytes(_some(_from_base64(obj)), java_integer(scale))
        except ValueError as error:
            raise ConversionError("Invalid bytes for Decimal field") from error

    return decode


def _some(data: bytes) -> bytes:
    if not data:
        raise ValueError("Java's BigInteger is not made of no bytes")
    return data


def java_integer(text: str) -> int:
    if not _WHOLE_NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is no whole number")
    return int(text)


def decimal_from_bytes(data: bytes, scale: int) -> Decimal:
    """Connect's Decimal: a big-endian two's-complement integer, shifted by `scale` decimal places."""
    unscaled = int.from_bytes(data, "big", signed=True)
    return Decimal((int(unscaled < 0), tuple(map(int, str(abs(unscaled)))), -scale))


def _decode_date(obj: Any) -> date:
    try:
        return date.fromordinal(EPOCH_DAY + _int32(obj, "Date"))
    except (OverflowError, ValueError) as error:
        raise _outside(obj) from error


def _decode_time(obj: Any) -> time:
    if not 0 <= _int32(obj, "Time") < DAY_MS:
        raise ConversionError("Time values must use number of milliseconds greater than 0 and less than 86400000")
    return (EPOCH + timedelta(milliseconds=obj)).time()


def _decode_timestamp(obj: Any) -> datetime:
    if type(obj) is not int:
        _refuse("Invalid type for Timestamp, underlying representation should be integral but was ", _node_type(obj))
    try:
        return EPOCH + timedelta(milliseconds=obj)
    except OverflowError as error:
        raise _outside(obj) from error


def _outside(obj: Any) -> ConversionError:
    return ConversionError(f"{obj} is outside the years 1 to 9999, which is all that Python's calendar has")


def _int32(obj: Any, name: str) -> int:
    if type(obj) is not int or not -(1 << 31) <= obj < 1 << 31:
        _refuse(f"Invalid type for {name}, underlying representation should be integer but was ", _node_type(obj))
    return obj


def _refuse(complaint: str, found: str) -> NoReturn:
    raise ConversionError(complaint + found)


def _node_type(obj: Any) -> str:
    """Jackson's name for the kind of a JSON value."""
    names = {dict: "OBJECT", list: "ARRAY", str: "STRING", bool: "BOOLEAN", type(None): "NULL"}
    return names.get(type(obj), "NUMBER")


def part_of(schema: Schema | None) -> Schema:
    if schema is None:
        raise ConversionError("an array or map schema has no schema of what is in it")
    return schema


_LOGICAL_DECODERS: dict[str | None, Callable[[Schema], Function]] = {
    DECIMAL: _decimal_decoder,
    DATE: lambda _: _decode_date,
    TIME: lambda _: _decode_time,
    TIMESTAMP: lambda _: _decode_timestamp,
}
_NESTED_DECODERS = {"array": _array_decoder, "map": _map_decoder, "struct": _struct_decoder}
_decoders = PerSchema(lambda schema: _decoder(schema, True))
_plain_decoders = PerSchema(lambda schema: _decoder(schema, False))
