"""A table out of the objects in the bucket, and whether it is the one in MySQL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from s3sink.cli.demo_cdc_changes import ADDED
from s3sink.cli.demo_cdc_columns import Column
from s3sink.storage import ObjectStore, ObjectSummary

Row = Mapping[str, Any]
Table = Mapping[int, Row]
"""Rows by primary key."""

KEY = "id"
_READS = 8  # objects on their way at once
_POSITION = ("__source_file", "__source_pos", "__source_row")
_NEEDED = (KEY, "__op", "__deleted", *_POSITION)


class Place(NamedTuple):
    """Where a line stands. In one directory, the lines of a topic's partition sort as they were read from Kafka."""

    partition: int
    start: int
    line: int


@dataclass(frozen=True, slots=True)
class Change:
    """One line of an object."""

    directory: str
    place: Place
    row: Row

    @property
    def position(self) -> tuple[str, int, int]:
        """In MySQL's log: all events of the rows of one key differ in it, and later ones are greater."""
        file, pos, row = (self.row[name] for name in _POSITION)
        return file, pos, row

    @property
    def identity(self) -> tuple[Any, ...]:
        """The same of two lines only if they say the same change. A snapshot has one position for all its rows."""
        return (self.row["__op"], self.row[KEY], *self.position)


@dataclass(slots=True)
class Rebuilt:
    """The table that the objects tell of, and what is wrong with the lines that tell it.

    The last change of a key wins, and `__deleted` removes the row. A key is always in one partition of the topic, so
    the order of lines is the order of changes inside each directory; between two directories, around midnight, the
    position in MySQL's log decides. `out_of_order` counts lines that stand behind a later change of their key in their
    own directory, `twice` those that say again what another one said.
    """

    rows: dict[int, Row] = field(default_factory=dict)
    lines: int = 0
    changes: int = 0
    twice: int = 0
    out_of_order: int = 0
    unreadable: int = 0


def rebuild(objects: Mapping[str, bytes]) -> Rebuilt:
    """The table from objects by their keys."""
    rebuilt, changes = Rebuilt(), list[Change]()
    for key, data in objects.items():
        for change in _changes(key, data):
            rebuilt.lines += 1
            if isinstance(change, Change):
                changes.append(change)
            else:
                rebuilt.unreadable += 1
    identities = {change.identity for change in changes}
    rebuilt.changes, rebuilt.twice = len(identities), len(changes) - len(identities)
    rebuilt.out_of_order = _out_of_order(changes)
    for change in sorted(changes, key=lambda change: (change.position, change.place)):
        _apply(change.row, rebuilt.rows)
    return rebuilt


def _apply(row: Row, rows: dict[int, Row]) -> None:
    if row["__deleted"] == "true":
        rows.pop(row[KEY], None)
    else:
        rows[row[KEY]] = {name: value for name, value in row.items() if not name.startswith("__")}


def _out_of_order(changes: Iterable[Change]) -> int:
    backwards, latest = 0, dict[tuple[str, int], tuple[str, int, int]]()
    for change in sorted(changes, key=lambda change: change.place):
        before = latest.setdefault((change.directory, change.row[KEY]), change.position)
        if change.position < before:
            backwards += 1
        else:
            latest[change.directory, change.row[KEY]] = change.position
    return backwards


def _changes(key: str, data: bytes) -> Iterable[Change | None]:
    """The lines of one object; None for one that is no change."""
    directory, name = key.rsplit("/", 1)
    _, partition, start = name.split(".json")[0].rsplit("+", 2)
    for line, text in enumerate(data.splitlines()):
        row = _row(text)
        yield None if row is None else Change(directory, Place(int(partition), int(start), line), row)


def _row(text: bytes) -> Row | None:
    try:
        row = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None
    return row if isinstance(row, dict) and all(name in row for name in _NEEDED) else None


# ---------------------------------------------------------------------------------------------- against MySQL
@dataclass(frozen=True, slots=True)
class Difference:
    """One value that is not the one in MySQL."""

    key: int
    column: str
    mysql: Any
    rebuilt: Any


@dataclass(frozen=True, slots=True)
class Verdict:
    """The table in MySQL and the one from the bucket, row by row, column by column; and the changes, one by one."""

    columns: int
    in_mysql: int
    missing: Sequence[int]
    extra: Sequence[int]
    differences: Sequence[Difference]
    expected: int
    rebuilt: Rebuilt
    objects: Sequence[ObjectSummary]

    @property
    def different(self) -> int:
        """Rows with at least one value that is not the one in MySQL."""
        return len({difference.key for difference in self.differences})

    @property
    def lost(self) -> int:
        """Changes made in MySQL and in no object."""
        return max(0, self.expected - self.rebuilt.changes)

    @property
    def unexpected(self) -> int:
        """Changes in the objects that nobody made, such as those of a transaction that was rolled back."""
        return max(0, self.rebuilt.changes - self.expected)

    @property
    def equal(self) -> bool:
        """The tables are the same, and each change is in exactly one line, in order."""
        told = self.rebuilt
        faults = (self.lost, self.unexpected, told.twice, told.out_of_order, told.unreadable)
        return not (self.missing or self.extra or self.differences or any(faults))


def compare(
    columns: Sequence[Column], table: Table, rebuilt: Rebuilt, expected: int, objects: Sequence[ObjectSummary]
) -> Verdict:
    """`table` has values as MySQL's client gives them; `expected` is the number of lines that there should be."""
    return Verdict(
        columns=len(columns),
        in_mysql=len(table),
        missing=sorted(table.keys() - rebuilt.rows.keys()),
        extra=sorted(rebuilt.rows.keys() - table.keys()),
        differences=[
            difference
            for key in sorted(table.keys() & rebuilt.rows.keys())
            for difference in _differences(key, columns, table[key], rebuilt.rows[key])
        ],
        expected=expected,
        rebuilt=rebuilt,
        objects=objects,
    )


def _differences(key: int, columns: Sequence[Column], row: Row, rebuilt: Row) -> Iterable[Difference]:
    for column in columns:
        mysql, told = column.of_mysql(row[column.name]), _told(column, rebuilt)
        if mysql != told:
            yield Difference(key, column.name, mysql, told)
    for name in rebuilt.keys() - {column.name for column in columns}:
        yield Difference(key, name, "no such column", rebuilt[name])


def _told(column: Column, row: Row) -> Any:
    """The value of a row; of a row that nobody has touched since the column came, the column's default."""
    if column.name in row:
        return column.of_debezium(row[column.name])
    return column.of_debezium(column.default) if column.name in ADDED else "no such field"


async def read_back(
    store: ObjectStore, progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[Sequence[ObjectSummary], Mapping[str, bytes]]:
    """All objects of the store; `progress` hears how many have been read, of how many."""
    await store.open()
    try:
        objects, found = [summary async for summary in store.list()], dict[str, bytes]()
        gate = asyncio.Semaphore(_READS)

        async def read(summary: ObjectSummary) -> None:
            async with gate:
                found[summary.key] = await store.get(summary.key)
            progress(len(found), len(objects))

        await asyncio.gather(*map(read, objects))
    finally:
        await store.close()
    return objects, found
