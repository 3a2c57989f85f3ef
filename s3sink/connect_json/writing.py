"""Values become payloads."""

from __future__ import annotations

import math
from base64 import b64encode
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple, NoReturn

from s3sink.connect_json.common import (
    DAY_MS,
    EPOCH,
    EPOCH_DAY,
    MILLISECOND,
    DecimalFormat,
    Function,
    PerSchema,
)
from s3sink.connect_json.reading import java_integer, part_of, shortest_float32
from s3sink.errors import FormatError
from s3sink.java_class import INT_BITS as INT_BITS
from s3sink.java_class import in_range, java_class
from s3sink.schema import DATE, DECIMAL, TIME, TIMESTAMP, Schema


def to_payload(schema: Schema | None, value: Any, decimal_format: DecimalFormat = "BASE64") -> Any:
    """What stands in a file of JSON for a value. Raises FormatError, without coordinates.

    The result is made of dict, list, str, int, float, bool and None. Two things need a JSON writer that can print
    them: integers beyond 64 bits, and `decimal.Decimal` (NUMERIC, or without a schema), a number in its own digits.
    """
    return payload_encoder(schema, decimal_format)(value)


def payload_encoder(schema: Schema | None, decimal_format: DecimalFormat = "BASE64") -> Function:
    """`to_payload` for one schema. It takes more than JsonConverter does (`converter_encoder`).

    Without a schema Decimals and dates are written too, since Connect's JsonFormat leaves such values to Jackson. With
    one, members of a struct that its schema does not name are left out, and integers may be wider than their type.
    """
    return _encode_plain if schema is None else _encoders[_Rules(decimal_format)](schema)


def converter_encoder(
    schema: Schema | None, decimal_format: DecimalFormat = "BASE64", replace_null_with_default: bool = True
) -> Function:
    """What JsonConverter makes of values with this schema, and what it refuses: FormatError with its words.

    Without a schema there are no Decimals and no dates. With one, every value has the type of its schema, and every
    member of a struct is named there.
    """
    if schema is None:
        return _encode_schemaless
    return _encoders[_Rules(decimal_format, replace_null_with_default, strict=True)](schema)


class _Rules(NamedTuple):
    """How values with a schema are written. `strict` refuses what does not fit the schema, as JsonConverter does."""

    decimal_format: DecimalFormat
    replace_null_with_default: bool = True
    strict: bool = False


def _encode_plain(value: Any) -> Any:
    """Without a schema: as Jackson prints the Java object. A date is what java.util.Date is, milliseconds."""
    plain = _PLAIN_ENCODERS.get(type(value))
    if plain is None:
        raise FormatError(f"{type(value).__name__} is not a type that JSON without a schema can hold")
    return plain(value)


def _encode_plain_key(key: Any) -> str:
    if not isinstance(key, str):
        raise FormatError(f"a JSON object has text for keys, not {type(key).__name__}")
    return key


def _encode_schemaless(value: Any) -> Any:
    """Without a schema: what has a schema type of its own, as JsonConverter looks it up by the Java class."""
    encode = _SCHEMALESS_ENCODERS.get(type(value))
    if encode is None:
        raise FormatError(f"Java class class {java_class(value)} does not have corresponding schema type.")
    return encode(value)


def _encode_schemaless_map(value: dict[Any, Any]) -> Any:
    if all(isinstance(key, str) for key in value):
        return {key: _encode_schemaless(item) for key, item in value.items()}
    return [[_encode_schemaless(key), _encode_schemaless(item)] for key, item in value.items()]


def _encoder(schema: Schema, rules: _Rules) -> Function:
    convert = _encode_some(schema, rules)
    default = schema.default if rules.replace_null_with_default else None
    if default is None and not schema.optional:
        return _requiring(convert)
    null = None if default is None else convert(default)
    return lambda value: null if value is None else convert(value)


def _requiring(convert: Function) -> Function:
    def encode(value: Any) -> Any:
        if value is None:
            raise FormatError("Conversion error: null value for field that is required and has no default value")
        return convert(value)

    return encode


