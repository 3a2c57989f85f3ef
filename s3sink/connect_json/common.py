"""What reading and writing have in common."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Generic, Literal, TypeVar, cast

from s3sink.java_class import INT_BITS as INT_BITS
from s3sink.schema import Schema

DecimalFormat = Literal["BASE64", "NUMERIC"]
Function = Callable[[Any], Any]
Finder = Callable[[Any], str | None]
T = TypeVar("T")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = date(1970, 1, 1).toordinal()
DAY_MS = 86_400_000
MILLISECOND = timedelta(milliseconds=1)


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
