"""What the demo shows while it works: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, Protocol

from s3sink.errors import MissingExtraError

Advance = Callable[[int, int], None]
"""Say how much is done, and of how much."""

_BETWEEN_LINES = 2.0  # seconds


class Screen(Protocol):
    """Where progress goes."""

    def say(self, text: str) -> None:
        """One line."""
        ...

    def step(self, title: str, unit: str = "") -> Any:
        """A context for one step of work; gives an `Advance`."""
        ...


def screen_for(stream: IO[str]) -> Screen:
    """The one that suits the stream. Raises MissingExtraError on a terminal without `rich`."""
    return TerminalScreen(stream) if stream.isatty() else PlainScreen(stream)


class PlainScreen:
    """A line at the beginning of a step, one every two seconds, one at its end."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def say(self, text: str) -> None:
        """Written at once, also into a pipe."""
        self._stream.write(f"{text}\n")
        self._stream.flush()

    @contextmanager
    def step(self, title: str, unit: str = "") -> Iterator[Advance]:
        """Says how long it took, and how much it was."""
        started = said = time.monotonic()
        amount = ""

        def advance(done: int, total: int) -> None:
            nonlocal said, amount
            amount = f": {done:,} {unit}".rstrip()
            if done < total and time.monotonic() - said > _BETWEEN_LINES:
                said = time.monotonic()
                self.say(f"  {title}: {done:,} of {total:,} {unit}".rstrip())

        self.say(f"{title} ...")
        yield advance
        self.say(f"{title}{amount} in {time.monotonic() - started:.1f} s")


class TerminalScreen:
    """A bar for each step."""

    def __init__(self, stream: IO[str]) -> None:
        try:
            from rich.console import Console
        except ImportError as error:
            raise MissingExtraError("rich", "demo", "progress bars") from error
        self._console = Console(file=stream, highlight=False)

    def say(self, text: str) -> None:
        """Above the bar, if there is one."""
        self._console.print(text, markup=False)

    @contextmanager
    def step(self, title: str, unit: str = "") -> Iterator[Advance]:
        """A bar that pulses until the first `Advance`."""
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        amount = TextColumn("{task.fields[amount]}")
        columns = (TextColumn(f"{title:<34}"), BarColumn(bar_width=30), TimeElapsedColumn(), amount)
        with Progress(*columns, console=self._console) as progress:
            task = progress.add_task(title, total=None, amount="")

            def advance(done: int, total: int) -> None:
                progress.update(task, completed=done, total=total, amount=f"{done:,} {unit}")

            yield advance
            total = progress.tasks[0].total or 1
            progress.update(task, completed=total, total=total)
