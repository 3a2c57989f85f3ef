"""Time comes in as an argument: a clock is a function that answers milliseconds since the epoch."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], int]


def system_clock() -> int:
    """Milliseconds since the epoch, from the operating system."""
    return time.time_ns() // 1_000_000