def _encode_some(schema: Schema, rules: _Rules) -> Function:
    if schema.name == DECIMAL:
        return _logical("Decimal, expected BigDecimal", (Decimal,), _decimal_encoder(schema, rules))
    if schema.name in _LOGICAL_ENCODERS:
        name, type_, convert = _LOGICAL_ENCODERS[schema.name]
        if rules.strict:
            return _logical(f"{name}, expected Date", (date, time, datetime), convert)
        return _moment(name, type_, convert)
    if schema.type in _NESTED_ENCODERS:
        return _NESTED_ENCODERS[schema.type](schema, rules)
    encode = _checked(schema, *_SCALAR_ENCODERS[schema.type])
    return _within(schema, encode) if rules.strict and schema.type in _WITH_A_RANGE else encode


def _checked(schema: Schema, type_: type, convert: Function | None = None) -> Function:
    def encode(value: Any) -> Any:
        if type(value) is not type_:
            if type_ is not float or type(value) is not int:
                raise _mismatch(schema, value)
            value = float(value)  # Python code in a transform writes 5 where Java has to write 5.0
        return value if convert is None else convert(value)

    return encode


def _within(schema: Schema, encode: Function) -> Function:
    def encode_in_range(value: Any) -> Any:
        if not in_range(value, schema):
            raise _mismatch(schema, value)
        return encode(value)

    return encode_in_range


def _logical(expected: str, types: tuple[type, ...], convert: Function) -> Function:
    def encode(value: Any) -> Any:
        if type(value) not in types:
            raise FormatError(f"Invalid type for {expected} but was class {java_class(value)}")
        return convert(value)

    return encode


def _moment(name: str, type_: type, convert: Function) -> Function:
    """For files: a datetime is no date, although both are java.util.Date in Connect."""

    def encode(value: Any) -> Any:
        if type(value) is not type_:
            raise FormatError(f"Invalid type for {name}: {type(value).__name__}")
        return convert(value)

    return encode


def _mismatch(schema: Schema, value: Any) -> FormatError:
    kind = "bytes type" if schema.type == "bytes" else schema.type.upper()
    return FormatError(f"Invalid type for {kind}: class {java_class(value, schema)}")


def _array_encoder(schema: Schema, rules: _Rules) -> Function:
    encode_item = _encoders[rules](part_of(schema.items))
    return _checked(schema, list, lambda value: [encode_item(item) for item in value])


def _map_encoder(schema: Schema, rules: _Rules) -> Function:
    keys = part_of(schema.keys)
    encode_key, encode_value = _encoders[rules](keys), _encoders[rules](part_of(schema.items))
    if keys.type != "string":
        return _checked(schema, dict, lambda value: [[encode_key(k), encode_value(v)] for k, v in value.items()])
    member = _member_of(encode_key) if keys.optional else encode_key
    return _checked(schema, dict, lambda value: {member(k): encode_value(v) for k, v in value.items()})


def _member_of(encode_key: Function) -> Function:
    """The name of an object's member; Jackson writes null as text there."""

    def encode(key: str | None) -> str:
        return "null" if (name := encode_key(key)) is None else str(name)

    return encode


def _struct_encoder(schema: Schema, rules: _Rules) -> Function:
    fields = [(field.name, _encoders[rules](field.schema)) for field in schema.fields]
    names = frozenset(name for name, _ in fields)

    def encode(value: dict[str, Any]) -> dict[str, Any]:
        get = value.get
        return {name: encode_field(get(name)) for name, encode_field in fields}

    def encode_strictly(value: dict[str, Any]) -> dict[str, Any]:
        if not value.keys() <= names:
            raise FormatError("Mismatching schema.")
        return encode(value)

    return _checked(schema, dict, encode_strictly if rules.strict else encode)


def _decimal_encoder(schema: Schema, rules: _Rules) -> Function:
    if rules.decimal_format == "NUMERIC":
        return lambda value: value
    scale = dict(schema.parameters).get("scale", None if rules.strict else "0")
    if scale is None:
        return _failing("Invalid Decimal schema: scale parameter not found.")
    try:
        places = java_integer(scale)
    except ValueError:
        return _failing("Invalid scale parameter found in Decimal schema: ")
    return lambda value: _base64(decimal_to_bytes(value, places))


def _failing(complaint: str) -> Function:
    """Only values are refused: null is fine where it is optional."""

    def encode(value: Any) -> NoReturn:
        raise FormatError(complaint)

    return encode


