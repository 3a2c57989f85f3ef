"""The rules of `s3sink lint`: one function for each trap, in the order in which findings are shown."""

from __future__ import annotations

from s3sink.connect.rules import formats, paths, records, rotation, store, times, transforms
from s3sink.connect.rules.finding import LEVELS, Finding, Level, Linted, Rule

__all__ = ["LEVELS", "RULES", "Finding", "Level", "Linted", "Rule"]

RULES: tuple[Rule, ...] = (
    *paths.RULES,
    *times.RULES,
    *rotation.RULES,
    *formats.RULES,
    *records.RULES,
    *store.RULES,
    *transforms.RULES,
)
