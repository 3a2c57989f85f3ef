"""When files close: the keys of rotation, as policies in the order in which the connector asks them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from s3sink.connect.keys import PARTITIONERS
from s3sink.connect.nearest import did_you_mean, nearest
from s3sink.connect.partitioners import is_time_based
from s3sink.connect.values import Values
from s3sink.errors import ConfigError
from s3sink.rotation import (
    FlushSize,
    MaxAge,
    MaxBytes,
    MaxOpenFiles,
    RotateInterval,
    RotateSchedule,
    RotationPolicy,
    SchemaChange,
)

_INTERVAL = "rotate.interval.ms"
_SCHEDULE = "rotate.schedule.interval.ms"
_KEYS: Final = {
    "flush_size": "flush.size",
    "rotate_interval": _INTERVAL,
    "rotate_schedule": _SCHEDULE,
    "schema_change": "schema.compatibility",
    "max_open_files": "partitioner.max.open.files",
    "max_bytes": "s3sink.max.bytes",
    "max_age": "s3sink.max.age.ms",
}
_MODES = ("NONE", "BACKWARD", "FORWARD", "FULL")


def build_rotation(values: Values) -> tuple[RotationPolicy, ...]:
    """The policies that a file asks for. What is off, and what the connector ignores, is not among them."""
    policies = {name: _made(values, name) for name in POLICIES}
    listed = values["s3sink.rotation"]
    if not listed:
        return tuple(policy for policy in policies.values() if policy is not None)
    for name in listed:
        if name not in POLICIES:
            _refuse_name(values, name)
        elif policies[name] is None and _KEYS[name] not in values.messages:
            values.refuse("s3sink.rotation", f"{name} is listed, and no key says when")
    chosen = (policies.get(name) for name in listed)
    return tuple(policy for policy in chosen if policy is not None)


def _refuse_name(values: Values, name: str) -> None:
    found = nearest(name, POLICIES)
    values.refuse_value("s3sink.rotation", f"{name!r} is none of them.{did_you_mean([found] if found else [])}")


def _made(values: Values, name: str) -> RotationPolicy | None:
    try:
        return POLICIES[name](values)
    except ConfigError as error:
        values.refuse_all(error, {"size": "s3sink.max.bytes", "age": "s3sink.max.age.ms", "timezone": "timezone"})
        return None


def _flush_size(values: Values) -> RotationPolicy | None:
    """The connector closes files behind every record when it is 0 or less."""
    size = values["flush.size"]
    return None if size is None else FlushSize(max(size, 1))


def _rotate_interval(values: Values) -> RotationPolicy | None:
    """Only the connector's own time-based partitioners have it, and nothing may be wrapped around them."""
    interval: int = values[_INTERVAL]
    why = _why_ignored(values)
    if interval > 0 and why:
        values.warn(_INTERVAL, f"has no effect {why}, in Kafka Connect either: s3sink.max.age.ms has")
    if interval <= 0 or why:
        values.warn_if_given("rotate.file.on.partition.change", f"has no effect without {_INTERVAL}")
        return None
    return RotateInterval(interval, values["rotate.file.on.partition.change"])


def _why_ignored(values: Values) -> str:
    if not is_time_based(values):
        name = values["partitioner.class"].removeprefix(PARTITIONERS)
        return f"with the {name}, which is not time-based"
    if values["behavior.on.null.values"].lower() == "write":
        return "with behavior.on.null.values=write"
    affix = values["s3.schema.partition.affix.type"]
    return f"with s3.schema.partition.affix.type={affix}" if affix != "NONE" else ""


def _rotate_schedule(values: Values) -> RotationPolicy | None:
    interval: int = values[_SCHEDULE]
    zone = values["s3sink.schedule.timezone"] or values["timezone"]
    if interval <= 0:
        return None
    if not zone:
        values.refuse("timezone", f"timezone configuration must be set when using {_SCHEDULE}")
        return None
    return RotateSchedule(interval, zone)


def _schema_change(values: Values) -> RotationPolicy | None:
    """A mode in another spelling is NONE for the connector."""
    mode = values["schema.compatibility"]
    if mode not in _MODES:
        found = mode.upper() if mode.upper() in _MODES else nearest(mode, _MODES)
        hint = did_you_mean([found] if found else [])
        values.warn("schema.compatibility", f"{mode!r} is none of {', '.join(_MODES)}, so it is NONE.{hint}")
        mode = "NONE"
    return SchemaChange(mode)


def _max_open_files(values: Values) -> RotationPolicy | None:
    files: int = values["partitioner.max.open.files"]
    if files == 0:
        values.warn("partitioner.max.open.files", "0 is no limit here; Kafka Connect never gets on with it")
    return MaxOpenFiles(files) if files > 0 else None


def _max_bytes(values: Values) -> RotationPolicy | None:
    size = values["s3sink.max.bytes"]
    return MaxBytes(size) if size else None


def _max_age(values: Values) -> RotationPolicy | None:
    age: int = values["s3sink.max.age.ms"]
    return MaxAge(age) if age > 0 else None


POLICIES: Final[Mapping[str, Callable[[Values], RotationPolicy | None]]] = {
    "flush_size": _flush_size,
    "rotate_interval": _rotate_interval,
    "rotate_schedule": _rotate_schedule,
    "schema_change": _schema_change,
    "max_open_files": _max_open_files,
    "max_bytes": _max_bytes,
    "max_age": _max_age,
}
"""What `s3sink.rotation` may list: the reasons of the policies."""
