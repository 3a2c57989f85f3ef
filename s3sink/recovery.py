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
from s3sink.retry import retrying
from s3sink.setup import Decided, Setup
from s3sink.state import Boundary, Intent, Progress
from s3sink.storage import ObjectInfo

log = logging.getLogger("s3sink.recovery")


class Recovery(NamedTuple):
    """Read from `start` (None: wherever the topic begins) and cut at the generations that are decided already.

    `committed` is the group's offset, 0 where it has none.
    """

    start: int | None
    decided: tuple[Decided, ...]
    committed: int


async def recover(source: TopicPartition, setup: Setup, *, keep_topic: bool) -> Recovery:
    """Find out where to go on, before the first record.

    An intent with the committed offset is finished exactly as it was decided. An offset that a sink committed is taken
    as it is, unless that sink knew of generations beyond. Anything else (offsets reset, expired, or committed by
    another program) means that somebody moved it: the bucket is listed once and decides what is stored already.
    `keep_topic`: no transform changes the topic, so that only its own directory has to be listed.
    """
    committed = await setup.committer.committed(source)
    if committed is None:
        return Recovery(None, await look(source, setup, 0, keep_topic, known_group=False), 0)
    if committed.intent is not None:
        return Recovery(
            committed.offset, await _finish(source, setup, committed, committed.intent, keep_topic), committed.offset
        )
    if committed.until is not None and committed.until <= committed.offset:
        return Recovery(committed.offset, (), committed.offset)
    stored = await look(source, setup, committed.offset, keep_topic, known_group=committed.until is not None)
    begun = [d for d in stored if d.start < committed.offset and not d.done]
    return Recovery(begun[0].start if begun else committed.offset, stored, committed.offset)


# ---------------------------------------------------------------------------------------------- an intent
async def _finish(
    source: TopicPartition, setup: Setup, committed: Progress, intent: Intent, keep_topic: bool
) -> tuple[Decided, ...]:
    """The generations of the intent, with the keys that they were logged or begun with, and what lies behind them."""
    if intent.fingerprint != setup.fingerprint:
        # Its generations must be in the bucket completely, or not at all.
        return await look(source, setup, committed.offset, keep_topic)
    log.info("%s: finishing [%d, %d), decided before", source, committed.offset, intent.stops[-1])
    row = await _logged(source, setup, intent)
    ahead = committed.until is None or committed.until > intent.stops[-1]
    if row is not None and not ahead:
        return tuple(_as_logged(row))
    stored = await look(source, setup, committed.offset, keep_topic)
    decided = _as_logged(row) if row is not None else _as_intended(committed.offset, intent, stored)
    return (*decided, *(d for d in stored if d.start >= intent.stops[-1]))


async def _logged(source: TopicPartition, setup: Setup, intent: Intent) -> Boundary | None:
    """The changelog's row of this intent; another one is stale."""
    for fresh in (False, True):
        row = await setup.state.get(source, fresh=fresh)
        if row is not None and row.id == intent.id:
            return row
    return None


def _as_logged(row: Boundary) -> Sequence[Decided]:
    return [Decided(g.start, g.stop, "recovered", g.id, {f.route: f.key for f in g.files}) for g in row.generations]


def _as_intended(start: int, intent: Intent, stored: Iterable[Decided]) -> Sequence[Decided]:
    """Without its row: the bucket has the keys of what was begun. Only the first generation's id is known."""
    found = {d.stop: d for d in stored}
    ids = (intent.id, *[None] * len(intent.stops))
    decided = []
    for begin, stop, id in zip((start, *intent.stops), intent.stops, ids, strict=False):
        known = found.get(stop)
        keys, done = (known.keys, known.done) if known is not None else ({}, False)
        decided.append(Decided(begin, stop, "recovered", id, keys, done))
    return decided


# ---------------------------------------------------------------------------------------------- the bucket
Found = tuple[ObjectInfo, Owner]


async def look(
    source: TopicPartition, setup: Setup, start: int, keep_topic: bool, *, known_group: bool = True
) -> tuple[Decided, ...]:
    """The generations in the bucket that reach beyond `start`, in order and without overlap.

    `known_group`: the group's offsets show that this sink has written before.
    """
    log.info("%s: looking for what %s has from offset %d on", source, setup.store.url, start)
    prefix = setup.layout.directory(source.topic) if keep_topic else ""
    keys = await retrying(f"listing {prefix}", lambda: _keys(source, setup, prefix), setup.backoff, setup.metrics)
    mine: list[Found] = []
    for at in range(0, len(keys), 32):
        chunk = keys[at : at + 32]
        infos = await asyncio.gather(*(_head(setup, key) for _, key in chunk))
        owned = [(info, owner) for info in infos if info and (owner := owner_of(info.metadata))]
        new = [(info, owner) for info, owner in owned if owner.source == str(source)]
        mine += new
        if at and at % 3200 == 0:
            log.info("%s: %d of %d objects looked at", source, at, len(keys))
        # Generations do not overlap: what lies further down than one that ends before `start` ends before it as well.
        # A directory of this topic alone that begins to be somebody else's was somebody else's before.
        if chunk[-1][0] < start and (any(_ends_before(o, start) for _, o in new) or (keep_topic and not owned)):
            break
    row = await setup.state.get(source, fresh=True) if mine else None
    if row is None and not known_group:
        _check_whose(source, setup, mine)
    known = _with_stops(source, mine, row, start)
    stored = [_stored(source, setup, list(group), row) for group in _by_generation(known)]
    return tuple(_without_overlap(source, [d for d in stored if d.stop > start]))


