"""Drop headers by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from s3sink.config import Option, check
from s3sink.record import SinkRecord
from s3sink.transforms._fields import freeze, names_problem, with_headers


@dataclass(frozen=True, slots=True)
class DropHeaders:
    """Drops every header with one of these names, upper and lower case told apart; the others keep their order."""

    keeps_topic: ClassVar[bool] = True

    headers: Annotated[Sequence[str], Option(doc="Names of the headers to drop.")]
    _names: frozenset[str] = field(init=False, repr=False, compare=False, default=frozenset())

    def __post_init__(self) -> None:
        check("DropHeaders", [names_problem("headers", self.headers, required=True)])
        freeze(self, headers=tuple(self.headers), _names=frozenset(self.headers))

    def apply(self, record: SinkRecord, /) -> SinkRecord:
        """The record without them."""
        names, headers = self._names, record.headers
        kept = tuple([header for header in headers if header.key not in names])
        return record if len(kept) == len(headers) else with_headers(record, kept)
