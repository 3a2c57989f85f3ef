"""JSON text byte for byte as Jackson writes it: the library behind Kafka Connect's JSON."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import orjson

from s3sink.errors import FormatError
from s3sink.java_text import double_text

_INT64_MIN, _UINT64_STOP = -(1 << 63), 1 << 64
_BEYOND_BMP = re.compile(rb"[\xf0-\xf4][\x80-\xbf]{3}")
_CONTROLS = re.compile(rb"\\(?:\\|u00([01][a-f0-9]))")


def json_text(payload: Any) -> bytes:
    """The text of a payload of dict, list, str, int, float, bool, None and Decimal; NaN has to be a text before.

    Numbers look as in Java (1.0E10), and a character beyond 16 bits is two escapes. Raises FormatError for a Decimal
    that is no number, TypeError or ValueError for what is no payload.

    >>> json_text({"a": 1e10, "b": "\U0001f600", "c": Decimal("1.50")})
    b'{"a":1.0E10,"b":"\\\\uD83D\\\\uDE00","c":1.50}'
    """
    return with_escapes(orjson.dumps(printable(payload)))


def printable(payload: Any) -> Any:
    """The payload with its numbers printed as Java prints them, where orjson would not."""
    kind = type(payload)
    if kind is dict:
        return {key: printable(item) for key, item in payload.items()}
    if kind is list:
        return [printable(item) for item in payload]
    if kind is float:
        return payload if 1e-3 <= abs(payload) < 1e7 or not payload else orjson.Fragment(double_text(payload))
    if kind is int:
        return payload if _INT64_MIN <= payload < _UINT64_STOP else orjson.Fragment(str(payload))
    return _decimal(payload) if kind is Decimal else payload


def _decimal(value: Decimal) -> orjson.Fragment:
    if not value.is_finite():
        raise FormatError(f"{value} is not a number that JSON can hold")
    return orjson.Fragment(str(value or abs(value)))  # Java has no negative zero here


def with_escapes(line: bytes) -> bytes:
    """Escapes as in Jackson's UTF-8 generator: two for a character beyond 16 bits, and their digits in capitals."""
    if not line.isascii():
        line = _BEYOND_BMP.sub(_surrogates, line)
    return _CONTROLS.sub(_capitals, line) if b"\\u00" in line else line


def _surrogates(match: re.Match[bytes]) -> bytes:
    code = ord(match[0].decode()) - 0x10000
    return b"\\u%04X\\u%04X" % (0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF))


def _capitals(match: re.Match[bytes]) -> bytes:
    return match[0] if match[1] is None else b"\\u00" + match[1].upper()
