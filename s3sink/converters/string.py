"""Text, whatever it says."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Annotated

from s3sink.config import Option, check, problem_if
from s3sink.record import Headers
from s3sink.schema import Schema

_TEXT = Schema(type="string", optional=True)
_BIG_ENDIAN_WITHOUT_BOM = {"utf-16": "utf-16-be", "utf-32": "utf-32-be"}  # Python would take the machine's order
_BYTE_ORDER_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)


@dataclass(frozen=True, slots=True)
class StringConverter:
    """Never fails: bytes that the encoding does not know become U+FFFD. The schema is an optional string."""

    encoding: Annotated[str, Option("converter.encoding", "The character set of the text.")] = "UTF-8"

    def __post_init__(self) -> None:
        known = _is_known(self.encoding)
        check("StringConverter", [problem_if(not known, "encoding", f"Unsupported encoding {self.encoding}")])

    def convert(self, topic: str, data: bytes | None, headers: Headers) -> tuple[Schema, str | None]:
        """The text; None stays None."""
        return _TEXT, None if data is None else data.decode(_encoding_of(data, self.encoding), "replace")


def _is_known(encoding: str) -> bool:
    try:
        b"x".decode(encoding, "replace")
    except LookupError:
        return False
    return True


def _encoding_of(data: bytes, encoding: str) -> str:
    if encoding == "UTF-8" or data.startswith(_BYTE_ORDER_MARKS):
        return encoding
    return _BIG_ENDIAN_WITHOUT_BOM.get(codecs.lookup(encoding).name, encoding)
