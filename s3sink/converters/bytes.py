"""Bytes as they are: Connect's ByteArrayConverter."""

from __future__ import annotations

from dataclasses import dataclass

from s3sink.record import Headers
from s3sink.schema import Schema

_BYTES = Schema(type="bytes", optional=True)


@dataclass(frozen=True, slots=True)
class BytesConverter:
    """Never fails and changes nothing. The schema is optional bytes."""

    def convert(self, topic: str, data: bytes | None, headers: Headers) -> tuple[Schema, bytes | None]:
        """The bytes; None stays None."""
        return _BYTES, data
