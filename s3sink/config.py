"""A class is its own configuration: its constructor arguments are the options, checked there, all faults together.

Options are the fields of a frozen dataclass. `Option` beside a field's type says the key that the option has in a
connector file, where it is not the field's name with dots for underscores, and its documentation.
"""

from __future__ import annotations

import re
import types
from collections.abc import Collection, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from s3sink.errors import ConfigError, Problem

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Option:
    """What a connector file and the documentation call a field of a configurable class.

    The value of a `secret` one appears in no message. `number` is the width of a whole number, in Java's words.
    """

    key: str | None = None
    doc: str = ""
    secret: bool = False
    number: Literal["SHORT", "INT", "LONG"] = "INT"


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
_SPACE = "".join(map(chr, range(33)))  # what Java's trim takes off
_BITS = {"SHORT": 16, "INT": 32, "LONG": 64}
_DOUBLE = re.compile(r"([+-]?(?:NaN|Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?))[fFdD]?")
_HIDDEN = "[hidden]"


class PropertyOption(NamedTuple):
    """A field of a configurable class as a connector file sees it."""

    name: str
    key: str
    hint: Any
    option: Option
    required: bool


def options_of(cls: type, keys: Mapping[str, str] | None = None) -> list[PropertyOption]:
    """The options of a class in the order of its fields; `keys` gives fields another key than the class does."""
    hints = get_type_hints(cls, include_extras=True)
    return [
        PropertyOption(
            name=field.name,
            key=(keys or {}).get(field.name) or option_key(field.name, hints[field.name]),
            hint=_without_extras(hints[field.name]),
            option=_option(hints[field.name]),
            required=field.default is MISSING and field.default_factory is MISSING,
        )
        for field in fields(cls)
        if field.init
    ]


def option_key(name: str, hint: Any) -> str:
    """The key of a field in a connector file: what its `Option` says, or its name with dots for underscores."""
    return _option(hint).key or name.replace("_", ".")


def _option(hint: Any) -> Option:
    return next((extra for extra in getattr(hint, "__metadata__", ()) if isinstance(extra, Option)), Option())


