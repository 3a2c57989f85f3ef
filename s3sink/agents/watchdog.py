"""A consumer can stop without an error: the watchdog ends the process, with the reason, when reading stands still."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping

from s3sink.errors import BrokerError
from s3sink.record import TopicPartition

log = logging.getLogger("s3sink")

Positions = Mapping[TopicPartition, int]


class Watchdog:
    """Compares, now and then, how far each partition has been read with where its topic ends.

    A partition that has records to read and has not moved for `patience` seconds raises BrokerError. Partitions that
    are paused for lack of memory, or are being recovered, are not in `positions` and not watched.
    """

    def __init__(
        self,
        positions: Callable[[], Positions],
        ends: Callable[[list[TopicPartition]], Awaitable[Positions]],
        *,
        patience: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._positions, self._ends = positions, ends
        self._patience, self._clock = patience, clock
        self._moved: dict[TopicPartition, tuple[int, float]] = {}

    async def watch(self) -> None:
        """Check ten times in the time of its patience, until cancelled or until reading stands still."""
        while True:
            await asyncio.sleep(self._patience / 10)
            await self.check()

    async def check(self) -> None:
        """One look. Raises BrokerError for the first partition that stands still with records before it."""
        now, positions = self._clock(), self._positions()
        self._moved = {
            source: self._moved[source] if self._moved.get(source, (None,))[0] == offset else (offset, now)
            for source, offset in positions.items()
        }
        still = [source for source, (_, since) in self._moved.items() if now - since >= self._patience]
        if not still:
            return
        try:
            ends = await asyncio.wait_for(self._ends(still), self._patience / 2)
        except TimeoutError:
            raise BrokerError(f"the brokers have not answered for {self._patience / 2:.0f} s; leaving") from None
        for source in still:
            if ends.get(source, 0) > positions[source]:
                raise BrokerError(
                    f"{source}: nothing was read for {self._patience:.0f} s at offset {positions[source]}, although "
                    f"the topic goes on to {ends[source]}; leaving, so that another worker can take over"
                )
