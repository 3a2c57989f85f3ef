"""Which of several apps a log line is about: `[orders|task-0] ` before its message, as Kafka Connect has it.

An app, its tasks and its consumer's thread carry the label in their context; nothing passes it on by hand.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar

LABEL: ContextVar[str] = ContextVar("s3sink_label", default="")


class LabelFilter(logging.Filter):
    """Gives records the attribute `label`, for a format such as `%(levelname)s %(label)s%(message)s`."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Lets everything pass."""
        label = LABEL.get()
        record.label = f"[{label}] " if label else ""
        return True
