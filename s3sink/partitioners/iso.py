"""ISO 8601 text to time, as Joda's `ISODateTimeFormat.dateTimeParser()` reads it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

from s3sink.partitioners.moment import days_from_civil
from s3sink.zones import DAY, local_to_utc

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_YEAR = "[+-]?[0-9]{1,9}"
_OFFSET = "Z|z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9](?::?[0-5][0-9])?)?"
_WEEK = re.compile(rf"(?P<year>{_YEAR})-W(?P<week>[0-9]{{1,2}})(?:-(?P<weekday>[0-9]))?")
_ORDINAL = re.compile(rf"(?P<year>{_YEAR})-(?P<ordinal>[0-9]{{3}})")
_CALENDAR = re.compile(rf"(?P<year>{_YEAR})(?:-(?P<month>[0-9]{{1,2}})(?:-(?P<day>[0-9]{{1,2}}))?)?")
_USUAL = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(?:[.,][0-9]+)?"
    "(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
).fullmatch
_TIME = re.compile(
    r"(?:(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{1,2})(?::(?P<second>[0-9]{1,2}))?)?(?:[.,](?P<fraction>[0-9]+))?)?"
    rf"(?P<offset>{_OFFSET})?"
)
_BEGINNING = re.compile(
    rf"(?:{_YEAR}(?:-W[0-9]{{1,2}}(?:-[0-9])?|-[0-9]{{3}}|-[0-9]{{1,2}}(?:-[0-9]{{1,2}})?)?)?"
    rf"(?:T[0-9]{{1,2}}(?::[0-9]{{1,2}}(?::[0-9]{{1,2}})?)?(?:[.,][0-9]+)?(?:{_OFFSET})?)?"
)


def parse_iso(text: str, zone: tzinfo) -> int:
    """Epoch milliseconds of a date, a `T` time (of 1970-01-01), or both; text without an offset is local to `zone`.

    Raises ValueError: what has a space for the `T`, no separators, a zone in brackets or hour 24 is not accepted.
    """
    fast = _usual(text)
    return parse_strictly(text, zone) if fast is None else fast


def _usual(text: str) -> int | None:
    """The common `2017-03-02T10:00:00[.123](Z|+02:00)` at C speed; None for anything else."""
    if _USUAL(text) is None:
        return None
    try:
        return (datetime.fromisoformat(text) - _EPOCH) // _MS
    except ValueError:
        return None


def parse_strictly(text: str, zone: tzinfo) -> int:
    """The definition of `parse_iso`, without its short cut."""
    date, _, rest = text.partition("T")
    if not date and not rest:
        raise _malformed(text)
    local = _date(date, text) * DAY if date else 0
    time = _TIME.fullmatch(rest)
    if time is None or (not date and time["hour"] is None):
        raise _malformed(text)
    local += _time_of_day(time, text)
    return local_to_utc(local, zone) if time["offset"] is None else local - _offset(time["offset"])


def _date(date: str, text: str) -> int:
    """Days since 1970-01-01."""
    if match := _WEEK.fullmatch(date):
        return _week_date(match, text)
    if match := _ORDINAL.fullmatch(date):
        year = int(match["year"])
        length = days_from_civil(year + 1, 1, 1) - days_from_civil(year, 1, 1)
        return days_from_civil(year, 1, 1) + _within(match["ordinal"], "dayOfYear", 1, length, text) - 1
    if match := _CALENDAR.fullmatch(date):
        return _calendar_date(match, text)
    raise _malformed(text)


def _calendar_date(match: re.Match[str], text: str) -> int:
    year, month = int(match["year"]), _within(match["month"] or "1", "monthOfYear", 1, 12, text)
    following = days_from_civil(year + month // 12, month % 12 + 1, 1)
    length = following - days_from_civil(year, month, 1)
    return days_from_civil(year, month, _within(match["day"] or "1", "dayOfMonth", 1, length, text))


def _week_date(match: re.Match[str], text: str) -> int:
    first = _first_monday(int(match["year"]))
    weeks = (_first_monday(int(match["year"]) + 1) - first) // 7
    week = _within(match["week"], "weekOfWeekyear", 1, weeks, text)
    return first + 7 * (week - 1) + _within(match["weekday"] or "1", "dayOfWeek", 1, 7, text) - 1


def _first_monday(weekyear: int) -> int:
    """The Monday of week 1, the one with 4 January."""
    fourth = days_from_civil(weekyear, 1, 4)
    return fourth - (fourth + 3) % 7


def _time_of_day(time: re.Match[str], text: str) -> int:
    """Milliseconds; a fraction belongs to the last unit that is given and is cut off at the millisecond."""
    unit, millis = 3_600_000, 0
    for name, field, limit, size in _CLOCK:
        if time[name] is None:
            break
        millis += _within(time[name], field, 0, limit, text) * size
        unit = size
    fraction = time["fraction"]
    return millis + (int(fraction) * unit // 10 ** len(fraction) if fraction else 0)


_CLOCK = (
    ("hour", "hourOfDay", 23, 3_600_000),
    ("minute", "minuteOfHour", 59, 60_000),
    ("second", "secondOfMinute", 59, 1000),
)


def _offset(text: str) -> int:
    if text in "Zz":
        return 0
    hours, minutes, seconds = [*re.findall("[0-9]{2}", text), "00", "00"][:3]
    millis = (int(hours) * 3600 + int(minutes) * 60 + int(seconds)) * 1000
    return -millis if text[0] == "-" else millis


def _within(digits: str, field: str, low: int, high: int, text: str) -> int:
    value = int(digits)
    if not low <= value <= high:
        raise ValueError(f'Cannot parse "{text}": Value {value} for {field} must be in the range [{low},{high}]')
    return value


def _malformed(text: str) -> ValueError:
    """Joda's words: it says where the longest beginning ends that makes sense, and shows 32 characters behind that."""
    found = _BEGINNING.match(text)
    at = found.end() if found else 0
    sample = text if len(text) <= at + 35 else f"{text[: at + 32]}..."
    if at <= 0:
        return ValueError(f'Invalid format: "{sample}"')
    if at >= len(text):
        return ValueError(f'Invalid format: "{sample}" is too short')
    return ValueError(f'Invalid format: "{sample}" is malformed at "{sample[at:]}"')
