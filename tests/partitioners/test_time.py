"""Time-based paths: patterns, buckets, zones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3sink.batch import RecordBatch, Span
from s3sink.config import from_properties
from s3sink.errors import ConfigError, PartitionError
from s3sink.partitioners import (
    DailyPartitioner,
    HourlyPartitioner,
    RecordTimestamp,
    TimeBasedPartitioner,
    WallClock,
    is_deterministic,
    needs_value,
)
from s3sink.partitioners.moment import Moment, civil_from_days, days_from_civil
from s3sink.record import SinkRecord, TopicPartition
from s3sink.zones import parse_zone

SOURCE = TopicPartition("t", 0)
MORNING = 1_488_448_800_000  # 2017-03-02T10:00Z
ALL_LETTERS = 1_488_463_506_078  # 2017-03-02T14:05:06.078Z
ZONES = [
    "UTC",
    "Asia/Seoul",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "America/Santiago",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
    "America/St_Johns",
    "Africa/Monrovia",
    "+02:00",
]


def record(timestamp: int | None, offset: int = 0) -> SinkRecord:
    return SinkRecord(SOURCE, offset, timestamp, "t")


def batch_of(*timestamps: int | None) -> RecordBatch:
    rows = [record(t, i) for i, t in enumerate(timestamps)]
    return RecordBatch(SOURCE, Span(0, len(rows)), rows=rows)


def path(pattern: str, timestamp: int, duration: int | str = 1, zone: str = "UTC", locale: str = "en") -> str:
    return TimeBasedPartitioner(pattern, duration, zone, locale).encode(record(timestamp), 0)


# ---------------------------------------------------------------------------------------------- patterns
@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("C_CC_CCC", "20_20_020"),
        ("D_DD_DDD_DDDD", "61_61_061_0061"),
        ("E_EEE_EEEE", "Thu_Thu_Thursday"),
        ("G", "AD"),
        ("H_HH_HHH", "14_14_014"),
        ("K_KK h_hh k_kk", "2_02 2_02 14_14"),
        ("M_MM_MMM_MMMM_MMMMM", "3_03_Mar_March_March"),
        ("S_SS_SSS_SSSS_SSSSS", "0_07_078_0780_07800"),
        ("Y_YY_YYY_YYYYY", "2017_17_2017_02017"),
        ("Z_ZZ_ZZZ_ZZZZ", "+0000_+00:00_UTC_UTC"),
        ("a_aaaa", "PM_PM"),
        ("d_dd_ddd", "2_02_002"),
        ("e_ee", "4_04"),
        ("m_mm s_ss", "5_05 6_06"),
        ("w_ww x_xx_xxxx", "9_09 2017_17_2017"),
        ("y_yy_yyyy", "2017_17_2017"),
        ("z", "UTC"),
        ("'year'=YYYY/'month'=MM", "year=2017/month=03"),
        ("'year='YYYY'/month='MM", "year=2017/month=03"),
        ("YYYY'/x", "2017/x"),
        ("YYYY''MM", "2017'03"),
        ("'o''clock'HH", "o'clock14"),
        ("'static'", "static"),
        ("${yyyy}", "${2017}"),
        ("YYYY/MM/", "2017/03"),
        ("YYYY/MM//", "2017/03/"),
        ("/YYYY/MM", "/2017/03"),
        ("'dt'=YYYY-MM-dd/HH", "dt=2017-03-02/14"),
        ("YYYY-mm-DD", "2017-05-61"),
        ("year=%Y/month=%m/day=%d/hour=%H", "year=2017/month=03/day=02/hour=14"),
        ("%y%m%dT%H%M%S", "170302T140506"),
        ("%G-W%V-%u %j 100%%", "2017-W09-4 061 100%"),
    ],
)
def test_patterns_are_rendered_as_joda_and_strftime_do(pattern: str, expected: str) -> None:
    assert path(pattern, ALL_LETTERS) == expected


@pytest.mark.parametrize(
    ("timestamp", "expected"),
    [
        (1_546_214_400_000, "2018_2018_2019_W01_1"),
        (1_609_459_200_000, "2021_2021_2020_W53_5"),
        (1_483_228_800_000, "2017_2017_2016_W52_7"),
        (1_735_516_800_000, "2024_2024_2025_W01_1"),
    ],
)
def test_capital_y_is_the_calendar_year_and_x_the_year_of_the_week(timestamp: int, expected: str) -> None:
    assert path("yyyy'_'YYYY'_'xxxx'_W'ww'_'e", timestamp) == expected


@pytest.mark.parametrize("letter", "ABFIJLNOPQRTUVWXbcfgijlnopqrtuv")
def test_an_illegal_letter_is_refused_by_name(letter: str) -> None:
    with pytest.raises(ConfigError, match=f"Illegal pattern component: {letter * 2}$"):
        TimeBasedPartitioner(f"YYYY/{letter * 2}")


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("en", "Mar_March_Thu_Thursday_AM_AD"),
        ("ko", "3월_3월_목_목요일_오전_AD"),
        ("ja", "3月_3月_木_木曜日_午前_西暦"),
        ("fr", "mars_mars_jeu._jeudi_AM_ap. J.-C."),
        ("FR", "mars_mars_jeu._jeudi_AM_ap. J.-C."),
        ("en_US", "Mar_Mar_Thu_Thu_AM_CE"),
        ("ko_KR", "Mar_Mar_Thu_Thu_AM_CE"),
        ("zz", "Mar_Mar_Thu_Thu_AM_CE"),
    ],
)
def test_names_are_those_of_the_language_and_java_does_not_split_a_country_off(locale: str, expected: str) -> None:
    assert path("MMM'_'MMMM'_'E'_'EEEE'_'a'_'G", MORNING, locale=locale) == expected


@pytest.mark.parametrize(
    ("make", "key", "words"),
    [
        (lambda: TimeBasedPartitioner(""), "pattern", "Path format cannot be empty."),
        (lambda: TimeBasedPartitioner("/"), "pattern", "Path format cannot be empty."),
        (lambda: TimeBasedPartitioner("year=YYYY"), "pattern", "Illegal pattern component: r"),
        (lambda: TimeBasedPartitioner("!{timestamp:yyyy}"), "pattern", "Illegal pattern component: t"),
        (lambda: TimeBasedPartitioner("%B"), "pattern", "'%B' is not allowed here"),
        (lambda: TimeBasedPartitioner("%-d"), "pattern", "'%-' is not allowed here"),
        (lambda: TimeBasedPartitioner("MMM", locale="ar"), "pattern", "no month and day names for 'ar'"),
        (lambda: TimeBasedPartitioner("zzzz"), "pattern", "full name of the zone"),
        (lambda: TimeBasedPartitioner("YYYY", -1), "duration", "Partition duration needs to be a positive."),
        (lambda: TimeBasedPartitioner("YYYY", "soon"), "duration", "'soon' is not a duration"),
        (lambda: TimeBasedPartitioner("YYYY", locale=" "), "locale", "Locale cannot be empty."),
        (lambda: TimeBasedPartitioner("YYYY", timezone=""), "timezone", "Timezone cannot be empty."),
        (lambda: HourlyPartitioner(timezone="KST"), "timezone", "The datetime zone id 'KST' is not recognised"),
        (lambda: DailyPartitioner(timezone="America"), "timezone", "The datetime zone id 'America' is not recognised"),
    ],
)
def test_a_wrong_option_is_refused_under_its_name(make: Callable[[], object], key: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make()
    assert [problem.key for problem in caught.value.problems] == [key]
    assert words in str(caught.value)


def test_a_percent_sign_can_be_joda_text() -> None:
    partitioner = TimeBasedPartitioner("%Y/%m/%d", syntax="joda")
    assert partitioner.encode(record(MORNING), 0) == "%2017/%0/%2"


def test_without_a_duration_the_bucket_is_an_hour_or_what_the_pattern_shows() -> None:
    assert TimeBasedPartitioner("%Y/%m").duration == 3_600_000
    assert TimeBasedPartitioner("%H/%M").duration == 60_000
    assert TimeBasedPartitioner("HH'm'mm ss").duration == 1000


def test_a_connector_file_makes_the_same_partitioner() -> None:
    properties = {
        "path.format": "'y'=YYYY",
        "partition.duration.ms": "86400000",
        "timezone": "Asia/Seoul",
        "locale": "ko",
    }
    assert from_properties(TimeBasedPartitioner, properties) == TimeBasedPartitioner(
        "'y'=YYYY", "1d", "Asia/Seoul", "ko"
    )
    assert from_properties(HourlyPartitioner, properties) == HourlyPartitioner(timezone="Asia/Seoul")


# ---------------------------------------------------------------------------------------------- buckets
@pytest.mark.parametrize(
    ("zone", "timestamps", "hours"),
    [
        (
            "UTC",
            [0, -1, -3_600_001, -31_536_000_000],
            ["1970-01-01T00", "1970-01-01T00", "1969-12-31T23", "1969-01-01T00"],
        ),
        (
            "America/Los_Angeles",  # fall back, spring forward
            [
                1_572_766_200_000,
                1_572_769_800_000,
                1_572_773_400_000,
                1_572_777_000_000,
                1_583_659_800_000,
                1_583_663_400_000,
            ],
            ["2019-11-03T00", "2019-11-03T01", "2019-11-03T01", "2019-11-03T02", "2020-03-08T01", "2020-03-08T03"],
        ),
        (
            "America/Sao_Paulo",  # midnight does not exist, midnight comes twice
            [1_541_298_600_000, 1_541_302_200_000, 1_518_917_400_000, 1_518_921_000_000, 1_518_924_600_000],
            ["2018-11-03T23", "2018-11-04T01", "2018-02-17T23", "2018-02-17T23", "2018-02-18T00"],
        ),
        (
            "America/Santiago",
            [1_715_224_653_000, 1_706_411_853_000, 1_712_463_000_000, 1_712_466_600_000, 1_725_768_000_000],
            ["2024-05-08T23", "2024-01-28T00", "2024-04-07T00", "2024-04-07T01", "2024-09-08T01"],
        ),
        (
            "Europe/Berlin",
            [1_711_845_000_000, 1_711_848_600_000, 1_729_989_000_000, 1_729_992_600_000],
            ["2024-03-31T01", "2024-03-31T03", "2024-10-27T02", "2024-10-27T02"],
        ),
        (
            "Australia/Lord_Howe",  # half an hour
            [1_712_413_800_000, 1_712_415_600_000, 1_712_417_400_000, 1_728_142_200_000],
            ["2024-04-07T01", "2024-04-07T01", "2024-04-07T02", "2024-10-06T02"],
        ),
        ("Asia/Kathmandu", [1_488_478_499_000, 1_488_478_500_000], ["2017-03-02T23", "2017-03-03T00"]),
        ("Pacific/Apia", [1_325_239_140_000, 1_325_239_200_000], ["2011-12-29T23", "2011-12-31T00"]),
        ("+0530", [MORNING], ["2017-03-02T15"]),
        (
            "UTC",
            [253_402_300_800_000, -62_135_596_800_000, 2**63 // 1000],
            ["10000-01-01T00", "0001-01-01T00", "294247-01-10T04"],
        ),
    ],
)
def test_hours_are_those_of_the_connector(zone: str, timestamps: list[int], hours: list[str]) -> None:
    partitioner = TimeBasedPartitioner("YYYY-MM-dd'T'HH", "1h", zone)
    assert [partitioner.encode(record(t), 0) for t in timestamps] == hours
    encoded, used = partitioner.encode_batch(batch_of(*timestamps), 0)
    assert (hours[:1] * len(hours) if encoded == hours[0] else encoded) == hours
    assert used == timestamps


@pytest.mark.parametrize(
    ("pattern", "duration", "zone", "timestamp", "expected"),
    [
        ("YYYY/MM/dd/HH/mm", "10m", "UTC", 1_488_450_659_000, "2017/03/02/10/30"),
        ("YYYY/MM/dd/HH", "1d", "Asia/Seoul", 1_488_466_800_000, "2017/03/03/00"),
        ("YYYY/MM/dd", "7d", "UTC", 1_488_362_400_000, "2017/02/23"),  # buckets of a week begin on Thursday
        ("YYYY/MM/dd", "7d", "UTC", 1_489_017_600_000, "2017/03/09"),
        ("YYYY/MM/dd/HHmm", "45m", "Asia/Kolkata", 1_488_454_800_000, "2017/03/02/1630"),
        ("HH", "2h", "America/Los_Angeles", 1_572_769_800_000, "00"),
        ("YYYY/MM/dd/HH", "1d", "America/Sao_Paulo", 1_541_302_200_000, "2018/11/04/01"),  # its midnight is skipped
    ],
)
def test_buckets_are_counted_from_the_local_epoch(
    pattern: str, duration: str, zone: str, timestamp: int, expected: str
) -> None:
    assert path(pattern, timestamp, duration, zone) == expected


def test_hourly_and_daily_partitioners_have_their_own_pattern() -> None:
    assert HourlyPartitioner().encode(record(MORNING), 0) == "year=2017/month=03/day=02/hour=10"
    assert DailyPartitioner(delimiter="|").encode(record(MORNING), 0) == "year=2017|month=03|day=02"
    hourly = HourlyPartitioner(timezone="America/Los_Angeles")
    assert hourly.encode(record(MORNING), 0) == "year=2017/month=03/day=02/hour=02"


# ---------------------------------------------------------------------------------------------- batches
NEAR_A_CHANGE = [1_572_769_800_000, 1_583_661_600_000, 1_541_300_400_000, 1_518_919_200_000, 1_325_239_200_000, 0]
TIMESTAMPS = st.lists(
    st.one_of(
        st.integers(-(2**43), 2**43),
        st.builds(lambda base, by: base + by, st.sampled_from(NEAR_A_CHANGE), st.integers(-7_200_000, 7_200_000)),
        st.integers(MORNING, MORNING + 3_600_000),
    ),
    min_size=1,
    max_size=20,
)


@given(
    timestamps=TIMESTAMPS,
    zone=st.sampled_from(ZONES),
    duration=st.one_of(
        st.sampled_from([1, 60_000, 1_800_000, 3_600_000, 10_800_000, 86_400_000, 604_800_000]), st.integers(1, 10**9)
    ),
)
# the clocks change inside a bucket; a bucket begins in the hour that comes twice, and the clocks change back
@example(timestamps=[1_583_661_000_000, 1_583_662_200_000], zone="America/Los_Angeles", duration=10_800_000)
@example(
    timestamps=[1_572_771_000_000, 1_572_772_200_000, 1_593_600_000_000],
    zone="America/Los_Angeles",
    duration=1_572_744_600_000,
)
def test_a_batch_has_the_paths_of_its_records(timestamps: list[int], zone: str, duration: int) -> None:
    pattern = "yyyy-MM-dd'T'HH:mm:ss.SSS"
    encoded, used = TimeBasedPartitioner(pattern, duration, zone).encode_batch(batch_of(*timestamps), 0)
    assert list(used or []) == timestamps
    expected = [path(pattern, t, duration, zone) for t in timestamps]
    assert ([encoded] * len(timestamps) if isinstance(encoded, str) else encoded) == expected


def test_records_of_one_bucket_have_one_path() -> None:
    timestamps = [MORNING + i * 1000 for i in range(3600)]
    assert HourlyPartitioner().encode_batch(batch_of(*timestamps), 0)[0] == "year=2017/month=03/day=02/hour=10"
    assert isinstance(HourlyPartitioner().encode_batch(batch_of(*timestamps, MORNING + 3_600_000), 0)[0], list)


def test_a_record_without_a_timestamp_has_no_place() -> None:
    for ask in (
        lambda: HourlyPartitioner().encode(record(None), 0),
        lambda: HourlyPartitioner().encode_batch(batch_of(0, None), 0),
    ):
        with pytest.raises(
            PartitionError, match=r"timestamp\.extractor io\.confluent\.\S+RecordTimestampExtractor for record"
        ):
            ask()


def test_the_wall_clock_is_read_once_and_is_not_deterministic() -> None:
    partitioner = HourlyPartitioner(extractor=WallClock())
    assert partitioner.encode_batch(batch_of(0, 1), MORNING) == (
        "year=2017/month=03/day=02/hour=10",
        [MORNING, MORNING],
    )
    assert not is_deterministic(partitioner)
    assert is_deterministic(HourlyPartitioner())
    assert not needs_value(HourlyPartitioner(extractor=RecordTimestamp()))


def test_an_extractor_of_the_users_own_is_believed() -> None:
    class Offset:
        deterministic = False

        def extract(self, record: SinkRecord, now: int) -> int | None:
            return record.offset * 3_600_000

    partitioner = TimeBasedPartitioner("HH", extractor=Offset())
    assert partitioner.encode_batch(batch_of(0, 0, 0), 0) == (["00", "01", "02"], [0, 3_600_000, 7_200_000])
    assert not is_deterministic(partitioner)
    assert needs_value(partitioner)


# ---------------------------------------------------------------------------------------------- calendar
@given(st.integers(-(10**8), 10**8))
def test_days_and_dates_are_each_others_inverse(days: int) -> None:
    assert days_from_civil(*civil_from_days(days)) == days


@given(st.datetimes(timezones=st.just(parse_zone("UTC"))))
def test_moments_agree_with_datetime(time: datetime) -> None:
    epoch = datetime(1970, 1, 1, tzinfo=time.tzinfo)
    moment = Moment.of((time - epoch) // timedelta(milliseconds=1), parse_zone("UTC"))
    assert (moment.year, moment.month, moment.day) == (time.year, time.month, time.day)
    assert (moment.weekyear, moment.week, moment.weekday) == tuple(time.isocalendar())
    assert moment.day_of_year == time.timetuple().tm_yday
