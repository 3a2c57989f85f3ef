"""The sinks of one app at work: starts before Faust's consumer, hands batches to tasks, ends the app when one fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Any

import faust
from aiokafka.structs import TopicPartition as KafkaPartition
from faust.types import TP
from mode import Service

from s3sink.agents.beside import AGENTS, AgentProgress
from s3sink.agents.boundaries import BoundaryTable
from s3sink.agents.broker import client_settings, preflight
from s3sink.agents.events import EventReader
from s3sink.agents.group import GroupOffsets, SinkOffsets
from s3sink.agents.letters import TopicDeadLetters
from s3sink.agents.subscriptions import Subscriptions, Topics, refuse_same_keys
from s3sink.agents.watchdog import Watchdog
from s3sink.batch import RecordBatch
from s3sink.clock import Clock
from s3sink.errors import (
    BrokerError,
    ConfigError,
    ConsistencyError,
    ConversionError,
    Problem,
    StorageError,
)
from s3sink.metrics import Metrics
from s3sink.pipeline import Pipeline
from s3sink.record import TopicPartition
from s3sink.setup import Setup
from s3sink.sink import S3Sink
from s3sink.task import SinkTask

log = logging.getLogger("s3sink")


#: Errors whose sentence is all there is to know; others may come from somebody's code, and its traceback says where.
_SAYS_IT_ALL = (ConsistencyError, ConversionError, StorageError, BrokerError)


class AttachedSink:
    """A sink on some topics of an app. What `attach` returns. With a `pattern`, `topics` are those that are there."""

    def __init__(
        self, service: SinkService, name: str, sink: S3Sink, wanted: Topics, metrics: Metrics, clock: Clock
    ) -> None:
        self.name, self.sink = name, sink
        self.topics, self.pattern = wanted
        self.metrics, self.clock = metrics, clock
        self._service = service
        self.boundaries = BoundaryTable(service.app, name, lambda: client_settings(service.app))
        self.offsets = SinkOffsets(service.group, name)
        dead_letters = sink.error_policy.dead_letters
        self.dead_letters = TopicDeadLetters(service.app, dead_letters) if dead_letters else None
        self.pipeline: Pipeline = sink.pipeline(metrics)
        self.setup: Setup | None = None
        self.tasks: dict[TopicPartition, SinkTask] = {}
        self.runs: dict[TopicPartition, asyncio.Task[None]] = {}
        self.events: dict[TopicPartition, EventReader] = {}
        self._suspended: dict[TopicPartition, SinkTask] = {}

    def consumer_options(self, options: Mapping[str, Any]) -> None:
        """Arguments of the app's aiokafka consumer that Faust has no setting for. Before the app starts."""
        self._service.consumer_options = dict(options)

    async def open(self) -> None:
        """Connect the store, find out what it can do, say what is promised."""
        capabilities = await self.sink.store.open()
        conditional = capabilities.conditional_create
        log.info("%s: %s: %s", self.name, self.sink.store.url, self.sink.promise(conditional_create=conditional))
        if not conditional:
            log.warning("%s: the store ignores If-None-Match, so it cannot refuse a late writer", self.name)
        self.setup = self.sink.setup(
            self.boundaries, self.offsets, conditional_create=conditional, metrics=self.metrics, clock=self.clock
        )

    async def start(self, source: TopicPartition) -> None:
        """Go to work on a partition that was assigned, with the files that are still open if it came back unchanged."""
        task = self._suspended.pop(source, None)
        if task is None or not task.survives(await self.offsets.committed(source)):
            if task is not None:
                await task.discard()
            task = self._new_task(source)
        self.tasks[source] = task
        run = self.runs[source] = asyncio.create_task(task.run(), name=f"s3sink {self.name} {source}")
        run.add_done_callback(lambda ended: self._service.ended(self, source, ended))

    def _new_task(self, source: TopicPartition) -> SinkTask:
        assert self.setup is not None
        return SinkTask(
            self.sink,
            source,
            self.setup,
            self.pipeline,
            rewind=lambda offset: self._service.seek(source, offset),
            skip_to=lambda offset: self._service.skip_to(source, offset),
            dead_letters=self.dead_letters,
            released=self._service.balance,
            name=self.name,
        )

    async def commit_open(self, seconds: float) -> None:
        """Close and commit the open files, as far as that is done within so many seconds; the rest is read again."""
        closing = [asyncio.create_task(task.close_files("revoked")) for task in self.tasks.values()]
        if closing:
            _, late = await asyncio.wait(closing, timeout=seconds)
            for each in late:
                each.cancel()
            await asyncio.gather(*closing, return_exceptions=True)

    async def suspend(self) -> None:
        """Stop, but keep open files for as long as it takes to see which partitions come back."""
        for task in self.tasks.values():
            task.suspend()
        suspended = dict(self.tasks)
        await self._cancel()
        self._suspended |= suspended

    async def stop(self) -> None:
        """Give up what is open; nothing is lost, it is read again by whoever comes next."""
        await self._cancel()
        await self.drop_suspended()

    async def drop_suspended(self) -> None:
        """Give up the files of partitions that did not come back."""
        suspended, self._suspended = self._suspended, {}
        await asyncio.gather(*(task.discard() for task in suspended.values()))

    async def _cancel(self) -> None:
        runs = list(self.runs.values())
        self.events.clear()
        self.tasks.clear()
        self.runs.clear()
        for run in runs:
            run.cancel()
        await asyncio.gather(*runs, return_exceptions=True)

    @property
    def joined(self) -> bool:
        """Whether the group has given this worker partitions, or said that there are none for it."""
        return self._service.joined

    def end_of(self, tp: TP) -> int | None:
        """Where the committed records of a partition end, as far as reading has shown; None when it has not."""
        end: int | None = self._service.app.consumer.end_of(tp)
        return end

    async def write(self, event: Any) -> None:
        """Write one event of an agent of your own.

        For topics attached with `agent=False`. The event's record is written exactly once when this returns normally
        for every event up to it; events that are not written count as dropped by you. Slower than the sink's own
        reading by what Faust costs for an event.
        """
        source = TopicPartition(event.message.topic, event.message.partition)
        if not self._service.reads_by_event(source.topic, self.name):
            raise ValueError(f"{self.name} does not take events of {source}: attach the topic with agent=False")
        reader, task = self.events.get(source), self.tasks.get(source)
        # None: the partition was taken away while the agent had the event; whoever has it now gets the event again.
        batch = None if reader is None else reader.batch_of(event.message)
        if task is not None and batch is not None:
            task.deliver(batch)
            self._service.balance()


