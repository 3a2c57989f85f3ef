"""Add a header that is the same for all records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from s3sink.config import Option
from s3sink.header_text import parse
from s3sink.record import Header, Headers, SinkRecord
from s3sink.transforms._fields import freeze, with_headers


@dataclass(frozen=True, slots=True)
class InsertHeader:
    """Adds a header behind those that are there, of the same name too.

    The literal is read once, as Connect reads the text of a header: `300` is an int16, `1.5` a float32, `2019-08-23` a
    date, `[1,2]` an array; what looks like nothing else is a text.
    """

    keeps_topic: ClassVar[bool] = True

    header: Annotated[str, Option(doc="Name of the header.")]
    value_literal: Annotated[str, Option(doc="The text that its value is read from.")]
    _added: Headers = field(init=False, repr=False, compare=False, default=())

    def __post_init__(self) -> None:
        schema, value = parse(self.value_literal)
        freeze(self, _added=(Header(self.header, value, schema),))

    def apply(self, record: SinkRecord, /) -> SinkRecord:
        """The record with the header."""
        return with_headers(record, record.headers + self._added)
