"""The records of the benchmarks: number i is the same on every machine and in every run.

>>> click(7)[:40]
b'{"seq":7,"event_id":"af87646a-1c89-23c2-'
>>> len(changed_row(7)) < len(change(7)) - 500
True
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from struct import Struct
from typing import Literal

#: 2026-01-01T00:00:00Z in milliseconds; records are 5 ms apart.
EPOCH = 1_767_225_600_000
STEP = 5
#: Every tenth change of a partition deletes its row.
DELETES = 10

COUNTRIES = [f"{a}{b}" for a in "ABDEF" for b in "EILRS"]
CITIES = 250
_AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64)",
    "Mozilla/5.0 (iPhone; CPU iOS 17)",
    "Mozilla/5.0 (Windows NT 10.0)",
    "okhttp/4.12.0",
)
_SITES = ("example.org", "a.example", "t.example", "find.example")
_SHELVES = ("shoes", "books", "garden", "music", "toys", "phones", "kitchen", "sport")
_WORDS = ("new", "sale", "promo", "returning", "mobile", "desktop", "organic", "paid")
_numbers: Callable[[bytes], tuple[int, ...]] = Struct("<16x8H").unpack

Kind = Literal["clicks", "changes"]


@dataclass(frozen=True, slots=True)
class Record:
    """A record to be produced; `timestamp` in milliseconds."""

    partition: int
    key: bytes
    value: bytes
    timestamp: int


def records(kind: Kind, n: int, partitions: int) -> Iterator[Record]:
    """Records 0 to n, one partition after the other in turn."""
    for i in range(n):
        partition, place = i % partitions, i // partitions
        value = click(i) if kind == "clicks" else change(i, deleted=is_delete(place))
        yield Record(partition, b"%d" % (i % 100_000), value, EPOCH + STEP * i)


def is_delete(place: int) -> bool:
    """Whether the change at this place of its partition is a delete."""
    return place % DELETES == DELETES - 1


def kept(kind: Kind, n: int, partitions: int) -> list[int]:
    """The `seq` of the records that must be in the bucket at the end, in order: deletes are dropped."""
    return [i for i in range(n) if kind == "clicks" or not is_delete(i // partitions)]


def kept_a_partition(kind: Kind, n: int, partitions: int) -> int:
    """How many of these are in one partition; n is a multiple of the partitions."""
    size = n // partitions
    return size if kind == "clicks" else size - size // DELETES


def _random(i: int) -> tuple[str, tuple[int, ...]]:
    digest = blake2b(b"%d" % i, digest_size=32, person=b"s3sink-bench").digest()
    h = digest.hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:32]}", _numbers(digest)


def click(i: int) -> bytes:
    """About 325 bytes of JSON: text, numbers, a nested object, a list; `country` has 25 values, `city` 250."""
    event, (a, b, c, d, e, f, g, h) = _random(i)
    return (
        f'{{"seq":{i},"event_id":"{event}","user_id":{(a << 16 | b) % 100_000},"ts":{EPOCH + STEP * i},"site":"shop",'
        f'"url":"/{_SHELVES[c & 7]}/{c % 5000}?page={d % 20}","referrer":"https://{_SITES[d >> 14]}/",'
        f'"user_agent":"{_AGENTS[e & 3]}","country":"{COUNTRIES[e % 25]}","city":"c{f % CITIES}",'
        f'"amount":{g // 100}.{g % 100:02d},"flag":{"true" if h & 1 else "false"},'
        f'"nested":{{"a":{h % 1000},"b":"{_SHELVES[h >> 13]}"}},"tags":["{_WORDS[b & 7]}","{_WORDS[a & 7]}"]}}'
    ).encode()


def changed_row(i: int, version: int = 1) -> str:
    """One row of a table of orders, 23 columns, about 480 bytes."""
    event, (a, b, c, d, e, f, g, h) = _random(i)
    return (
        f'{{"seq":{i},"order_id":"{event}","customer_id":{(a << 16 | b) % 100_000},"version":{version},'
        f'"status":"{_WORDS[c & 7]}","shelf":"{_SHELVES[d & 7]}","quantity":{d % 50},"price":{e // 100}.{e % 100:02d},'
        f'"discount":{f % 90}.5,"paid":{"true" if g & 1 else "false"},"country":"{COUNTRIES[f % 25]}",'
        f'"city":"c{g % CITIES}","street":"{_SHELVES[g >> 13]} street {h % 300}","note":null,'
        f'"email":"customer-{(a << 16 | b) % 100_000}@mail.example.org","phone":"+49 30 {b}{c}",'
        f'"carrier":"{_SHELVES[a >> 13]}",'
        f'"warehouse":"warehouse-{c % 40}","weight":{d // 100}.{d % 100:02d},"gift":false,'
        f'"comment":"{_WORDS[h & 7]} {_WORDS[a & 7]} {_WORDS[b & 7]} {c} {d}",'
        f'"created_at":{EPOCH + STEP * i},"updated_at":{EPOCH + STEP * i + version * 1000}}}'
    )


def change(i: int, *, deleted: bool = False) -> bytes:
    """About 1.1 kB: a change of a row as Debezium sends it without schemas; every other one is an update."""
    op = "d" if deleted else "cu"[i % 2]
    before = "null" if op == "c" else changed_row(i)
    after = "null" if deleted else changed_row(i, 2)
    return (
        f'{{"before":{before},"after":{after},"source":{{"version":"3.0.0.Final","connector":"mysql","name":"shop",'
        f'"ts_ms":{EPOCH + STEP * i},"snapshot":"false","db":"shop","sequence":null,"ts_us":{EPOCH + STEP * i}000,'
        f'"ts_ns":{EPOCH + STEP * i}000000,"table":"orders","server_id":184054,"gtid":null,'
        f'"file":"mysql-bin.000003","pos":{1000 + 400 * i},"row":0,"thread":12,"query":null}},"transaction":null,'
        f'"op":"{op}","ts_ms":{EPOCH + STEP * i + 3},"ts_us":{EPOCH + STEP * i + 3}000}}'
    ).encode()


_SEQ = re.compile(rb'"seq":(\d+)')


def seqs_of(lines: bytes) -> list[int]:
    """The `seq` of every record in a file of JSON lines."""
    return list(map(int, _SEQ.findall(lines)))
