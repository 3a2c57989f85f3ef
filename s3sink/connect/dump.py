"""The way back: a sink as the properties of a connector file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from s3sink.connect import keys
from s3sink.connect.credentials import PLAIN, ROLE_OPTIONS
from s3sink.connect.dump_objects import dump_object, dump_transforms, own_name
from s3sink.connect.errors import shortest
from s3sink.connect.keys import KEYS
from s3sink.connect.load import load
from s3sink.connect.plugins import ASSUME_ROLE
from s3sink.connect.rotation import POLICIES
from s3sink.connect.store import FIELDS
from s3sink.errors import ConfigError, Problem
from s3sink.formats import BytesFormat, JsonFormat, ParquetFormat
from s3sink.formats.avro import AvroFormat
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
from s3sink.rotation import RotateSchedule, RotationPolicy
from s3sink.sink import S3Sink
from s3sink.storage import S3Store
from s3sink.storage.s3_credentials import AssumeRole, Credentials
from s3sink.storage.s3_options import Encryption, SseC, SseKms

Pairs = Iterator[tuple[str, Any]]

_SCHEDULE: Final = "rotate.schedule.interval.ms"


def dump(sink: S3Sink) -> dict[str, str]:
    """The properties whose `load` is an equal sink; name and topics of a connector are not among them.

    Raises ConfigError for a sink that no connector file can say: another store than S3Store, functions without a name,
    two policies of one kind, a value that a file would have trimmed.
    """
    pairs = list(_pairs(sink))
    bare = {key: _text(value) for key, value in pairs if value is not None}
    properties = {key: text for key, text in bare.items() if key not in KEYS or _matters(key, text)}
    _check(sink, properties)
    return properties


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _matters(key: str, text: str) -> bool:
    """Whether it is another value than that of a file without the key."""
    default = KEYS[key].default
    return default is None or KEYS[key].required or text != _text(default)


def _check(sink: S3Sink, properties: Mapping[str, str]) -> None:
    """What comes back must be the sink: a property cannot say everything."""
    try:
        again = load(properties)
    except ConfigError as error:
        raise ConfigError(error.problems, "dump") from error
    wanted = replace(sink, errors=shortest(sink.error_policy))
    differing = [name for name in S3Sink.__dataclass_fields__ if getattr(again, name) != getattr(wanted, name)]
    if differing:
        raise ConfigError([Problem(name, "cannot be said in a connector file") for name in differing], "dump")


def _pairs(sink: S3Sink) -> Pairs:
    yield "name", sink.name
    yield "connector.class", keys.SINK
    yield "storage.class", keys.STORAGE
    yield from _store(sink)
    yield from _format(sink.format, "format.class")
    yield from _companions(sink)
    yield from _layout(sink)
    yield from _partitioner(sink.partitioner)
    yield from _rotation(sink)
    yield from _errors(sink)
    yield from _converters(sink)
    yield from dump_transforms(sink.transforms)
    yield "s3sink.on.conflict", sink.on_conflict
    yield "s3sink.on.gap", sink.on_gap
    yield "s3sink.on.revoke", sink.on_revoke
    yield "s3sink.memory", sink.memory if sink.memory != 256 << 20 else None
    yield "s3.part.size", sink.part_size


# ---------------------------------------------------------------------------------------------- store and names
def _store(sink: S3Sink) -> Pairs:
    store = sink.store
    if not isinstance(store, S3Store):
        raise ConfigError([Problem("store", f"a connector file says S3Store, not {type(store).__name__}")], "dump")
    plain = ("bucket", "endpoint", "access_key", "retry_backoff", "acl", "accelerate", "expect_continue")
    ours = ("profile", "payload_signing", "max_connections", "connect_timeout", "read_timeout")
    for field in (*plain, *ours):
        yield FIELDS[field], getattr(store, field)
    yield "s3.region", store.region or ""
    yield "aws.secret.access.key", None if store.secret_key is None else str(store.secret_key)
    yield "s3sink.s3.session.token", None if store.session_token is None else str(store.session_token)
    yield "s3.path.style.access.enabled", store.addressing_style == "path"
    yield "s3sink.s3.addressing.style", "auto" if store.addressing_style == "auto" else None
    yield "s3.part.retries", store.max_attempts - 1
    yield "s3.send.digest", store.checksum == "md5"
    yield from _encryption(store.encryption)
    yield from _beside(store)
    yield from _credentials(store.credentials)


def _encryption(encryption: Encryption | None) -> Pairs:
    if encryption is not None:
        yield "s3.ssea.name", "aws:kms" if isinstance(encryption, SseKms) else "AES256"
    if isinstance(encryption, SseKms):
        yield "s3.sse.kms.key.id", encryption.key_id
    if isinstance(encryption, SseC):
        yield "s3.sse.customer.key", str(encryption.key)


def _beside(store: S3Store) -> Pairs:
    if store.proxy is not None:
        yield "s3.proxy.url", store.proxy.url
        yield "s3.proxy.user", store.proxy.user
        yield "s3.proxy.password", None if store.proxy.password is None else str(store.proxy.password)
    if store.tagging is not None:
        yield "s3.object.tagging", True
        yield "s3.object.tagging.key.value.pairs", [":".join(pair) for pair in store.tagging.pairs]
        yield "s3.object.behavior.on.tagging.error", store.tagging.on_error


def _credentials(credentials: Credentials | None) -> Pairs:
    if isinstance(credentials, AssumeRole):
        yield "s3.credentials.provider.class", ASSUME_ROLE
        for field, option in ROLE_OPTIONS.items():
            yield f"s3.credentials.provider.{option}", getattr(credentials, field)
    elif credentials is not None:
        yield "s3.credentials.provider.class", next((name for name, one in PLAIN.items() if one == credentials), None)


def _layout(sink: S3Sink) -> Pairs:
    layout = sink.layout
    prefix = sink.store.prefix if isinstance(sink.store, S3Store) else ""
    yield "topics.dir", layout.prefix.removesuffix(layout.directory_delim) if layout.prefix else prefix
    yield "directory.delim", layout.directory_delim
    yield "file.delim", layout.file_delim
    yield "filename.offset.zero.pad.width", layout.offset_width


# ---------------------------------------------------------------------------------------------- files
def _format(format: Any, key: str) -> Pairs:
    names = {JsonFormat: keys.JSON, BytesFormat: keys.BYTES, ParquetFormat: keys.PARQUET, AvroFormat: keys.AVRO}
    yield key, names.get(type(format)) or own_name(format, key)
    if type(format) is AvroFormat or type(format) not in names:
        yield from dump_object(format, "")
    if isinstance(format, JsonFormat | BytesFormat):
        yield from _stream(format)
    if isinstance(format, JsonFormat):
        yield "json.decimal.format", format.decimal_format
    if isinstance(format, BytesFormat):
        separator = format.separator if isinstance(format.separator, str) else format.separator.decode(errors="replace")
        yield "format.bytearray.extension", format.suffix
        yield "format.bytearray.separator", None if separator == "\n" else separator
    if isinstance(format, ParquetFormat):
        yield "parquet.codec", {"lz4": "lz4_raw"}.get(format.compression, format.compression)
        yield "s3sink.parquet.compression.level", format.level
        yield "s3sink.parquet.row.group.bytes", format.row_group_bytes
        yield "connect.meta.data", format.connect_meta_data
        yield "enhanced.avro.schema.support", format.enhanced_avro_schema_support
        yield "allow.optional.map.keys", format.allow_optional_map_keys


def _stream(format: JsonFormat | BytesFormat) -> Pairs:
    if format.compression in ("none", "gzip"):
        yield "s3.compression.type", format.compression
        yield "s3.compression.level", format.level
    else:
        yield "s3sink.json.compression", format.compression
        yield "s3sink.json.compression.level", format.level


def _companions(sink: S3Sink) -> Pairs:
    for what, format in (("keys", sink.keys_format), ("headers", sink.headers_format)):
        if format is not None:
            yield f"store.kafka.{what}", True
            yield from _format(format, f"{what}.format.class")
    yield "tombstone.encoded.partition", sink.tombstone_partition


# ---------------------------------------------------------------------------------------------- directories
def _partitioner(partitioner: Partitioner) -> Pairs:
    if isinstance(partitioner, SchemaNameAffix):
        yield "s3.schema.partition.affix.type", partitioner.position
        yield from _partitioner(partitioner.partitioner)
    elif isinstance(partitioner, HourlyPartitioner | DailyPartitioner | TimeBasedPartitioner):
        yield from _by_time(partitioner)
    elif isinstance(partitioner, FieldPartitioner):
        yield "partitioner.class", keys.PARTITIONERS + "FieldPartitioner"
        yield "partition.field.name", partitioner.fields
    elif not isinstance(partitioner, DefaultPartitioner):
        yield "partitioner.class", own_name(partitioner, "partitioner.class")
        yield from dump_object(partitioner, "")


def _by_time(partitioner: HourlyPartitioner | DailyPartitioner | TimeBasedPartitioner) -> Pairs:
    yield "partitioner.class", keys.PARTITIONERS + type(partitioner).__name__
    yield "timezone", partitioner.timezone
    yield "locale", partitioner.locale if isinstance(partitioner, TimeBasedPartitioner) else "en"
    if isinstance(partitioner, TimeBasedPartitioner):
        yield "path.format", partitioner.pattern
        yield "partition.duration.ms", partitioner.duration
        yield "s3sink.path.syntax", partitioner.syntax
    yield from _extractor(partitioner.extractor)


def _extractor(extractor: TimestampExtractor) -> Pairs:
    names = {WallClock: "Wallclock", RecordTimestamp: "Record", RecordField: "RecordField"}
    yield "timestamp.extractor", names.get(type(extractor)) or own_name(extractor, "timestamp.extractor")
    if isinstance(extractor, RecordField):
        yield "timestamp.field", extractor.name
        yield "s3sink.timestamp.format", extractor.format
        yield "s3sink.timestamp.timezone", extractor.timezone
    elif type(extractor) not in names:
        yield from dump_object(extractor, "")


# ---------------------------------------------------------------------------------------------- rotation
def _rotation(sink: S3Sink) -> Pairs:
    names = [getattr(policy, "reason", "") for policy in sink.rotation]
    if "flush_size" not in names or "schema_change" not in names or names != [one for one in POLICIES if one in names]:
        yield "s3sink.rotation", names
    for policy in sink.rotation:
        if type(policy).__module__.startswith("s3sink.rotation."):
            yield from dump_object(policy, "", besides=("timezone",))
        if isinstance(policy, RotateSchedule):
            yield from _schedule_zone(policy, sink.partitioner)
    if not any(isinstance(policy, RotateSchedule) for policy in sink.rotation):
        yield _SCHEDULE, None


def _schedule_zone(policy: RotationPolicy, partitioner: Partitioner) -> Pairs:
    """The partitioner's zone is the schedule's too, unless it is said."""
    inner = partitioner.partitioner if isinstance(partitioner, SchemaNameAffix) else partitioner
    zone = getattr(policy, "timezone", "UTC")
    if not isinstance(inner, HourlyPartitioner | DailyPartitioner | TimeBasedPartitioner):
        yield "timezone", zone
    elif inner.timezone != zone:
        yield "s3sink.schedule.timezone", zone


# ---------------------------------------------------------------------------------------------- records
def _errors(sink: S3Sink) -> Pairs:
    policy = sink.error_policy
    yield from dump_object(policy, "", besides=("dead_letters",))
    if policy.dead_letters is not None:
        yield "errors.deadletterqueue.topic.name", policy.dead_letters.topic
        yield "errors.deadletterqueue.context.headers.enable", policy.dead_letters.context_headers
        replicas = policy.dead_letters.replication_factor
        yield "errors.deadletterqueue.topic.replication.factor", -1 if replicas is None else replicas
    yield "behavior.on.null.values", "ignore" if sink.null_values == "report" else sink.null_values
    yield "report.null.values.to.dlq", sink.null_values != "ignore"


def _converters(sink: S3Sink) -> Pairs:
    for role, converter in (("key", sink.key_converter), ("value", sink.converter), ("header", sink.header_converter)):
        if converter is not None:
            yield f"{role}.converter", own_name(converter, f"{role}.converter")
            yield from dump_object(converter, f"{role}.converter.")
    yield "s3sink.raw.headers", sink.header_converter is None
