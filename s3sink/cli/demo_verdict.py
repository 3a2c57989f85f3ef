"""Whether what is in the bucket is what was produced: every record of every object, by content."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from s3sink.cli.demo_flights import FIELDS, encoded
from s3sink.storage import ObjectStore, ObjectSummary

Row = Mapping[str, Any]

_READS = 8  # objects on their way at once
_ALL_FIELDS = frozenset(FIELDS)


@dataclass(slots=True)
class Tally:
    """The records of one sink's objects, counted against `produced`, whose index is a record's id.

    A record counts as found when nothing in it differs from what was produced. One that differs is `changed`; its
    original is then lost, unless it is found elsewhere.
    """

    produced: Sequence[bytes]
    objects: int = 0
    bytes: int = 0
    records: int = 0
    changed: int = 0
    _found: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self._found = [0] * len(self.produced)

    def add(self, size: int, rows: Iterable[Row]) -> None:
        """Count the rows of one object."""
        self.objects += 1
        self.bytes += size
        for row in rows:
            self.records += 1
            number = row.get("id")
            if self._is_as_produced(number, row):
                self._found[number] += 1  # type: ignore[index]
            else:
                self.changed += 1

    def _is_as_produced(self, number: object, row: Row) -> bool:
        if type(number) is not int or not 0 <= number < len(self.produced) or row.keys() != _ALL_FIELDS:
            return False
        return encoded({name: row[name] for name in FIELDS}) == self.produced[number]

    @property
    def lost(self) -> int:
        """Produced and in no object."""
        return self._found.count(0)

    @property
    def duplicates(self) -> int:
        """Found more often than once, each time beyond the first."""
        return sum(times - 1 for times in self._found if times > 1)

    @property
    def exactly_once(self) -> bool:
        """Every produced record is there, once, unchanged, and nothing else is."""
        return not (self.lost or self.duplicates or self.changed)

    def figures(self) -> dict[str, int]:
        """What a program wants to know."""
        names = ("records", "objects", "bytes", "lost", "duplicates", "changed")
        return {name: getattr(self, name) for name in names}


def rows_of_json(data: bytes) -> Iterable[Row]:
    """The rows of a gzip file of JSON lines; a line that is no object is an empty row."""
    rows = map(msgspec.json.decode, gzip.decompress(data).splitlines())
    return (row if isinstance(row, dict) else {} for row in rows)


def rows_of_parquet(data: bytes) -> Iterable[Row]:
    """The rows of a Parquet file; a column that it leaves out held nothing but nulls."""
    import pyarrow as pa
    from pyarrow import parquet

    absent = dict.fromkeys(FIELDS)
    return ({**absent, **row} for row in parquet.ParquetFile(pa.BufferReader(data)).read().to_pylist())


_READERS: Mapping[str, Callable[[bytes], Iterable[Row]]] = {"json": rows_of_json, "parquet": rows_of_parquet}
SINKS = tuple(_READERS)
"""The prefixes of the demo's two sinks."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found under each prefix."""

    objects: Sequence[ObjectSummary]
    tallies: Mapping[str, Tally]

    @property
    def exactly_once(self) -> bool:
        return all(tally.exactly_once for tally in self.tallies.values())


async def read_back(
    store: ObjectStore, produced: Sequence[bytes], progress: Callable[[int, int], None] = lambda done, total: None
) -> Verdict:
    """Read every object under the prefixes `json` and `parquet`; `progress` hears objects read and to be read."""
    await store.open()
    try:
        objects = [summary for sink in SINKS async for summary in store.list(f"{sink}/")]
        tallies = {sink: Tally(produced) for sink in SINKS}
        gate = asyncio.Semaphore(_READS)

        async def read(summary: ObjectSummary) -> None:
            async with gate:
                data = await store.get(summary.key)
            sink = summary.key.split("/", 1)[0]
            tallies[sink].add(len(data), _READERS[sink](data))
            progress(sum(tally.objects for tally in tallies.values()), len(objects))

        await asyncio.gather(*map(read, objects))
    finally:
        await store.close()
    return Verdict(objects, tallies)
