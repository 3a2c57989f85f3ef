"""Date patterns. The tables are answers of java.text.SimpleDateFormat (Java 17), in UTC and English."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from s3sink.java_calendar import DAY_MS
from s3sink.simple_date_format import SimpleDateFormat

NOW = 1_795_219_200_000  # 2026-11-21
COMMON = [
    "yyyy-MM-dd", "yyyyMMdd", "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "yyyy-MM-dd HH:mm:ss",
    "yyyyMMddHHmmssSSS", "EEE, dd MMM yyyy HH:mm:ss Z", "yyyy MM dd HH mm ss SSS z", "MMM d, yyyy h:mm:ss a", "D yyyy",
    "yyyy.MM.dd G 'at' HH:mm", "YYYY-'W'ww-u", "dd/MM/yyyy kk:mm", "'{0}' yyyy", "K a dd MMMM yyyy", "yyyy W MM u",
]  # fmt: skip
patterns = st.sampled_from([SimpleDateFormat(pattern) for pattern in COMMON])
instants = st.integers(-62_135_769_600_000, 253_402_300_799_999)
COMPLETE = {"yyyy-MM-dd'T'HH:mm:ss.SSS'Z'": 1, "yyyyMMddHHmmssSSS": 1, "yyyy MM dd HH mm ss SSS z": 1,
            "yyyy-MM-dd'T'HH:mm:ss.SSSXXX": 1, "yyyy-MM-dd HH:mm:ss": 1000, "EEE, dd MMM yyyy HH:mm:ss Z": 1000,
            "MMM d, yyyy h:mm:ss a": 1000, "dd/MM/yyyy kk:mm": 60_000, "K a dd MMMM yyyy": 3_600_000,
            "yyyy-MM-dd": DAY_MS, "yyyyMMdd": DAY_MS, "D yyyy": DAY_MS, "YYYY-'W'ww-u": DAY_MS}  # fmt: skip


# ---------------------------------------------------------------------------------------------- properties
@given(st.sampled_from(sorted(COMPLETE)), instants)
@example("D yyyy", -12_219_292_800_000)
def test_what_is_printed_is_read_as_the_same_moment(pattern: str, instant: int) -> None:
    assume(("Y" not in pattern and "D" not in pattern) or not -12_230_000_000_000 < instant < -12_180_000_000_000)
    form = SimpleDateFormat(pattern)
    assert form.parse(form.format(instant)) == instant - instant % COMPLETE[pattern]


@given(patterns, instants)
@example(SimpleDateFormat("yyyy-MM-dd"), -12_219_292_800_001)
def test_the_short_way_to_print_is_the_long_one(form: SimpleDateFormat, instant: int) -> None:
    assert form.format(instant) == form.format_slowly(instant)


@given(patterns, instants, st.integers(0, 30), st.text("0123456789-: EZT+", max_size=2), st.integers(0, 2))
def test_the_short_way_to_read_is_the_long_one(
    form: SimpleDateFormat, instant: int, at: int, inserted: str, removed: int
) -> None:
    text = form.format(instant)
    text = text[:at] + inserted + text[at + removed :]
    assert form.parse(text) == form.parse_slowly(text)


@given(patterns, st.text(max_size=25) | st.text("0123456789-:/.TZ +E", max_size=25))
def test_no_text_breaks_the_reader(form: SimpleDateFormat, text: str) -> None:
    assert form.parse(text) is None or -(2**63) <= (form.parse(text) or 0) < 2**63


@given(instants, st.integers(-100, 100), st.integers(-400, 400), st.integers(-30, 90))
def test_what_is_too_much_is_carried_over(instant: int, months: int, days: int, hours: int) -> None:
    form = SimpleDateFormat("yyyy MM dd HH")
    year = int(SimpleDateFormat("yyyy").format(instant))
    assume(1700 < year < 9000)
    start = form.parse(f"{year} {1 + months} 1 0")
    assert start is not None
    assert form.parse(f"{year} {1 + months} {1 + days} {hours}") == start + days * DAY_MS + hours * 3_600_000


# ---------------------------------------------------------------------------------------------- Java's answers
@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("YYYY-MMMM EEEE aa zzzz XXX", "2017-January Tuesday AM Coordinated Universal Time Z"),
        ("yy y yyyyyy MMM LLLL M", "17 2017 002017 Jan January 1"), ("S SS SSSSSS", "864 864 000864"),
        ("D F w W u E", "3 1 1 1 2 Tue"), ("HH H kk K h", "06 6 06 6 6"), ("z Z X XX G", "UTC +0000 Z Z AD"),
        ("'o''clock' '' {yyyy}", "o'clock ' {2017}"), ("YYYYMMddHHmm", "201701030630"), ("yyyy-é", "2017-é"),
    ],
)  # fmt: skip
def test_all_letters_print(pattern: str, text: str) -> None:
    assert SimpleDateFormat(pattern).format(1_483_425_001_864) == text


@pytest.mark.parametrize(
    ("pattern", "instant", "text"),
    [
        ("yyyy-MM-dd", -12_219_292_800_000, "1582-10-15"), ("yyyy-MM-dd", -12_219_292_800_001, "1582-10-04"),
        ("D yyyy", -12_219_292_800_000, "278 1582"), ("yyyy G", -62_293_622_400_000, "0005 BC"),
        ("YYYY ww", 1_230_681_600_000, "2009 01"), ("yyyyy", 253_402_300_800_000, "10000"),
        ("h a", 43_200_000, "12 PM"),
    ],
)  # fmt: skip
def test_the_calendar_is_javas(pattern: str, instant: int, text: str) -> None:
    assert SimpleDateFormat(pattern).format(instant) == text


@pytest.mark.parametrize(
    ("pattern", "text", "instant"),
    [
        ("yyyy-MM-dd", "2017-13-45", 1_518_566_400_000), ("yyyy-MM-dd", "2017-01-03 and more", 1_483_401_600_000),
        ("yyyyMMdd", "2017013", 1_483_401_600_000), ("yyyyMMdd", "201701", None), ("yyyyMMdd",
        "2017-1-3", 1_477_612_800_000),
        ("yyyyMMdd", "2017 103", 1_483_401_600_000), ("yyyy", "1E3", -30_609_792_000_000), ("yyyy",
        "-5", -62_325_158_400_000),
        ("yyyy", "+5", None), ("yyyy", "\t2017", 1_483_228_800_000), ("yyyy", "\n2017", None), ("yyyy",
        "NaN", -62_167_392_000_000),
        ("yyyy", "99999999999", 1_471_883_220_702_496_768), ("yyyy/MM/dd", "2017-01-03", None), ("dd",
        "3.5E1", 172_800_000),
        ("MMM d yyyy", "JANUARY 3 2017", 1_483_401_600_000), ("MMM d yyyy", " Jan 3 2017", None), ("ddMMM",
        "3Jan", 172_800_000),
        ("EEE, d MMM yyyy", "Wed, 3 Jan 2017", 1_483_401_600_000), ("E", "Tue", 432_000_000),
        ("yyyy-MM F E", "2017-05 -1 Tue", 1_496_102_400_000), ("yyyy-MM W u", "2017-05 2 3", 1_494_374_400_000),
        ("yyyy D MM dd", "2017 20 05 06", 1_494_028_800_000), ("yyyy MM dd D", "2017 05 06 20", 1_484_870_400_000),
        ("YYYY-MM-dd", "2017-05-03", 1_483_228_800_000), ("YYYY-ww-u", "2017-01-9", 1_484_006_400_000),
        ("hh:mm a", "12:30 AM", 1_800_000), ("hh:mm a", "1:30PM", None), ("h a H", "6 PM 5", 18_000_000), ("kk:mm",
        "24:30", 1_800_000),
        ("yyyy G", "5 BC", -62_293_622_400_000), ("ss.S", "03.123456789", 123_459_789), ("HH:mm", "-1:-1", -3_660_000),
        ("yyyy-MM-dd", "1582-10-10", -12_218_860_800_000), ("yyyy-MM-dd", "1000-02-29", -30_604_694_400_000),
        ("yyyy-MM-dd", "２０１７-０１-０３", 1_483_401_600_000), ("HHmm", "130", 46_800_000),
    ],
)  # fmt: skip
def test_texts_are_read_leniently(pattern: str, text: str, instant: int | None) -> None:
    assert SimpleDateFormat(pattern).parse(text) == instant


@pytest.mark.parametrize(
    ("pattern", "text", "minutes"),
    [
        ("z", "UTC", 0), ("z", "utc+1", 0), ("z", "PDT", -420), ("z", "CEST", 120), ("z", "GMT", 0), ("z",
        "GMT+1:00", 60),
        ("z", "GMT+1", None), ("z", "GMT+0100", None), ("z", "+0100", 60), ("z", "+01:00", None), ("z", "Z", None),
        ("z", "America/Los_Angeles", None), ("Z", "-0530", -330), ("Z", " +0100", 60), ("Z", "+2400", None), ("Z",
        "+0060", None),
        ("X", "Z", 0), ("X", "z", None), ("X", "+0130", 60), ("XX", "+0130", 90), ("XX", "+01:30", None), ("XXX",
        "-00:30", -30),
        ("XXX", "+01", None), ("XXX", " Z", 0), ("zzzz", "Coordinated Universal Time", 0),
    ],
)  # fmt: skip
def test_zones_are_offsets(pattern: str, text: str, minutes: int | None) -> None:
    assert SimpleDateFormat(pattern).parse(text) == (None if minutes is None else -minutes * 60_000)


@pytest.mark.parametrize(
    ("text", "year"),
    [("46-11-21", 2046), ("46-11-22", 1946), ("46-12-22", 1946), ("47-01-01", 1947), ("99-01-01", 1999),
     ("45-01-01", 2045),
     ("017-01-01", 17), ("1-01-01", 1), ("2017-01-01", 2017)],
)  # fmt: skip
def test_two_digits_are_a_year_of_the_hundred_that_began_eighty_years_ago(text: str, year: int) -> None:
    found = SimpleDateFormat("yy-MM-dd", clock=lambda: NOW + DAY_MS // 2).parse(text)
    assert found is not None
    assert SimpleDateFormat("y").format(found) == str(year)


@pytest.mark.parametrize(
    ("pattern", "complaint"),
    [("bad-format", "Illegal pattern character 'b'"), ("yyyy-MM-ddTHH", "Illegal pattern character 'T'"),
     ("yyyy'x", "Unterminated quote"), ("XXXX", "invalid ISO 8601 format: length=4")],
)  # fmt: skip
def test_a_wrong_pattern_is_refused_with_javas_words(pattern: str, complaint: str) -> None:
    with pytest.raises(ValueError, match="^" + complaint.replace("'", ".")):
        SimpleDateFormat(pattern)
