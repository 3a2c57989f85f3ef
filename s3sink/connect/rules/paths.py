"""Traps of `path.format`: a pattern in Joda's language that is legal, and yet not what somebody means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from s3sink.connect.rules.finding import Finding, Linted, Rule
from s3sink.connect.rules.meant import DIRECTIVE, EXPRESSION, bare_words, fields, is_legal, meant

KEY = "path.format"
_UNITS = {"S": 1, "s": 1000, "m": 60_000, "H": 3_600_000, "h": 3_600_000, "K": 3_600_000, "k": 3_600_000}
_DAY = 86_400_000


def _pattern(linted: Linted) -> str:
    """The pattern, where there is one in Joda's language that counts."""
    if linted.partitioner != "TimeBased" or linted["s3sink.path.syntax"] == "strftime":
        return ""
    pattern = linted.text(KEY)
    return "" if linted["s3sink.path.syntax"] == "auto" and "%" in pattern else pattern


def _letters(linted: Linted) -> list[str]:
    return [letter for letter, _ in fields(_pattern(linted))]


def _remedy(pattern: str, otherwise: str) -> str:
    guess = meant(pattern)
    return f"write {KEY}={guess}" if guess else otherwise


def foreign_expression(linted: Linted) -> Iterable[Finding]:
    """`!{timestamp:yyyy}` is Kinesis Firehose's language, `${value}` nobody's."""
    pattern = _pattern(linted)
    found = EXPRESSION.findall(pattern)
    if found:
        reason = (
            f"{found[0]} is no expression here: quoted, it is the directory's name as it stands; not quoted, no pattern"
        )
        yield linted.error(KEY, reason, _remedy(pattern, "write Joda's letters: 'year'=YYYY/'month'=MM/'day'=dd"))


def strftime_pattern(linted: Linted) -> Iterable[Finding]:
    """`%Y` is a percent sign and a year in Joda's language."""
    pattern = _pattern(linted)
    found = DIRECTIVE.findall(pattern)
    if found:
        reason = f"{found[0]} is strftime's language; for Joda's it is a percent sign and the field {found[0][1]!r}"
        remedy = _remedy(pattern, "write Joda's letters")
        yield linted.error(KEY, reason, f"{remedy}, or leave it and add s3sink.path.syntax=strftime")


def nothing_but_text(linted: Linted) -> Iterable[Finding]:
    """Quotes around everything leave no field."""
    pattern = _pattern(linted)
    if pattern and not fields(pattern) and not EXPRESSION.search(pattern):
        reason = "there is no field outside the quotes, so that all files land in one directory of that name"
        yield linted.error(KEY, reason, _remedy(pattern, "take the quotes off the letters of the date"))


def unquoted_words(linted: Linted) -> Iterable[Finding]:
    """`year=` needs quotes around `year`: letters outside them are fields, legal ones or not."""
    pattern = _pattern(linted)
    if not pattern or DIRECTIVE.search(pattern) or EXPRESSION.search(pattern):
        return
    words = bare_words(pattern)
    if words or not is_legal(pattern):
        what = f"{words[0]!r} is not quoted" if words else "a letter outside quotes is no field"
        reason = f"{what}: outside quotes every letter is a field of the date ('d' the day, 'a' AM or PM, 'r' none)"
        yield linted.error(KEY, reason, _remedy(pattern, "put text into single quotes: 'year'=YYYY"))


def day_of_year(linted: Linted) -> Iterable[Finding]:
    """`DD` is the day of the year."""
    if "D" not in _letters(linted):
        return
    pattern = _pattern(linted)
    reason = "D is the day of the year (2 April is 92), d the day of the month"
    if {"M", "m"} & set(_letters(linted)):
        yield linted.error(KEY, reason, _remedy(pattern, "write dd"))
    elif ("D", 2) in fields(pattern):
        yield linted.warning(KEY, reason, "write DDD for days of the year, or MM/dd")


def minute_for_month(linted: Linted) -> Iterable[Finding]:
    """`mm` is the minute: before the hour, or without one, it was to be the month."""
    letters = _letters(linted)
    if "m" in letters and "M" not in letters and not _hour_before(letters, letters.index("m")):
        pattern = _pattern(linted)
        yield linted.error(KEY, "m is the minute, M the month", _remedy(pattern, "write MM for the month"))


def month_for_minute(linted: Linted) -> Iterable[Finding]:
    """A second `MM`, behind the hour, was to be the minute."""
    letters = _letters(linted)
    last = len(letters) - 1 - letters[::-1].index("M") if "M" in letters else 0
    if letters.count("M") > 1 and _hour_before(letters, last):
        yield linted.error(KEY, "M is the month, m the minute", _remedy(_pattern(linted), "write mm for the minute"))


def _hour_before(letters: Sequence[str], at: int) -> bool:
    return any(letter in "HhKk" for letter in letters[:at])


def half_days(linted: Linted) -> Iterable[Finding]:
    """`hh` without `a` puts the afternoon into the morning's directories."""
    letters = _letters(linted)
    if {"h", "K"} & set(letters) and "a" not in letters:
        reason = "h and K count to twelve, so that morning and afternoon share directories"
        yield linted.error(KEY, reason, _remedy(_pattern(linted), "write HH for hours 00 to 23"))


