"""How far a sink is: what a status line says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from faust.types import TP

from s3sink.agents.service import AttachedSink
from s3sink.metrics import CountingMetrics, Metrics, Name

State = Literal["STARTING", "RUNNING", "FAILED", "STOPPED"]
_ORDER: tuple[State, ...] = ("FAILED", "STARTING", "RUNNING", "STOPPED")


@dataclass(frozen=True, slots=True)
class Standing:
    """One sink in one process, or the sum of several.

    `records` are those in committed objects, `objects` their number, both since the process started. `lag` counts the
    offsets between what is committed and the end of the topics, None while the end is not known. `errors` are records
    that could not be written.
    """

    name: str
    state: State = "STARTING"
    tasks: int = 1
    topics: int = 0
    partitions: int = 0
    read: int = 0
    records: int = 0
    objects: int = 0
    bytes: int = 0
    lag: int | None = None
    open_files: int = 0
    errors: int = 0
    dead_letters: int = 0

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def total(parts: Iterable[Standing]) -> Standing:
    """The sum of one sink's processes; its state is the one that is furthest from well."""
    found = list(parts)
    lags = [part.lag for part in found if part.lag is not None]
    sums = {
        field: sum(getattr(part, field) for part in found)
        for field in ("tasks", "partitions", "read", "records", "objects", "bytes", "open_files", "errors")
    }
    return Standing(
        found[0].name,
        min((part.state for part in found), key=_ORDER.index),
        topics=max(part.topics for part in found),
        lag=sum(lags) if lags else None,
        dead_letters=sum(part.dead_letters for part in found),
        **sums,
    )


def standing(name: str, state: State, attached: AttachedSink, counted: CountingMetrics) -> Standing:
    """What there is to say of a sink now."""
    tasks, counters = attached.tasks, counted.counters
    if state == "STARTING" and attached.joined:
        state = "RUNNING"  # by its own account Faust has not started yet when it has been reading for a while
    return Standing(
        name,
        state,
        topics=len(attached.topics),
        partitions=len(tasks),
        read=counters.get("records_read", 0),
        records=counters.get("records_written", 0),
        objects=counters.get("objects_committed", 0),
        bytes=counters.get("bytes_written", 0),
        lag=_lag(attached) if state == "RUNNING" else None,
        open_files=sum(task.open_files for task in tasks.values()),
        errors=counters.get("record_errors", 0),
        dead_letters=counters.get("records_dead_lettered", 0),
    )


def _lag(attached: AttachedSink) -> int | None:
    known = []
    for source, task in attached.tasks.items():
        end, committed = attached.end_of(TP(*source)), task.committed
        if end is not None and end >= 0:
            known.append(max(0, end - (attached.offsets.floor(source) if committed is None else committed)))
    return sum(known) if known else None


class TeeMetrics:
    """The same figures to several places."""

    def __init__(self, *places: Metrics) -> None:
        self._places = places

    def add(self, name: Name, value: int = 1, /, **labels: str) -> None:
        """Raise a counter everywhere."""
        for place in self._places:
            place.add(name, value, **labels)

    def set(self, name: Name, value: float, /, **labels: str) -> None:
        """Set a gauge everywhere."""
        for place in self._places:
            place.set(name, value, **labels)
