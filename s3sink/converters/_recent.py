"""What a converter makes for a schema, kept for the schemas that it saw last."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar, cast

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """What `make` returns for a key, kept for the `size` keys used last; none are kept when it is below 1.

    The key of the call before costs one comparison of identity. What `make` raises is not remembered.
    """

    __slots__ = ("_known", "_last", "_make", "_size")

    def __init__(self, make: Callable[[K], V], size: int) -> None:
        self._make = make
        self._size = size
        self._known: dict[K, V] = {}
        self._last: tuple[object, V] | None = None

    def __len__(self) -> int:
        return len(self._known)

    def __call__(self, key: K) -> V:
        last = self._last  # one read: another thread may replace it meanwhile
        if last is not None and last[0] is key:
            return last[1]
        made = self._taken(key)
        if self._size > 0:
            self._known[key] = made  # at the end: the first of the dict is the one used longest ago
            self._last = (key, made)
        if len(self._known) > self._size > 0:
            self._known.pop(next(iter(self._known)), None)
        return made

    def _taken(self, key: K) -> V:
        missing = object()
        known = self._known.pop(key, missing)
        return self._make(key) if known is missing else cast("V", known)
