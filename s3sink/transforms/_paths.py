"""Paths to nested fields: the two syntaxes of `field.syntax.version` (KIP-821)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from s3sink.errors import ILLEGAL_ARGUMENT, Problem, TransformError
from s3sink.schema import Field, Schema
from s3sink.transforms._fields import not_a_map

Steps = tuple[str, ...]
Reader = Callable[[dict[str, Any]], Any]

_PURPOSE = "nested field access"


def syntax_problem(key: str, version: str) -> Problem | None:
    """What is wrong with a syntax version; upper and lower case are the same."""
    if version.upper() in ("V1", "V2"):
        return None
    message = f"Invalid value {version} for configuration field.syntax.version: "
    return Problem(key, message + "String must be one of (case insensitive): V1, V2")


def path_problem(key: str, path: str, version: str) -> Problem | None:
    """What is wrong with a path in a syntax version that is right."""
    try:
        parse_path(path, version)
    except ValueError as error:
        return Problem(key, str(error))
    return None


def parse_path(path: str, version: str = "V2") -> Steps:
    """The names on the way to a field. V1: the whole text is one name. V2: names with dots between.

    In V2 a name in backticks may hold dots. A backtick inside counts as one only before a dot or at the end; a
    backslash before it makes it part of the name. Raises ValueError.

    >>> parse_path("a.b"), parse_path("`a.b`.c"), parse_path("a.b", "V1")
    (('a', 'b'), ('a.b', 'c'), ('a.b',))
    """
    if version.upper() == "V1":
        return (path,)
    if not path:
        raise ValueError("An empty path leads to no field")
    steps: list[str] = []
    at = 0
    while at < len(path):
        step, at = _quoted(path, at) if path[at] == "`" else _plain(path, at)
        steps.append(step)
    return (*steps, "") if path.endswith(".") else tuple(steps)


def _plain(path: str, start: int) -> tuple[str, int]:
    """The name that begins here, and where the next one does."""
    stop = path.find(".", start)
    return (path[start:], len(path)) if stop < 0 else (path[start:stop], stop + 1)


def _quoted(path: str, opening: int) -> tuple[str, int]:
    name, start, at = "", opening + 1, opening
    while (at := path.find("`", at + 1)) >= 0:
        escaped = path[at - 1] == "\\"
        if path[at + 1 : at + 2] not in ("", "."):
            continue
        if not escaped:
            return name + path[start:at], at + 2
        name, start = name + path[start : at - 1] + "`", at + 1
    hint = f"consider adding a backslash before backtick at position {opening} to escape it"
    raise ValueError(f"Incomplete backtick pair in path: [{path}], {hint}")


# ---------------------------------------------------------------------------------------------- reading
def map_reader(steps: Steps) -> Reader:
    """Reads the value at the end of the path from a map without schema: null where the path ends before."""
    *outer, last = steps
    if not outer:
        return lambda value: value.get(last)

    def read(value: dict[str, Any]) -> Any:
        current: Any = value
        for step in outer:
            current = current.get(step)
            if current is None:
                return None
            if not isinstance(current, dict):
                raise not_a_map(current, _PURPOSE)
        return current.get(last)

    return read


def struct_reader(schema: Schema, steps: Steps, path: str, replace_null_with_default: bool) -> tuple[Schema, Reader]:
    """The schema of the field at the end of the path, and what reads its value.

    `replace_null_with_default` speaks of that field; a struct on the way that is null is always its default.
    """
    found = _fields_on(schema, steps, path)
    *outer, last = [(item.name, item.schema.default) for item in found]
    name, default = last[0], last[1] if replace_null_with_default else None

    def read(value: dict[str, Any]) -> Any:
        current: Any = value
        for step, otherwise in outer:
            current = current.get(step)
            if current is None:
                current = otherwise
            if current is None:
                return None
        result = current.get(name)
        return default if result is None else result

    return found[-1].schema, read


def _fields_on(schema: Schema, steps: Steps, path: str) -> list[Field]:
    found: list[Field] = []
    for step in steps:
        if schema.type != "struct":
            raise TransformError("Cannot look up fields on non-struct type")
        item = schema.field(step)
        if item is None:
            raise TransformError(f"Unknown field: {path}", connect_class=ILLEGAL_ARGUMENT)
        found.append(item)
        schema = item.schema
    return found