def week_years(linted: Linted) -> Iterable[Finding]:
    """`xxxx` is the year of the week, another one around New Year."""
    letters = set(_letters(linted))
    if "x" in letters and "w" not in letters and letters & set("MdD"):
        reason = "x is the year that the week belongs to: 2018-12-31 is in the weekyear 2019"
        yield linted.warning(KEY, reason, "write YYYY for the year of the date")
    elif "w" in letters and letters & set("Yy") and "x" not in letters:
        reason = "the week needs its own year: 2018-12-31 is in week 01, of 2019"
        yield linted.warning(KEY, reason, "write xxxx beside ww")


def year_letters(linted: Linted) -> Iterable[Finding]:
    """`YYYY` is the calendar year in Joda's language only."""
    if "Y" in _letters(linted):
        reason = "YYYY is the calendar year here and in the connector (Joda); in Java's own patterns it is the week's"
        yield linted.note(KEY, reason, "nothing to do; yyyy is the same and means it everywhere")


def other_delimiter(linted: Linted) -> Iterable[Finding]:
    """The pattern has its own slashes, whatever `directory.delim` says."""
    delimiter = linted["directory.delim"]
    pattern = _pattern(linted)
    if delimiter != "/" and "/" in pattern:
        reason = f"the slashes stay slashes: directory.delim={delimiter!r} does not change the pattern"
        yield linted.warning(KEY, reason, f"write {pattern.replace('/', delimiter)}")


def empty_levels(linted: Linted) -> Iterable[Finding]:
    """A slash at the beginning, or two in a row, make directories without a name."""
    pattern = _pattern(linted)
    if pattern.startswith("/") or "//" in pattern:
        reason = "a slash at the beginning, or two of them, make a directory without a name: topics/orders//..."
        remedy = "/".join(part for part in pattern.split("/") if part)
        yield linted.warning(KEY, reason, f"write {KEY}={remedy}")


def no_duration(linted: Linted) -> Iterable[Finding]:
    """The connector needs the length of a bucket."""
    if linted.partitioner == "TimeBased" and not linted.given("partition.duration.ms"):
        finest = min((_UNITS.get(letter, _DAY) for letter in _letters(linted)), default=_DAY)
        reason = "is left out: Kafka Connect refuses that when the task starts; here a bucket is an hour or less"
        yield linted.warning("partition.duration.ms", reason, f"add partition.duration.ms={finest}")


def longer_buckets(linted: Linted) -> Iterable[Finding]:
    """Paths are those of the bucket's start, so that finer fields never move."""
    duration = linted["partition.duration.ms"]
    finest = min((_UNITS.get(letter, _DAY) for letter in _letters(linted)), default=_DAY)
    if finest < _DAY and duration > finest:
        reason = f"the path is that of the bucket's start, and a bucket is {duration} ms: finer fields never change"
        remedy = f"write partition.duration.ms={finest}, or leave the finer fields out of path.format"
        yield linted.warning("partition.duration.ms", reason, remedy)


def drifting_buckets(linted: Linted) -> Iterable[Finding]:
    """Buckets are counted from the local epoch, not from midnight."""
    duration = linted["partition.duration.ms"]
    if linted.partitioner != "TimeBased" or duration <= 0:
        return
    if duration < _DAY and _DAY % duration:
        reason = "it does not divide a day: buckets are counted from 1970, so they begin at another time every day"
        yield linted.warning("partition.duration.ms", reason, "take a part of 86400000, such as 3600000")
    elif duration > _DAY and duration % _DAY == 0:
        reason = f"buckets of {duration // _DAY} days are counted from Thursday, 1 January 1970"
        yield linted.note("partition.duration.ms", reason, "expect no weeks or months, or take 86400000")


def path_format_of_others(linted: Linted) -> Iterable[Finding]:
    """Only the TimeBasedPartitioner has a pattern."""
    if not linted.given(KEY) or linted.partitioner in ("TimeBased", ""):
        return
    own = {
        "Field": f"it names directories itself: {'/'.join(f'{name}=...' for name in linted['partition.field.name'])}",
        "Default": "its directories are partition=<number>",
        "Hourly": "its pattern is 'year'=YYYY/'month'=MM/'day'=dd/'hour'=HH",
        "Daily": "its pattern is 'year'=YYYY/'month'=MM/'day'=dd",
    }[linted.partitioner]
    reason = f"means nothing to the {linted.partitioner}Partitioner: {own}"
    yield linted.warning(KEY, reason, "leave it out, or take the TimeBasedPartitioner")


RULES: tuple[Rule, ...] = (
    foreign_expression,
    strftime_pattern,
    nothing_but_text,
    unquoted_words,
    day_of_year,
    minute_for_month,
    month_for_minute,
    half_days,
    week_years,
    year_letters,
    other_delimiter,
    empty_levels,
    no_duration,
    longer_buckets,
    drifting_buckets,
    path_format_of_others,
)
