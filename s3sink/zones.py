"""Time zones in milliseconds: what Joda answers, with the zone data that Python has."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAY = 86_400_000
_CYCLE = 146_097 * DAY  # 400 years: the calendar and the rules of all zones repeat
_FIRST, _LAST = -62_000_000_000_000, 253_000_000_000_000  # well inside what datetime can hold
_FIXED = re.compile(r"(?:UTC|GMT|UT)?([+-])([0-9]{2}):?([0-9]{2})(?::?([0-9]{2}))?")

_SIGNED = re.compile("(?:UTC|GMT|UT)?([+-].*)")


def parse_zone(name: str) -> tzinfo:
    """The zone of an id such as `Europe/Paris`, `UTC`, `Z`, `+02:00`, `-0800`, `GMT+02:00`.

    Raises ValueError with Joda's words for one that does not exist; ids are case-sensitive.
    """
    if name in ("UTC", "Z"):
        return UTC
    fixed = _FIXED.fullmatch(name)
    if fixed:
        return _fixed_zone(*fixed.groups(default="00"))
    if signed := _SIGNED.fullmatch(name):
        raise ValueError(f'Invalid format: "{signed[1]}" is malformed at "{signed[1][1:]}"')
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a directory of the zone data, such as America
        raise ValueError(f"The datetime zone id '{name}' is not recognised") from None


def _fixed_zone(sign: str, hours: str, minutes: str, seconds: str) -> tzinfo:
    offset = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds))
    if offset >= timedelta(days=1):
        raise ValueError(f"The datetime zone id '{sign}{hours}:{minutes}' is not recognised")
    return timezone(-offset if sign == "-" else offset) if offset else UTC


def zone_problem(name: str) -> str | None:
    """What is wrong with a zone id, None where nothing is."""
    if not name.strip():
        return "Timezone cannot be empty."
    try:
        parse_zone(name)
    except ValueError as error:
        return str(error)
    return None


def as_datetime(instant: int, zone: tzinfo) -> datetime:
    """The second of an instant. Outside of the years 1 to 9999 the date is another one, with the zone's same offset."""
    if instant >= _LAST:
        instant = _LAST - _CYCLE + (instant - _LAST) % _CYCLE
    return datetime.fromtimestamp(max(instant, _FIRST) // 1000, zone)


def offset_at(instant: int, zone: tzinfo) -> int:
    """Milliseconds that the zone's clocks are ahead of UTC at an instant (epoch milliseconds)."""
    offset = as_datetime(instant, zone).utcoffset()
    return (offset.days * 86_400 + offset.seconds) * 1000 if offset else 0


def local_to_utc(local: int, zone: tzinfo) -> int:
    """The instant at which clocks show `local`; a local time that a change of the clocks skips is taken as later.

    Joda's lenient `convertLocalToUTC`, its choice in overlaps included: the later instant east of Greenwich where the
    first estimate says so, the earlier one otherwise.
    """
    estimate = offset_at(local, zone)
    offset = offset_at(local - estimate, zone)
    if offset != estimate and estimate < 0 and offset_at(local - offset, zone) != offset:
        offset = estimate
    return local - offset


def start_of_day(instant: int, zone: tzinfo, days: int = 0) -> int:
    """The first instant of the local day of `instant`, or of the day that many days later."""
    date = as_datetime(instant, zone).date() + timedelta(days=days)
    # fold=0: the earlier of two midnights, and the end of the gap for one that is skipped
    return int(datetime(date.year, date.month, date.day, tzinfo=zone).timestamp()) * 1000
