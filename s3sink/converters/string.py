"""Text, whatever it says."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Annotated, Any

from s3sink.config import Option, check, problem_if
from s3sink.errors import ConversionError
from s3sink.java_text import date_to_string, to_string
from s3sink.record import Headers
from s3sink.schema import Schema

_TEXT = Schema(type="string", optional=True)
_BIG_ENDIAN_WITHOUT_BOM = {"utf-16": "utf-16-be", "utf-32": "utf-32-be"}  # Python would take the machine's order
_BYTE_ORDER_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)


@dataclass(frozen=True, slots=True)
class StringConverter:
    """Reading never fails: bytes that the encoding does not know become U+FFFD. The schema is an optional string.

    What is written is the text of the value as Java prints it: `{a=1, b=x}`, `1.0E10`. A character that the encoding
    does not have becomes a question mark. Other than in Connect, bytes are refused: Java prints their address.
    """

    encoding: Annotated[str, Option("converter.encoding", "The character set of the text.")] = "UTF-8"

    def __post_init__(self) -> None:
        known = _is_known(self.encoding)
        check("StringConverter", [problem_if(not known, "encoding", f"Unsupported encoding {self.encoding}")])

    def convert(self, topic: str, data: bytes | None, headers: Headers) -> tuple[Schema, str | None]:
        """The text; None stays None."""
        return _TEXT, None if data is None else data.decode(_encoding_of(data, self.encoding), "replace")

    def encode(self, topic: str, schema: Schema | None, value: Any) -> bytes | None:
        """The text in this encoding; None stays None. Raises ConversionError where bytes are in the value."""
        if value is None:
            return None
        if _holds_bytes(value):
            raise ConversionError("StringConverter has no text for bytes: Java would print an address such as [B@1b6d3")
        return _encoded(to_string(value, schema, date_to_string), self.encoding)


def _is_known(encoding: str) -> bool:
    try:
        b"x".decode(encoding, "replace")
    except (LookupError, ValueError):
        return False
    return True


def _holds_bytes(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_bytes, value)) or any(map(_holds_bytes, value.values()))
    return any(map(_holds_bytes, value)) if isinstance(value, list) else isinstance(value, bytes)


def _encoded(text: str, encoding: str) -> bytes:
    name = codecs.lookup(encoding).name
    mark = codecs.BOM_UTF16_BE if name == "utf-16" and text else b""  # Java writes it for UTF-16 and not for UTF-32
    return mark + text.encode(_BIG_ENDIAN_WITHOUT_BOM.get(name, encoding), "replace")


def _encoding_of(data: bytes, encoding: str) -> str:
    if encoding == "UTF-8" or data.startswith(_BYTE_ORDER_MARKS):
        return encoding
    return _BIG_ENDIAN_WITHOUT_BOM.get(codecs.lookup(encoding).name, encoding)
