"""What a key of a connector file is: its type, its default, and what its value may be."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from s3sink.transforms._regex import regex_problem
from s3sink.zones import zone_problem

Type = Literal["STRING", "INT", "LONG", "SHORT", "BOOLEAN", "LIST", "CLASS", "PASSWORD"]
Group = Literal["framework", "errors", "connector", "schema", "s3", "companions", "storage", "partitioner", "s3sink"]

SPACE: Final = "".join(map(chr, range(33)))
"""What Java's `trim` takes off."""
_BITS = {"SHORT": 16, "INT": 32, "LONG": 64}
_COMMA = re.compile(r"\s*,\s*")


class Required:
    """Stands where a default would: there is none."""

    def __repr__(self) -> str:
        return "required"


REQUIRED: Final = Required()


class Complaint(NamedTuple):
    """Why a value is refused; `value` is how Kafka Connect shows it."""

    value: Any
    reason: str


Check = Callable[[Any], Complaint | None]


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a connector file, as Kafka's `ConfigDef` has it.

    `no_effect` says why it does nothing here; it is read and checked all the same. A `hidden` one Kafka Connect's REST
    interface does not validate.
    """

    name: str
    type: Type
    default: Any
    group: Group
    doc: str
    check: Check | None = None
    no_effect: str = ""
    hidden: bool = False

    @property
    def required(self) -> bool:
        """Whether it must be there."""
        return self.default is REQUIRED

    def parse(self, text: str) -> Any:
        """The value of a text. Raises ValueError with Connect's reason."""
        return _parsed(self.type, text)


def _parsed(type: Type, text: str) -> Any:
    trimmed = text.strip(SPACE)
    if type == "BOOLEAN":
        return _parsed_bool(trimmed)
    if type in _BITS:
        return _parsed_number(type, trimmed)
    if type == "LIST":
        return tuple(_COMMA.split(trimmed)) if trimmed else ()
    return trimmed


def _parsed_bool(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("Expected value to be either true or false")
    return text.lower() == "true"


def _parsed_number(type: Type, text: str) -> int:
    limit = 1 << _BITS[type] - 1
    digits = re.fullmatch(r"([+-]?)0*([0-9]{1,19})", text)
    number = int(digits[1] + digits[2]) if digits else limit
    if not -limit <= number < limit:
        raise ValueError(f"Not a number of type {type}")
    return number


# ---------------------------------------------------------------------------------------------- checks
def at_least(minimum: int, maximum: int | None = None) -> Check:
    """A number that is not too small, and not too large."""

    def check(value: int | None) -> Complaint | None:
        if value is None:
            return Complaint("null", "Value must be non-null")
        if value < minimum:
            return Complaint(value, f"Value must be at least {minimum}")
        if maximum is not None and value > maximum:
            return Complaint(value, f"Value must be no more than {maximum}")
        return None

    return check


def one_of(*values: str, words: str = "String must be one of: {}", shown: str | None = None) -> Check:
    """One of these texts, in this spelling."""
    listed = words.format(", ".join(values) if shown is None else shown)
    return lambda value: None if value in values else Complaint(value, listed)


def one_of_lower(*values: str) -> Check:
    """One of these texts in any case. The complaint shows it in lower case, as the connector's does."""
    check = one_of(*values)
    return lambda value: check(value.lower())


def one_of_upper(*values: str) -> Check:
    """One of these texts in any case."""
    reason = f"String must be one of (case insensitive): {', '.join(values)}"
    return lambda value: None if value.upper() in values else Complaint(value, reason)


def optional(check: Check) -> Check:
    """The same, and the default None."""
    return lambda value: None if value is None else check(value)


def part_size(value: int | None) -> Complaint | None:
    """S3's limits of a part."""
    if value is None:
        return Complaint("null", "Part size must be non-null")
    return Complaint(value, "Part size must be at least: 5242880 bytes (5MB)") if value < 5 << 20 else None


def timezone(value: str) -> Complaint | None:
    """A zone id; nothing is allowed."""
    problem = zone_problem(value) if value else None
    return Complaint(value, problem) if problem else None


def regex(value: str) -> Complaint | None:
    """A Java regular expression."""
    problem = regex_problem("", value)
    return Complaint(value, problem.message.partition(" for configuration : ")[2]) if problem else None


def connector_name(value: str | None) -> Complaint | None:
    """Something, and no control characters."""
    if value == "":
        return Complaint(value, "String may not be empty")
    codes = [str(ord(character)) for character in value or "" if ord(character) < 32 or 127 <= ord(character) < 160]
    reason = f"String may not contain control sequences but had the following ASCII chars: {', '.join(codes)}"
    return Complaint(value, reason) if codes else None


def size(value: str) -> Complaint | None:
    """A size such as "128MiB"; nothing is allowed."""
    return _notation(value, _SIZE, 'a size such as 1000, "64MiB" or "2GB"')


def _notation(value: str, pattern: re.Pattern[str], wanted: str) -> Complaint | None:
    return None if not value or pattern.fullmatch(value) else Complaint(value, f"it is not {wanted}")


_SIZE = re.compile(r"\d{1,15}(\.\d+)?\s*([KMG]?B|[KMG]iB)?", re.IGNORECASE | re.ASCII)
