"""What a sink counts. All names in one place; nothing is registered anywhere until somebody passes a Metrics."""

from __future__ import annotations

from typing import Literal, Protocol

Name = Literal[
    # counters
    "records_read",  # records that came out of the topic
    "records_written",  # records in committed objects
    "records_filtered",  # dropped by a transform: it returned None
    "records_null",  # null values dropped because null_values="ignore"
    "records_dead_lettered",  # acknowledged by the dead letter queue
    "records_tolerated",  # bad, and left out because tolerance="all" (Connect: total-records-skipped)
    "record_errors",  # bad for good: could not be converted, transformed, placed or written (total-record-errors)
    "record_failures",  # the same, and each failed attempt on a retriable error besides (total-record-failures)
    "record_retries",  # further attempts after a retriable error (total-retries)
    "errors_logged",  # lines that ErrorPolicy(log=True) wrote (total-errors-logged)
    "dead_letter_requests",  # records handed to the dead letter queue (deadletterqueue-produce-requests)
    "dead_letter_failures",  # of them, those not acknowledged: the task ends (deadletterqueue-produce-failures)
    "records_skipped",  # already in the bucket: read again after a crash, a rebalance or a reset
    "records_lost",  # gone from the topic before they were read, and on_gap="continue"
    "bytes_read",  # keys and values as read, decompressed
    "bytes_written",  # bytes of committed objects
    "objects_committed",
    "generations_committed",
    "generations_adopted",  # another writer's generation was found in the bucket and finished
    "intents_refused",  # this worker had been replaced: nothing was written
    "commits_refused",
    "store_requests",
    "store_retries",
    "rotations",  # label reason
    # gauges
    "open_files",
    "buffered_bytes",
    "last_error_timestamp",  # of the clock, milliseconds since the epoch; never set without an error
]


class Metrics(Protocol):
    """Where the figures go. Called on the event loop; must not block."""

    def add(self, name: Name, value: int = 1, /, **labels: str) -> None:
        """Raise a counter."""
        ...

    def set(self, name: Name, value: float, /, **labels: str) -> None:
        """Set a gauge."""
        ...


class NoMetrics:
    """Counts nothing: the default."""

    def add(self, name: Name, value: int = 1, /, **labels: str) -> None:
        """Do nothing."""

    def set(self, name: Name, value: float, /, **labels: str) -> None:
        """Do nothing."""


class CountingMetrics:
    """Keeps the figures in dictionaries, labels left out: for tests, examples and `status`."""

    def __init__(self) -> None:
        self.counters: dict[Name, int] = {}
        self.gauges: dict[Name, float] = {}

    def add(self, name: Name, value: int = 1, /, **labels: str) -> None:
        """Raise a counter."""
        self.counters[name] = self.counters.get(name, 0) + value

    def set(self, name: Name, value: float, /, **labels: str) -> None:
        """Set a gauge."""
        self.gauges[name] = value
