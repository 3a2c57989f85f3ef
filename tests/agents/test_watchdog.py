"""The watchdog tells a partition that stands still from one that has nothing to read."""

from __future__ import annotations

import asyncio

import pytest

from s3sink import BrokerError, TopicPartition
from s3sink.agents.watchdog import Positions, Watchdog

SOURCE = TopicPartition("orders", 0)


class Scene:
    """A partition, a topic end and a clock that a test moves."""

    def __init__(self) -> None:
        self.now, self.position, self.end = 0.0, 10, 10
        self.watchdog = Watchdog(lambda: {SOURCE: self.position}, self._ends, patience=60, clock=lambda: self.now)

    async def _ends(self, sources: list[TopicPartition]) -> Positions:
        return dict.fromkeys(sources, self.end)

    def at(self, now: float) -> None:
        self.now = now
        asyncio.run(self.watchdog.check())


def test_a_partition_without_new_records_may_stand_still_for_ever() -> None:
    scene = Scene()
    for now in (0, 60, 120, 3600):
        scene.at(now)


def test_a_partition_that_stands_still_before_records_ends_the_process_and_says_where() -> None:
    scene = Scene()
    scene.at(0)
    scene.end = 20
    scene.at(59)
    with pytest.raises(BrokerError, match=r"orders:0: nothing was read for 60 s at offset 10, .* goes on to 20"):
        scene.at(60)


def test_any_progress_starts_the_time_anew() -> None:
    scene = Scene()
    scene.end = 20
    scene.at(0)
    scene.position = 11
    scene.at(60)
    scene.at(119)
    with pytest.raises(BrokerError):
        scene.at(120)


def test_brokers_that_do_not_answer_are_a_reason_too() -> None:
    async def never(_: list[TopicPartition]) -> Positions:
        await asyncio.sleep(60)
        return {}

    now = 0.0
    watchdog = Watchdog(lambda: {SOURCE: 1}, never, patience=0.02, clock=lambda: now)
    asyncio.run(watchdog.check())
    now = 1.0
    with pytest.raises(BrokerError, match="have not answered"):
        asyncio.run(watchdog.check())
