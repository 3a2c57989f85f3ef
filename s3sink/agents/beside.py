"""Agents of the user's own on a topic that a sink reads: how far they are, so that the group does not go past them."""

from __future__ import annotations

from collections import deque

from s3sink.batch import RecordBatch

#: What the agents of a partition are called among the sinks that share its offset; no sink can be called so.
AGENTS = ""


class AgentProgress:
    """Where the agents of one partition stand: everything before `offset` is acknowledged, or was never a record.

    Agents acknowledge records; the offsets of transaction markers and of compacted records come from the batches.
    """

    def __init__(self, start: int) -> None:
        self.offset = start
        self._ends: deque[tuple[int, int]] = deque()  # behind the last record of a fetch, where the fetch stops

    def note(self, batch: RecordBatch) -> None:
        """A fetch whose records go to the agents."""
        before = self._ends[-1][0] if self._ends else self.offset
        behind = batch.offset_at(batch.n - 1) + 1 if batch.n else before
        self._ends.append((behind, batch.span.stop))

    def acknowledge(self, offset: int) -> int:
        """Everything before `offset` was processed; returns where the agents stand."""
        self.offset = max(self.offset, offset)
        while self._ends and self._ends[0][0] <= self.offset:
            self.offset = max(self.offset, self._ends.popleft()[1])
        return self.offset
