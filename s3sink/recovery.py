"""Where a partition goes on after an assignment: from the group's offset, the changelog and, if need be, the bucket."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from s3sink.batch import Route
from s3sink.errors import ConfigurationChangedError, ConsistencyError
from s3sink.generation import Owner, owner_of
from s3sink.record import TopicPartition
from s3sink.state import Boundary, GenerationEntry, Intent, Progress
from s3sink.storage import ObjectInfo
from s3sink.writer import Decided, Setup

log = logging.getLogger("s3sink.recovery")


class Recovery(NamedTuple):
    """Read from `start` (None: wherever the topic begins) and cut at the generations that are decided already."""

    start: int | None
    decided: tuple[Decided, ...]


async def recover(source: TopicPartition, setup: Setup, *, keep_topic: bool) -> Recovery:
    """Find out where to go on, before the first record.

    An intent with the committed offset is finished exactly as it was decided. An offset that agrees with the changelog
    is taken as it is. Anything else (offsets reset, expired, or committed by another program) means that somebody moved
    it: the bucket is listed once and decides what is stored already. `keep_topic`: no transform changes the topic, so
    that only its own directory has to be listed.
    """
    committed, row = await setup.committer.committed(source), await setup.state.get(source)
    if not _agree(committed, row):
        row = await setup.state.get(source, fresh=True)
    if committed is not None and committed.intent is not None:
        return await _finish(source, setup, committed, committed.intent, row, keep_topic)
    if committed is not None and _agree(committed, row):
        return Recovery(committed.offset, ())
    stored = await look(source, setup, 0 if committed is None else committed.offset, row, keep_topic)
    if committed is None:
        return Recovery(None, stored)
    begun = [d for d in stored if d.start < committed.offset and not d.done]
    return Recovery(begun[0].start if begun else committed.offset, stored)


def _agree(committed: Progress | None, row: Boundary | None) -> bool:
    if committed is None or row is None:
        return False
    return row.id == committed.intent.id if committed.intent else row.stop == committed.offset


# ---------------------------------------------------------------------------------------------- an intent
async def _finish(
    source: TopicPartition, setup: Setup, committed: Progress, intent: Intent, row: Boundary | None, keep_topic: bool
) -> Recovery:
    logged = row if row is not None and row.id == intent.id else None
    if intent.fingerprint != setup.fingerprint:
        return await _after_change(source, setup, committed.offset, logged, row, keep_topic)
    if logged is not None:
        decided = [_as_logged(entry) for entry in logged.generations]
    else:
        starts = (committed.offset, *intent.stops)
        ids = (intent.id, *[None] * len(intent.stops))
        decided = [Decided(a, b, "recovered", id) for a, b, id in zip(starts, intent.stops, ids, strict=False)]
    log.info("%s: finishing [%d, %d), decided before", source, committed.offset, intent.stops[-1])
    return Recovery(committed.offset, tuple(decided))


def _as_logged(entry: GenerationEntry) -> Decided:
    return Decided(entry.start, entry.stop, "recovered", entry.id, {f.route: f.key for f in entry.files})


async def _after_change(
    source: TopicPartition, setup: Setup, start: int, logged: Boundary | None, row: Boundary | None, keep_topic: bool
) -> Recovery:
    """The intent is of another configuration: its generations must be there completely, or not at all."""
    if logged is None:
        return Recovery(start, await look(source, setup, start, row, keep_topic))
    decided: list[Decided] = []
    for entry in logged.generations:
        there = await asyncio.gather(*(setup.store.head(f.key) for f in entry.files))
        if all(there):
            decided.append(_as_logged(entry)._replace(done=True))
        elif any(there):
            missing = [f.key for f, info in zip(entry.files, there, strict=True) if info is None]
            raise _changed(source, entry.start, entry.stop, f"missing are {', '.join(missing)}")
    return Recovery(start, tuple(decided))


def _changed(source: TopicPartition, start: int, stop: int, what: str) -> ConfigurationChangedError:
    return ConfigurationChangedError(
        f"offsets {start} to {stop - 1} were half written with another configuration ({what}); run the old "
        "configuration until they are committed, or remove the objects of these offsets, then start this one",
        source=source,
    )


# ---------------------------------------------------------------------------------------------- the bucket
async def look(
    source: TopicPartition, setup: Setup, start: int, row: Boundary | None, keep_topic: bool
) -> tuple[Decided, ...]:
    """The generations in the bucket that reach beyond `start`, in order and without overlap."""
    log.info("%s: the group's offset is not where the changelog ends; listing %s", source, setup.store.url)
    keys = await _keys(source, setup, keep_topic)
    owners: list[tuple[ObjectInfo, Owner]] = []
    for at in range(0, len(keys), 32):
        chunk = keys[at : at + 32]
        infos = await asyncio.gather(*(setup.store.head(key) for _, key in chunk))
        found = [(info, owner) for info in infos if info and (owner := owner_of(info.metadata))]
        owners += [(info, owner) for info, owner in found if owner.source == str(source)]
        if at and at % 3200 == 0:
            log.info("%s: %d of %d objects looked at", source, at, len(keys))
        if chunk[-1][0] < start and (len(found) < len(chunk) or any(_ends_before(o, start) for _, o in found)):
            break  # generations do not overlap: everything further down ends before `start`
    stored = [_stored(source, setup, list(group), row) for group in _by_generation(owners)]
    return tuple(_without_overlap(source, [d for d in stored if d.stop > start]))


async def _keys(source: TopicPartition, setup: Setup, keep_topic: bool) -> list[tuple[int, str]]:
    """First offset and key of every object that can be this partition's, highest offset first."""
    prefix = source.topic + setup.layout.directory_delim if keep_topic else ""
    keys: list[tuple[int, str]] = []
    async for summary in setup.store.list(prefix):
        first = setup.layout.first_offset(summary.key, source.partition)
        if first is not None:
            keys.append((first, summary.key))
    return sorted(keys, reverse=True)


