"""JSON texts as Jackson reads them, which is less strictly than the standard."""

from __future__ import annotations

import json
import math
import re
from codecs import BOM_UTF8
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from s3sink.errors import ConversionError

UNREADABLE = "Converting byte[] to Kafka Connect data failed due to serialization error: "
NOT_JSON = (msgspec.DecodeError, ValueError, RecursionError)

decode_json: Callable[[bytes], Any] = msgspec.json.Decoder().decode
"""As fast as orjson, and integers beyond 64 bits keep their digits, where orjson makes them floats."""
decode_exactly: Callable[[bytes], Any] = msgspec.json.Decoder(float_hook=Decimal).decode


def loads(data: bytes) -> Any:
    """The value of a JSON text, None for a blank one. Raises ConversionError, without coordinates."""
    return loads_with(data, decode_json)


def loads_with(data: bytes, decode: Callable[[bytes], Any]) -> Any:
    """`loads` by one of the two decoders; with `decode_exactly` numbers with a fraction are Decimals."""
    try:
        return decode(data)
    except NOT_JSON:
        return first_value(data, finite if decode is decode_json else Decimal)


def first_value(data: bytes, parse_float: Callable[[str], Any]) -> Any:
    """The first JSON value of a text, as Jackson reads it: byte order mark, leading zeros and what follows are ignored.

    Slow, and only for what the strict reader refuses.
    """
    try:
        text = _LEADING_ZEROS.sub(_without_zeros, data.removeprefix(BOM_UTF8).decode()).lstrip(" \t\r\n")
        if not text:
            return None
        if text[0] not in '{["' and not _WHOLE_SCALAR.match(text):
            raise ValueError("a number or word that goes on")
        value, _ = json.JSONDecoder(parse_float=parse_float, parse_constant=_refuse_constant).raw_decode(text)
        msgspec.json.encode(value)  # half a surrogate pair cannot be written
    except (ValueError, RecursionError) as error:
        raise ConversionError(UNREADABLE) from error
    return value


_WHOLE_SCALAR = re.compile(
    r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?=[ \t\r\n]|\Z)|(?:true|false|null)(?![0-9A-Za-z_]|[^\x00-~])"
)
"""What Jackson takes for one where nothing is around it: a text such as `2021-01-01` is not the number 2021."""
_LEADING_ZEROS = re.compile(r'("(?:[^"\\]|\\.)*")|(?<![\d.eE+])0+(?=\d)')


def _without_zeros(match: re.Match[str]) -> str:
    return match[1] or ""


def finite(text: str) -> float:
    """The number, for `first_value`. Raises ValueError where a double has none."""
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text} is beyond the range of a double")
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
