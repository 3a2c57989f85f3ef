"""Running an app to its end, tuned for batches: what `app.main()` does, with exit codes that mean something."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, NoReturn

import faust

from s3sink.agents.hosted import HostedSink
from s3sink.agents.labels import LABEL
from s3sink.agents.standing import State
from s3sink.errors import S3SinkError

log = logging.getLogger("s3sink")

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3


def tune_memory() -> None:
    """Let glibc keep the fetch buffers it has: page faults are a third of the cost of reading. Process-wide."""
    try:
        libc = ctypes.CDLL("libc.so.6")
    except OSError:
        return  # another C library: it keeps its own counsel
    libc.mallopt(_M_MMAP_THRESHOLD, 64 << 20)
    libc.mallopt(_M_TRIM_THRESHOLD, 256 << 20)
    libc.mallopt(_M_TOP_PAD, 16 << 20)


def tune_collector() -> None:
    """What was made at start lives for ever, and batches make few cycles: collect rarely."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)


def run_worker(app: faust.App) -> int:
    """Run the app until SIGTERM or SIGINT and return the exit code: 0 stopped, 1 failed, with the reason in the log.

    Stopping gives up open files; their records are read again by the next worker, nothing is lost or repeated.
    """
    tune_memory()
    return asyncio.run(_run(app))


def run_hosted(
    sinks: Sequence[HostedSink],
    *beside: Callable[[asyncio.Event], Coroutine[Any, Any, None]],
    finish: Callable[[], None],
) -> int:
    """Run several apps in one process as `run_worker` runs one; when one of them fails all stop, and the code is 1.

    What is `beside` them runs as long as they do, and gets the event that stops them. `finish` is called at the end.
    """
    tune_memory()
    return asyncio.run(_run_hosted(sinks, beside, finish))


async def _run(app: faust.App) -> int:
    return _leave(await _guarded(app, _stop_event()))


async def _run_hosted(
    sinks: Sequence[HostedSink],
    beside: Sequence[Callable[[asyncio.Event], Coroutine[Any, Any, None]]],
    finish: Callable[[], None],
) -> int:
    stop = _stop_event()
    others = [asyncio.create_task(each(stop)) for each in beside]
    codes = await asyncio.gather(*(asyncio.create_task(_live(sink, stop)) for sink in sinks))
    for other in others:
        other.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    finish()
    return _leave(max(codes))


async def _live(sink: HostedSink, stop: asyncio.Event) -> int:
    """One of several apps, to its end, which is the end of all."""
    LABEL.set(sink.label)
    code = await _guarded(sink.app, stop, lambda: _now(sink, "RUNNING"))
    _now(sink, "FAILED" if code else "STOPPED")
    sink.clear()
    stop.set()
    return code


def _now(sink: HostedSink, state: State) -> None:
    sink.state = state


def _stop_event() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


async def _guarded(app: faust.App, stop: asyncio.Event, started: Callable[[], None] = lambda: None) -> int:
    try:
        return await _until(app, stop, started)
    except S3SinkError as error:
        log.critical("%s", error)
    except Exception:
        log.critical("the app failed", exc_info=True)
    return 1


def _leave(code: int) -> NoReturn:
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # Faust's threads are no daemons: after a failed start they would keep the process for ever


async def _until(app: faust.App, stop: asyncio.Event, started: Callable[[], None]) -> int:
    app.finalize()
    starting = asyncio.create_task(app.start())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if starting.done():
        await starting
        started()
        tune_collector()
        crashed = asyncio.create_task(app.wait_until_stopped())
        await asyncio.wait({crashed, stopping}, return_when=asyncio.FIRST_COMPLETED)
    crashed_before = app.crashed
    stopped = await _stop(app)
    if crashed_before:
        log.critical("stopped: %s", getattr(app, "crash_reason", None) or "the app crashed")
    return 0 if stopped and not crashed_before else 1


async def _stop(app: faust.App) -> bool:
    """Whether the app stopped in order. What fails on the way must not hide why it was stopped."""
    try:
        await asyncio.wait_for(app.stop(), 20)
    except TimeoutError:
        log.warning("the app did not stop within 20 s; leaving")
    except Exception as error:
        log.error("stopping the app failed: %r", error)
        return False
    return True
