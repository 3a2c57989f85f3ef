"""Traps of timestamps, zones and languages."""

from __future__ import annotations

import re
from collections.abc import Iterable

from s3sink.connect.plugins import EXTRACTORS
from s3sink.connect.rules.finding import Finding, Linted, Rule
from s3sink.connect.rules.meant import fields, is_legal

_SIMPLE_DATES = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "SSS": "%f"}


def _extractor(linted: Linted) -> str:
    name = linted["timestamp.extractor"]
    return EXTRACTORS.get(name, name) if linted.time_based else ""


def timestamp_parser(linted: Linted) -> Iterable[Finding]:
    """A key that tutorials have and the connector has not."""
    key = "timestamp.parser"
    if not linted.given(key):
        return
    pattern = linted.text(key)
    if _extractor(linted) == "RecordField" and pattern and not set("-:/ .,'") & set(pattern):
        reason = "is no key of the connector: a text of digits alone, such as 20231001, is read as milliseconds of 1970"
        remedy = f"write s3sink.timestamp.format={_strptime(pattern)} instead, or send dates as 2023-10-01"
        yield linted.warning(key, reason, remedy)
    else:
        reason = "is no key of the connector: RecordField reads ISO 8601 (2023-10-01, 2023-10-01T10:00:00Z) and numbers"
        yield linted.warning(key, reason, "leave it out")


def _strptime(pattern: str) -> str:
    return re.sub("yyyy|MM|dd|HH|mm|SSS|ss", lambda found: _SIMPLE_DATES[found[0]], pattern)


def wall_clock(linted: Linted) -> Iterable[Finding]:
    """Directories of the time of processing."""
    if _extractor(linted) == "Wallclock":
        how = "" if linted.given("timestamp.extractor") else " (the default)"
        reason = (
            f"Wallclock{how} sorts records by when they are processed: what is read again lands in another directory"
        )
        yield linted.warning("timestamp.extractor", reason, "write timestamp.extractor=Record, or RecordField")


def dates_without_zone(linted: Linted) -> Iterable[Finding]:
    """Texts without an offset are not in `timezone`."""
    zone = linted["timezone"]
    ours = linted["s3sink.timestamp.timezone"]
    if _extractor(linted) == "RecordField" and zone not in ("", ours) and not linted.given("s3sink.timestamp.timezone"):
        reason = (
            f"texts without an offset (2023-10-01T10:00) are times of {ours}, for the connector of the JVM, "
            f"and shown in {zone}: west of Greenwich a date becomes the day before"
        )
        yield linted.note("timestamp.field", reason, f"if they are local times, add s3sink.timestamp.timezone={zone}")


def language_with_country(linted: Linted) -> Iterable[Finding]:
    """`en_US` is no language."""
    locale = linted["locale"]
    if not linted.time_based or not re.search("[_-]", locale):
        return
    language = re.split("[_-]", locale)[0]
    pattern = linted.text("path.format")
    if _shows_names(pattern):
        reason = "is taken for the name of a language, as a whole: names of months and days are in none"
        yield linted.warning("locale", reason, f"write locale={language}")
    else:
        reason = "is taken for the name of a language, as a whole; the pattern has numbers only, so it does not matter"
        yield linted.note("locale", reason, f"write locale={language}")


def _shows_names(pattern: str) -> bool:
    return is_legal(pattern) and any(
        letter in "EaG" or (letter == "M" and width > 2) for letter, width in fields(pattern)
    )


def schedule_without_zone(linted: Linted) -> Iterable[Finding]:
    """The schedule is counted from somebody's midnight."""
    interval = linted["rotate.schedule.interval.ms"]
    if interval > 0 and not linted.text("timezone") and not linted["s3sink.schedule.timezone"]:
        reason = (
            "timezone configuration must be set when using rotate.schedule.interval.ms: it is counted from midnight"
        )
        yield linted.error("timezone", reason, "add timezone=UTC, or the zone whose midnight you mean")


def incomplete_time_partitioner(linted: Linted) -> Iterable[Finding]:
    """Time-based partitioners need zone and locale, Hourly and Daily too."""
    if not linted.time_based:
        return
    for key, words, remedy in (
        ("locale", "Locale cannot be empty.", "add locale=en"),
        ("timezone", "Timezone cannot be empty.", "add timezone=UTC, or the zone whose days you mean"),
    ):
        if not linted.text(key):
            reason = f"{words} The {linted.partitioner}Partitioner needs it, and Kafka Connect says so at start only"
            yield linted.error(key, reason, remedy)


RULES: tuple[Rule, ...] = (
    timestamp_parser,
    wall_clock,
    dates_without_zone,
    language_with_country,
    schedule_without_zone,
    incomplete_time_partitioner,
)
