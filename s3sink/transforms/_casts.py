"""Java's conversions between numbers, texts and dates, as Connect's Cast makes them."""

from __future__ import annotations

import math
import struct
from base64 import b64encode
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, NoReturn

from s3sink.connect_json import int_decoder, shortest_float32
from s3sink.errors import TransformError
from s3sink.java_class import INT_BITS, java_class
from s3sink.java_text import date_text, double_text, epoch_milliseconds, float_text, parse_double, parse_integer
from s3sink.schema import DATE, DECIMAL, TIME, TIMESTAMP, Schema
from s3sink.transforms._fields import not_connect_data

Convert = Callable[[Any], Any]
Kind = Literal["integer", "double", "float", "boolean", "string", "bytes", "decimal", "date", "time", "timestamp"]
"""What a value can be cast from."""

TARGETS = ("int8", "int16", "int32", "int64", "float32", "float64", "boolean", "string")
_SOURCES = ", ".join(target.upper() for target in (*TARGETS, "bytes"))
_DAY_MS = 86_400_000
_to_int64 = int_decoder(64)


def converter(target: str, schema: Schema) -> Convert:
    """Casts values that have this schema; None is not among them. Raises TransformError when called."""
    kind = _PHYSICAL.get(schema.type)
    if kind is None:
        return _refusing(schema.type)
    convert = _CONVERTERS[target][kind]
    return _of_logical(target, schema.name, convert) if schema.name in _LOGICAL else convert


def _of_logical(target: str, name: str | None, physical: Convert) -> Convert:
    """An earlier cast may have left the name of a logical type to a value that is none: then the value decides."""
    type_, kind = _LOGICAL[name]
    logical, needs_date = _CONVERTERS[target][kind], type_ is not Decimal and target != "string"

    def convert(value: Any) -> Any:
        if isinstance(value, type_):
            return logical(value)
        if needs_date:
            raise TransformError(f"class {java_class(value)} cannot be cast to class java.util.Date")
        return physical(value)

    return convert


class PlainConverters(dict[type, Convert]):
    """Casts values without schema, by their Python type; None stays None. What cannot be cast raises TransformError."""

    def __init__(self, target: str) -> None:
        super().__init__({type_: _CONVERTERS[target][kind] for type_, kind in _PLAIN.items()})
        self[type(None)] = lambda value: None

    def __missing__(self, type_: type) -> Convert:
        return _refuse_plain


def _refuse_plain(value: Any) -> NoReturn:
    if isinstance(value, dict | list):
        raise _unsupported("map" if isinstance(value, dict) else "array")
    raise not_connect_data(value, "Cast")


def _refusing(type_: str) -> Convert:
    def refuse(value: Any) -> NoReturn:
        raise _unsupported(type_)

    return refuse


def _unsupported(type_: str) -> TransformError:
    return TransformError(
        f"Cast transformation does not support casting from {type_.upper()}; supported types are [{_SOURCES}]"
    )


def _no_number(value: Any) -> NoReturn:
    raise TransformError("Unexpected type in Cast transformation: class [B")


def _reading(parse: Convert) -> Convert:
    """Reads a text with a parser that raises ValueError."""

    def read(text: str) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            raise TransformError(f"Value ({text}) was out of range for requested data type") from error

    return read


# ---------------------------------------------------------------------------------------------- integers
def _truncating(bits: int) -> Convert:
    """Cuts the fraction off and stays in the range of an int (or a long), of which the low bits are kept."""
    limit, narrow = 1 << max(bits, 32) - 1, int_decoder(bits)

    def truncate(value: float) -> int:
        if value != value:
            return 0
        whole = limit - 1 if value >= limit else -limit if value < -limit else int(value)
        return narrow(whole)  # type: ignore[no-any-return]

    return truncate


def _to_integer(bits: int) -> dict[Kind, Convert]:
    narrow, truncate = int_decoder(bits), _truncating(bits)
    return {
        "integer": narrow,
        "double": truncate,
        "float": lambda value: truncate(_widened(value)),
        "boolean": int,
        "string": _reading(lambda text: parse_integer(text, bits)),
        "bytes": _no_number,
        "decimal": narrow,
        "date": lambda value: narrow(_days(value)),
        "time": lambda value: narrow(epoch_milliseconds(value)),
        "timestamp": lambda value: narrow(epoch_milliseconds(value)),
    }


