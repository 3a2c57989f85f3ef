"""A server process of ours: its log, its readiness, its end."""

from __future__ import annotations

import atexit
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from s3sink.errors import S3SinkError

HOST = "127.0.0.1"
_PR_SET_PDEATHSIG = 1
_TAIL_BYTES = 3000


class ServerError(S3SinkError):
    """A server that we started did not come up; the message ends with the tail of its log."""


class Home:
    """The directory of a server: one that was given, or a temporary one that `remove` deletes."""

    def __init__(self, given: Path | str | None, name: str) -> None:
        self._path = None if given is None else Path(given).absolute()
        self._name = name
        self._temporary: Path | None = None

    def path(self) -> Path:
        """The directory, made if needed."""
        if self._path is None and self._temporary is None:
            self._temporary = Path(tempfile.mkdtemp(prefix=f"s3sink-{self._name}-"))
        path = self._path or self._temporary
        assert path is not None
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def temporary(self) -> bool:
        """Whether `remove` will delete it."""
        return self._temporary is not None

    def remove(self) -> None:
        """Delete it if it is temporary."""
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None


class Child:
    """One process that never outlives us.

    It gets SIGTERM when this program ends in order, and on Linux SIGKILL from the kernel when this program is killed.
    It is in a session of its own, so that Ctrl-C reaches this program alone, which then stops it.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._process: subprocess.Popen[bytes] | None = None
        self._log: Path | None = None

    @property
    def pid(self) -> int:
        """The process id. Raises ServerError when it was never started."""
        if self._process is None:
            raise ServerError(f"{self._name} has not been started")
        return self._process.pid

    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def start(self, command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None) -> None:
        """Start `command` in the directory of `log`, which takes its output."""
        if self.running():
            raise ServerError(f"{self._name} runs already, pid {self.pid}")
        self._log = log
        self._process = _spawn(command, log, env)
        atexit.register(self.stop)

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Ask `ready` every 50 ms until it says yes. Otherwise end the process and raise ServerError."""
        end = time.monotonic() + seconds
        while not ready():
            if not self.running() or time.monotonic() > end:
                why = f"was not ready within {seconds:g} s" if self.running() else f"ended with {self._ended_with()}"
                self.kill()
                raise ServerError(f"{self._name} {why}; the end of {self._log}:\n{self._tail()}")
            time.sleep(0.05)

    def stop(self, patience: float = 20) -> None:
        """SIGTERM, and SIGKILL after `patience` seconds. Does nothing when it is gone."""
        atexit.unregister(self.stop)
        if self._process is None or not self.running():
            return
        self._process.terminate()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL. Does nothing when it is gone."""
        atexit.unregister(self.stop)
        if self._process is not None and self.running():
            self._process.kill()
            self._process.wait()

    def _ended_with(self) -> str:
        return "nothing" if self._process is None else f"exit code {self._process.returncode}"

    def _tail(self) -> str:
        if self._log is None or not self._log.exists():
            return "(empty)"
        return self._log.read_bytes()[-_TAIL_BYTES:].decode(errors="replace").strip() or "(empty)"


def _spawn(command: Sequence[str], log: Path, env: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
    """Start it from a thread that lives as long as the process does.

    The kernel ends a child with the *thread* that started it, which may be a pool's thread, not with the program.
    """
    started: list[subprocess.Popen[bytes] | OSError] = []
    done = threading.Event()

    def run() -> None:
        try:
            with log.open("ab") as out:
                process = _popen(command, log.parent, out.fileno(), env)
        except OSError as error:
            started.append(error)
            done.set()
            return
        started.append(process)
        done.set()
        process.wait()

    threading.Thread(target=run, name=f"child-{log.stem}", daemon=True).start()
    done.wait()
    if isinstance(started[0], OSError):
        raise started[0]
    return started[0]


def _popen(command: Sequence[str], directory: Path, out: int, env: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.STDOUT,
        cwd=directory,
        env=env,
        start_new_session=True,
        preexec_fn=_death_pact(),
    )


def _death_pact() -> Callable[[], None] | None:
    """What the child does before exec: ask the kernel for SIGKILL when its parent is gone. Linux only."""
    if not sys.platform.startswith("linux"):
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def die_with_parent() -> None:
        prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:  # it went away before we asked
            os._exit(1)

    return die_with_parent


def free_ports(wanted: Sequence[int]) -> tuple[int, ...]:
    """Ports that are free now, in place of the zeros."""
    sockets = [socket.socket() for port in wanted if not port]
    try:
        for each in sockets:
            each.bind((HOST, 0))
        free = iter([each.getsockname()[1] for each in sockets])
    finally:
        for each in sockets:
            each.close()
    return tuple(port or next(free) for port in wanted)


class Server(ABC):
    """What the servers of the tests share: one child process, its ports, and a directory, to be used in `with`.

    A subclass gives `_ports`, `_home` and `_child`, and says how to `start`.
    """

    _ports: Sequence[int]
    _home: Home
    _child: Child

    @property
    def pid(self) -> int:
        """The process of the server."""
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._child.running()

    @abstractmethod
    def start(self) -> None:
        """Start it and wait until it answers. Raises ServerError with its log when it does not."""

    def stop(self) -> None:
        """SIGTERM, and SIGKILL when it is still there after 20 s. Does nothing when it is not running."""
        self._child.stop()

    def kill(self) -> None:
        """SIGKILL."""
        self._child.kill()

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.callback(self.__exit__)
            self.start()
            undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        if self._home.temporary:
            self.kill()  # nobody needs its data: an orderly end can take 20 s
        else:
            self.stop()
        self._home.remove()
