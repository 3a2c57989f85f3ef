"""Workers as real processes, to be stopped, killed and paused by their pid."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Worker:
    """One process that runs a script of the project; its log goes to a file."""

    def __init__(self, script: Path, env: Mapping[str, str], log: Path) -> None:
        self.log_path = log
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, str(script)],
                env={**os.environ, "PYTHONPATH": str(ROOT), **env},
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                preexec_fn=_die_with_parent,
            )

    @property
    def log(self) -> str:
        """All it has said."""
        return self.log_path.read_text(errors="replace")

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def wait(self, seconds: float = 30) -> int:
        """The exit code; fails with the log when the process goes on."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds} s; its log ends\n{self.log[-3000:]}") from None

    def until(self, pattern: str, seconds: float = 30, *, times: int = 1) -> None:
        """Returns when the log matches so often; fails with the log otherwise."""
        wait_for(lambda: len(re.findall(pattern, self.log)) >= times or not self.running, seconds, self._tail)
        assert len(re.findall(pattern, self.log)) >= times, f"ended before {pattern!r}\n{self._tail()}"

    def _tail(self) -> str:
        return f"exit code {self.exit_code}; the log of {self.log_path.name} ends\n{self.log[-3000:]}"

    def stop(self, seconds: float = 20) -> int:
        """SIGTERM; the exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self) -> None:
        """SIGKILL, and no trace of it afterwards. Does nothing when it is gone."""
        if self.running:
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def pause(self) -> None:
        """SIGSTOP: it neither works nor heartbeats, and does not know it."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT."""
        self._process.send_signal(signal.SIGCONT)


def wait_for(done: Callable[[], bool], seconds: float, told: Callable[[], str], every: float = 0.1) -> None:
    """Returns when `done`; fails with what `told` says after so many seconds."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {told()}")
        time.sleep(every)


def _die_with_parent() -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(1, int(signal.SIGKILL), 0, 0, 0)
