"""A class is its own configuration: its constructor arguments are the options, checked there, all faults together.

Options are the fields of a frozen dataclass. `Option` beside a field's type says the key that the option has in a
connector file, where it is not the field's name with dots for underscores, and its documentation.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from s3sink.errors import ConfigError, Problem

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Option:
    """What a connector file and the documentation call a field of a configurable class."""

    key: str | None = None
    doc: str = ""
    secret: bool = False


def check(subject: str, problems: Iterable[Problem | None]) -> None:
    """Raise one ConfigError with all the problems that are not None."""
    found = [p for p in problems if p is not None]
    if found:
        raise ConfigError(found, subject)


def problem_if(condition: bool, key: str, message: str) -> Problem | None:
    """A problem, or None where all is well: `check("MaskField", [problem_if(not fields, "fields", "...")])`."""
    return Problem(key, message) if condition else None


_BYTES = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_MILLISECONDS = {"MS": 1, "S": 1000, "M": 60_000, "H": 3_600_000, "D": 86_400_000}


def parse_bytes(value: int | str, key: str = "bytes") -> int:
    """A size in bytes from 1000, "64MiB", "2 GB".

    >>> parse_bytes("64MiB")
    67108864
    """
    return value if isinstance(value, int) else _scaled(value, _BYTES, key, 'a size such as 1000, "64MiB" or "2GB"')


def parse_milliseconds(value: int | str, key: str = "duration") -> int:
    """A duration in milliseconds from 1000 (milliseconds), "90s", "10m", "1h", "1d", "250ms".

    >>> parse_milliseconds("10m")
    600000
    """
    if isinstance(value, int):
        return value
    return _scaled(value, _MILLISECONDS, key, 'a duration such as 5000 (milliseconds), "90s", "10m" or "1h"')


def _scaled(text: str, units: Mapping[str, int], key: str, wanted: str) -> int:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", text)
    unit = match.group(2).upper() if match else "?"
    if match is None or unit not in units:
        raise ConfigError([Problem(key, f"{text!r} is not {wanted}")])
    return round(float(match.group(1)) * units[unit])


# ---------------------------------------------------------------------------------------------- from properties
def option_key(name: str, hint: Any) -> str:
    """The key of a field in a connector file: what its `Option` says, or its name with dots for underscores."""
    for extra in getattr(hint, "__metadata__", ()):
        if isinstance(extra, Option) and extra.key:
            return extra.key
    return name.replace("_", ".")


def from_properties(cls: type[T], properties: Mapping[str, str], prefix: str = "") -> T:
    """Build `cls` from the string properties of a connector file; keys that are no option of it are left alone.

    Raises ConfigError with every problem, each under its full key.
    """
    hints = get_type_hints(cls, include_extras=True)
    arguments: dict[str, Any] = {}
    problems: list[Problem] = []
    options = [field for field in fields(cls) if field.init]  # type: ignore[arg-type]
    for field in options:
        key = prefix + option_key(field.name, hints[field.name])
        if key in properties:
            try:
                arguments[field.name] = _parsed(hints[field.name], properties[key].strip())
            except ValueError as error:
                problems.append(Problem(key, f"Invalid value {properties[key]} for configuration {key}: {error}"))
        elif field.default is MISSING and field.default_factory is MISSING:
            problems.append(Problem(key, f'Missing required configuration "{key}" which has no default value.'))
    if problems:
        raise ConfigError(problems, cls.__name__)
    try:
        return cls(**arguments)
    except ConfigError as error:
        keys = {field.name: prefix + option_key(field.name, hints[field.name]) for field in options}
        raise ConfigError([Problem(keys.get(p.key, p.key), p.message) for p in error.problems], cls.__name__) from error


def _parsed(hint: Any, text: str) -> Any:
    origin = get_origin(hint)
    if origin is Annotated:
        return _parsed(get_args(hint)[0], text)
    if origin in (Union, types.UnionType):
        return _parsed(next(a for a in get_args(hint) if a is not type(None)), text)
    if origin is Literal:
        if text not in get_args(hint):
            raise ValueError("String must be one of: " + ", ".join(map(str, get_args(hint))))
        return text
    if hint is bool:
        if text.lower() not in ("true", "false"):
            raise ValueError("Expected value to be either true or false")
        return text.lower() == "true"
    if hint is int:
        if not re.fullmatch(r"[+-]?\d+", text):
            raise ValueError("Not a number of type INT")
        return int(text)
    if _is_list(origin):
        return tuple(part.strip() for part in text.split(",")) if text else ()
    return text


def _is_list(origin: Any) -> bool:
    return isinstance(origin, type) and issubclass(origin, Iterable) and not issubclass(origin, Mapping)
