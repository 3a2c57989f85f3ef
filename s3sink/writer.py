"""Writes the records of one source partition into files, closes them, and has them published in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping

from s3sink.batch import RecordBatch, Route, RoutedBatch
from s3sink.errors import RecordError
from s3sink.fitting import Fitting, Pieces, Refused
from s3sink.generation import Generation, SealedFile, opening_metadata
from s3sink.open_file import OpenFile
from s3sink.publisher import Publisher
from s3sink.record import TopicPartition
from s3sink.rotation import Cut, FileSet, Reason, decide, due
from s3sink.schema import Schema
from s3sink.setup import Decided, Setup
from s3sink.upload import PartUpload

#: A round's intent must fit into the metadata of an offset, 4096 bytes by default, beside those of other sinks.
GENERATIONS_A_ROUND = 64
#: A round that has so many files ends with their generation: what is committed need not be looked at after a crash.
FILES_A_ROUND = 128


class TopicPartitionWriter:
    """The files of one source partition, from the first record after `start` on.

    `write` and `rotate_due` are called by one task; `run` is the other, which makes sealed generations visible in
    order. `held` is what both keep in memory. Nothing else may touch it.
    """

    def __init__(self, source: TopicPartition, setup: Setup, start: int, decided: Iterable[Decided] = ()) -> None:
        self.source = source
        self._setup = setup
        self._publisher = Publisher(source, setup)
        self._decided = deque(d for d in decided if d.stop > start)
        self._until = self._decided[-1].stop if self._decided else start
        self._fitting = Fitting(setup.compatibility, setup.formats[""])
        self._open: dict[Route, OpenFile] = {}
        self._bound = False  # whether the format's files have one schema each
        self._files = FileSet(start, start)
        self._id = setup.new_id()
        self._sealed: deque[Generation] = deque()
        self._in_round: tuple[Generation, ...] = ()
        self._work = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.committed = start

    # ------------------------------------------------------------------ state that others may ask for
    @property
    def next(self) -> int:
        """The next offset to be written."""
        return self._files.stop

    @property
    def open_files(self) -> int:
        """How many files are growing."""
        return len(self._open)

    @property
    def open_bytes(self) -> int:
        """Bytes in memory for growing files."""
        return sum(f.held for f in self._open.values())

    @property
    def held(self) -> int:
        """Bytes in memory, sealed files included."""
        return self.open_bytes + self.sealed_bytes

    @property
    def sealed_bytes(self) -> int:
        """Bytes in memory that wait for the store."""
        return sum(g.held for g in self._sealed) + sum(g.held for g in self._in_round)

    @property
    def sealed(self) -> int:
        """How many generations wait for the store."""
        return len(self._sealed) + len(self._in_round)

    @property
    def fenced(self) -> bool:
        """Whether a round is on its way: from its intent on it must be finished or recovered, not thrown away."""
        return bool(self._in_round)

    def due_at(self) -> int | None:
        """When `rotate_due` has something to do, in milliseconds; None while no time matters."""
        if not self._open or self._inside() is not None:
            return None
        found = due(self._setup.policies, self._files)
        return found[0] if found else None

    @property
    def stored_until(self) -> int | None:
        """The offset up to which records need only be read past: they are in the bucket. None where that is not so."""
        decided = self._inside()
        return decided.stop if decided is not None and decided.done else None

    # ------------------------------------------------------------------ writing
    def write(self, routed: RoutedBatch, now: int) -> Refused | None:
        """Append records, in offset order and without a gap in the spans, closing files wherever they must close.

        Stops before a record that its file refuses, so that nothing behind it is committed before somebody was told of
        it. What comes back has its error, those of the records right behind it, and the rest, to be written after
        `skip_to`; None: everything is written.
        """
        while True:
            cut = self._next_cut(routed, now)
            head, tail = (routed, None) if cut is None else routed.split(cut.offset)
            pieces, errors = self._pieces(head)
            if errors:
                return self._refuse(routed, errors, now)
            self._append(head, pieces, now)
            if cut is None or tail is None:
                break
            self._seal(cut.offset, cut.reason)
            routed = tail
        self.rotate_due(now)
        return None

    def _pieces(self, routed: RoutedBatch) -> tuple[Pieces, list[RecordError]]:
        """What goes into which file: nothing where it is there already."""
        decided = self._inside()
        if not routed.batch.n or (decided and decided.done):
            return (), []
        return self._fitting.pieces(routed, self._files.schemas)

    def _refuse(self, routed: RoutedBatch, errors: list[RecordError], now: int) -> Refused:
        assert errors[0].offset is not None
        head, rest = routed.split(errors[0].offset)
        pieces, earlier = self._pieces(head)
        if earlier:
            return self._refuse(routed, earlier, now)
        self._append(head, pieces, now)
        certain = self._certain(rest, {error.offset: error for error in errors})
        return Refused(certain, rest.split(rest.batch.offset_at(len(certain) - 1) + 1)[1])

    def _certain(self, routed: RoutedBatch, errors: Mapping[int | None, RecordError]) -> list[RecordError]:
        """The errors of the first records, as far as they do not come from the schema of one that was refused."""
        certain: list[RecordError] = []
        firsts: dict[Route, Schema | None] = {}
        for index, row in enumerate(routed.batch.records()):
            error, route = errors.get(row.offset), routed.route_at(index)
            first = firsts.setdefault(route, row.value_schema)
            if error is None or (route not in self._files.schemas and row.value_schema != first):
                break
            certain.append(error)
        return certain

    def skip_to(self, offset: int) -> None:
        """What `write` has refused is reported: it counts as passed, up to there.

        Where the files have closed meanwhile, the next ones begin behind it: read again as their first record, it might
        be a good one.
        """
        self._files.stop = offset
        self.pass_by()

    def rotate_due(self, now: int) -> None:
        """Close the files if their time has come; otherwise nothing."""
        if self._open and self._inside() is None:
            found = due(self._setup.policies, self._files)
            if found is not None and found[0] <= now:
                self._seal(self._files.stop, found[1])

    def rotate(self, reason: Reason) -> None:
        """Close the files now, whatever the policies say. A generation that is decided already cannot be cut short."""
        if self._open and self._inside() is None:
            self._seal(self._files.stop, reason)

    def pass_by(self) -> None:
        """Let the committed offset follow where nothing survived: called now and then, not for every batch."""
        if not self._open and self._inside() is None and self._files.stop > self._files.start:
            self._seal(self._files.stop, "flush_size")

    def _inside(self) -> Decided | None:
        """The decided generation that the open files belong to."""
        if self._decided and self._decided[0].start <= self._files.start:
            return self._decided[0]
        return None

    def _next_cut(self, routed: RoutedBatch, now: int) -> Cut | None:
        span = routed.batch.span
        decided = self._inside()
        if decided is not None:
            return Cut(decided.stop, decided.reason) if span.stop >= decided.stop else None
        cut = self._policy_cut(routed, now)
        ahead = self._decided[0] if self._decided else None
        if ahead is not None and span.stop >= ahead.start and (cut is None or cut.offset > ahead.start):
            return Cut(ahead.start, "recovered")
        return cut

    def _policy_cut(self, routed: RoutedBatch, now: int) -> Cut | None:
        cut = decide(self._setup.policies, self._files, routed, now)
        if self._open and routed.batch.n:
            before = cut.offset if cut else routed.batch.span.stop
            head = routed if cut is None else routed.split(before)[0]
            if before > routed.batch.offset_at(0) and not self._fit(head):
                return Cut(routed.batch.span.start, "schema_change")
        return cut

    def _fit(self, routed: RoutedBatch) -> bool:
        if not self._bound:
            return True
        parts = [one for part in routed.parts for one in part.by_route() if one[0] in self._open]
        known = [(route, batch) for route, batch in parts if route.kind or not self._fitting.forms(batch)]
        return all(self._open[route].fits(batch) for route, batch in known)

    def _append(self, routed: RoutedBatch, pieces: Pieces, now: int) -> None:
        batch = routed.batch
        decided = self._inside()
        if batch.n and not (decided and decided.done):
            for route, records in pieces:
                self._append_to(self._open.get(route) or self._open_file(route, records, decided), records)
            self._note(routed, now)
        elif batch.n:
            self._setup.metrics.add("records_skipped", batch.n, topic=self.source.topic)
        self._files.stop = batch.span.stop

    def _append_to(self, file: OpenFile, records: RecordBatch) -> None:
        before = file.produced
        file.append(records)
        self._files.bytes += file.produced - before
        self._send_parts(file)

    def _note(self, routed: RoutedBatch, now: int) -> None:
        files, n = self._files, routed.batch.n
        if routed.has_companions:  # a tombstone has a route, and no file of values
            for route, records in routed.by_route():
                files.schemas.setdefault(route, _schema_of(records))
        files.records += n
        files.last_route = routed.route_at(n - 1)
        if files.opened_at is None:
            files.opened_at = now
        if files.base_timestamp is None and routed.timestamps is not None:
            files.base_timestamp = routed.timestamps[0]

    def _open_file(self, route: Route, batch: RecordBatch, decided: Decided | None) -> OpenFile:
        first = batch.offset_at(0)
        format = self._setup.formats[route.kind]
        key = self._setup.layout.key(route, self.source.partition, first, format.extension)
        if decided is not None:
            key = decided.keys.get(route, key)
        schema = _schema_of(batch)
        file = self._open[route] = OpenFile(route, key, first, schema, format)
        if not route.kind:
            self._files.schemas[route] = schema
        self._bound = self._bound or file.bound
        if decided is not None:
            file.hold()
        return file

    def _send_parts(self, file: OpenFile) -> None:
        if file.buffer.size < self._setup.part_size:
            return
        if file.upload is None:
            setup = self._setup
            metadata = opening_metadata(
                self.source, self._generation_id(), setup.fingerprint, self._files.start, file.first
            )
            file.upload = PartUpload(setup.store, file.key, metadata, setup.backoff, setup.metrics)
        file.upload.add(file.buffer.take())

    def _generation_id(self) -> str:
        decided = self._inside()
        return (decided.id if decided else None) or self._id

    def _seal(self, stop: int, reason: Reason) -> None:
        """Close all open files: the generation `[start, stop)` is complete and goes to `run`."""
        files = tuple(file.seal() for file in self._open.values())
        opened_at = self._files.opened_at or 0
        self._sealed.append(
            Generation(self._generation_id(), self._files.start, stop, reason, _head_first(files), opened_at)
        )
        if files:
            self._setup.metrics.add("rotations", 1, reason=reason, topic=self.source.topic)
        if self._inside() is not None:
            self._decided.popleft()
        self._open.clear()
        self._id = self._setup.new_id()
        self._files = FileSet(stop, stop)
        self._idle.clear()
        self._work.set()

    # ------------------------------------------------------------------ making it visible
    async def run(self) -> None:
        """Make sealed generations visible, in order, for as long as this worker has the partition.

        Ends only by an error: Replaced, Rewind, or one that somebody has to look at.
        """
        while True:
            await self._work.wait()
            while self._sealed:
                self._in_round = self._next_round()
                await self._round(self._in_round)
                self._in_round = ()
            self._work.clear()
            self._idle.set()

    def _next_round(self) -> tuple[Generation, ...]:
        generations: list[Generation] = []
        files = 0
        while self._sealed and len(generations) < GENERATIONS_A_ROUND and files < FILES_A_ROUND:
            generations.append(self._sealed.popleft())
            files += len(generations[-1].files)
        return tuple(generations)

    @property
    def waiting_for(self) -> str | None:
        """The id of the round that is on its way or comes next; None when everything sealed is committed."""
        first = next(iter((*self._in_round, *self._sealed)), None)
        return first.id if first else None

    def take_up(self) -> None:
        """Before `run` is called again, after it was cancelled: a round that was on its way begins anew."""
        self._sealed.extendleft(reversed(self._in_round))
        self._in_round = ()
        if self._sealed:
            self._work.set()

    async def drained(self) -> None:
        """Returns when everything sealed so far is committed. `run` must be running."""
        await self._idle.wait()

    async def discard(self) -> None:
        """Give up what is open or waiting, and its uploads. Nothing that is visible is touched."""
        uploads = [f.upload for f in self._open.values() if f.upload]
        uploads += [f.upload for g in (*self._in_round, *self._sealed) for f in g.files if f.upload]
        self._open.clear()
        self._sealed.clear()
        self._in_round = ()
        await asyncio.gather(*(upload.abort() for upload in uploads), return_exceptions=True)

    async def _round(self, generations: tuple[Generation, ...]) -> None:
        await self._publisher.publish(generations, self._until)
        self.committed = generations[-1].stop


def _schema_of(batch: RecordBatch) -> Schema | None:
    return None if batch.is_raw else batch.records()[0].value_schema


def _head_first(files: tuple[SealedFile, ...]) -> tuple[SealedFile, ...]:
    return tuple(sorted(files, key=lambda f: f.first))
