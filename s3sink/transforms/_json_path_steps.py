"""The steps of JSON paths."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from s3sink.transforms._json_comparisons import NotAList

Select = Callable[[Any, Any], list[Any]]
"""Takes a node, and the document that it is in."""
Test = Callable[[Any, Any], bool]
"""What a filter asks about a node."""


class Step(NamedTuple):
    """A step to several places. `takes` are the types from which it leads somewhere, where it has to."""

    select: Select
    takes: tuple[type, ...] | None = None


def walker(steps: list[str | int]) -> Callable[[Any], Any]:
    """Goes to one place; None where it is null or not there."""
    if len(steps) == 1 and isinstance(name := steps[0], str):
        return lambda value: value.get(name) if type(value) is dict else None

    def walk(value: Any) -> Any:
        for step in steps:
            if type(value) is dict and type(step) is str:
                value = value.get(step)
            elif type(value) is list and type(step) is int and -len(value) <= step < len(value):
                value = value[step]
            else:
                return None
        return value

    return walk


# ---------------------------------------------------------------------------------------------- steps to several places
def name_step(name: str) -> Step:
    return Step(lambda node, _: [node[name]] if type(node) is dict and name in node else [])


def indexes_step(indexes: list[int]) -> Step:
    def select(node: Any, _: Any) -> list[Any]:
        return [node[i] for i in indexes if -len(node) <= i < len(node)] if type(node) is list else []

    return Step(select, (list,))


def slice_step(part: slice) -> Step:
    return Step(lambda node, _: node[part] if type(node) is list else [], (list,))


def members(node: Any, _: Any) -> list[Any]:
    return list(node.values()) if type(node) is dict else list(node) if type(node) is list else []


def filter_step(condition: Test) -> Step:
    """To the node itself when it is a map, to members of a list."""

    def test(node: Any, root: Any) -> bool:
        try:
            return condition(node, root)
        except NotAList:
            return False

    def select(node: Any, root: Any) -> list[Any]:
        if type(node) is dict:
            return [node] if test(node, root) else []
        return [item for item in node if test(item, root)] if type(node) is list else []

    return Step(select, (dict, list))


def deep_step(step: Step) -> Step:
    """From the node and everything in it; what is found on two ways is there twice."""
    return Step(lambda node, root: [item for inner in _containers(node) for item in step.select(inner, root)])


def _containers(node: Any) -> Iterator[Any]:
    if type(node) in (dict, list):
        yield node
        for member in members(node, None):
            yield from _containers(member)


def several(step: str | int | Step) -> Step:
    """A step to one place, as it is taken from several."""
    if isinstance(step, Step):
        return step
    return name_step(step) if isinstance(step, str) else indexes_step([step])
