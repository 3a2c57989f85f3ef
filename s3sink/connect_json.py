"""The JSON of Connect's JsonConverter: schemas as JSON, and payloads to and from values with a schema.

Connect's reader checks little and this one does what it does: numbers are narrowed to their width, a text where a
number belongs is 0, a number where a text belongs is null. What it refuses, we refuse with its words.

The functions are built once per schema and kept, so that a row costs calls and no look at the schema.
"""

from __future__ import annotations

import math
import re
import struct
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Generic, Literal, NamedTuple, NoReturn, TypeVar, cast

from s3sink.errors import SCHEMA_BUILDER_EXCEPTION, ConversionError, FormatError
from s3sink.java_class import INT_BITS as INT_BITS
from s3sink.java_class import in_range, java_class
from s3sink.schema import DATE, DECIMAL, TIME, TIMESTAMP, Field, Schema, Type

DecimalFormat = Literal["BASE64", "NUMERIC"]
Function = Callable[[Any], Any]
Finder = Callable[[Any], str | None]
T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_DAY_MS = 86_400_000
_MILLISECOND = timedelta(milliseconds=1)
_SPACED_BASE64 = re.compile(r"(?:[\x00- ]*[A-Za-z0-9+/]{2}(?:[A-Za-z0-9+/]{2}|[A-Za-z0-9+/]=|==))*[\x00- ]*")
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]+")
_JSON_NAMES = {"float32": "float", "float64": "double"}
_TYPES: dict[str, Type] = {
    _JSON_NAMES.get(t, t): t
    for t in cast(
        "tuple[Type, ...]",
        (
            "int8",
            "int16",
            "int32",
            "int64",
            "float32",
            "float64",
            "boolean",
            "string",
            "bytes",
            "array",
            "map",
            "struct",
        ),
    )
}


class PerSchema(Generic[T]):
    """What `make` returns for a schema, made once. Cheap when the same object comes again and again."""

    __slots__ = ("_known", "_last", "_make")

    def __init__(self, make: Callable[[Schema], T]) -> None:
        self._make = make
        self._known: dict[Schema, T] = {}
        self._last: tuple[Schema | None, Any] = (None, None)

    def __call__(self, schema: Schema) -> T:
        last, made = self._last  # one read: another thread may replace it meanwhile
        if last is schema:
            return cast("T", made)
        made = self._known.get(schema)
        if made is None:
            if len(self._known) >= 1000:  # JsonConverter's schemas.cache.size
                self._known.clear()
            made = self._known[schema] = self._make(schema)
        self._last = (schema, made)
        return made


# ---------------------------------------------------------------------------------------------- schemas
def schema_from_json(obj: Any) -> Schema:
    """The schema that an envelope's `schema` member describes. Raises ConversionError with JsonConverter's words."""
    if not isinstance(obj, dict) or not isinstance(obj.get("type"), str):
        raise ConversionError("Schema must contain 'type' field")
    type_ = _TYPES.get(obj["type"])
    if type_ is None:
        raise ConversionError(f"Unknown schema type: {obj['type']}")
    schema = Schema(
        type=type_,
        optional=obj.get("optional") is True,
        name=_typed(obj.get("name"), str),
        version=_version(obj.get("version")),
        doc=_typed(obj.get("doc"), str),
        parameters=_parameters(obj.get("parameters")),
        **_members(type_, obj),
    )
    return schema.replace(default=_default(schema, obj["default"])) if "default" in obj else schema


def _default(schema: Schema, obj: Any) -> Any:
    """Connect's reader builds the schema of a default anew, so that no struct ever is one: its schema is another."""
    value = from_payload(schema, obj)
    missing = _finder_of_null(schema, "value")
    if (value is not None and schema.type == "struct") or (missing is not None and missing(value)):
        raise _cannot_build("Invalid default value")
    return value


def _cannot_build(complaint: str) -> ConversionError:
    return ConversionError(complaint, connect_class=SCHEMA_BUILDER_EXCEPTION)


def _version(obj: Any) -> int | None:
    return cast("int", int_decoder(32)(obj)) if type(obj) is int else None


def _typed(value: Any, type_: type[T]) -> T | None:
    return value if type(value) is type_ else None


