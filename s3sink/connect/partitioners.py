"""`partitioner.class`, its options, and `timestamp.extractor`."""

from __future__ import annotations

from s3sink.connect.keys import PARTITIONERS
from s3sink.connect.plugins import EXTRACTORS, build_own
from s3sink.connect.values import Values
from s3sink.errors import ConfigError
from s3sink.partitioners import (
    DailyPartitioner,
    DefaultPartitioner,
    FieldPartitioner,
    HourlyPartitioner,
    Partitioner,
    RecordField,
    RecordTimestamp,
    TimeBasedPartitioner,
    TimestampExtractor,
    WallClock,
)
from s3sink.partitioners.affix import SchemaNameAffix
from s3sink.zones import zone_problem

_FIELDS = {
    "pattern": "path.format",
    "duration": "partition.duration.ms",
    "timezone": "timezone",
    "locale": "locale",
    "fields": "partition.field.name",
    "name": "timestamp.field",
    "format": "s3sink.timestamp.format",
}
_ONLY_TIME = ("locale", "timestamp.extractor", "timestamp.field")
_ONLY_PATTERN = ("path.format", "partition.duration.ms")
_BY_TIME = ("Hourly", "Daily", "TimeBased")


def build_partitioner(values: Values) -> Partitioner | None:
    """The partitioner that a file asks for; None when there is a problem, then found."""
    try:
        inner = _inner(values)
    except ConfigError as error:
        values.refuse_all(error, _FIELDS, in_connects_words=True)
        return None
    affix = values["s3.schema.partition.affix.type"]
    if inner is None or affix == "NONE":
        return inner
    return SchemaNameAffix(inner, affix, values["directory.delim"])


def is_time_based(values: Values) -> bool:
    """Whether the connector's own TimeBasedPartitioner, or one of its children, says the directory."""
    return _kind(values) in _BY_TIME


def _kind(values: Values) -> str:
    name: str = values["partitioner.class"]
    known = name.startswith(PARTITIONERS) and name.endswith("Partitioner")
    return name[len(PARTITIONERS) : -len("Partitioner")] if known else ""


def _inner(values: Values) -> Partitioner | None:
    kind = _kind(values)
    _warn(values, kind)
    if kind == "Default":
        return DefaultPartitioner()
    if kind == "Field":
        return FieldPartitioner(fields=values["partition.field.name"], delimiter=values["directory.delim"])
    if kind in _BY_TIME:
        return _by_time(values, kind)
    return _of_ones_own(values)


def _warn(values: Values, kind: str) -> None:
    if kind not in (*_BY_TIME, ""):
        for key in (*_ONLY_TIME, *_ONLY_PATTERN):
            values.warn_if_given(key, f"has no effect with the {kind}Partitioner")
    if kind in ("Hourly", "Daily"):
        for key in _ONLY_PATTERN:
            values.warn_if_given(key, f"has no effect: the {kind}Partitioner has its own")
    if kind not in ("Field", ""):
        values.warn_if_given("partition.field.name", f"has no effect with the {kind}Partitioner")


def _by_time(values: Values, kind: str) -> Partitioner | None:
    extractor, zone = _extractor(values), _zone(values)
    if not values["locale"].strip():
        values.refuse_value("locale", "Locale cannot be empty.")
    delimiter = values["directory.delim"]
    if kind == "TimeBased":
        return _by_pattern(values, extractor or WallClock(), zone, delimiter)
    if extractor is None:
        return None
    made = HourlyPartitioner if kind == "Hourly" else DailyPartitioner
    return made(timezone=zone, extractor=extractor, delimiter=delimiter)


def _by_pattern(values: Values, extractor: TimestampExtractor, zone: str, delimiter: str) -> Partitioner:
    """Without a duration, which the connector refuses, it is what the pattern shows."""
    key = "partition.duration.ms"
    if not values.given(key):
        values.warn(
            key, "is left out, which Kafka Connect refuses: it is an hour here, or less if the pattern shows it"
        )
    return TimeBasedPartitioner(
        values["path.format"],
        values[key] if values.given(key) else None,
        zone,
        values["locale"].strip() or "en",
        extractor=extractor,
        delimiter=delimiter,
        syntax=values["s3sink.path.syntax"],
    )


def _zone(values: Values) -> str:
    """The zone, UTC for a bad one."""
    zone: str = values["timezone"]
    problem = zone_problem(zone)
    if problem is not None:
        values.refuse_value("timezone", problem)
        return "UTC"
    return zone


# ---------------------------------------------------------------------------------------------- extractors
def _extractor(values: Values) -> TimestampExtractor | None:
    name = values["timestamp.extractor"]
    known = EXTRACTORS.get(name)
    if known != "RecordField":
        for key in ("timestamp.field", "s3sink.timestamp.format", "s3sink.timestamp.timezone"):
            values.warn_if_given(key, f"has no effect with timestamp.extractor={name}")
    if known == "Wallclock":
        return WallClock()
    if known == "Record":
        return RecordTimestamp()
    return _record_field(values) if known else _extractor_of_ones_own(values, name)


def _record_field(values: Values) -> TimestampExtractor | None:
    try:
        return RecordField(
            values["timestamp.field"],
            format=values["s3sink.timestamp.format"] or None,
            timezone=values["s3sink.timestamp.timezone"] or "UTC",
        )
    except ConfigError as error:
        values.refuse_all(error, {**_FIELDS, "timezone": "s3sink.timestamp.timezone"})
        return None


def _extractor_of_ones_own(values: Values, name: str) -> TimestampExtractor | None:
    key = "timestamp.extractor"
    if name.startswith("java."):
        values.refuse(key, f"Class {name} does not implement TimestampExtractor")
        return None
    made: TimestampExtractor | None = build_own("TimestampExtractor", key, name, values.properties)
    if made is None:
        values.refuse(key, f"Invalid timestamp extractor: {name}")
    return made


def _of_ones_own(values: Values) -> Partitioner | None:
    key = "partitioner.class"
    name = values[key]
    made: Partitioner | None = build_own("Partitioner", key, name, values.properties)
    if made is None:
        words = "a Java class: s3sink has the connector's five, and Python classes of your own"
        values.refuse(key, f"{name} is {words}")
    return made
