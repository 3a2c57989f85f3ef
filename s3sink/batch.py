"""Batches: consecutive records of one source partition, in whatever form the next step wants."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import msgspec

from s3sink.record import Header, Headers, SinkRecord, TopicPartition

if TYPE_CHECKING:
    import pyarrow as pa


_decode_json = msgspec.json.Decoder().decode
_GIVEN_AWAY: list[Any] = []  # compared by identity


class Span(NamedTuple):
    """Offsets that were read: `start <= offset < stop`, whatever of them exists or survives."""

    start: int
    stop: int


class RawRecord(Protocol):
    """A record as the Kafka client read it: bytes, not decoded."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int | None: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


class RecordBatch:
    """Consecutive records of one source partition, immutable, ordered by offset.

    The span is set when the batch is read and says which offsets were read; a filter shortens the records, never the
    span, so that progress is made when everything is dropped. A batch may therefore be empty.

    It holds one or more of these forms: raw records as read, rows (`SinkRecord`), Arrow columns, and encoded values
    (one `bytes` a record, ready for a file of lines). Ask for the form that you want. `columns()` and `encoded()` are
    None until somebody has made them; item i of each is record i. The values of a raw batch of JSON without schemas can
    be worked on as `documents()`, which costs a third of rows.

    `topic` is where the records of a raw batch go: their source's topic, until a router says otherwise.
    """

    __slots__ = (
        "_columns",
        "_documents",
        "_encoded",
        "_keys",
        "_offsets",
        "_raw",
        "_rows",
        "_timestamps",
        "_values",
        "nbytes",
        "source",
        "span",
        "topic",
    )

    def __init__(
        self,
        source: TopicPartition,
        span: Span,
        *,
        raw: list[Any] | None = None,
        rows: list[SinkRecord] | None = None,
        columns: pa.RecordBatch | None = None,
        encoded: list[bytes] | None = None,
        documents: list[Any] | None = None,
        topic: str | None = None,
        nbytes: int = 0,
    ) -> None:
        if raw is None and rows is None:
            raise ValueError("a batch is made of raw records or of rows")
        self.source = source
        self.span = span
        self.nbytes = nbytes
        self._raw: list[RawRecord] | None = raw
        self._rows = rows
        self._columns = columns
        self._encoded = encoded
        self._documents = documents
        self.topic = source.topic if topic is None else topic
        self._offsets: array[int] | None = None
        self._timestamps: list[int | None] | None = None
        self._values: list[bytes | None] | None = None
        self._keys: list[bytes | None] | None = None

    # ------------------------------------------------------------------ what it is
    @property
    def n(self) -> int:
        """How many records are left."""
        return len(self._raw if self._raw is not None else self._rows)  # type: ignore[arg-type]

    @property
    def is_raw(self) -> bool:
        """Keys and values are bytes as read; nothing has been decoded."""
        return self._raw is not None

    def __repr__(self) -> str:
        form = "raw" if self.is_raw else "rows"
        return f"<RecordBatch {self.source} [{self.span.start}, {self.span.stop}) n={self.n} {form}>"

    # ------------------------------------------------------------------ columns of Kafka's own
    @property
    def offsets(self) -> array[int]:
        """int64, one a record, made on first use."""
        if self._offsets is None:
            self._offsets = self._make_offsets()
        return self._offsets

    def _make_offsets(self) -> array[int]:
        if not self.n:
            return array("q")
        first, last = self.offset_at(0), self.offset_at(self.n - 1)
        if last - first + 1 == self.n:
            return array("q", range(first, last + 1))
        return array("q", [r.offset for r in self._items()])

    @property
    def timestamps(self) -> list[int | None]:
        """Milliseconds since the epoch, one a record; None where the record has none."""
        if self._timestamps is None:
            self._timestamps = [r.timestamp for r in self._items()]
            if self.is_raw and -1 in self._timestamps:
                self._timestamps = [None if t == -1 else t for t in self._timestamps]
        return self._timestamps

    def offset_at(self, index: int) -> int:
        """Offset of one record, without making the column of all of them."""
        return self._items()[index].offset

    def index_of(self, offset: int) -> int:
        """Index of the first record whose offset is `offset` or more; n where there is none."""
        if not self.n or offset <= self.offset_at(0):
            return 0
        first, last = self.offset_at(0), self.offset_at(self.n - 1)
        if offset > last:
            return self.n
        if last - first + 1 == self.n:
            return offset - first
        return bisect_left(self.offsets, offset)

    # ------------------------------------------------------------------ forms
    def values(self) -> list[bytes | None]:
        """The values of a raw batch as read, made once; None is a tombstone."""
        if self._values is None:
            self._values = [r.value for r in self._raw_items()]
        return self._values

    def keys(self) -> list[bytes | None]:
        """The keys of a raw batch as read, made once."""
        if self._keys is None:
            self._keys = [r.key for r in self._raw_items()]
        return self._keys

    def raw_headers(self, index: int) -> Sequence[tuple[str, bytes | None]]:
        """The headers of one record of a raw batch."""
        return self._raw_items()[index].headers

    def joined(self, a: int = 0, b: int | None = None) -> bytes:
        """Encoded values (or the values of a raw batch) a to b, each followed by a newline; null is a TypeError."""
        values: list[Any] = (self._encoded if self._encoded is not None else self.values())[a:b]
        values.append(b"")
        return b"\n".join(values)

    def records(self) -> Sequence[SinkRecord]:
        """Rows, made on first use. The rows of a raw batch have bytes for keys, values and headers."""
        if self._rows is None:
            self._rows = [self._row(r) for r in self._raw_items()]
        return self._rows

    def _row(self, raw: RawRecord) -> SinkRecord:
        timestamp = None if raw.timestamp == -1 else raw.timestamp
        headers: Headers = tuple(Header(k, v) for k, v in raw.headers) if raw.headers else ()
        return SinkRecord(self.source, raw.offset, timestamp, self.topic, raw.key, raw.value, headers)

    def columns(self) -> pa.RecordBatch | None:
        """The Arrow columns of the values, where a format or a transform has made them."""
        return self._columns

    def encoded(self) -> list[bytes] | None:
        """The values as they will stand in the file, where the format's `prepare` has made them."""
        return self._encoded

    @property
    def holds_documents(self) -> bool:
        """Whether a transform has replaced the values by documents: then `values()` are not what goes into a file."""
        return self._documents is not None

    def nulls(self) -> list[bool]:
        """For each record of a raw batch of JSON, whether its value is null: no bytes, no text, or the text `null`."""
        if self._documents is not None:
            return [document is None for document in self._documents]
        return [value is None or value.lstrip()[:1] in (b"", b"n") for value in self.values()]

    def documents(self) -> list[Any]:
        """The values of a raw batch of JSON without schemas, decoded; a tombstone is None.

        The list and what is in it belong to the caller, who may change it: a batch that was made of documents gives
        them away, and is of no use afterwards. Raises ValueError or msgspec.DecodeError for what is not strictly JSON.
        """
        documents = self._documents
        if documents is None:
            return [None if value is None else _decode_json(value) for value in self.values()]
        self._documents = _GIVEN_AWAY
        if documents is _GIVEN_AWAY:
            raise RuntimeError("the documents of this batch were given away")
        return documents

    # ------------------------------------------------------------------ new batches
    def with_documents(self, documents: list[Any]) -> RecordBatch:
        """The same raw records with other values, one a record; the list goes over to the batch."""
        if len(documents) != self.n:
            raise ValueError(f"{len(documents)} documents for {self.n} records")
        return RecordBatch(
            self.source, self.span, raw=self._raw_items(), documents=documents, topic=self.topic, nbytes=self.nbytes
        )

    def with_topic(self, topic: str) -> RecordBatch:
        """The same raw records on their way to another topic."""
        return RecordBatch(
            self.source,
            self.span,
            raw=self._raw_items(),
            documents=self._documents,
            topic=topic,
            encoded=self._encoded,
            nbytes=self.nbytes,
        )

    def with_rows(self, rows: list[SinkRecord]) -> RecordBatch:
        """The same span with other records: what a converter, a transform or a filter returns."""
        return RecordBatch(self.source, self.span, rows=rows, nbytes=self.nbytes)

    def with_columns(self, columns: pa.RecordBatch) -> RecordBatch:
        """The same records with Arrow columns beside them; `columns.num_rows` must be n."""
        if columns.num_rows != self.n:
            raise ValueError(f"{columns.num_rows} rows of columns for {self.n} records")
        return self._with(columns, self._encoded)

    def with_encoded(self, encoded: list[bytes]) -> RecordBatch:
        """The same records with their encoded values beside them, one a record."""
        if len(encoded) != self.n:
            raise ValueError(f"{len(encoded)} encoded values for {self.n} records")
        return self._with(self._columns, encoded)

    def _with(self, columns: pa.RecordBatch | None, encoded: list[bytes] | None) -> RecordBatch:
        return RecordBatch(
            self.source,
            self.span,
            raw=self._raw,
            rows=self._rows,
            columns=columns,
            encoded=encoded,
            topic=self.topic,
            nbytes=self.nbytes,
        )

    def split(self, offset: int) -> tuple[RecordBatch, RecordBatch]:
        """The records before `offset` and the others. The spans meet at `offset`."""
        i = self.index_of(offset)
        at = min(max(offset, self.span.start), self.span.stop)
        return self._part(0, i, Span(self.span.start, at)), self._part(i, self.n, Span(at, self.span.stop))

    def slice(self, a: int, b: int) -> RecordBatch:
        """Records a to b. The first slice begins where the batch begins, the last ends where it ends."""
        start = self.span.start if a == 0 else self.offset_at(a)
        stop = self.span.stop if b >= self.n else self.offset_at(b)
        return self._part(a, min(b, self.n), Span(start, stop))

    def take(self, indices: Sequence[int]) -> RecordBatch:
        """The records at these increasing indices, with the same span."""
        columns = None
        if self._columns is not None:
            columns = self._columns.take(_arrow_indices(indices))
        return RecordBatch(
            self.source,
            self.span,
            raw=None if self._raw is None else _pick(self._raw, indices),
            rows=None if self._rows is None else _pick(self._rows, indices),
            columns=columns,
            encoded=None if self._encoded is None else _pick(self._encoded, indices),
            documents=None if self._documents is None else _pick(self._documents, indices),
            topic=self.topic,
            nbytes=self._share(len(indices)),
        )

    def _part(self, a: int, b: int, span: Span) -> RecordBatch:
        if a == 0 and b == self.n and span == self.span:
            return self
        return RecordBatch(
            self.source,
            span,
            raw=None if self._raw is None else self._raw[a:b],
            rows=None if self._rows is None else self._rows[a:b],
            columns=None if self._columns is None else self._columns.slice(a, b - a),
            encoded=None if self._encoded is None else self._encoded[a:b],
            documents=None if self._documents is None else self._documents[a:b],
            topic=self.topic,
            nbytes=self._share(b - a),
        )

    def _share(self, n: int) -> int:
        return self.nbytes * n // self.n if self.n else 0

    def _items(self) -> Sequence[RawRecord | SinkRecord]:
        return self._raw if self._raw is not None else self._rows  # type: ignore[return-value]

    def _raw_items(self) -> list[RawRecord]:
        if self._raw is None:
            raise ValueError("the records of this batch were decoded: ask for records()")
        return self._raw


