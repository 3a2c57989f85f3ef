"""The processes of `s3sink run`, when there are several: started, watched, stopped, and if wanted started again.

Kafka Connect leaves a failed task lying until somebody restarts it. Here the first that fails ends the others too, with
its exit code, so that whoever started us notices; with `restart` it is started again, after a second at first and up
to a minute later on.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import replace

from s3sink.agents.standing import Standing, State
from s3sink.cli.run_screen import Show
from s3sink.cli.run_task import TaskSpec

log = logging.getLogger("s3sink.run")

_PATIENCE = 30.0  # seconds that a process has to stop in; it leaves by itself after 20
_FIRST, _LONGEST = 1.0, 60.0
_WELL = 60.0  # seconds after which a process counts as well, and its next failure as its first
_LINE = 1 << 20


def run_processes(specs: Sequence[TaskSpec], show: Show, interval: float, *, restart: bool) -> int:
    """Run them until SIGTERM or SIGINT and return the exit code: 0 stopped, 1 or 2 the first one's that failed."""
    return asyncio.run(_Fleet(specs, show, interval, restart).run())


class _Fleet:
    def __init__(self, specs: Sequence[TaskSpec], show: Show, interval: float, restart: bool) -> None:
        self._specs, self._show, self._interval, self._restart = specs, show, interval, restart
        self._standings: list[list[Standing]] = [[] for _ in specs]
        self._stop = asyncio.Event()

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        showing = asyncio.create_task(self._report())
        codes = await asyncio.gather(*(self._keep(at) for at in range(len(self._specs))))
        await showing
        self._status()
        return max(codes)

    def _status(self) -> None:
        self._show([standing for standings in self._standings for standing in standings])

    async def _report(self) -> None:
        while not await self._stopped_within(self._interval):
            self._status()

    async def _stopped_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)
        return self._stop.is_set()

    async def _keep(self, at: int) -> int:
        """One process, and those that take its place."""
        delay = _FIRST
        while True:
            started = time.monotonic()
            code = await self._one(at)
            state: State = "FAILED" if code else "STOPPED"
            self._standings[at] = [replace(standing, state=state) for standing in self._standings[at]]
            if self._stop.is_set() or not self._restart:
                if code and not self._stop.is_set():
                    log.critical("process %d %s; stopping the others", at, _ended(code))
                self._stop.set()
                return _exit_code(code)
            delay = _FIRST if time.monotonic() - started > _WELL else delay
            log.error("process %d %s; starting it again in %.0f s", at, _ended(code), delay)
            if await self._stopped_within(delay):
                return 0
            delay = min(_LONGEST, delay * 2)

    async def _one(self, at: int) -> int:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "s3sink.cli.run_task", stdin=-1, stdout=-1, limit=_LINE
        )
        assert process.stdin is not None
        process.stdin.write(self._specs[at].line().encode() + b"\n")
        with contextlib.suppress(ConnectionError):
            await process.stdin.drain()
        reading = asyncio.create_task(self._read(at, process.stdout))
        stopping = asyncio.create_task(self._stop.wait())
        ended = asyncio.create_task(process.wait())
        await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not ended.done():
            await _stop_process(process, ended)
        await reading
        return ended.result()

    async def _read(self, at: int, stdout: asyncio.StreamReader | None) -> None:
        assert stdout is not None
        while line := await stdout.readline():
            with contextlib.suppress(ValueError, TypeError):  # what something else prints is no status
                self._standings[at] = [Standing(**standing) for standing in json.loads(line)]


async def _stop_process(process: asyncio.subprocess.Process, ended: asyncio.Task[int]) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(asyncio.shield(ended), _PATIENCE)
    except TimeoutError:
        log.error("process %d has not stopped within %.0f s; killing it", process.pid, _PATIENCE)
        process.kill()
        await ended


def _ended(code: int) -> str:
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"


def _exit_code(code: int) -> int:
    return 1 if code < 0 else code
