"""Asking again: exponential back-off with full jitter, for errors that say of themselves that they are retriable."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from s3sink.errors import S3SinkError
from s3sink.metrics import Metrics, NoMetrics

T = TypeVar("T")
log = logging.getLogger("s3sink.retry")


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before attempt n: a random time up to `base * 2**n` seconds, never more than `longest`."""

    base: float = 0.2
    longest: float = 20.0
    random: Callable[[], float] = random.random
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def delay(self, attempt: int) -> float:
        """Seconds to wait after failed attempt number `attempt`, counted from 0."""
        return self.random() * min(self.longest, self.base * 2.0 ** min(attempt, 16))


async def retrying(what: str, call: Callable[[], Awaitable[T]], backoff: Backoff, metrics: Metrics | None = None) -> T:
    """The answer of `call`, asked again for as long as its error is retriable: it waits, it never gives up.

    Any other error goes to the caller at once. Cancel the task to stop it.
    """
    attempt = 0
    while True:
        try:
            return await call()
        except S3SinkError as error:
            if not error.retriable:
                raise
            delay = backoff.delay(attempt)
            attempt += 1
            (metrics or NoMetrics()).add("store_retries")
            log.warning("%s: %s; attempt %d follows in %.1f s", what, error, attempt + 1, delay)
            await backoff.sleep(delay)
