"""Directories of time: a pattern rendered at the start of each record's time bucket."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from s3sink.batch import RecordBatch
from s3sink.class_names import class_name
from s3sink.config import Option, check, parse_milliseconds
from s3sink.errors import ConfigError, PartitionError, Problem
from s3sink.partitioners import TimestampExtractor
from s3sink.partitioners.buckets import BucketPaths
from s3sink.partitioners.extractors import BatchExtractor, RecordTimestamp
from s3sink.partitioners.joda import Token, compile_tokens, finest_unit, parse_joda, parse_strftime
from s3sink.record import SinkRecord
from s3sink.zones import parse_zone, zone_problem

Syntax = Literal["auto", "joda", "strftime"]


class _ByTime:
    """What the time-based partitioners share: an extractor and the paths of its timestamps."""

    __slots__ = ()

    extractor: TimestampExtractor
    _buckets: BucketPaths

    @property
    def needs_value(self) -> bool:
        """As the extractor says; one that does not say is given decoded records."""
        return bool(getattr(self.extractor, "needs_value", True))

    @property
    def value_fields(self) -> tuple[str, ...] | None:
        """As the extractor says; None where it does not."""
        fields: tuple[str, ...] | None = getattr(self.extractor, "value_fields", None)
        return fields

    @property
    def deterministic(self) -> bool:
        """As the extractor says; one that does not say is."""
        return bool(getattr(self.extractor, "deterministic", True))

    def encode(self, record: SinkRecord, now: int) -> str:
        """The path of the record's timestamp; PartitionError where it has none."""
        return self._buckets.path(self._some(self.extractor.extract(record, now)))

    def encode_batch(self, batch: RecordBatch, now: int) -> tuple[str | list[str], Sequence[int | None] | None]:
        """One path where all timestamps are in one bucket."""
        timestamps = self._timestamps(batch, now)
        if None in timestamps:
            self._some(None)
        return self._buckets.paths(timestamps), timestamps  # type: ignore[arg-type]

    def _timestamps(self, batch: RecordBatch, now: int) -> Sequence[int | None]:
        if isinstance(self.extractor, BatchExtractor):
            return self.extractor.extract_batch(batch, now)
        extract = self.extractor.extract
        return [extract(record, now) for record in batch.records()]

    def _some(self, timestamp: int | None) -> int:
        if timestamp is None:
            extractor = class_name(self.extractor)
            raise PartitionError(f"Unable to determine timestamp using timestamp.extractor {extractor} for record")
        return timestamp


@dataclass(frozen=True, slots=True)
class TimeBasedPartitioner(_ByTime):
    """Encodes the time of a record: `TimeBasedPartitioner("year=%Y/month=%m/day=%d/hour=%H")`.

    `pattern` is strftime's language (numeric directives only) when it contains a `%`, otherwise Joda's, as in a
    connector file: `'year'=YYYY/'month'=MM`; `syntax` says it outright. It is rendered at the start of the record's
    bucket of `duration` (milliseconds, or text such as "10m"), in local time of `timezone`; see `BucketPaths`. Without
    a `duration` it is an hour, or what the pattern shows if that is finer. `locale` is a language for names of months
    and days.

    Raises PartitionError for a record without a timestamp.
    """

    pattern: Annotated[str, Option("path.format", "pattern of the path")]
    duration: Annotated[int | str | None, Option("partition.duration.ms", "length of a bucket")] = None
    timezone: Annotated[str, Option(doc="zone whose clocks count")] = "UTC"
    locale: Annotated[str, Option(doc="language of month and day names")] = "en"
    extractor: TimestampExtractor = field(default_factory=RecordTimestamp, kw_only=True)
    delimiter: Annotated[str, Option("directory.delim", "one at the end of the pattern is left out")] = field(
        default="/", kw_only=True
    )
    syntax: Syntax = field(default="auto", kw_only=True)
    _buckets: BucketPaths = field(init=False, repr=False, compare=False, default=None)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        check("TimeBasedPartitioner", self._problems())
        tokens, zone = self._tokens(), parse_zone(self.timezone)
        duration = finest_unit(tokens) if self.duration is None else parse_milliseconds(self.duration)
        object.__setattr__(self, "duration", duration)
        render = compile_tokens(tokens, self.locale, zone)
        object.__setattr__(self, "_buckets", BucketPaths(render, duration, zone))

    def _problems(self) -> list[Problem | None]:
        return [
            self._duration_problem(),
            _problem("timezone", zone_problem(self.timezone)),
            _problem("locale", None if self.locale.strip() else "Locale cannot be empty."),
            _problem("pattern", self._pattern_problem()),
        ]

    def _duration_problem(self) -> Problem | None:
        try:
            duration = None if self.duration is None else parse_milliseconds(self.duration, "duration")
        except ConfigError as error:
            return error.problems[0]
        wrong = duration is not None and duration <= 0
        return _problem("duration", "Partition duration needs to be a positive." if wrong else None)

    def _pattern_problem(self) -> str | None:
        if not self.pattern.strip() or self.pattern == self.delimiter:
            return "Path format cannot be empty."
        try:
            compile_tokens(self._tokens(), self.locale, parse_zone("UTC"))
        except ValueError as error:
            return str(error)
        return None

    def _tokens(self) -> list[Token]:
        pattern = self.pattern.removesuffix(self.delimiter) if self.delimiter else self.pattern
        strftime = self.syntax == "strftime" or (self.syntax == "auto" and "%" in pattern)
        return parse_strftime(pattern) if strftime else parse_joda(pattern)


@dataclass(frozen=True, slots=True, kw_only=True)
class HourlyPartitioner(_ByTime):
    """Encodes the hour of a record: `year=2017/month=03/day=02/hour=10`."""

    timezone: Annotated[str, Option(doc="zone whose clocks count")] = "UTC"
    extractor: TimestampExtractor = field(default_factory=RecordTimestamp)
    delimiter: Annotated[str, Option("directory.delim", "what stands between two directories")] = "/"
    _buckets: BucketPaths = field(init=False, repr=False, compare=False, default=None)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        levels = ("year=%Y", "month=%m", "day=%d", "hour=%H")
        buckets = _fixed_buckets("HourlyPartitioner", levels, self.delimiter, "1h", self.timezone)
        object.__setattr__(self, "_buckets", buckets)


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyPartitioner(_ByTime):
    """Encodes the day of a record: `year=2017/month=03/day=02`."""

    timezone: Annotated[str, Option(doc="zone whose clocks count")] = "UTC"
    extractor: TimestampExtractor = field(default_factory=RecordTimestamp)
    delimiter: Annotated[str, Option("directory.delim", "what stands between two directories")] = "/"
    _buckets: BucketPaths = field(init=False, repr=False, compare=False, default=None)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        levels = ("year=%Y", "month=%m", "day=%d")
        buckets = _fixed_buckets("DailyPartitioner", levels, self.delimiter, "1d", self.timezone)
        object.__setattr__(self, "_buckets", buckets)


def _fixed_buckets(subject: str, levels: Sequence[str], delimiter: str, duration: str, timezone: str) -> BucketPaths:
    check(subject, [_problem("timezone", zone_problem(timezone))])
    zone = parse_zone(timezone)
    tokens = parse_strftime(delimiter.replace("%", "%%").join(levels))
    return BucketPaths(compile_tokens(tokens, "en", zone), parse_milliseconds(duration), zone)


def _problem(key: str, message: str | None) -> Problem | None:
    return None if message is None else Problem(key, message)
