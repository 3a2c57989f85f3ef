"""The language of `java.text.SimpleDateFormat` patterns, and the English names that they show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip
DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
UTC, LONG_UTC = "UTC", "Coordinated Universal Time"
_LETTERS = frozenset("GyMdkHmsSEDFwWahKzZYuXL")
_NUMERIC = frozenset("ydkHmsSDFwWhKYu")


class Letters(NamedTuple):
    """A field of a pattern: one letter, repeated `width` times."""

    letter: str
    width: int

    @property
    def is_name(self) -> bool:
        """Whether it shows a text that has to be looked up."""
        return self.letter in "EaG" or (self.letter in "ML" and self.width > 2)

    @property
    def is_number(self) -> bool:
        return self.letter in _NUMERIC or (self.letter in "ML" and self.width <= 2)


Token = str | Letters


def parse_pattern(pattern: str) -> list[Token]:
    """The texts and fields of a pattern. Raises ValueError with Java's words.

    >>> parse_pattern("yy'T'''")
    [Letters(letter='y', width=2), "T'"]
    """
    runs = ((letter, "".join(text for _, text in run)) for letter, run in groupby(_characters(pattern), lambda c: c[0]))
    return [_field(letter, len(text)) if letter else text for letter, text in runs]


def _characters(pattern: str) -> Iterator[tuple[str, str]]:
    """Each character with the letter of its field, which is empty for text."""
    quoted = False
    for piece in re.findall(r"''|.", pattern, re.DOTALL):
        if piece == "''":
            yield "", "'"
        elif piece == "'":
            quoted = not quoted
        elif quoted or not (piece.isascii() and piece.isalpha()):
            yield "", piece
        elif piece in _LETTERS:
            yield piece, piece
        else:
            raise ValueError(f"Illegal pattern character '{piece}'")
    if quoted:
        raise ValueError("Unterminated quote")


def _field(letter: str, width: int) -> Letters:
    if letter == "X" and width > 3:
        raise ValueError(f"invalid ISO 8601 format: length={width}")
    return Letters(letter, width)


def has_two_digit_year(tokens: list[Token]) -> bool:
    """Whether a year of two digits that is read gets a century."""
    return any(isinstance(token, Letters) and token.letter in "yY" and token.width <= 2 for token in tokens)
