"""What somebody probably meant to write."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name that looks most like it, None when none does. Upper and lower case are the same.

    >>> nearest("spek", ["spec", "replace.null.with.default"])
    'spec'
    """
    by_lower = {known.lower(): known for known in names}
    found = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def did_you_mean(names: Iterable[str]) -> str:
    """A question to hang behind a message, nothing when there is nothing to suggest."""
    suggested = ", ".join(names)
    return f" Did you mean {suggested}?" if suggested else ""