async def _head(setup: Setup, key: str) -> ObjectInfo | None:
    setup.metrics.add("store_requests")
    return await retrying(key, lambda: setup.store.head(key), setup.backoff, setup.metrics)


async def _keys(source: TopicPartition, setup: Setup, prefix: str) -> list[tuple[int, str]]:
    """First offset and key of every object that can be this partition's, highest offset first."""
    keys: list[tuple[int, str]] = []
    extensions = tuple(format.extension for format in setup.formats.values())
    async for summary in setup.store.list(prefix):
        first = setup.layout.first_offset(summary.key, source.partition)
        if first is not None and summary.key.endswith(extensions):
            keys.append((first, summary.key))
    return sorted(keys, reverse=True)


def _ends_before(owner: Owner, start: int) -> bool:
    return owner.stop is not None and owner.stop <= start


def _check_whose(source: TopicPartition, setup: Setup, found: Sequence[Found]) -> None:
    """Objects of another configuration are our own from before a change, if group or changelog remember us.

    Otherwise they are another sink's, and taking its records for stored would lose them for this one.
    """
    other = next((owner for _, owner in found if owner.fingerprint != setup.fingerprint), None)
    if other is not None:
        raise ConfigurationChangedError(
            f"{setup.store.url} has offsets {other.start} and following of this topic from a sink with another "
            "configuration, and neither group nor changelog know of one: give each sink a prefix of its own, or remove "
            "those objects",
            source=source,
        )


def _with_stops(source: TopicPartition, found: Sequence[Found], row: Boundary | None, start: int) -> Iterable[Found]:
    """All that matters for what lies behind `start`, each with its stop.

    A multipart object whose writer died before it said where its generation ends is told by the other files of the
    generation, or by the changelog. It does not matter when another generation begins between it and `start`.
    """
    by_id = {g.id: g.stop for g in row.generations} if row else {}
    by_id |= {owner.id: owner.stop for _, owner in found if owner.stop is not None}
    starts = [owner.start for _, owner in found]
    for info, owner in found:
        stop = owner.stop if owner.stop is not None else by_id.get(owner.id)
        if stop is not None:
            yield info, owner._replace(stop=stop)
        elif not any(owner.start < other <= start for other in starts):
            raise ConsistencyError(
                f"{info.key!r} is a multipart object whose writer died before it said where its generation ends, and "
                "the changelog does not know it; remove the object, its records are read again",
                source=source,
            )


def _by_generation(found: Iterable[Found]) -> Iterable[Iterable[Found]]:
    """Whoever wrote a file of a generation: its stop is the same, its start and its id need not be."""
    ordered = sorted(found, key=lambda one: (one[1].stop, one[1].first))
    return (group for _, group in groupby(ordered, key=lambda one: one[1].stop))


def _stored(source: TopicPartition, setup: Setup, group: Sequence[Found], row: Boundary | None) -> Decided:
    owner = group[0][1]
    start, stop = min(o.start for _, o in group), owner.stop
    assert stop is not None
    logged = {g.id: g for g in row.generations}.get(owner.id) if row else None
    files = max(*(o.files for _, o in group), len(logged.files) if logged else 0)
    done = len(group) >= files
    if not done and any(o.fingerprint != setup.fingerprint for _, o in group):
        raise _changed(source, start, stop, f"{len(group)} of {files} files are there")
    keys: dict[Route, str] = {f.route: f.key for f in logged.files} if logged else {}
    keys |= {setup.layout.route(info.key): info.key for info, _ in group}
    return Decided(start, stop, "recovered", owner.id, keys, done)


def _changed(source: TopicPartition, start: int, stop: int, what: str) -> ConfigurationChangedError:
    return ConfigurationChangedError(
        f"offsets {start} to {stop - 1} were half written with another configuration ({what}); run the old "
        "configuration until they are committed, or remove the objects of these offsets, then start this one",
        source=source,
    )


def _without_overlap(source: TopicPartition, decided: Iterable[Decided]) -> Iterable[Decided]:
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
