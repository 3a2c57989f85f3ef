"""Makes sealed generations visible exactly once.

The order is the promise: **decide** (boundary in the changelog, acknowledged), **fence** (intent with the group,
refused for a writer that was replaced), **create** (head file, then the others, each only if its key is free),
**commit** (`stop`). A crash after any step is finished by whoever gets the partition next, into the same keys.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from s3sink.errors import ConsistencyError, KeyConflictError, ObjectExistsError, StoreRefusedError
from s3sink.generation import Generation, Owner, SealedFile, opening_metadata, owner_of, sealing_metadata
from s3sink.record import TopicPartition
from s3sink.retry import retrying
from s3sink.setup import Decided, Replaced, Rewind, Setup
from s3sink.state import Boundary, Intent, Progress

log = logging.getLogger("s3sink.writer")


class Publisher:
    """Publishes the generations of one source partition, round by round."""

    def __init__(self, source: TopicPartition, setup: Setup) -> None:
        self._source, self._setup = source, setup

    async def publish(self, generations: tuple[Generation, ...], until: int) -> None:
        """Make a round visible and commit it. `until` is how far decided generations are known to reach.

        Raises Replaced, Rewind, or what somebody has to look at. Begins anew when it is called again.
        """
        start, stop = generations[0].start, generations[-1].stop
        if any(g.files for g in generations):
            await self._decide(start, generations, until)
            await self._create(generations)
        if not await self._setup.committer.commit(self._source, Progress(stop, None, until)):
            self._setup.metrics.add("commits_refused", 1, topic=self._source.topic)
            raise Replaced(f"{self._source}: the commit of {stop} was refused, another worker has the partition")
        for generation in generations:
            self._committed(generation)

    async def _decide(self, start: int, generations: tuple[Generation, ...], until: int) -> None:
        setup = self._setup
        boundary = Boundary(tuple(g.entry() for g in generations), setup.fingerprint)
        await setup.state.put(self._source, boundary)
        intent = Intent(boundary.id, tuple(g.stop for g in generations), setup.fingerprint)
        if not await setup.committer.commit(self._source, Progress(start, intent, until)):
            setup.metrics.add("intents_refused", 1, topic=self._source.topic)
            raise Replaced(f"{self._source}: the intent from {start} was refused, another worker has the partition")

    async def _create(self, generations: tuple[Generation, ...]) -> None:
        """Heads one after the other, since each may show that another writer was first; the rest concurrently."""
        rest: list[asyncio.Task[None]] = []
        try:
            for generation in generations:
                if generation.files:
                    await self._create_file(generation, generation.files[0])
                    rest += [asyncio.create_task(self._create_file(generation, f)) for f in generation.files[1:]]
            await asyncio.gather(*rest)
        except Rewind:
            # What comes before the adopted generation will be committed without another look: it must be complete.
            await asyncio.gather(*rest)
            raise
        except BaseException:
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)
            raise

    async def _create_file(self, generation: Generation, file: SealedFile) -> None:
        what = f"{self._source}: {file.key}"
        await retrying(what, lambda: self._try_create(generation, file), self._setup.backoff, self._setup.metrics)
        self._setup.metrics.add("objects_committed", 1, topic=self._source.topic)

    async def _try_create(self, generation: Generation, file: SealedFile) -> None:
        conditional = self._conditional(file)
        if not conditional and await self._is_there(generation, file):
            return
        try:
            await self._send(generation, file, if_absent=conditional)
        except ObjectExistsError:
            if not await self._is_there(generation, file):
                await self._send(generation, file, if_absent=False)

    def _conditional(self, file: SealedFile) -> bool:
        """Whether the store can be left to find out if the key is free: not where a 412 would cost the parts."""
        setup = self._setup
        return setup.conditional_create and not (setup.on_conflict == "overwrite" and file.upload is not None)

    async def _send(self, generation: Generation, file: SealedFile, *, if_absent: bool) -> None:
        setup = self._setup
        metadata = sealing_metadata(generation, file)
        setup.metrics.add("store_requests")
        if file.upload is None:
            opening = opening_metadata(self._source, generation.id, setup.fingerprint, generation.start, file.first)
            await setup.store.put(file.key, file.body, metadata=opening | metadata, if_absent=if_absent)
            return
        await file.upload.arrived()
        try:
            await file.upload.complete(if_absent=if_absent, metadata=metadata)
        except StoreRefusedError:
            # An earlier attempt may have completed it although its answer was lost: the store then knows no upload.
            if not await self._is_there(generation, file):
                raise

    async def _is_there(self, generation: Generation, file: SealedFile) -> bool:
        """Whether the key holds this very file. Raises Rewind or KeyConflictError when it holds another one."""
        self._setup.metrics.add("store_requests")
        info = await self._setup.store.head(file.key)
        if info is None:
            return False
        owner = owner_of(info.metadata)
        if owner is None or owner.source != str(self._source):
            return self._foreign(file, owner)
        if owner.id == generation.id:
            return True
        if owner.stop != generation.stop:
            return self._adopt(generation, file, owner)
        if owner.digest != file.digest and owner.fingerprint != self._setup.fingerprint:
            by = "holds other records of the same offsets, written with another configuration"
            raise KeyConflictError(self._source, file.key, by)
        return True  # the same records by another decision; after compaction there may be fewer of them today

    def _foreign(self, file: SealedFile, owner: Owner | None) -> bool:
        if self._setup.on_conflict == "overwrite":
            log.warning("%s: replacing %s, on_conflict=overwrite", self._source, file.key)
            return False
        by = f"was written from {owner.source}" if owner else "was not written by s3sink"
        raise KeyConflictError(self._source, file.key, by)

    def _adopt(self, generation: Generation, file: SealedFile, owner: Owner) -> bool:
        if file is not generation.files[0]:
            raise KeyConflictError(self._source, file.key, f"belongs to the generation {owner.start} to {owner.stop}")
        if owner.stop is None:
            raise ConsistencyError(
                f"{file.key!r} is a multipart object whose writer died before it said where its generation ends, and "
                "neither the changelog nor the group knows; remove the object, its records are read again",
                source=self._source,
            )
        self._setup.metrics.add("generations_adopted", 1, topic=self._source.topic)
        log.warning(
            "%s: [%d, %d) was written before as [%d, %d): going on behind that",
            self._source, generation.start, generation.stop, owner.start, owner.stop,
        )  # fmt: skip
        adopted = Decided(generation.start, owner.stop, "adopted", owner.id, done=owner.files == 1)
        raise Rewind(generation.start, adopted)

    def _committed(self, generation: Generation) -> None:
        if not generation.files:
            return
        metrics, topic = self._setup.metrics, self._source.topic
        records = sum(max(f.records for f in files) for files in _of_one_route(generation.files))
        size = sum(f.size for f in generation.files)
        metrics.add("generations_committed", 1, topic=topic)
        metrics.add("records_written", records, topic=topic)
        metrics.add("bytes_written", size, topic=topic)
        log.info(
            "rotated topic=%s partition=%d start=%d stop=%d reason=%s files=%d records=%d bytes=%d seconds=%.3f",
            topic, self._source.partition, generation.start, generation.stop, generation.reason,
            len(generation.files), records, size, (self._setup.clock() - generation.opened_at) / 1000,
        )  # fmt: skip


def _of_one_route(files: tuple[SealedFile, ...]) -> Iterable[list[SealedFile]]:
    """A file of values with its companions."""
    routes: dict[tuple[str, str], list[SealedFile]] = {}
    for file in files:
        routes.setdefault(file.route[:2], []).append(file)
    return routes.values()