def _without_extras(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def from_properties(
    cls: type[T],
    properties: Mapping[str, str],
    prefix: str = "",
    *,
    fixed: Mapping[str, Any] | None = None,
    keys: Mapping[str, str] | None = None,
    secrets: Collection[str] = (),
) -> T:
    """Build `cls` from the string properties of a connector file; keys that are no option of it are left alone.

    `fixed` are arguments that no property changes, `keys` gives fields another key than the class does, and `secrets`
    are the full keys of properties whose values no message may show, besides the options that are `secret`.

    Raises ConfigError with every problem, each under its full key. A text that is none of the values of an enumeration
    is left to the class, which may know more spellings or better words; when it says nothing, it is refused here.
    """
    options = [option for option in options_of(cls, keys) if option.name not in (fixed or {})]
    draft = _Draft(dict(fixed or {}), [], [])
    for option in options:
        draft.read(option, properties, prefix)
    built = _built(cls, draft, {option.name: prefix + option.key for option in options})
    if built is not None and not draft.problems:
        return built
    hidden = _hidden(options, properties, prefix, secrets)
    order = [prefix + option.key for option in options]
    ordered = sorted(draft.problems, key=lambda problem: order.index(problem.key) if problem.key in order else -1)
    raise ConfigError([masked(problem, hidden) for problem in ordered], cls.__name__)


@dataclass(slots=True)
class _Draft:
    """The arguments so far, what is wrong with them, and what only the class can judge."""

    arguments: dict[str, Any]
    problems: list[Problem]
    doubts: list[tuple[PropertyOption, Problem]]

    def read(self, option: PropertyOption, properties: Mapping[str, str], prefix: str) -> None:
        key = prefix + option.key
        if key not in properties:
            if option.required:
                self.problems.append(
                    Problem(key, f'Missing required configuration "{key}" which has no default value.')
                )
            return
        text = properties[key].strip(_SPACE)
        try:
            self.arguments[option.name] = _parsed(option.hint, text, option)
        except ValueError as error:
            self.problems.append(Problem(key, f"Invalid value {properties[key]} for configuration {key}: {error}"))
        except _EmptyItem:
            self.problems.append(Problem(key, f"Configuration '{option.key}' values must not be empty."))
        values = _values(option.hint)
        if values and text not in values:
            listed = ", ".join(values)
            words = f"Invalid value {text} for configuration {option.key}: String must be one of: {listed}"
            self.doubts.append((option, Problem(key, words)))


class _EmptyItem(Exception):
    """A list with nothing between two commas."""


def _built(cls: type[T], draft: _Draft, keys: Mapping[str, str]) -> T | None:
    """An instance, or None; either way the draft then holds all that is wrong with it."""
    bad = {problem.key for problem in draft.problems}
    built = None
    try:
        built = cls(**draft.arguments)
    except ConfigError as error:
        found = [Problem(keys.get(problem.key, problem.key), problem.message) for problem in error.problems]
        draft.problems += found if not bad else _of_what_was_given(found, draft, keys, bad)
    except Exception:
        if not bad and not draft.doubts:
            raise
    _settle(draft, built)
    return built


def _of_what_was_given(
    found: list[Problem], draft: _Draft, keys: Mapping[str, str], bad: Collection[str]
) -> list[Problem]:
    """What a class says when arguments are missing is true of those that it did get."""
    given = {keys[name] for name in draft.arguments if name in keys}
    return [problem for problem in found if problem.key in given and problem.key not in bad]


def _settle(draft: _Draft, built: object | None) -> None:
    """Add the doubts that the class left open: of an instance its own value counts, else the spelling."""
    told = {problem.key for problem in draft.problems}
    for option, problem in draft.doubts:
        values = _values(option.hint)
        if problem.key in told:
            continue
        value = draft.arguments[option.name] if built is None else getattr(built, option.name)
        known = value.lower() in map(str.lower, values) if built is None else value in values
        if not known:
            draft.problems.append(problem)


def _values(hint: Any) -> tuple[str, ...]:
    """The texts of an enumeration, none for other types."""
    kind = _first(hint)
    return tuple(map(str, get_args(kind))) if get_origin(kind) is Literal else ()


def _first(hint: Any) -> Any:
    """The first type of a union that says how to read a text."""
    if get_origin(hint) in (Union, types.UnionType):
        return _first(next(part for part in get_args(hint) if part is not type(None)))
    return _first(get_args(hint)[0]) if get_origin(hint) is Annotated else hint


def _parsed(hint: Any, text: str, option: PropertyOption) -> Any:
    """The value of a text. Raises ValueError with Connect's words, _EmptyItem."""
    kind = _first(hint)
    if kind is bool:
        return _parsed_bool(text)
    if kind is int:
        return _parsed_int(text, option.option.number, or_text=str in get_args(hint))
    if kind is float:
        return _parsed_float(text)
    return _parsed_list(text) if _is_list(get_origin(kind)) else text


def _parsed_bool(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("Expected value to be either true or false")
    return text.lower() == "true"


def _parsed_int(text: str, number: str, or_text: bool) -> int | str:
    """With `or_text`, a number with something behind it is the class' own notation: "10m", "64MiB"."""
    limit = 1 << _BITS["LONG" if or_text else number] - 1
    if re.fullmatch(r"[+-]?[0-9]+", text) and -limit <= int(text) < limit:
        return int(text)
    if or_text and re.fullmatch(r"\.?[0-9].*[^0-9]", text):
        return text
    raise ValueError(f"Not a number of type {'LONG' if or_text else number}")


def _parsed_float(text: str) -> float:
    match = _DOUBLE.fullmatch(text)
    if not match:
        raise ValueError("Not a number of type DOUBLE")
    return float(match[1])


def _parsed_list(text: str) -> tuple[str, ...]:
    parts = tuple(part.strip(_SPACE) for part in text.split(",")) if text else ()
    if not all(parts):
        raise _EmptyItem
    return parts


def _is_list(origin: Any) -> bool:
    return isinstance(origin, type) and issubclass(origin, Iterable) and not issubclass(origin, Mapping)


# ---------------------------------------------------------------------------------------------- secrets
def _hidden(
    options: Iterable[PropertyOption], properties: Mapping[str, str], prefix: str, secrets: Collection[str]
) -> dict[str, str]:
    """Full key and value of what no message may show."""
    full = {prefix + option.key: option.option.secret for option in options}
    return {
        key: properties[key] for key, is_secret in full.items() if key in properties and (is_secret or key in secrets)
    }


def masked(problem: Problem, hidden: Mapping[str, str]) -> Problem:
    """Its message without secrets; under the key of a secret, without any part of it either."""
    texts = {text for value in hidden.values() for text in (value, value.strip(_SPACE))}
    if problem.key in hidden:
        texts.update(re.split(r"[\s,:;]+", hidden[problem.key]))
    message = problem.message
    for text in sorted(filter(None, texts), key=len, reverse=True):
        pattern = re.escape(text) if len(text) > 3 else rf"(?<!\w){re.escape(text)}(?!\w)"
        message = re.sub(pattern, lambda _: _HIDDEN, message, flags=re.IGNORECASE)  # messages change the case
    return Problem(problem.key, message)
