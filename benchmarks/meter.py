"""What a process has used, as it sees it itself, and how fast the machine is just now."""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from benchmarks.records import click


def calibration() -> float:
    """CPU-seconds of a fixed piece of work, the best of three: compare only runs whose figures agree."""
    text = b"\n".join(map(click, range(6000)))
    return round(min(_cpu_of(lambda: zlib.compress(text, 6)) for _ in range(3)), 4)


def _cpu_of(work: Callable[[], object]) -> float:
    begun = time.thread_time()
    work()
    return time.thread_time() - begun


def peak_memory() -> int:
    """Bytes: the most that this process ever had in memory. Linux only."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("/proc/self/status has no VmHWM")


class Meter:
    """One process at work: `begin` with its first batch, `end` when everything is committed.

    CPU is user and system time of all threads.
    """

    def __init__(self, report: Path) -> None:
        self._report = report
        self._begun: tuple[float, float] | None = None
        self._first_object: float | None = None

    def begin(self) -> None:
        """The first batch is here; later calls do nothing."""
        if self._begun is None:
            self._begun = time.process_time(), time.monotonic()

    def object_written(self) -> None:
        """The first object is there; later calls do nothing."""
        if self._first_object is None:
            self._first_object = time.monotonic()

    def end(self, counters: Mapping[Any, int] | None = None) -> None:
        """Write the report and leave, at once: how a process stops is not measured here."""
        cpu, now = time.process_time(), time.monotonic()
        begun_cpu, begun = self._begun or (cpu, now)
        report = {
            "cpu": cpu - begun_cpu,
            "cpu_total": cpu,
            "seconds": now - begun,
            "first_object": self._first_object,
            "memory": peak_memory(),
            "counters": dict(counters or {}),
        }
        self._report.write_bytes(orjson.dumps(report))
        os._exit(0)