class SinkService(Service):  # type: ignore[misc]
    """One per app, first to start and last to stop. Owns the tap, the group's offsets and all tasks."""

    def __init__(self, app: faust.App, *, memory: int) -> None:
        super().__init__()
        self.app = app
        self.sinks: list[AttachedSink] = []
        self.group = GroupOffsets(lambda: app.consumer)
        self._limit = memory
        self._paused: set[TopicPartition] = set()
        self._agents: dict[TopicPartition, AgentProgress] = {}
        self._by_event: set[tuple[str, str]] = set()
        self.subscriptions = Subscriptions(app, self.sinks)
        self._stopping = False
        self.joined = False
        self.consumer_options: Mapping[str, Any] = {}

    # ------------------------------------------------------------------ what is attached
    @property
    def topics(self) -> frozenset[str]:
        """All topics that a sink reads."""
        return self.subscriptions.topics

    def add(self, sink: AttachedSink, *, events: bool) -> None:
        """Attach one more sink; refuses what would write the same keys or has the same name."""
        for other in self.sinks:
            if other.name == sink.name:
                raise ConfigError([Problem("name", f"two sinks are called {sink.name!r}: give each a name")], "attach")
        refuse_same_keys(self.sinks, sink, sink.topics)
        self.sinks.append(sink)
        self._limit = max(self._limit, int(sink.sink.memory))
        if events:
            self._by_event |= {(topic, sink.name) for topic in sink.topics}

    def _sharing(self, topic: str) -> list[str]:
        """Who shares the group's offset of a topic: its sinks, and the agents when they acknowledge events."""
        names = [sink.name for sink in self._of(topic)]
        return [*names, AGENTS] if self._has_agents(topic) else names

    def _has_agents(self, topic: str) -> bool:
        return self.wants_events(topic) and self.app.topics.acks_enabled_for(topic)

    def _of(self, topic: str) -> list[AttachedSink]:
        return [sink for sink in self.sinks if topic in sink.topics]

    # ------------------------------------------------------------------ life cycle
    async def on_start(self) -> None:
        """Before anything is read: broker, topics, stores, keys. What cannot work fails here with one sentence."""
        await self.subscriptions.begin()
        cluster = await preflight(self.app, self.consumer_options.get("group_id", self.app.conf.id), self.sinks)
        for sink in self.sinks:
            sink.boundaries.declare(
                partitions=max(cluster.partitions[topic] for topic in sink.topics), replicas=min(3, cluster.brokers)
            )
        await asyncio.gather(*(sink.open() for sink in self.sinks))

    async def on_stop(self) -> None:
        """After everything else has stopped."""
        await self.give_up()
        await asyncio.gather(*(sink.sink.store.close() for sink in self.sinks), return_exceptions=True)

    async def give_up(self) -> None:
        """Stop all tasks: their open files are dropped and read again by the next owner."""
        self._paused.clear()
        await asyncio.gather(*(sink.stop() for sink in self.sinks))

    async def shutting_down(self, *_: Any, **__: Any) -> None:
        """The app is about to stop."""
        self._stopping = True
        await self._commit_open()
        await self.give_up()

    @Service.task  # type: ignore[untyped-decorator]
    async def _look_for_topics(self) -> None:
        """As often as metadata is refreshed: topics that are new, and topics that are gone."""
        while self.subscriptions.patterned and not self.should_stop:
            await self.sleep(self.app.conf.consumer_metadata_max_age_ms / 1000)
            try:
                await self.subscriptions.look_again()
            except BrokerError as error:
                log.warning("looking for new topics: %s", error)
            except ConfigError as error:
                log.critical("%s", error)
                await self.app.crash(error)

    # ------------------------------------------------------------------ watching
    @Service.task  # type: ignore[untyped-decorator]
    async def _watch(self) -> None:
        """End the app when reading stands still; the reason is in the log."""
        try:
            await Watchdog(self._positions, self._ends).watch()
        except BrokerError as error:
            log.critical("%s", error)
            await self.app.crash(error)

    def _positions(self) -> dict[TopicPartition, int]:
        """How far each partition has been read, without those that are paused, recovering or waiting to try again."""
        return {
            source: task.next
            for sink in self.sinks
            for source, task in sink.tasks.items()
            if task.next is not None and source not in self._paused and not task.waiting
        }

    async def _ends(self, sources: list[TopicPartition]) -> dict[TopicPartition, int]:
        return await self.group.ends(sources)

    @Service.task  # type: ignore[untyped-decorator]
    async def _measure(self) -> None:
        """Gauges, now and then."""
        while not self.should_stop:
            for sink in self.sinks:
                tasks = sink.tasks.values()
                sink.metrics.set("open_files", sum(task.open_files for task in tasks))
                sink.metrics.set("buffered_bytes", sum(task.held for task in tasks))
            await self.sleep(5.0)

    # ------------------------------------------------------------------ rebalances
    async def revoked(self, _app: Any, revoked: Iterable[TP], **_: Any) -> None:
        """Every rebalance takes all partitions from all members: state belongs to one generation of the group."""
        await self._commit_open()
        for sink in self.sinks:
            sink.boundaries.recovered.clear()
        self.group.revoked()
        self._paused.clear()
        await asyncio.gather(*(sink.suspend() for sink in self.sinks))

    async def _commit_open(self) -> None:
        """For sinks with on_revoke="commit". The coordinator takes their commits until everybody has joined again."""
        seconds = self.app.conf.broker_session_timeout / 2
        await asyncio.gather(*(sink.commit_open(seconds) for sink in self.sinks if sink.sink.on_revoke == "commit"))

    async def assigned(self, _app: Any, assigned: Iterable[TP], **_: Any) -> None:
        """Take on partitions. Their tasks recover while Faust recovers its tables; no batch comes before that."""
        if self._stopping:
            return
        await asyncio.gather(*(sink.suspend() for sink in self.sinks))
        topics = self.topics
        mine = sorted(TopicPartition(tp.topic, tp.partition) for tp in assigned if tp.topic in topics)
        names = {topic: self._sharing(topic) for topic in topics}
        self._agents.clear()
        await self.group.assigned(mine, names)
        for source in mine:
            for sink in self._of(source.topic):
                await sink.start(source)
        await asyncio.gather(*(sink.drop_suspended() for sink in self.sinks))
        self.joined = True
        log.info("assigned: %s", ", ".join(map(str, mine)) or "nothing")

    async def recovered(self, *_: Any, **__: Any) -> None:
        """Faust's tables have the rows of this worker's partitions."""
        for sink in self.sinks:
            sink.boundaries.recovered.set()

    def ended(self, sink: AttachedSink, source: TopicPartition, run: asyncio.Task[None]) -> None:
        """A task has ended: cancelled, replaced, or failed, which ends the app with the reason."""
        if run.cancelled() or self._stopping:
            return
        error = run.exception()
        if error is not None:
            log.critical("%s: %s", sink.name, error, exc_info=None if isinstance(error, _SAYS_IT_ALL) else error)
            asyncio.ensure_future(self.app.crash(error))  # noqa: RUF006 - the app outlives it

    # ------------------------------------------------------------------ reading
    def deliver(self, batch: RecordBatch) -> None:
        """A batch from the tap, on the main loop."""
        source = batch.source
        if self._has_agents(source.topic):
            self._note_for_agents(batch)
        for sink in self._of(source.topic):
            task = sink.tasks.get(source)
            if task is None:
                continue
            self.group.begin(source, sink.name, batch.span.start)
            if self.reads_by_event(source.topic, sink.name):
                reader = sink.events.setdefault(source, EventReader(source))
                if reader.note(batch):
                    reader.epoch = self.app.consumer.begin_events(TP(*source), batch.span.start)
            else:
                task.deliver(batch)
        self.balance()

    def _note_for_agents(self, batch: RecordBatch) -> None:
        source = batch.source
        self.group.begin(source, AGENTS, batch.span.start)
        if source not in self._agents:
            self._agents[source] = AgentProgress(batch.span.start)
        self._agents[source].note(batch)
        if not batch.n:
            self.acknowledged(source, self._agents[source].offset)

    def acknowledged(self, source: TopicPartition, offset: int) -> None:
        """The app's own agents are done with everything before `offset` of a partition."""
        agents = self._agents.get(source)
        if agents is not None:
            self.group.advance_agents(source, agents.acknowledge(offset))

    def reads_by_event(self, topic: str, sink: str) -> bool:
        """Whether an agent writes the events of a topic into a sink."""
        return (topic, sink) in self._by_event

    def wants_events(self, topic: str) -> bool:
        """Whether an agent of the user's own reads the topic too."""
        return any(topic in channel.topics and channel not in self.subscriptions for channel in self.app.topics)

    def skip_to(self, source: TopicPartition, offset: int) -> None:
        """Read on from a later offset, unless somebody else wants what lies before."""
        if len(self._of(source.topic)) == 1 and not self.wants_events(source.topic):
            self.seek(source, offset)

    def seek(self, source: TopicPartition, offset: int) -> None:
        """Read a partition from another offset."""
        for sink in self._of(source.topic):
            if source in sink.tasks:
                sink.tasks[source].expect_from(offset)
        consumer = self.app.consumer._thread._ensure_consumer()
        loop = self.app.consumer._thread.thread_loop
        loop.call_soon_threadsafe(consumer.seek, KafkaPartition(*source), offset)

    def balance(self) -> None:
        """Pause the partitions that hold most when memory is short; close the largest files when that does not help."""
        held = self._held()
        total = sum(held.values())
        consumer = self.app.consumer
        if total > self._limit:
            largest = max(held, key=held.__getitem__)
            if largest not in self._paused:
                self._paused.add(largest)
                consumer.on_buffer_full(TP(*largest))
            if len(self._paused) == len(held):
                self._squeeze()
        elif self._paused and total < self._limit * 0.6:
            for source in self._paused:
                consumer.on_buffer_drop(TP(*source))
            self._paused.clear()

    def _held(self) -> dict[TopicPartition, int]:
        held: dict[TopicPartition, int] = {}
        for sink in self.sinks:
            for source, task in sink.tasks.items():
                held[source] = held.get(source, 0) + task.held
        return held

    def _squeeze(self) -> None:
        tasks = [task for sink in self.sinks for task in sink.tasks.values()]
        largest = max(tasks, key=lambda task: task.open_bytes)
        if largest.open_bytes:
            largest.squeeze()
