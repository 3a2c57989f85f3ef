"""Reading dates as `java.text.SimpleDateFormat` does: leniently, one step for each part of a pattern."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from s3sink.date_pattern import DAYS, LONG_UTC, MONTHS, Letters, Token
from s3sink.java_calendar import Moment, instant_of

_SAME_FIELD = {"L": "M", "k": "H", "K": "h", "u": "E", "z": "Z", "X": "Z"}  # letters of one calendar field
_NUMBER = re.compile(r"[ \t]*(?:(NaN)|(-?)(?:(∞)|(\d+)(?:E(-?\d+))?))")  # what Java's number format accepts
_BLANK = re.compile(r"[ \t]*")
_GMT = re.compile(r"GMT(?:([+-])(\d{1,2}):(\d{2})|(?![+-]))", re.IGNORECASE | re.ASCII)
_OFFSET = re.compile(r"([+-])(\d{2})(\d{2})", re.ASCII)
_ISO_OFFSETS = (
    re.compile(r"Z|([+-])(\d{2})()", re.ASCII),
    re.compile(r"Z|([+-])(\d{2})(\d{2})", re.ASCII),
    re.compile(r"Z|([+-])(\d{2}):(\d{2})", re.ASCII),
)
# Minutes, for the names that people write; Java takes IST for Israel's and BST for Britain's.
_ZONES = {
    LONG_UTC: 0, "Greenwich Mean Time": 0, "UTC": 0, "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420,
    "MDT": -360, "PST": -480, "PDT": -420, "AKST": -540, "AKDT": -480, "HST": -600, "AST": -240, "ADT": -180,
    "NST": -210, "NDT": -150, "CET": 60, "CEST": 120, "EET": 120, "EEST": 180, "WET": 0, "WEST": 60, "BST": 60,
    "IST": 120, "MSK": 180, "JST": 540, "KST": 540, "HKT": 480, "SGT": 480, "ICT": 420, "WIB": 420, "PKT": 300,
    "GST": 240, "AEST": 600, "AEDT": 660, "AWST": 480, "NZST": 720, "NZDT": 780, "SAST": 120, "EAT": 180, "WAT": 60,
    "CAT": 120, "BRT": -180, "ART": -180,
}  # fmt: skip


class Reading:
    """A text on its way through the steps: where we are, and the fields so far in the order in which they were set."""

    __slots__ = ("at", "century", "fields", "text", "unsure")

    def __init__(self, text: str, century: int) -> None:
        self.text = text
        self.at = 0
        self.fields: dict[str, int] = {}
        self.century = century
        self.unsure = False

    def set(self, letter: str, value: int) -> bool:
        letter = _SAME_FIELD.get(letter, letter)
        self.fields.pop(letter, None)
        self.fields[letter] = value
        return True

    def instant(self) -> int:
        instant = instant_of(self.fields)
        if self.unsure and instant < self.century:
            years = {letter: self.fields[letter] + 100 for letter in "yY" if letter in self.fields}
            instant = instant_of(self.fields | years)
        return instant


Step = Callable[[Reading], bool]


def step_for(token: Token, after: Token) -> Step:
    if isinstance(token, str):
        return _text_reader(token)
    if token.letter in "zZX":
        return _zone_reader(token)
    if token.is_name:
        return _name_reader(token.letter)
    limit = token.width if isinstance(after, Letters) and after.is_number else None
    return _number_reader(token, limit)


def _text_reader(expected: str) -> Step:
    def step(reading: Reading) -> bool:
        found = reading.text.startswith(expected, reading.at)
        reading.at += len(expected)
        return found

    return step


def _number_reader(field: Letters, limit: int | None) -> Step:
    """With a limit the number ends there, since another one follows at once."""
    letter, width = field

    def step(reading: Reading) -> bool:
        end = len(reading.text) if limit is None else reading.at + limit
        match = _NUMBER.match(reading.text, reading.at, end) if end <= len(reading.text) else None
        if match is None:
            return False
        reading.at = match.end()
        value = _int32(match)
        if letter in "yY" and width <= 2 and re.fullmatch(r"[ \t]*\d\d", match[0]):
            value = _in_century(reading, value)
        return reading.set(letter, _MEANINGS[letter](value) if letter in _MEANINGS else value)

    return step


_MEANINGS: dict[str, Callable[[int], int]] = {
    "k": lambda value: 0 if value == 24 else value,
    "h": lambda value: 0 if value == 12 else value,
    "u": lambda value: value % 7 + 1 if 1 <= value <= 7 else value,
}


def _in_century(reading: Reading, value: int) -> int:
    hundreds, first = divmod(Moment.of(reading.century).year, 100)
    reading.unsure = value == first
    return (hundreds + (value < first)) * 100 + value


def _int32(match: re.Match[str]) -> int:
    """`Number.intValue`: whole numbers of 64 bits lose their upper half, greater ones and fractions do not."""
    nan, sign, infinite, digits, exponent = match.groups()
    if nan:
        return 0
    power = 99 if infinite else max(-99, min(99, int((exponent or "0")[:6])))
    size = int((digits or "1").lstrip("0")[:99] or 0)
    scale: int = 10 ** abs(power)
    whole = size * scale if power >= 0 else size // scale
    value = -whole if sign else whole
    if -(1 << 63) <= value < 1 << 63 and (power >= 0 or whole * scale == size):
        return (value + (1 << 31)) % (1 << 32) - (1 << 31)
    return max(-(1 << 31), min((1 << 31) - 1, value))


def _name_reader(letter: str) -> Step:
    """The longest name that is there, whatever its case."""
    names = dict(_names(letter))
    longest = sorted(names, key=len, reverse=True)
    find = re.compile("|".join(map(re.escape, longest)), re.IGNORECASE | re.ASCII).match

    def step(reading: Reading) -> bool:
        match = find(reading.text, reading.at)
        if match is None:
            return False
        reading.at = match.end()
        return reading.set(letter, names[match[0].lower()])

    return step


def _names(letter: str) -> Iterator[tuple[str, int]]:
    """Long and short names in lower case, with their numbers."""
    if letter in "aG":
        choices: Iterable[tuple[str, ...]] = (
            (("am",), ("pm",)) if letter == "a" else (("bc", "before christ"), ("ad", "anno domini"))
        )
        return ((name, number) for number, names in enumerate(choices) for name in names)
    full = enumerate(DAYS if letter == "E" else MONTHS, 1)
    return ((name, number) for number, long in full for name in (long.lower(), long[:3].lower()))


def _zone_reader(field: Letters) -> Step:
    iso = _ISO_OFFSETS[field.width - 1] if field.letter == "X" else None

    def step(reading: Reading) -> bool:
        blank = _BLANK.match(reading.text, reading.at)
        at = blank.end() if blank else reading.at
        found = _offset(iso, reading.text, at) if iso else _general_offset(reading.text, at)
        if found is None:
            return False
        reading.at = found[0]
        return reading.set("Z", found[1])

    return step


def _general_offset(text: str, at: int) -> tuple[int, int] | None:
    return _offset(_OFFSET, text, at) or _offset(_GMT, text, at) or _zone_name(text, at)


def _offset(pattern: re.Pattern[str], text: str, at: int) -> tuple[int, int] | None:
    """Where the offset ends, and its milliseconds."""
    match = pattern.match(text, at)
    if match is None:
        return None
    sign, hours, minutes = match.groups()
    if sign is None:
        return match.end(), 0
    if int(hours) > 23 or int(minutes or 0) > 59:
        return None
    return match.end(), (int(hours) * 60 + int(minutes or 0)) * 60_000 * (-1 if sign == "-" else 1)


_find_zone = re.compile("|".join(sorted(_ZONES, key=len, reverse=True)), re.IGNORECASE | re.ASCII).match
_ZONE_MINUTES = {name.lower(): minutes for name, minutes in _ZONES.items()}


def _zone_name(text: str, at: int) -> tuple[int, int] | None:
    match = _find_zone(text, at)
    return (match.end(), _ZONE_MINUTES[match[0].lower()] * 60_000) if match else None
