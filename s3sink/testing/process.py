"""One process of a sink's app, simulated: it can be frozen or killed at any await point, and answers to it get lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from s3sink.clock import Clock
from s3sink.errors import ObjectExistsError, S3SinkError, StoreUnavailableError
from s3sink.metrics import Metrics, NoMetrics
from s3sink.record import TopicPartition
from s3sink.retry import Backoff
from s3sink.setup import Setup
from s3sink.sink import S3Sink
from s3sink.task import SinkTask
from s3sink.testing.broker import (
    FakeBroker,
    FakeCommitter,
    FakeDeadLetters,
    FakeReader,
    FakeTable,
    LostAnswerError,
    Membership,
)
from s3sink.testing.faults import FaultyStore


class ProcessDiedError(S3SinkError):
    """This process is dead: whatever it still tries does not happen."""


class Gate:
    """All await points of one process. Open until told otherwise; `points` lists what has passed.

    `stop_after(n)` freezes the process at the n-th point from now (0: the next), `stop_at(name)` at a named one.
    `lose(n)` lets the n-th effect from now happen and its answer get lost; `claim(n)` lets the n-th conditional create
    from now happen and then be answered with 412, as after a silent resend.
    """

    def __init__(self) -> None:
        self.points: list[str] = []
        self.dead = False
        self.frozen_at: str | None = None
        self._left: int | None = None
        self._name: str | None = None
        self._parked: list[asyncio.Future[None]] = []
        self._lose: int | None = None
        self._claim: int | None = None

    def stop_after(self, n: int) -> None:
        """Freeze at the n-th point from now."""
        self._left = n

    def stop_at(self, name: str) -> None:
        """Freeze at the next point of that name."""
        self._name = name

    def lose(self, n: int) -> None:
        """Lose the answer of the n-th effect from now."""
        self._lose = n

    def claim(self, n: int) -> None:
        """Answer the n-th conditional create from now with 412 although it happened."""
        self._claim = n

    def open(self) -> None:
        """Let the process go on."""
        self._left = self._name = self.frozen_at = None
        for future in self._parked:
            if not future.done():
                future.set_result(None)
        self._parked.clear()

    def kill(self) -> None:
        """Nothing of this process happens any more."""
        self.dead = True
        self.open()

    async def __call__(self, point: str) -> None:
        """Pass a point."""
        if self.frozen_at is None and self._stops_here(point):
            self.frozen_at = point
        while self.frozen_at is not None and not self.dead:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._parked.append(future)
            await future
        if self.dead:
            raise ProcessDiedError(f"killed at {point}")
        self.points.append(point)
        if point.endswith(":after"):
            self._answer(point)

    def _stops_here(self, point: str) -> bool:
        if self._name == point:
            self._name = None
            return True
        if self._left is None:
            return False
        self._left -= 1
        if self._left < 0:
            self._left = None
            return True
        return False

    def _answer(self, point: str) -> None:
        if point in ("put:after", "complete:after") and self._claim is not None:
            self._claim -= 1
            if self._claim < 0:
                self._claim = None
                raise ObjectExistsError(f"{point}: scripted, it was ours")
        if self._lose is not None and not point.startswith("letters"):
            self._lose -= 1
            if self._lose < 0:
                self._lose = None
                error = LostAnswerError if point.split(":")[0] in _OF_BROKER else StoreUnavailableError
                raise error(f"{point}: scripted, the answer is lost")


_OF_BROKER = ("intent", "commit", "boundary")


@dataclass(frozen=True, slots=True)
class World:
    """What the processes of one sink have in common."""

    broker: FakeBroker
    sink: S3Sink
    source: TopicPartition
    clock: Clock
    new_id: Callable[[], str]
    metrics: Metrics = field(default_factory=NoMetrics)
    part_size: int | None = None
    conditional_create: bool = True


async def _at_once(_: float) -> None:
    await asyncio.sleep(0)


class FakeProcess:
    """A process of the app `group`: joins its group when made, works on the partition from `assigned` on."""

    def __init__(self, world: World, group: str, name: str) -> None:
        self.world, self.name = world, name
        self.gate = Gate()
        self.group = world.broker.group(group)
        self.table = FakeTable(world.broker.changelog(group), self.gate)
        self.by = Membership(-1, name)
        self.task: SinkTask | None = None
        self.reader: FakeReader | None = None
        self.run: asyncio.Task[None] | None = None
        self._committer: FakeCommitter | None = None
        self._kept: SinkTask | None = None
        self.group.join(name)

    # ------------------------------------------------------------------ life
    def assigned(self, loop: asyncio.AbstractEventLoop, *, recover_table: bool = True) -> None:
        """Take on the partition in the group's current generation. The one before must have been revoked."""
        self.by = self.group.membership(self.name)
        if recover_table:
            self.table.recover()
        world, log = self.world, self.world.broker.log(self.world.source)
        stored = self.group.offsets.get(world.source)
        task = self.task = self._surviving(loop) or self._new_task()
        self.reader = FakeReader(log, log.start if stored is None else stored.offset, task.deliver)
        self.run = loop.create_task(task.run(), name=self.name)

    def _surviving(self, loop: asyncio.AbstractEventLoop) -> SinkTask | None:
        """The task with its open files, if nothing has changed since they were kept."""
        kept, self._kept = self._kept, None
        if kept is None or self._committer is None:
            return None
        if kept.survives(self._committer.stored(self.world.source)):
            self._committer.joined(self.by)
            return kept
        self._discarding = loop.create_task(kept.discard())
        return None

    def _new_task(self) -> SinkTask:
        return SinkTask(
            self._sink(),
            self.world.source,
            self._setup(),
            self.world.sink.pipeline(self.world.metrics),
            rewind=self._seek,
            skip_to=self._seek,
            dead_letters=self._letters(),
        )

    def _seek(self, offset: int) -> None:
        if self.reader is not None:
            self.reader.rewind(offset)

    def _sink(self) -> S3Sink:
        async def before(operation: str, key: str) -> None:
            await self.gate(f"{operation}:before")

        async def after(operation: str, key: str) -> None:
            await self.gate(f"{operation}:after")

        return replace(self.world.sink, store=FaultyStore(self.world.sink.store, before=before, after=after))

    def _setup(self) -> Setup:
        world = self.world
        self._committer = FakeCommitter(self.group, self.by, "sink", self.gate)
        setup = self._sink().setup(
            self.table,
            self._committer,
            conditional_create=world.conditional_create,
            metrics=world.metrics,
            clock=world.clock,
            new_id=world.new_id,
            backoff=Backoff(sleep=_at_once),
        )
        return setup if world.part_size is None else replace(setup, part_size=world.part_size)

    def _letters(self) -> FakeDeadLetters | None:
        if self.world.sink.error_policy.dead_letters is None:
            return None
        return FakeDeadLetters(self.world.broker.letters, self.gate)

    def revoked(self, *, keep: bool = False) -> None:
        """The partition is taken away, in good order. `keep`: its open files may live on when it comes back."""
        self._kept = self.task if keep else None
        if self._kept is not None:
            self._kept.suspend()
        if self.run is not None:
            self.run.cancel()
        self.task = self.reader = None

    def crash(self) -> None:
        """kill -9. The group finds out at once."""
        self.gate.kill()
        self.revoked()
        self.gone()

    def gone(self) -> None:
        """The group has not heard of this process for too long."""
        if self.name in self.group.members:
            self.group.leave(self.name)

    # ------------------------------------------------------------------ state
    @property
    def live(self) -> bool:
        """Whether the group would take its commits."""
        return self.name in self.group.members and self.by == self.group.membership(self.name)

    @property
    def frozen(self) -> bool:
        """Whether it stands at a gate."""
        return self.gate.frozen_at is not None

    @property
    def error(self) -> BaseException | None:
        """Why the task has ended by itself."""
        if self.run is None or not self.run.done() or self.run.cancelled():
            return None
        return self.run.exception()