def _ends_before(owner: Owner, start: int) -> bool:
    return owner.stop is not None and owner.stop <= start


Found = tuple[ObjectInfo, Owner]


def _by_generation(owners: Sequence[Found]) -> Iterable[Iterable[Found]]:
    ordered = sorted(owners, key=lambda found: (found[1].start, found[1].id, found[1].first))
    return (group for _, group in groupby(ordered, key=lambda found: (found[1].start, found[1].id)))


def _stored(source: TopicPartition, setup: Setup, group: list[Found], row: Boundary | None) -> Decided:
    owner = next((o for _, o in group if o.stop is not None), None) or _from_row(source, group, row)
    assert owner.stop is not None
    done = len(group) >= owner.files
    if not done and owner.fingerprint != setup.fingerprint:
        raise _changed(source, owner.start, owner.stop, f"{len(group)} of {owner.files} files are there")
    keys = _logged_keys(row, owner.id)
    return Decided(owner.start, owner.stop, "recovered", owner.id, keys, done)


def _from_row(source: TopicPartition, group: list[Found], row: Boundary | None) -> Owner:
    info, owner = group[0]
    entry = next((g for g in row.generations if g.id == owner.id), None) if row else None
    if entry is None:
        raise ConsistencyError(
            f"{info.key!r} is a multipart object whose writer died before it said where its generation ends, and the "
            "changelog does not know it; remove the object, its records are read again",
            source=source,
        )
    return owner._replace(stop=entry.stop, files=len(entry.files))


def _logged_keys(row: Boundary | None, id: str) -> dict[Route, str]:
    entry = next((g for g in row.generations if g.id == id), None) if row else None
    return {f.route: f.key for f in entry.files} if entry else {}


def _without_overlap(source: TopicPartition, decided: list[Decided]) -> Iterable[Decided]:
    """Overlaps are none of ours; where an at-least-once run left them, what is there counts as stored."""
    stop = -1
    for d in sorted(decided, key=lambda d: (d.start, d.stop)):
        if d.stop <= stop:
            continue
        if d.start < stop:
            log.warning("%s: generations overlap before offset %d", source, stop)
            d = d._replace(start=stop, done=True)
        stop = d.stop
        yield d