def _days(value: date) -> int:
    return epoch_milliseconds(value) // _DAY_MS


# ---------------------------------------------------------------------------------------------- floating point
def _widened(value: float) -> float:
    """The float32 that a value stands for, digit by digit: 0.1 is 0.10000000149011612."""
    try:
        exact: float = struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    return exact


def _nearest_double(value: int | Decimal) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _nearest_float32(value: int | Decimal) -> float:
    """Rounded once. The double on the way is rounded to odd, so that it still knows on which side of a tie it was."""
    near = _nearest_double(value)
    if near != value and math.isfinite(near) and not struct.pack("<d", near)[0] & 1:
        near = math.nextafter(near, math.inf if value > near else -math.inf)
    return shortest_float32(near)


def _parse_float32(text: str) -> float:
    near = parse_double(text)
    if not near or not math.isfinite(near):
        return near
    try:
        return _nearest_float32(Decimal(text.strip().rstrip("fFdD")))
    except InvalidOperation:  # hexadecimal
        return shortest_float32(near)


_TO_FLOAT64: dict[Kind, Convert] = {
    "integer": _nearest_double,
    "double": float,
    "float": _widened,
    "boolean": float,
    "string": _reading(parse_double),
    "bytes": _no_number,
    "decimal": _nearest_double,
    "date": lambda value: float(_days(value)),
    "time": lambda value: float(epoch_milliseconds(value)),
    "timestamp": lambda value: float(epoch_milliseconds(value)),
}
_TO_FLOAT32: dict[Kind, Convert] = {
    "integer": _nearest_float32,
    "double": shortest_float32,
    "float": shortest_float32,
    "boolean": float,
    "string": _reading(_parse_float32),
    "bytes": _no_number,
    "decimal": _nearest_float32,
    "date": lambda value: _nearest_float32(_days(value)),
    "time": lambda value: _nearest_float32(epoch_milliseconds(value)),
    "timestamp": lambda value: _nearest_float32(epoch_milliseconds(value)),
}
_TO_BOOLEAN: dict[Kind, Convert] = {
    "integer": bool,
    "double": lambda value: abs(value) >= 1,
    "float": lambda value: abs(value) >= 1,
    "boolean": bool,
    "string": lambda value: value.lower() == "true",
    "bytes": _no_number,
    "decimal": lambda value: _to_int64(value) != 0,
    "date": lambda value: _days(value) != 0,
    "time": lambda value: epoch_milliseconds(value) != 0,
    "timestamp": lambda value: epoch_milliseconds(value) != 0,
}


# ---------------------------------------------------------------------------------------------- texts
def _date_text(value: date | time | datetime) -> str:
    return date_text(epoch_milliseconds(value))


def _decimal_text(value: Decimal) -> str:
    return str(value if value else value.copy_abs())  # Java has no negative zero here


_TO_STRING: dict[Kind, Convert] = {
    "integer": str,
    "double": lambda value: double_text(float(value)),
    "float": lambda value: float_text(float(value)),
    "boolean": lambda value: "true" if value else "false",
    "string": str,
    "bytes": lambda value: b64encode(value).decode("ascii"),
    "decimal": _decimal_text,
    "date": _date_text,
    "time": _date_text,
    "timestamp": _date_text,
}
_CONVERTERS: dict[str, dict[Kind, Convert]] = {
    **{name: _to_integer(bits) for name, bits in INT_BITS.items()},
    "float32": _TO_FLOAT32,
    "float64": _TO_FLOAT64,
    "boolean": _TO_BOOLEAN,
    "string": _TO_STRING,
}
_LOGICAL: dict[str | None, tuple[type, Kind]] = {
    DECIMAL: (Decimal, "decimal"),
    DATE: (date, "date"),
    TIME: (time, "time"),
    TIMESTAMP: (datetime, "timestamp"),
}
_PHYSICAL: dict[str, Kind] = {
    **dict.fromkeys(INT_BITS, "integer"),
    "float32": "float",
    "float64": "double",
    "boolean": "boolean",
    "string": "string",
    "bytes": "bytes",
}
_PLAIN: dict[type, Kind] = {
    int: "integer",
    float: "double",
    bool: "boolean",
    str: "string",
    bytes: "bytes",
}
