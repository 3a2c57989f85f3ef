"""`java.text.SimpleDateFormat`: patterns that print instants and read them, leniently, in UTC and English."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from itertools import pairwise

from s3sink.clock import Clock, system_clock
from s3sink.date_pattern import DAYS, LONG_UTC, MONTHS, UTC, Letters, Token, has_two_digit_year, parse_pattern
from s3sink.date_reader import Reading, step_for
from s3sink.java_calendar import CUTOVER, DAY_MS, EPOCH_DAY, Moment, instant_of


class SimpleDateFormat:
    """A pattern, made ready once. Raises ValueError with Java's words for one that is wrong.

    `format` prints an instant, `parse` reads one from the beginning of a text and does not look at what follows. It is
    lenient: what is too much is carried over (month 13 is January of the next year), a number may have more digits
    than letters unless another number follows without a separator. A year of two digits is one of the 100 years that
    began 80 years before the format was made.

    >>> SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").format(1_483_425_001_864)
    '2017-01-03T06:30:01.864Z'
    >>> SimpleDateFormat("yyyy-MM-dd").parse("2017-13-45 and so on")
    1518566400000
    """

    __slots__ = ("_century", "_parts", "_quick_format", "_quick_parse", "_steps", "finest_unit", "pattern")

    def __init__(self, pattern: str, clock: Clock = system_clock) -> None:
        tokens = parse_pattern(pattern)
        self.pattern = pattern
        self._parts = [token if isinstance(token, str) else _renderer(token) for token in tokens]
        self._steps = [step_for(token, after) for token, after in pairwise([*tokens, ""])]
        self.finest_unit = _finest_unit(tokens)
        self._century = _years_before(clock(), 80) if has_two_digit_year(tokens) else 0
        self._quick_format = _quick_format(tokens)
        self._quick_parse = _quick_parse(tokens)

    def format(self, instant: int) -> str:
        """The text of an instant, in milliseconds since the epoch."""
        if self._quick_format is not None:
            days, millis = divmod(instant, DAY_MS)
            if CUTOVER <= days + EPOCH_DAY <= _LAST_DAY:
                return self._quick_format(days + EPOCH_DAY, millis)
        return self.format_slowly(instant)

    def parse(self, text: str) -> int | None:
        """The instant that the text begins with, in milliseconds since the epoch; None where it is none."""
        found = self._quick_parse(text) if self._quick_parse is not None else None
        return self.parse_slowly(text) if found is None else found

    def format_slowly(self, instant: int) -> str:
        """What `format` does for patterns and instants that it has no short way for."""
        moment = Moment.of(instant)
        return "".join([part if isinstance(part, str) else part(moment) for part in self._parts])

    def parse_slowly(self, text: str) -> int | None:
        """What `parse` does for patterns and texts that it has no short way for."""
        reading = Reading(text, self._century)
        for step in self._steps:
            if not step(reading):
                return None
        return reading.instant()


_LAST_DAY = date.max.toordinal()
_UNITS = (("S", 1), ("s", 1000), ("m", 60_000))


def _finest_unit(tokens: list[Token]) -> int:
    """Milliseconds of the finest unit that the pattern shows, at most an hour."""
    letters = {token.letter for token in tokens if isinstance(token, Letters)}
    return next((unit for letter, unit in _UNITS if letter in letters), 3_600_000)


def _years_before(instant: int, years: int) -> int:
    moment = Moment.of(instant)
    fields = {"y": moment.year - years, "M": moment.month, "d": moment.day, "S": moment.day_millis}
    return instant_of(fields)


# ---------------------------------------------------------------------------------------------- printing
def _renderer(field: Letters) -> Callable[[Moment], str] | str:
    letter, width = field
    if letter in "zZX":
        return "Z" if letter == "X" else "+0000" if letter == "Z" else LONG_UTC if width >= 4 else UTC
    if field.is_name:
        return _name_renderer(letter, width >= 4)
    number = _NUMBERS[letter]
    if letter in "yY" and width == 2:
        return lambda moment: f"{number(moment) % 100:02d}"
    return lambda moment: f"{number(moment):0{width}d}"


def _name_renderer(letter: str, full: bool) -> Callable[[Moment], str]:
    end = None if full else 3
    if letter == "E":
        return lambda moment: DAYS[moment.weekday - 1][:end]
    if letter == "a":
        return lambda moment: "AM" if moment.hour < 12 else "PM"
    if letter == "G":
        return lambda moment: "AD" if moment.year > 0 else "BC"
    return lambda moment: MONTHS[moment.month - 1][:end]


_NUMBERS: dict[str, Callable[[Moment], int]] = {
    "y": lambda m: m.year if m.year > 0 else 1 - m.year,
    "Y": lambda m: m.week_year,
    "M": lambda m: m.month,
    "L": lambda m: m.month,
    "d": lambda m: m.day,
    "D": lambda m: m.day_of_year,
    "F": lambda m: (m.day + 6) // 7,
    "w": lambda m: m.week_of_year,
    "W": lambda m: m.week_of_month,
    "u": lambda m: (m.weekday + 5) % 7 + 1,
    "H": lambda m: m.hour,
    "k": lambda m: m.hour or 24,
    "K": lambda m: m.hour % 12,
    "h": lambda m: (m.hour + 11) % 12 + 1,
    "m": lambda m: m.day_millis // 60_000 % 60,
    "s": lambda m: m.day_millis // 1000 % 60,
    "S": lambda m: m.day_millis % 1000,
}


# ---------------------------------------------------------------------------------------------- the short ways
_QUICK = "yMdHmsS"
_CONSTANTS = {"z": r"UTC(?![A-Za-z])", "Z": r"\+0000", "X": "Z"}


def _quick_format(tokens: list[Token]) -> Callable[[int, int], str] | None:
    """For patterns of numbers: fills in a template. Takes the ordinal of the day and its millisecond."""
    parts = [_quick_part(token) for token in tokens]
    if None in parts:
        return None
    template = "".join(map(str, parts)).format

    def format_quickly(ordinal: int, millis: int) -> str:
        day = date.fromordinal(ordinal)
        seconds, thousandths = divmod(millis, 1000)
        minutes, second = divmod(seconds, 60)
        hour, minute = divmod(minutes, 60)
        return template(day.year, day.month, day.day, hour, minute, second, thousandths)

    return format_quickly


def _quick_part(token: Token) -> str | None:
    """The part of the template for a token; None for a field that a template cannot show."""
    if isinstance(token, Letters):
        if token.letter in _QUICK and token.is_number and not (token.letter == "y" and token.width == 2):
            return f"{{{_QUICK.index(token.letter)}:0{token.width}d}}"
        token = rendered if isinstance(rendered := _renderer(token), str) else ""
        if not token:
            return None
    return token.replace("{", "{{").replace("}", "}}")


def _quick_parse(tokens: list[Token]) -> Callable[[str], int | None] | None:
    """For patterns of numbers: one regular expression for texts with nothing to carry over. None: read it slowly."""
    order = [token.letter for token in tokens if isinstance(token, Letters) and token.letter in _QUICK]
    parts = [_quick_expression(token, after) for token, after in pairwise([*tokens, ""])]
    if None in parts or len(set(order)) < len(order) or "y" not in order:
        return None
    match = re.compile("".join(map(str, parts)), re.ASCII).match
    index = [order.index(letter) if letter in order else len(order) + (letter in "Md") for letter in _QUICK]
    year, month, day, hour, minute, second, thousandth = index

    def parse_quickly(text: str) -> int | None:
        found = match(text)
        if found is None:
            return None
        part = [*map(int, found.groups()), 0, 1]
        try:
            ordinal = date(part[year], part[month], part[day]).toordinal()
        except ValueError:
            return None
        if ordinal < CUTOVER:
            return None
        minutes = ((ordinal - EPOCH_DAY) * 24 + part[hour]) * 60 + part[minute]
        return (minutes * 60 + part[second]) * 1000 + part[thousandth]

    return parse_quickly


def _quick_expression(token: Token, after: Token) -> str | None:
    if isinstance(token, str):
        return re.escape(token)
    letter, width = token
    if letter in _CONSTANTS:
        return _CONSTANTS[letter]
    if letter not in _QUICK or not token.is_number or (letter == "y" and width < 3):
        return None
    if isinstance(after, Letters) and after.is_number:
        return f"([0-9]{{{width}}})"
    return f"([0-9]{{1,{4 if letter == 'y' else 3 if letter == 'S' else 2}}})(?![0-9E])"
