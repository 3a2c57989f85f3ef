"""Path patterns: Joda's `DateTimeFormat` language, and the numeric part of strftime's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import tzinfo
from itertools import groupby
from typing import NamedTuple

from s3sink.partitioners.moment import Moment, offset_text
from s3sink.partitioners.names import Names, names_for


class Letters(NamedTuple):
    """A field of a pattern: one letter, repeated `width` times."""

    letter: str
    width: int


Token = str | Letters
Render = Callable[[Moment], str]

_STRFTIME: dict[str, Token] = {
    "Y": Letters("Y", 4),
    "y": Letters("Y", 2),
    "m": Letters("M", 2),
    "d": Letters("d", 2),
    "H": Letters("H", 2),
    "M": Letters("m", 2),
    "S": Letters("s", 2),
    "j": Letters("D", 3),
    "G": Letters("x", 4),
    "V": Letters("w", 2),
    "u": Letters("e", 1),
    "%": "%",
}


def parse_joda(pattern: str) -> list[Token]:
    """The tokens of `'year'=YYYY/'month'=MM`: letters are fields, text stands in single quotes, `''` is a quote.

    Characters that are no ASCII letters need no quotes; an unclosed last quote is tolerated, as Joda does.
    """
    return [_token(*what, len(list(run))) for what, run in groupby(_characters(pattern))]


def _token(is_field: bool, character: str, length: int) -> Token:
    if is_field:
        return Letters(character, length)
    return character * length


def _characters(pattern: str) -> Iterator[tuple[bool, str]]:
    """Each character with whether it belongs to a field."""
    quoted = False
    for piece in re.findall(r"''|.", pattern, re.DOTALL):
        if piece == "''":
            yield False, "'"
        elif piece == "'":
            quoted = not quoted
        else:
            yield not quoted and piece.isascii() and piece.isalpha(), piece


def parse_strftime(pattern: str) -> list[Token]:
    """The tokens of `year=%Y/month=%m`. Only numeric directives that mean the same everywhere are allowed."""
    return [_directive(piece) for piece in re.findall(r"%.?|[^%]+", pattern, re.DOTALL)]


def _directive(piece: str) -> Token:
    if piece[0] != "%":
        return piece
    if piece[1:] not in _STRFTIME:
        raise ValueError(f"{piece!r} is not allowed here; use " + " ".join("%" + d for d in _STRFTIME))
    return _STRFTIME[piece[1:]]


_FINEST = (("S", 1), ("s", 1000), ("m", 60_000))


def finest_unit(tokens: list[Token]) -> int:
    """Milliseconds of the finest unit that a pattern shows, at most an hour."""
    letters = {token.letter for token in tokens if isinstance(token, Letters)}
    return next((unit for letter, unit in _FINEST if letter in letters), 3_600_000)


def compile_tokens(tokens: list[Token], locale: str, zone: tzinfo) -> Callable[[int], str]:
    """A function that renders an instant (epoch milliseconds) in the zone. Raises ValueError for an illegal letter."""
    renders = [_compile(token, locale) for token in tokens]

    def render(instant: int) -> str:
        moment = Moment.of(instant, zone)
        return "".join([part if isinstance(part, str) else part(moment) for part in renders])

    return render


def _compile(token: Token, locale: str) -> str | Render:
    if isinstance(token, str):
        return token
    letter, width = token
    if letter in "GaEM" and (letter != "M" or width > 2):
        return _text(letter, width >= 4, names_for(locale))
    if letter in "zZ":
        return _zone(letter, width)
    if letter in "xyY" and width == 2:
        return _two_digits(_NUMBERS[letter])
    if letter == "S":
        return lambda moment: f"{moment.day_millis % 1000:03d}".ljust(width, "0")[:width]
    if letter not in _NUMBERS:
        raise ValueError(f"Illegal pattern component: {letter * width}")
    return _number(_NUMBERS[letter], width)


_NUMBERS: dict[str, Callable[[Moment], int]] = {
    "C": lambda m: _year_of_era(m) // 100,
    "D": lambda m: m.day_of_year,
    "H": lambda m: m.day_millis // 3_600_000,
    "K": lambda m: m.day_millis // 3_600_000 % 12,
    "M": lambda m: m.month,
    "Y": lambda m: _year_of_era(m),
    "d": lambda m: m.day,
    "e": lambda m: m.weekday,
    "h": lambda m: (m.day_millis // 3_600_000 + 11) % 12 + 1,
    "k": lambda m: m.day_millis // 3_600_000 or 24,
    "m": lambda m: m.day_millis // 60_000 % 60,
    "s": lambda m: m.day_millis // 1000 % 60,
    "w": lambda m: m.week,
    "x": lambda m: m.weekyear,
    "y": lambda m: m.year,
}


def _year_of_era(moment: Moment) -> int:
    return moment.year if moment.year > 0 else 1 - moment.year


def _number(field: Callable[[Moment], int], digits: int) -> Render:
    def render(moment: Moment) -> str:
        value = field(moment)
        return f"-{-value:0{digits}d}" if value < 0 else f"{value:0{digits}d}"

    return render


def _two_digits(year: Callable[[Moment], int]) -> Render:
    return lambda moment: f"{abs(year(moment)) % 100:02d}"


def _text(letter: str, full: bool, names: Names) -> Render:
    if letter == "M":
        return lambda moment: names.month(moment, full)
    if letter == "E":
        return lambda moment: names.day(moment, full)
    return names.half if letter == "a" else names.era


def _zone(letter: str, width: int) -> Render:
    if letter == "z":
        return _zone_name(width)
    if width > 2:
        return lambda moment: moment.zone_id
    separator = ":" if width == 2 else ""
    return lambda moment: offset_text(moment.offset, separator)


def _zone_name(width: int) -> Render:
    if width >= 4:
        raise ValueError(f"the full name of the zone ({'z' * width}) is not known here; use ZZZ for its id")
    return lambda moment: moment.zone_name if moment.zone_name.isalpha() else offset_text(moment.offset)