def _pick(items: Sequence[Any], indices: Iterable[int]) -> list[Any]:
    return [items[i] for i in indices]


def _arrow_indices(indices: Sequence[int]) -> pa.Array:
    import pyarrow as pa

    return pa.array(indices, pa.int64())


Kind = Literal["", "keys", "headers"]
"""What of the records a file holds: their values, or in a companion file their keys or their headers."""


class Route(NamedTuple):
    """Where a record goes: the topic it has after the transforms, its encoded partition, and which part of it."""

    topic: str
    encoded_partition: str
    kind: Kind = ""


class RoutedBatch:
    """A batch with the route of each record, and the timestamp that the partitioner used where it uses one.

    `routes` is one route when all records go the same way, else one a record. `timestamps` is None when the
    partitioner is not time-based.

    `parts` are what goes into files: the batch itself, or, where keys or headers have files of their own, a batch of
    the values that are there, one of the keys, one of the headers, in the forms of their formats. Their spans are that
    of the batch, which then only says which records there are.
    """

    __slots__ = ("_groups", "_parts", "batch", "routes", "timestamps")

    def __init__(
        self,
        batch: RecordBatch,
        routes: Route | list[Route],
        timestamps: Sequence[int | None] | None = None,
        parts: tuple[RoutedBatch, ...] = (),
    ) -> None:
        self.batch = batch
        self.routes = routes
        self.timestamps = timestamps
        self._parts = parts
        self._groups: list[tuple[Route, RecordBatch]] | None = None

    @property
    def parts(self) -> tuple[RoutedBatch, ...]:
        """What goes into files."""
        return self._parts or (self,)

    @property
    def has_companions(self) -> bool:
        """Whether keys or headers have files of their own."""
        return bool(self._parts)

    @property
    def single(self) -> Route | None:
        """The one route of all records, or None where there are several."""
        return self.routes if isinstance(self.routes, Route) else None

    def route_at(self, index: int) -> Route:
        """The route of one record."""
        return self.routes if isinstance(self.routes, Route) else self.routes[index]

    def split(self, offset: int) -> tuple[RoutedBatch, RoutedBatch]:
        """As `RecordBatch.split`, with the routes."""
        head, tail = self.batch.split(offset)
        split = [part.split(offset) for part in self._parts]
        return (
            self._part(head, 0, head.n, tuple(before for before, _ in split)),
            self._part(tail, head.n, self.batch.n, tuple(after for _, after in split)),
        )

    def _part(self, batch: RecordBatch, a: int, b: int, parts: tuple[RoutedBatch, ...]) -> RoutedBatch:
        routes = self.routes if isinstance(self.routes, Route) else self.routes[a:b]
        return RoutedBatch(batch, routes, None if self.timestamps is None else self.timestamps[a:b], parts)

    def by_route(self) -> Sequence[tuple[Route, RecordBatch]]:
        """The records of each route, routes in the order of their first record, spans unchanged; divided once."""
        if self._groups is None:
            self._groups = self._divided()
        return self._groups

    def _divided(self) -> list[tuple[Route, RecordBatch]]:
        if isinstance(self.routes, Route):
            return [(self.routes, self.batch)] if self.batch.n else []
        groups: dict[Route, list[int]] = {}
        for index, route in enumerate(self.routes):
            groups.setdefault(route, []).append(index)
        if len(groups) == 1:
            return [(route, self.batch) for route in groups]
        return [(route, self.batch.take(indices)) for route, indices in groups.items()]
