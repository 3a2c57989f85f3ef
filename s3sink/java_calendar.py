"""`java.util.GregorianCalendar` in UTC and the US locale, as far as date patterns need it.

Dates before 15 October 1582 are Julian, weeks begin on Sunday and week 1 is the one with 1 January. It is lenient: the
fields may have any value, and what is too much is carried over.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import accumulate
from typing import NamedTuple

DAY_MS = 86_400_000
EPOCH_DAY = 719_163  # `date.toordinal` of 1970-01-01
CUTOVER = date(1582, 10, 15).toordinal()
_CYCLE = 146_097  # days in 400 years
_DAYS_BEFORE = (0, *accumulate((31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30)))


class Moment(NamedTuple):
    """The fields of an instant. `year` is astronomical: 0 is 1 BC. `weekday` is 1 for Sunday."""

    year: int
    month: int
    day: int
    day_of_year: int
    weekday: int
    day_millis: int

    @classmethod
    def of(cls, instant: int) -> Moment:
        """The fields of an instant given in epoch milliseconds."""
        days, day_millis = divmod(instant, DAY_MS)
        ordinal = days + EPOCH_DAY
        year = _gregorian_year(ordinal) if ordinal >= CUTOVER else _julian_year(ordinal)
        day_of_year = ordinal - first_of_month(year, 1, ordinal >= CUTOVER) + 1
        leap = _is_leap(year, ordinal >= CUTOVER)
        month = next(m for m in range(12, 0, -1) if day_of_year > _days_before(m, leap))
        day = day_of_year - _days_before(month, leap)
        day_of_year -= 10 * (year == 1582 and ordinal >= CUTOVER)
        return cls(year, month, day, day_of_year, ordinal % 7 + 1, day_millis)

    @property
    def hour(self) -> int:
        return self.day_millis // 3_600_000

    @property
    def week_of_month(self) -> int:
        """1 for the week with the first day of the month."""
        return (self.day - self.weekday + 13) // 7

    @property
    def week_of_year(self) -> int:
        """1 for the week with 1 January, be that in this year or in the next."""
        return 1 if self._in_next_year else (self.day_of_year - self.weekday + 13) // 7

    @property
    def week_year(self) -> int:
        """The year that the week belongs to."""
        return self.year + self._in_next_year

    @property
    def _in_next_year(self) -> bool:
        return self.month == 12 and self.day + 7 - self.weekday > 31


def _is_leap(year: int, gregorian: bool) -> bool:
    return year % 4 == 0 and (not gregorian or year % 100 != 0 or year % 400 == 0)


def _days_before(month: int, leap: bool) -> int:
    return _DAYS_BEFORE[month - 1] + (leap and month > 2)


def _gregorian_year(ordinal: int) -> int:
    cycle, rest = divmod(ordinal - 1, _CYCLE)
    return date.fromordinal(rest + 1).year + 400 * cycle


def _julian_year(ordinal: int) -> int:
    return (4 * (ordinal + 1) + 1464) // 1461


def first_of_month(year: int, month: int, gregorian: bool = True) -> int:
    """The ordinal of the first day of a month; any whole number is a month, 13 is January of the next year."""
    more, month = divmod(month - 1, 12)
    year += more
    within = _days_before(month + 1, _is_leap(year, gregorian))
    if gregorian:
        return 365 * (year - 1) + (year - 1) // 4 - (year - 1) // 100 + (year - 1) // 400 + within + 1
    return 365 * (year - 1) + (year - 1) // 4 + within - 1


# ---------------------------------------------------------------------------------------------- fields -> instant
def instant_of(fields: Mapping[str, int]) -> int:
    """The epoch milliseconds of fields, which are given by their pattern letters in the order in which they were set.

    Of fields that contradict each other those that were set last win, as `Calendar.set` says.
    """
    order = {letter: rank for rank, letter in enumerate(fields, 1)}
    days, day_millis = divmod(_day_millis(fields, order), DAY_MS)
    instant = (_ordinal(fields, order, days) - EPOCH_DAY) * DAY_MS + day_millis - fields.get("Z", 0)
    return (instant + (1 << 63)) % (1 << 64) - (1 << 63)  # Java's arithmetic


def _day_millis(fields: Mapping[str, int], order: Mapping[str, int]) -> int:
    get = fields.get
    half_day = max(order.get("h", 0), order.get("a", 0)) if "h" in order and "a" in order else 0
    hour = get("H", 0) if order.get("H", 0) > half_day else get("h", 0) + 12 * get("a", 0)
    return ((hour * 60 + get("m", 0)) * 60 + get("s", 0)) * 1000 + get("S", 0)


def _ordinal(fields: Mapping[str, int], order: Mapping[str, int], more: int) -> int:
    """The day, with the days that the hours have brought."""
    if "Y" in fields and order["Y"] > order.get("y", 0):
        return more + _in_week_year(fields["Y"], fields.get("w", 1), fields.get("E", 1))
    year = fields.get("y", 1970)
    if fields.get("G") == 0:
        year = 1 - year
    kind = _date_kind(order)
    gregorian = year > 1582
    if year == 1582 and kind not in "Dw":
        gregorian = more + _in_year(fields, kind, year, gregorian=True) >= CUTOVER
    return more + _in_year(fields, kind, year, gregorian)


def _in_week_year(year: int, week: int, weekday: int) -> int:
    if not 1 <= weekday <= 7:  # a day of ISO's week, which begins on Monday, of another week
        weeks, day = divmod(weekday - 1, 7)
        week, weekday = week + weeks, (day + 1) % 7 + 1
    return _on_or_before(first_of_month(year, 1, year > 1582), 1) + 7 * (week - 1) + weekday - 1


def _on_or_before(ordinal: int, weekday: int) -> int:
    return ordinal - (ordinal - weekday + 1) % 7


def _in_year(fields: Mapping[str, int], kind: str, year: int, gregorian: bool) -> int:
    january, weekday = first_of_month(year, 1, gregorian), (fields.get("E", 1) - 1) % 7
    if kind == "D":
        return january + fields["D"] - 1
    if kind == "w":
        return _on_or_before(january, 1) + weekday + 7 * (fields["w"] - 1)
    first = first_of_month(year, fields.get("M", 1), gregorian)
    if kind == "d":
        return first + fields.get("d", 1) - 1
    if kind == "W":
        return _on_or_before(first, 1) + weekday + 7 * (fields["W"] - 1)
    count = fields.get("F", 1)
    if count < 0:
        month_end = first_of_month(year, fields.get("M", 1) + 1, gregorian)
        return _on_or_before(month_end + 7 * (count + 1) - 1, fields.get("E", 1))
    return _on_or_before(first + 7 * count - 1, fields.get("E", 1))


def _date_kind(order: Mapping[str, int]) -> str:
    """Which field says the day: the one set last of those that are complete, else alone, else the day of the month."""
    weekday = order.get("E", 0)
    complete = {letter: order[letter] for letter in "dD" if letter in order}
    if weekday:
        complete |= {letter: max(order[letter], weekday) for letter in "WFw" if letter in order}
    if complete:
        return _latest(complete, order)
    alone = {letter: order[letter] for letter in "WFw" if letter in order}
    if weekday:
        alone["F"] = max(alone.get("F", 0), weekday)
    return _latest(alone, order) if alone else "d"


def _latest(stamps: Mapping[str, int], order: Mapping[str, int]) -> str:
    best = max(stamps.values())
    last = [letter for letter in "dWFDw" if stamps.get(letter) == best]
    return max(last, key=lambda letter: order.get(letter, 0))
