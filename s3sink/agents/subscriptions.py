"""What an app reads for its sinks: topics by name, and topics by pattern, which come and go."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import faust

from s3sink.agents import tap
from s3sink.agents.broker import existing_topics, matching
from s3sink.errors import ConfigError, Problem

if TYPE_CHECKING:
    from s3sink.agents.service import AttachedSink

log = logging.getLogger("s3sink")


class Topics(NamedTuple):
    """What a sink reads: topics by name, and those that the pattern matches as they come and go."""

    names: frozenset[str]
    pattern: re.Pattern[str] | None = None


def refuse_same_keys(sinks: Iterable[AttachedSink], sink: AttachedSink, topics: frozenset[str]) -> None:
    """Raises ConfigError when another of the sinks reads one of these topics, too, and would write the same keys."""
    for other in sinks:
        both = other.topics & topics
        if other is not sink and both and other.sink.writes_like(sink.sink):
            where = f"{sink.sink.store.url}, topics {', '.join(sorted(both))}"
            message = f"the sinks {other.name!r} and {sink.name!r} would write the same keys ({where})"
            raise ConfigError([Problem("store", f"{message}: give one another prefix")], "attach")


class Subscriptions:
    """The app's part in the group's topics. A pattern takes a topic when the brokers list it, and drops it when not."""

    def __init__(self, app: faust.App, sinks: Sequence[AttachedSink]) -> None:
        self._app, self._sinks = app, sinks
        self._channels: dict[str, Any] = {}

    @property
    def topics(self) -> frozenset[str]:
        """All topics that a sink reads."""
        return frozenset(topic for sink in self._sinks for topic in sink.topics)

    @property
    def patterned(self) -> list[AttachedSink]:
        """The sinks that read by pattern."""
        return [sink for sink in self._sinks if sink.pattern is not None]

    def __contains__(self, channel: Any) -> bool:
        return channel in self._channels.values()

    async def begin(self) -> None:
        """When the app starts. Waits until every pattern matches a topic: without one there is nothing to subscribe to.

        Not before the app runs: Faust binds its conductor to whatever event loop is there when it is first asked for.
        """
        if self.patterned:
            await self._find_first()
            self._app.consumer.tap(self.topics)
        self._add(self.topics)

    async def look_again(self) -> None:
        """Topics that are new, and topics that are gone. Raises BrokerError, and ConfigError for equal keys."""
        before = self.topics
        self._take_over(await existing_topics(self._app))
        new, gone = self.topics - before, before - self.topics
        if new:
            log.info("topics that are new: %s", ", ".join(sorted(new)))
            self._app.consumer.tap(self._app.consumer.tapped | new)
            self._add(new)
        if gone:
            log.warning("topics that are gone: %s", ", ".join(sorted(gone)))
            self._remove(gone)
        subscribed = tap.subscribed(self._app)
        if not self.topics <= subscribed or gone & subscribed:
            tap.subscribe_anew(self._app)

    async def _find_first(self) -> None:
        said: set[str] = set()
        while True:
            self._take_over(await existing_topics(self._app))
            waiting = [sink for sink in self.patterned if not sink.topics]
            if not waiting:
                return
            for sink in waiting:
                if sink.pattern is not None and sink.name not in said:
                    log.warning("%s: no topic matches %s yet; waiting for one", sink.name, sink.pattern.pattern)
                    said.add(sink.name)
            await asyncio.sleep(1)

    def _take_over(self, existing: frozenset[str]) -> None:
        for sink in self.patterned:
            found = matching(sink.pattern, existing)
            refuse_same_keys(self._sinks, sink, found)
            sink.topics = found

    def _add(self, names: Iterable[str]) -> None:
        """Let the app read these topics although no stream of it does."""
        for name in sorted(names):
            topic = self._channels[name] = self._app.topic(name, acks=False)
            topic.active_partitions = set()  # none of its events are for this channel: the tap takes the batches
            self._app.topics.add(topic)

    def _remove(self, names: Iterable[str]) -> None:
        for name in names:
            self._app.topics.discard(self._channels.pop(name))
