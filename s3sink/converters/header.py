"""Headers as texts that do not say what type they are: Connect's SimpleHeaderConverter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from s3sink.header_text import parse, text_of
from s3sink.record import Headers
from s3sink.schema import Schema


@dataclass(frozen=True, slots=True)
class SimpleHeaderConverter:
    """Reading never fails: a number, a date, an array or a map is one, and everything else is a text.

    Kafka Connect uses it for headers where nothing else is configured. Bytes that are no UTF-8 become U+FFFD. What is
    written may be read as something else: the text `1` comes back as a number.
    """

    def convert(self, topic: str, data: bytes | None, headers: Headers) -> tuple[Schema | None, Any]:
        """The value that the text looks like, with its schema; None and the text `null` are None without one."""
        return (None, None) if data is None else parse(data.decode("utf-8", "replace"))

    def encode(self, topic: str, schema: Schema | None, value: Any) -> bytes | None:
        """The text of a value in UTF-8: texts as they are, bytes in base64, arrays, maps and structs like JSON."""
        return None if value is None else text_of(value, schema).encode("utf-8", "replace")
