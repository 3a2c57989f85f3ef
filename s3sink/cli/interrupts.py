"""Ctrl-C as one KeyboardInterrupt, in asyncio as a cancellation; another one does not disturb the clearing up."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")

_OTHERS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


def interrupt_once() -> None:
    """From now on SIGINT, SIGTERM and SIGHUP raise one KeyboardInterrupt between them. Main thread only."""
    signal.signal(signal.SIGINT, _interrupt)
    for number in _OTHERS:
        signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run`; an interrupt cancels the coroutine, so that it closes what it has open, and is raised then."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # the one that asyncio puts its own in place of
    try:
        return asyncio.run(coroutine)
    except KeyboardInterrupt:
        before = _ignore()
        raise
    finally:
        signal.signal(signal.SIGINT, before)


def _interrupt(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGINT, _ignore())
    raise KeyboardInterrupt


def _ignore() -> signal.Handlers:
    for number in _OTHERS:
        signal.signal(number, signal.SIG_IGN)
    return signal.SIG_IGN
