"""The calendar fields of an instant in a time zone, for any year."""

from __future__ import annotations

from datetime import tzinfo
from typing import NamedTuple

from s3sink.zones import DAY, as_datetime, offset_at

_EPOCH_DAYS = 719_468  # from 0000-03-01 to 1970-01-01


class Moment(NamedTuple):
    """One instant as clocks and calendars of a zone show it, in the proleptic Gregorian calendar (ISO 8601).

    `weekday` is 1 for Monday, `offset` milliseconds ahead of UTC, `day_millis` the time of day in milliseconds.
    """

    year: int
    month: int
    day: int
    day_of_year: int
    weekday: int
    weekyear: int
    week: int
    day_millis: int
    offset: int
    zone_name: str
    zone_id: str

    @classmethod
    def of(cls, instant: int, zone: tzinfo) -> Moment:
        """The fields of an instant given in epoch milliseconds."""
        offset = offset_at(instant, zone)
        days, day_millis = divmod(instant + offset, DAY)
        year, month, day = civil_from_days(days)
        weekday = (days + 3) % 7 + 1
        weekyear = civil_from_days(days - weekday + 4)[0]  # the year of that week's Thursday
        week = (days - weekday + 4 - days_from_civil(weekyear, 1, 1)) // 7 + 1
        day_of_year = days - days_from_civil(year, 1, 1) + 1
        name = as_datetime(instant, zone).tzname() or ""
        return cls(
            year, month, day, day_of_year, weekday, weekyear, week, day_millis, offset, name, _zone_id(zone, offset)
        )


def days_from_civil(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to a date."""
    if month <= 2:
        year -= 1
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - _EPOCH_DAYS


def civil_from_days(days: int) -> tuple[int, int, int]:
    """Year, month and day of a number of days since 1970-01-01."""
    era, day_of_era = divmod(days + _EPOCH_DAYS, 146_097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153  # March is 0
    month = shifted + 3 if shifted < 10 else shifted - 9
    return era * 400 + year_of_era + (month <= 2), month, day_of_year - (153 * shifted + 2) // 5 + 1


def offset_text(offset: int, separator: str = ":") -> str:
    """`+02:00`; seconds are not shown."""
    minutes = abs(offset) // 60_000
    return f"{'-' if offset < 0 else '+'}{minutes // 60:02d}{separator}{minutes % 60:02d}"


def _zone_id(zone: tzinfo, offset: int) -> str:
    key: str | None = getattr(zone, "key", None)
    return key or ("UTC" if offset == 0 else offset_text(offset))
