"""What the filters of JSON paths compare, and how: as the Java library JsonPath does.

No operand is null: a field that is null or not there matches nothing, whatever it is compared with.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from s3sink.java_text import double_text

Comparison = Callable[[Any, Any], bool]

_NUMBERS = frozenset((int, float, Decimal))
_BIG_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


class NotAList(Exception):
    """An operator of lists has met something else: the whole filter then matches nothing."""


class _Null:
    """The literal `null`, which equals nothing that is there."""

    def __repr__(self) -> str:
        return "null"


NULL = _Null()


# ---------------------------------------------------------------------------------------------- equality
def equal(left: Any, right: Any) -> bool:
    """`==`: numbers by their value, a number and a text by what the left one would be as the right one's kind."""
    kind, other = type(left), type(right)
    if kind is other and kind is not float:
        return bool(left == right)
    if kind in _NUMBERS and other in _NUMBERS:
        return bool(_exact(left) == _exact(right))
    if kind is str and other in _NUMBERS:
        return bool(left == number_text(right))
    if kind in _NUMBERS and other is str:
        return _BIG_DECIMAL.fullmatch(right) is not None and bool(_exact(left) == Decimal(right))
    return False


def _strictly_equal(left: Any, right: Any) -> bool:
    """`===`: of one kind, and equal."""
    same_kind = type(left) is type(right) or (type(left) in _NUMBERS and type(right) in _NUMBERS)
    return same_kind and equal(left, right)


def _exact(number: float | Decimal) -> int | Decimal:
    """The number that its shortest text says, as in Java, where 0.1 is one tenth."""
    return Decimal(repr(number)) if isinstance(number, float) else number


def number_text(number: float | Decimal) -> str:
    """The text of a number, as Java's BigDecimal prints it.

    >>> number_text(5), number_text(1.0), number_text(1e23)
    ('5', '1.0', '1.0E+23')
    """
    return str(Decimal(double_text(number))) if isinstance(number, float) else str(number)


# ---------------------------------------------------------------------------------------------- order
def _ordered(holds: Comparison) -> Comparison:
    """Numbers by value, texts by their UTF-16 units; nothing else has an order."""

    def compare(left: Any, right: Any) -> bool:
        if type(left) is str and type(right) is str:
            return holds(_units(left), _units(right))
        if type(left) not in _NUMBERS or type(right) not in _NUMBERS:
            return False
        return left == left and right == right and holds(_exact(left), _exact(right))

    return compare


def _units(text: str) -> bytes:
    return text.encode("utf-16-be", "surrogatepass")


# ---------------------------------------------------------------------------------------------- patterns and lists
def _matches(left: Any, pattern: Any) -> bool:
    """`=~`: the whole text; of a list, one of its members."""
    if type(left) is list:
        return any(pattern.fullmatch(_text(item)) for item in left)
    return pattern.fullmatch(_text(left)) is not None


def _text(value: Any) -> str:
    if type(value) is str:
        return value
    if type(value) in _NUMBERS:
        return number_text(value)
    return ("false", "true")[value] if type(value) is bool else ""


def _is_in(left: Any, right: Any) -> bool:
    return any(equal(left, item) for item in _list(right))


def _list(value: Any) -> list[Any]:
    if type(value) is not list:
        raise NotAList
    return value


def _contains(left: Any, right: Any) -> bool:
    if type(left) is str:
        return type(right) is str and right in left
    return type(left) is list and _is_in(right, left)


def _shares(left: Any, right: Any) -> bool:
    members = _list(right)
    return any(_is_in(item, members) for item in _list(left))


def _is_subset(left: Any, right: Any) -> bool:
    members = _list(right)
    return all(_is_in(item, members) for item in _list(left))


def _has_size(left: Any, right: Any) -> bool:
    if type(left) is str:
        return bool(len(_units(left)) // 2 == right)
    return type(left) is list and len(left) == right


def _is_empty(left: Any, right: Any) -> bool:
    return type(left) in (str, list, dict) and type(right) is bool and (not left) == right


OPERATORS: dict[str, Comparison] = {
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    "===": _strictly_equal,
    "!==": lambda left, right: not _strictly_equal(left, right),
    "<": _ordered(lambda left, right: bool(left < right)),
    "<=": _ordered(lambda left, right: bool(left <= right)),
    ">": _ordered(lambda left, right: bool(left > right)),
    ">=": _ordered(lambda left, right: bool(left >= right)),
    "=~": _matches,
    "in": _is_in,
    "nin": lambda left, right: not _is_in(left, right),
    "contains": _contains,
    "anyof": _shares,
    "noneof": lambda left, right: not _shares(left, right),
    "subsetof": _is_subset,
    "size": _has_size,
    "empty": _is_empty,
}
