"""Time zone ids and local time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.zones import local_to_utc, offset_at, parse_zone, start_of_day, zone_problem


@pytest.mark.parametrize("name", ["UTC", "Z", "GMT", "Europe/Paris", "US/Pacific", "CET", "Etc/GMT-2", "EST"])
def test_zone_ids_are_known(name: str) -> None:
    assert zone_problem(name) is None


@pytest.mark.parametrize(
    ("name", "hours"),
    [("+02:00", 2.0), ("-0800", -8.0), ("+0530", 5.5), ("GMT+02:00", 2.0), ("+00:00", 0.0), ("Etc/GMT-2", 2)],
)
def test_fixed_offsets_are_zones(name: str, hours: float) -> None:
    assert offset_at(0, parse_zone(name)) == hours * 3_600_000


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("utc", "The datetime zone id 'utc' is not recognised"),
        ("KST", "The datetime zone id 'KST' is not recognised"),
        ("../etc/passwd", "The datetime zone id '../etc/passwd' is not recognised"),
        ("GMT+2", 'Invalid format: "+2" is malformed at "2"'),
        ("+5", 'Invalid format: "+5" is malformed at "5"'),
        ("+99:00", "The datetime zone id '+99:00' is not recognised"),
        (" ", "Timezone cannot be empty."),
    ],
)
def test_others_are_refused_in_the_words_of_joda(name: str, problem: str) -> None:
    assert zone_problem(name) == problem


@given(st.integers(-(2**46), 2**47), st.sampled_from(["UTC", "Asia/Seoul", "America/New_York", "Australia/Lord_Howe"]))
def test_local_time_comes_back_except_where_clocks_are_changed(instant: int, name: str) -> None:
    zone = parse_zone(name)
    back = local_to_utc(instant + offset_at(instant, zone), zone)
    assert back == instant or offset_at(back, zone) != offset_at(instant, zone)


@given(st.integers(0, 2**42), st.sampled_from(["UTC", "America/Sao_Paulo", "Pacific/Apia", "America/St_Johns"]))
def test_a_day_begins_before_its_instants_and_ends_after_them(instant: int, name: str) -> None:
    zone = parse_zone(name)
    assert start_of_day(instant, zone) <= instant < start_of_day(instant, zone, days=1)
