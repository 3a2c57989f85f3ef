"""What is in the bucket against what is in the topic: by content, never by our own counters."""

from __future__ import annotations

import asyncio
import gzip
import io
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import pyarrow.parquet as pq

from s3sink import S3Store
from tests.broker.cluster import Stored

Row = dict[str, Any]
Expected = Callable[[Stored], Row | None]


@dataclass
class Verdict:
    """What is wrong with the bucket: ids of records, and keys of objects with the reason."""

    records: int = 0
    objects: int = 0
    lost: list[int] = field(default_factory=list)
    doubled: list[int] = field(default_factory=list)
    unknown: list[int] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    misplaced: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.records} records in {self.objects} objects; lost {_some(self.lost)}; "
            f"doubled {_some(self.doubled)}; unknown {_some(self.unknown)}; "
            f"changed {_some(self.changed)}; misplaced {_some(self.misplaced)}"
        )

    @property
    def clean(self) -> bool:
        """Nothing lost, doubled, altered or in the wrong object."""
        return not (self.lost or self.doubled or self.unknown or self.changed or self.misplaced)


def _some(items: list[Any]) -> str:
    return f"{len(items)} {items[:6]}" if items else "0"


def unchanged(stored: Stored) -> Row | None:
    """The value as it was produced."""
    return None if stored.value is None else orjson.loads(stored.value)


def through_four(stored: Stored) -> Row | None:
    """What the four transforms of apps/topic_to_s3.py make of a value."""
    row = unchanged(stored)
    if row is None:
        return None
    del row["referrer"]
    return row | {"user_agent": "", "ingested_at": stored.timestamp}


def objects_of(store: S3Store) -> dict[str, bytes]:
    """Every object of the store, keys without its prefix."""
    return asyncio.run(_objects_of(store))


async def _objects_of(store: S3Store) -> dict[str, bytes]:
    await store.open()
    try:
        keys = [summary.key async for summary in store.list()]
        found: dict[str, bytes] = {}
        for at in range(0, len(keys), 32):
            chunk = keys[at : at + 32]
            found.update(zip(chunk, await asyncio.gather(*map(store.get, chunk)), strict=True))
    finally:
        await store.close()
    return found


def rows_of(key: str, body: bytes) -> list[Row]:
    """The records of one object, read by other libraries than wrote it where there are such."""
    if key.endswith(".parquet"):
        rows: list[Row] = pq.read_table(io.BytesIO(body)).to_pylist()
        return rows
    text = gzip.decompress(body) if key.endswith(".gz") else body
    return [orjson.loads(line) for line in text.splitlines()]


def judge(
    topic: str, stored: Iterable[Stored], objects: Mapping[str, bytes], expected: Expected = unchanged
) -> Verdict:
    """Compare. Each record is known by its field `id`; its object must be named after its first record's offset."""
    by_id = {orjson.loads(s.value)["id"]: s for s in stored if s.value is not None}
    verdict = Verdict(objects=len(objects))
    seen: Counter[int] = Counter()
    for key, body in objects.items():
        rows = rows_of(key, body)
        seen.update(row["id"] for row in rows)
        _judge_object(topic, key, rows, by_id, expected, verdict)
    verdict.records = seen.total()
    verdict.lost = sorted(id for id in by_id if id not in seen)
    verdict.doubled = sorted(id for id, n in seen.items() if n > 1)
    verdict.unknown = sorted(id for id in seen if id not in by_id)
    return verdict


def _judge_object(
    topic: str, key: str, rows: list[Row], by_id: Mapping[int, Stored], expected: Expected, verdict: Verdict
) -> None:
    places = [by_id[row["id"]] for row in rows if row["id"] in by_id]
    verdict.changed += [f"{key}: {row}" for row in rows if row["id"] in by_id and expected(by_id[row["id"]]) != row]
    if not places:
        verdict.misplaced.append(f"{key} is empty")
        return
    offsets = [place.offset for place in places]
    partition, first = places[0].partition, offsets[0]
    if any(place.partition != partition for place in places):
        verdict.misplaced.append(f"{key} has records of several partitions")
    if any(a >= b for a, b in itertools.pairwise(offsets)):
        verdict.misplaced.append(f"{key} is out of order")
    name = key.rsplit("/", 1)[-1].split(".", 1)[0]
    if name != f"{topic}+{partition}+{first:010d}":
        verdict.misplaced.append(f"{key} begins with offset {first} of partition {partition}")
