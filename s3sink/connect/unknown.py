"""Keys that nobody reads, and keys that are read and do nothing here."""

from __future__ import annotations

from s3sink.connect.keys import KEYS, NO_KEYS, PREFIXES
from s3sink.connect.nearest import nearest
from s3sink.connect.values import Values

_PREFIXES = tuple(PREFIXES)
_MOST = 50  # keys that are looked up: there is no use in more, and it takes its time


def warn_of_unknown(values: Values) -> None:
    """A warning for each, with the nearest key that there is. Kafka Connect says nothing about them."""
    unknown = 0
    for key in values.properties:
        if key in KEYS:
            why = KEYS[key].no_effect
            if why and values[key] != KEYS[key].default:
                values.warn(key, f"has no effect here: {why}")
        elif not key.startswith(_PREFIXES) or key in NO_KEYS:
            unknown += 1
            values.warn(key, _unknown(key, guess=unknown <= _MOST))


def _unknown(key: str, *, guess: bool) -> str:
    why = next((why for name, why in NO_KEYS.items() if key == name or (name[-1] == "." and key.startswith(name))), "")
    if why:
        return f"has no effect: {why}"
    found = nearest(key, KEYS) if guess else None
    return (
        f"has no effect: there is no such key. Did you mean {found}?"
        if found
        else ("has no effect: there is no such key")
    )
