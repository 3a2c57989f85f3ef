"""An event loop whose time only passes when told, so that a run is the same every time and waits for nothing."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Impatient(selectors.SelectSelector):
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """For programs that wait for tasks and timers only. What goes wrong unnoticed is in `complaints`."""

    def __init__(self) -> None:
        self._now = 0.0
        super().__init__(_Impatient())
        self.complaints: list[dict[str, Any]] = []
        self.set_exception_handler(lambda _, context: self.complaints.append(context))

    def time(self) -> float:
        """Seconds that have passed since the loop was made."""
        return self._now

    def settle(self) -> None:
        """Run everything that can run now; returns when all tasks wait for something."""
        while True:
            self.call_soon(self.stop)
            self.run_forever()
            if not self._ready:  # type: ignore[attr-defined]
                return

    def advance(self, seconds: float) -> None:
        """Let time pass, and run what became due."""
        self._now += seconds
        self.settle()

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """The answer of a coroutine that needs no time to pass."""
        task = self.create_task(main)
        self.settle()
        if not task.done():
            raise RuntimeError(f"{task.get_coro()} waits for something that does not come")
        return task.result()
