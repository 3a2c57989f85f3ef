"""JSON paths, in the dialect of the Java library JsonPath, which Confluent's transforms speak.

It is not the dialect of RFC 9535: a filter behind an object asks about the object itself, not about its members, and
a path that leads to one place leads nowhere, rather than to nothing, when a name on the way is not there.
"""

from __future__ import annotations

from typing import Any

from s3sink.errors import Problem
from s3sink.transforms._json_path_parser import PathParser
from s3sink.transforms._json_path_steps import walker


class JsonPath:
    """A path, made ready once. Raises ValueError for one that is wrong, or says what is not supported.

    Without `$` at its beginning it is a path from there. Names, `['names']`, indexes, slices, `*`, `..` and filters
    `[?(...)]` are understood; functions, and several names in one bracket, are not.

    >>> path = JsonPath("$.key[?(@.kind == 'v1' && @.size > 2)]")
    >>> path.find({"key": {"kind": "v1", "size": 3}}), path.find({"key": {"kind": "v2"}}), path.find({})
    ([{'kind': 'v1', 'size': 3}], [], None)
    """

    __slots__ = ("_head", "_tail", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        head, self._tail = PathParser(text).path()
        self._head = walker(head)

    @property
    def is_definite(self) -> bool:
        """Whether it leads to one place."""
        return not self._tail

    def read(self, document: Any) -> Any:
        """What is at the end of a definite path; None where it is null or not there."""
        return self._head(document)

    def find(self, document: Any) -> list[Any] | None:
        """What is at the end; None where the definite beginning of the path leads to null, or nowhere."""
        place = self._head(document)
        if place is None or not self._tail:
            return None if place is None else [place]
        takes = self._tail[0].takes
        if takes is not None and type(place) not in takes:
            return None
        found = [place]
        for step in self._tail:
            found = [item for node in found for item in step.select(node, document)]
        return found


def json_path_problem(name: str, text: str) -> Problem | None:
    """What is wrong with a path that is an option; its key is its name with dots."""
    try:
        JsonPath(text)
    except ValueError as error:
        return Problem(name, f"Invalid value {text} for configuration {name.replace('_', '.')}: {error}")
    return None