def _parameters(obj: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(obj, dict):
        return ()
    if not all(isinstance(value, str) for value in obj.values()):
        raise ConversionError("Schema parameters must have string values.")
    return tuple(obj.items())


def _members(type_: Type, obj: dict[str, Any]) -> dict[str, Any]:
    if type_ == "array":
        return {"items": _inner(obj, "items", "Array schema did not specify the element type")}
    if type_ == "map":
        keys = _inner(obj, "keys", "Map schema did not specify the key type")
        return {"keys": keys, "items": _inner(obj, "values", "Map schema did not specify the value type")}
    return {"fields": _fields(obj.get("fields"))} if type_ == "struct" else {}


def _inner(obj: dict[str, Any], member: str, complaint: str) -> Schema:
    if obj.get(member) is None:
        raise ConversionError(complaint)
    return schema_from_json(obj[member])


def _fields(obj: Any) -> tuple[Field, ...]:
    if not isinstance(obj, list):
        raise ConversionError('Struct schema\'s "fields" argument is not an array.')
    fields: dict[str, Field] = {}
    for item in obj:
        field = _field(item)
        if not field.name:
            raise _cannot_build("fieldName cannot be null.")
        if field.name in fields:
            raise _cannot_build(f"Cannot create field because of field name duplication {field.name}")
        fields[field.name] = field
    return tuple(fields.values())


def _field(obj: Any) -> Field:
    name = obj.get("field") if isinstance(obj, dict) else None
    if not isinstance(name, str):
        raise ConversionError("Struct schema's field name not specified properly")
    return Field(name, schema_from_json(obj))


def schema_to_json(schema: Schema, decimal_format: DecimalFormat = "BASE64") -> dict[str, Any]:
    """The schema as JsonConverter writes it, members in its order. A new object each time."""
    result: dict[str, Any] = {"type": _JSON_NAMES.get(schema.type, schema.type)}
    if schema.type == "struct":
        result["fields"] = [
            schema_to_json(field.schema, decimal_format) | {"field": field.name} for field in schema.fields
        ]
    if schema.keys is not None:
        result["keys"] = schema_to_json(schema.keys, decimal_format)
    if schema.items is not None:
        result["values" if schema.type == "map" else "items"] = schema_to_json(schema.items, decimal_format)
    result["optional"] = schema.optional
    for member in ("name", "version", "doc"):
        if getattr(schema, member) is not None:
            result[member] = getattr(schema, member)
    if schema.parameters:
        result["parameters"] = dict(schema.parameters)
    if schema.default is not None:
        result["default"] = to_payload(schema, schema.default, decimal_format)
    return result


# ---------------------------------------------------------------------------------------------- payload -> value
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
    decode_item = inner(_part(schema.items))

    def decode(obj: Any) -> list[Any]:
        if isinstance(obj, dict):  # Jackson walks the members of an object as it walks the items of an array
            obj = obj.values()
        return [decode_item(item) for item in obj] if not isinstance(obj, str | int | float | Decimal) else []

    return decode


def _map_decoder(schema: Schema, inner: Callable[[Schema], Function]) -> Function:
    keys, decode_key, decode_value = _part(schema.keys), inner(_part(schema.keys)), inner(_part(schema.items))

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
    missing = _finder_of_null(field.schema, f'field: "{field.name}"')
    if missing is None:
        return decode

    def decode_valid(obj: Any) -> Any:
        value = decode(obj)
        if complaint := missing(value):
            raise ConversionError(complaint)
        return value

    return decode_valid


def _finder_of_null(schema: Schema, place: str) -> Finder | None:
    """Finds null where it may not be and says so as Connect does; None for a schema where there can be none.

    Only texts and bytes become null, when something else is in their place.
    """
    if schema.type in ("string", "bytes"):
        complaint = f"Invalid value: null used for required {place}, schema type: {schema.type.upper()}"
        return None if schema.optional else lambda value: complaint if value is None else None
    if schema.type == "array":
        return _finder_among([(list, _finder_of_null(_part(schema.items), f"element of array {place}"))])
    if schema.type == "map":
        find_key = _finder_of_null(_part(schema.keys), f"key of map {place}")
        return _finder_among(
            [(list, find_key), (dict.values, _finder_of_null(_part(schema.items), f"value of map {place}"))]
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
            return decimal_from_bytes(_some(_from_base64(obj)), _java_integer(scale))
        except ValueError as error:
            raise ConversionError("Invalid bytes for Decimal field") from error

    return decode


def _some(data: bytes) -> bytes:
    if not data:
        raise ValueError("Java's BigInteger is not made of no bytes")
    return data


def _java_integer(text: str) -> int:
    if not _WHOLE_NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is no whole number")
    return int(text)


def decimal_from_bytes(data: bytes, scale: int) -> Decimal:
    """Connect's Decimal: a big-endian two's-complement integer, shifted by `scale` decimal places."""
    unscaled = int.from_bytes(data, "big", signed=True)
    return Decimal((int(unscaled < 0), tuple(map(int, str(abs(unscaled)))), -scale))


def _decode_date(obj: Any) -> date:
    try:
        return date.fromordinal(_EPOCH_DAY + _int32(obj, "Date"))
    except (OverflowError, ValueError) as error:
        raise _outside(obj) from error


def _decode_time(obj: Any) -> time:
    if not 0 <= _int32(obj, "Time") < _DAY_MS:
        raise ConversionError("Time values must use number of milliseconds greater than 0 and less than 86400000")
    return (_EPOCH + timedelta(milliseconds=obj)).time()


def _decode_timestamp(obj: Any) -> datetime:
    if type(obj) is not int:
        _refuse("Invalid type for Timestamp, underlying representation should be integral but was ", _node_type(obj))
    try:
        return _EPOCH + timedelta(milliseconds=obj)
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


def _part(schema: Schema | None) -> Schema:
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


# ---------------------------------------------------------------------------------------------- value -> payload
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
    encode_item = _encoders[rules](_part(schema.items))
    return _checked(schema, list, lambda value: [encode_item(item) for item in value])


def _map_encoder(schema: Schema, rules: _Rules) -> Function:
    keys = _part(schema.keys)
    encode_key, encode_value = _encoders[rules](keys), _encoders[rules](_part(schema.items))
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
        places = _java_integer(scale)
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
    return value.toordinal() - _EPOCH_DAY


def _milliseconds(value: date | time | datetime) -> int:
    """All three are java.util.Date in Connect: milliseconds since the epoch."""
    if isinstance(value, datetime):
        return ((value if value.tzinfo else value.replace(tzinfo=UTC)) - _EPOCH) // _MILLISECOND
    if isinstance(value, time):
        return (value.hour * 3600 + value.minute * 60 + value.second) * 1000 + value.microsecond // 1000
    return _days(value) * _DAY_MS


def _encode_date(value: date | time | datetime) -> int:
    if type(value) is date:
        return _days(value)
    days, rest = divmod(_milliseconds(value), _DAY_MS)
    if rest:
        raise FormatError("Kafka Connect Date type should not have any time fields set to non-zero values.")
    return days


def _encode_time(value: date | time | datetime) -> int:
    milliseconds = _milliseconds(value)
    if not 0 <= milliseconds <= _DAY_MS:
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