def decimal_to_bytes(value: Decimal, scale: int) -> bytes:
    """The shortest two's-complement bytes of the unscaled value. Raises FormatError when the scale is another."""
    sign, digits, exponent = value.as_tuple()
    if exponent != -scale:
        complaint = "Decimal value has mismatching scale for given Decimal schema."
        raise FormatError(f"{complaint} Schema has scale {scale}, value has scale {_scale_of(exponent)}.")
    unscaled = int("".join(map(str, digits))) * (-1 if sign else 1)
    return unscaled.to_bytes((unscaled if unscaled >= 0 else ~unscaled).bit_length() // 8 + 1, "big", signed=True)


def _scale_of(exponent: int | str) -> int | str:
    return -exponent if isinstance(exponent, int) else exponent


def _base64(value: bytes) -> str:
    return b64encode(value).decode("ascii")


def _encode_float(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _encode_float32(value: float) -> float | str:
    return _encode_float(shortest_float32(value))


def _days(value: date) -> int:
    return value.toordinal() - EPOCH_DAY


def _milliseconds(value: date | time | datetime) -> int:
    """All three are java.util.Date in Connect: milliseconds since the epoch."""
    if isinstance(value, datetime):
        return ((value if value.tzinfo else value.replace(tzinfo=UTC)) - EPOCH) // MILLISECOND
    if isinstance(value, time):
        return (value.hour * 3600 + value.minute * 60 + value.second) * 1000 + value.microsecond // 1000
    return _days(value) * DAY_MS


def _encode_date(value: date | time | datetime) -> int:
    if type(value) is date:
        return _days(value)
    days, rest = divmod(_milliseconds(value), DAY_MS)
    if rest:
        raise FormatError("Kafka Connect Date type should not have any time fields set to non-zero values.")
    return days


def _encode_time(value: date | time | datetime) -> int:
    milliseconds = _milliseconds(value)
    if not 0 <= milliseconds <= DAY_MS:
        raise FormatError("Kafka Connect Time type should not have any date fields set to non-zero values.")
    return milliseconds


_LOGICAL_ENCODERS: dict[str | None, tuple[str, type, Function]] = {
    DATE: ("Date", date, _encode_date),
    TIME: ("Time", time, _encode_time),
    TIMESTAMP: ("Timestamp", datetime, _milliseconds),
}
_WITH_A_RANGE = {*INT_BITS, "float32", "float64"}
_SCALAR_ENCODERS: dict[str, tuple[type, Function | None]] = {
    **dict.fromkeys(INT_BITS, (int, None)),
    "boolean": (bool, None),
    "string": (str, None),
    "bytes": (bytes, _base64),
    "float64": (float, _encode_float),
    "float32": (float, _encode_float32),
}
_NESTED_ENCODERS = {"array": _array_encoder, "map": _map_encoder, "struct": _struct_encoder}
_PLAIN_ENCODERS: dict[type, Function] = {
    **dict.fromkeys((type(None), bool, int, str, Decimal), lambda value: value),
    float: _encode_float,
    bytes: _base64,
    list: lambda value: [_encode_plain(item) for item in value],
    dict: lambda value: {_encode_plain_key(key): _encode_plain(item) for key, item in value.items()},
    **dict.fromkeys((date, time, datetime), _milliseconds),
}
_SCHEMALESS_ENCODERS: dict[type, Function] = {
    **dict.fromkeys((type(None), bool, int, str), lambda value: value),
    float: _encode_float,
    bytes: _base64,
    list: lambda value: [_encode_schemaless(item) for item in value],
    dict: _encode_schemaless_map,
}


def _encoders_by(rules: _Rules) -> PerSchema[Function]:
    return PerSchema(lambda schema: _encoder(schema, rules))


_FORMATS: tuple[DecimalFormat, ...] = ("BASE64", "NUMERIC")
_encoders: dict[_Rules, PerSchema[Function]] = {
    rules: _encoders_by(rules)
    for decimal_format in _FORMATS
    for rules in (
        _Rules(decimal_format),
        _Rules(decimal_format, replace_null_with_default=True, strict=True),
        _Rules(decimal_format, replace_null_with_default=False, strict=True),
    )
}
