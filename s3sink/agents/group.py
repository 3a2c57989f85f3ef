"""The consumer group's offsets as the sink's Committer: pinned to one group generation, combined, checked.

A commit is refused by the broker when it comes from a member that is not part of the group's current generation. That
is the fence of the exactly-once protocol, so a commit must carry the generation in which the partition was assigned,
not whatever generation the client has meanwhile joined: Kafka checks neither ownership nor order of offsets.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple, TypeVar

import aiokafka.errors as kafka_errors
from aiokafka.consumer.group_coordinator import OffsetCommitRequest
from aiokafka.structs import TopicPartition as KafkaPartition

from s3sink.agents.beside import AGENTS
from s3sink.errors import BrokerError
from s3sink.record import TopicPartition
from s3sink.state import Progress, decode_metadata, encode_metadata

log = logging.getLogger("s3sink.group")
T = TypeVar("T")

_REFUSED = (
    kafka_errors.UnknownMemberIdError,
    kafka_errors.IllegalGenerationError,
    kafka_errors.RebalanceInProgressError,
)
_AGAIN = (
    kafka_errors.GroupLoadInProgressError,
    kafka_errors.GroupCoordinatorNotAvailableError,
    kafka_errors.NotCoordinatorForGroupError,
    kafka_errors.RequestTimedOutError,
    kafka_errors.UnknownTopicOrPartitionError,
)


class Membership(NamedTuple):
    """Who we were when the partitions were assigned."""

    generation: int
    member: str


class GroupOffsets:
    """Offsets of one app's group, shared by all its sinks. Used from the app's event loop only.

    One request at a time is on its way; whatever is asked for meanwhile goes into the next one together.
    """

    def __init__(self, consumer: Callable[[], Any]) -> None:
        self._consumer = consumer  # Faust's consumer, once it runs
        self._membership = Membership(-1, "")
        self._progress: dict[TopicPartition, dict[str, Progress]] = {}
        self._floor: dict[TopicPartition, int] = {}
        self._waiting: dict[TopicPartition, list[asyncio.Future[bool]]] = {}
        self._sender: asyncio.Task[None] | None = None
        self._epoch = 0

    # ------------------------------------------------------------------ assignment
    async def assigned(self, sources: Iterable[TopicPartition], sinks: Mapping[str, Iterable[str]]) -> None:
        """Take on a new assignment: everything known before is forgotten, the group is asked again.

        `sinks` names the sinks of each topic.
        """
        self.revoked()
        coordinator = await self._on_thread(self._read_membership)
        self._membership = coordinator
        wanted = list(sources)
        if not wanted:
            return
        found = await self._on_thread(lambda: self._fetch(wanted))
        for source in wanted:
            self._take(source, found.get(KafkaPartition(*source)), sinks[source.topic])

    def _take(self, source: TopicPartition, committed: Any, names: Iterable[str]) -> None:
        if committed is None or committed.offset < 0:
            self._progress[source], self._floor[source] = {}, 0
            return
        known = decode_metadata(committed.offset, committed.metadata or "")
        self._floor[source] = committed.offset
        self._progress[source] = {name: known.get(name, Progress(committed.offset)) for name in names}

    def revoked(self) -> None:
        """Forget everything; whoever waits for a commit is told that it was refused."""
        self._epoch += 1
        self._progress.clear()
        self._floor.clear()
        for futures in self._waiting.values():
            for future in futures:
                if not future.done():
                    future.set_result(False)
        self._waiting.clear()

    # ------------------------------------------------------------------ for one sink
    def committed(self, source: TopicPartition, sink: str) -> Progress | None:
        """What the group knew at the assignment, or what was committed since."""
        return self._progress.get(source, {}).get(sink)

    def floor(self, source: TopicPartition) -> int:
        """The group's offset of the partition: the smallest of its sinks' and agents'."""
        return self._floor.get(source, 0)

    def begin(self, source: TopicPartition, sink: str, offset: int) -> None:
        """A sink that the group has no offset for starts here: the others must not commit beyond it."""
        self._progress.setdefault(source, {}).setdefault(sink, Progress(offset))

    def advance_agents(self, source: TopicPartition, offset: int) -> None:
        """The app's own agents are done with everything before `offset`: commit it when they were the last."""
        by_name = self._progress.get(source, {})
        if AGENTS in by_name:
            by_name[AGENTS] = Progress(offset)
            if self._combined(source)[0] > self.floor(source):
                self._waiting.setdefault(source, [])
                self._wake_sender()

    async def commit(self, source: TopicPartition, sink: str, progress: Progress) -> bool:
        """See `Committer.commit`."""
        if source not in self._progress:
            return False
        self._progress[source][sink] = progress
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(source, []).append(future)
        self._wake_sender()
        return await future

    def _wake_sender(self) -> None:
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send_all(), name="s3sink offset commits")

    async def ends(self, sources: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Where the committed records of these partitions end now, as the brokers say."""
        partitions = [KafkaPartition(*source) for source in sources]
        found = await self._on_thread(lambda: self._consumer()._thread._ensure_consumer().end_offsets(partitions))
        return {TopicPartition(p.topic, p.partition): offset for p, offset in found.items()}

    # ------------------------------------------------------------------ sending
    async def _send_all(self) -> None:
        while self._waiting:
            waiting, self._waiting = self._waiting, {}
            epoch = self._epoch
            offsets = {source: self._combined(source) for source in waiting}
            try:
                refused = await self._send(offsets, epoch)
            except BaseException as error:
                self._fail(waiting, error)
                raise
            for source, futures in waiting.items():
                accepted = source not in refused and epoch == self._epoch
                if accepted:
                    self._floor[source] = offsets[source][0]
                for future in futures:
                    if not future.done():
                        future.set_result(accepted)

    def _fail(self, waiting: Mapping[TopicPartition, list[asyncio.Future[bool]]], error: BaseException) -> None:
        for futures in waiting.values():
            for future in futures:
                if not future.done():
                    future.set_exception(BrokerError(f"committing offsets failed: {error!r}"))

    def _combined(self, source: TopicPartition) -> tuple[int, str]:
        by_name = self._progress[source]
        offset = min(p.offset for p in by_name.values())
        return offset, encode_metadata(offset, {name: p for name, p in by_name.items() if name != AGENTS})

    async def _send(self, offsets: Mapping[TopicPartition, tuple[int, str]], epoch: int) -> set[TopicPartition]:
        """The partitions whose commit was refused, for good. Asks again until there is a definite answer."""
        left, refused, attempt = dict(offsets), set[TopicPartition](), 0
        while left and epoch == self._epoch:
            request = partial(self._request, dict(left), self._membership)
            again: set[TopicPartition] = set()
            for source, error in (await self._on_thread(request)).items():
                if error in _REFUSED:
                    refused.add(source)
                elif error in _AGAIN:
                    again.add(source)
                elif error is not kafka_errors.NoError:
                    raise BrokerError(f"{source}: the broker refuses the offset commit: {error.__name__}")
            left = {source: left[source] for source in again}
            if left:
                attempt += 1
                log.warning("offset commit of %d partitions has to be sent again (attempt %d)", len(left), attempt + 1)
                await asyncio.sleep(min(2.0, 0.05 * 2**attempt))
        return refused | set(left)

    # ------------------------------------------------------------------ on the consumer's thread
    async def _on_thread(self, call: Callable[[], Awaitable[T]]) -> T:
        thread = self._consumer()._thread
        loop = thread.thread_loop

        async def run() -> T:
            return await call()

        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(run(), loop))

    def _coordinator(self) -> Any:
        return self._consumer()._thread._ensure_consumer()._coordinator

    async def _read_membership(self) -> Membership:
        coordinator = self._coordinator()
        return Membership(coordinator.generation, coordinator.member_id)

    async def _fetch(self, sources: Iterable[TopicPartition]) -> Mapping[Any, Any]:
        found: Mapping[Any, Any] = await self._coordinator().fetch_committed_offsets(
            [KafkaPartition(*source) for source in sources]
        )
        return found

    async def _request(
        self, offsets: Mapping[TopicPartition, tuple[int, str]], membership: Membership
    ) -> dict[TopicPartition, type[Exception]]:
        coordinator = self._coordinator()
        by_topic: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
        for (topic, partition), (offset, metadata) in offsets.items():
            by_topic[topic].append((partition, offset, metadata))
        request = OffsetCommitRequest(
            coordinator.group_id,
            membership.generation,
            membership.member,
            OffsetCommitRequest.DEFAULT_RETENTION_TIME,
            list(by_topic.items()),
        )
        try:
            await asyncio.wait_for(coordinator.ensure_coordinator_known(), 10)
            response = await asyncio.wait_for(coordinator._send_req(request), 30)
        except (kafka_errors.KafkaError, TimeoutError) as error:
            log.warning("offset commit: %r", error)
            return dict.fromkeys(offsets, kafka_errors.RequestTimedOutError)
        answers = {
            TopicPartition(topic, partition): kafka_errors.for_code(code)
            for topic, partitions in response.topics
            for partition, code in partitions
        }
        if kafka_errors.NotCoordinatorForGroupError in answers.values():
            coordinator.coordinator_dead()
        return answers


class SinkOffsets:
    """One sink's part of the group's offsets: a `Committer`."""

    def __init__(self, group: GroupOffsets, sink: str) -> None:
        self._group, self._sink = group, sink

    async def commit(self, source: TopicPartition, progress: Progress) -> bool:
        """See `Committer.commit`."""
        return await self._group.commit(source, self._sink, progress)

    async def committed(self, source: TopicPartition) -> Progress | None:
        """See `Committer.committed`."""
        return self._group.committed(source, self._sink)

    def floor(self, source: TopicPartition) -> int:
        """See `Committer.floor`."""
        return self._group.floor(source)
