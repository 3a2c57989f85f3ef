"""Every key of an S3 sink's connector file: the framework's, the connector's, and those of s3sink alone.

This table is what is read, what is checked, and what docs/configuration.md prints.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

from s3sink.connect.definition import (
    REQUIRED,
    Check,
    Group,
    Key,
    Type,
    at_least,
    connector_name,
    one_of,
    one_of_lower,
    one_of_upper,
    optional,
    part_size,
    regex,
    size,
    timezone,
)
from s3sink.storage.s3_options import CannedAcl

SINK: Final = "io.confluent.connect.s3.S3SinkConnector"
STORAGE: Final = "io.confluent.connect.s3.storage.S3Storage"
AVRO: Final = "io.confluent.connect.s3.format.avro.AvroFormat"
JSON: Final = "io.confluent.connect.s3.format.json.JsonFormat"
BYTES: Final = "io.confluent.connect.s3.format.bytearray.ByteArrayFormat"
PARQUET: Final = "io.confluent.connect.s3.format.parquet.ParquetFormat"
PARTITIONERS: Final = "io.confluent.connect.storage.partitioner."
DEFAULT_CREDENTIALS: Final = "com.amazonaws.auth.DefaultAWSCredentialsProviderChain"

_ACLS: Final[tuple[str, ...]] = get_args(CannedAcl)
_PARQUET = ("none", "gzip", "snappy", "lz4", "brotli", "lz4_raw", "zstd", "lzo")
_ALWAYS_GROWS = "buffers always begin small and grow"
_NEVER_OVERWRITES = "every object is created only if its key is free, wherever the store can do that"
_ORDERS: Final = "flush_size, rotate_interval, rotate_schedule, schema_change, max_open_files, max_bytes, max_age"


def _group(group: Group, *rows: tuple[Any, ...]) -> tuple[Key, ...]:
    """Rows of name, type, default, documentation, and maybe a check."""
    return tuple(Key(name, type, default, group, doc, *check) for name, type, default, doc, *check in rows)


def _idle(
    group: Group, name: str, type: Type, default: Any, why: str, check: Check | None = None, hidden: bool = False
) -> Key:
    return Key(name, type, default, group, "", check, why, hidden)


_FRAMEWORK = (
    *_group(
        "framework",
        ("name", "STRING", REQUIRED, "The connector; its consumer group is `connect-<name>`.", connector_name),
        ("connector.class", "STRING", REQUIRED, f"`{SINK}`, `S3SinkConnector` or `S3Sink`."),
        ("tasks.max", "INT", 1, "Worker processes.", at_least(1)),
        ("topics", "LIST", (), "Topics, separated by commas. Either this or `topics.regex`."),
        ("topics.regex", "STRING", "", "A Java regular expression that the whole name of a topic matches.", regex),
        ("key.converter", "CLASS", None, "Class that reads keys, with its options under `key.converter.`."),
        ("value.converter", "CLASS", None, "Class that reads values, with its options under `value.converter.`."),
        ("header.converter", "CLASS", None, "Class that reads headers; `SimpleHeaderConverter` if left out."),
        ("transforms", "LIST", (), "Aliases of transforms, in order; each has `transforms.<alias>.type` and options."),
        ("predicates", "LIST", (), "Aliases of predicates; each has `predicates.<alias>.type` and options."),
    ),
    _idle("framework", "tasks.max.enforce", "BOOLEAN", True, "there are never more tasks than `tasks.max`"),
    _idle(
        "framework",
        "config.action.reload",
        "STRING",
        "restart",
        "the file is read when the process starts, and references are resolved then",
        one_of("none", "restart"),
    ),
)
_ERRORS = _group(
    "errors",
    ("errors.retry.timeout", "LONG", 0, "Milliseconds that retriable errors are tried again; -1: for ever."),
    ("errors.retry.delay.max.ms", "LONG", 60_000, "Longest time between two tries."),
    (
        "errors.tolerance",
        "STRING",
        "none",
        "`none`: a bad record ends the task; `all`: it goes on.",
        one_of("none", "all"),
    ),
    ("errors.log.enable", "BOOLEAN", False, "Write a line for each bad record."),
    ("errors.log.include.messages", "BOOLEAN", False, "Add topic, partition, offset and timestamp to the line."),
    ("errors.deadletterqueue.topic.name", "STRING", "", "Topic for bad records."),
    ("errors.deadletterqueue.topic.replication.factor", "SHORT", 3, "Replicas of that topic when it is created."),
    ("errors.deadletterqueue.context.headers.enable", "BOOLEAN", False, "Add headers that say what failed and why."),
)
_CONNECTOR = (
    *_group(
        "connector",
        ("format.class", "CLASS", REQUIRED, "Format of the files."),
        ("flush.size", "INT", REQUIRED, "Records of all open files of a topic-partition together; 0 or less is 1."),
        ("rotate.interval.ms", "LONG", -1, "Record time that files span; needs a time-based partitioner."),
        ("rotate.schedule.interval.ms", "LONG", -1, "Wall clock from midnight in `timezone` on; needs `timezone`."),
        ("filename.offset.zero.pad.width", "INT", 10, "Digits of the offset in names, at least 1.", at_least(0)),
        ("enhanced.avro.schema.support", "BOOLEAN", True, "Keep enums and namespaces in Avro schemas."),
        ("connect.meta.data", "BOOLEAN", True, "Put `connect.*` properties into Avro schemas."),
        ("allow.optional.map.keys", "BOOLEAN", False, "Maps with optional text keys are Avro maps, not arrays."),
        ("avro.codec", "STRING", "null", "Compression of Avro files.", one_of("null", "deflate", "snappy", "bzip2")),
        (
            "parquet.codec",
            "STRING",
            "snappy",
            "Compression of Parquet files.",
            one_of(*_PARQUET, words="Value must be one of: [{}]"),
        ),
    ),
    _idle("connector", "schemas.cache.config", "INT", 1000, "a schema is kept for as long as it is in use"),
    _idle(
        "connector",
        "retry.backoff.ms",
        "LONG",
        5000,
        "a partition whose request failed tries again after a random time that grows from 0.2 to 20 seconds",
    ),
    _idle("connector", "shutdown.timeout.ms", "LONG", 3000, "the connector does not read it either", hidden=True),
)
_SCHEMA = _group(
    "schema",
    ("schema.compatibility", "STRING", "NONE", "Which schemas share a file: NONE, BACKWARD, FORWARD or FULL."),
)
_S3 = (
    *_group(
        "s3",
        ("s3.bucket.name", "STRING", REQUIRED, "The bucket."),
        ("s3.region", "STRING", "us-west-2", "The bucket's region."),
        ("s3.part.size", "INT", 26_214_400, "Bytes of one part of an upload, at least 5 MiB.", part_size),
        ("s3.credentials.provider.class", "CLASS", DEFAULT_CREDENTIALS, "Where credentials come from."),
        ("aws.access.key.id", "STRING", "", "A key of one's own; with `aws.secret.access.key`."),
        ("aws.secret.access.key", "PASSWORD", None, "Belongs to `aws.access.key.id`."),
        (
            "s3.ssea.name",
            "STRING",
            "",
            "Encryption on the server; `aws:kms` needs `s3.sse.kms.key.id` too.",
            one_of("", "AES256", "aws:kms", "aws:kms:dsse"),
        ),
        ("s3.sse.customer.key", "PASSWORD", None, "The key itself (SSE-C), with `s3.ssea.name=AES256`."),
        ("s3.sse.kms.key.id", "STRING", "", "The KMS key, with `s3.ssea.name=aws:kms`."),
        (
            "s3.acl.canned",
            "STRING",
            None,
            "Canned ACL of every object.",
            optional(one_of(*_ACLS, words="Value must be one of: {}")),
        ),
        ("s3.wan.mode", "BOOLEAN", False, "Transfer acceleration; needs `s3.path.style.access.enabled=false`."),
        (
            "s3.compression.type",
            "STRING",
            "none",
            "`gzip` compresses JSON and raw files.",
            one_of("none", "gzip", words="Value must be one of: {}"),
        ),
        ("s3.compression.level", "INT", -1, "-1 to 9; -1 is fast.", at_least(-1, 9)),
        (
            "json.decimal.format",
            "STRING",
            "BASE64",
            "How JSON files have decimals: BASE64 or NUMERIC.",
            one_of_upper("NUMERIC", "BASE64"),
        ),
        ("s3.part.retries", "INT", 3, "Quick retries of one request.", at_least(0)),
        ("s3.retry.backoff.ms", "LONG", 200, "Base of the growing random time between them.", at_least(0)),
        ("format.bytearray.extension", "STRING", ".bin", "What names of raw files end with."),
        ("format.bytearray.separator", "STRING", None, "Written after every raw value, a newline if left out."),
        ("s3.proxy.url", "STRING", "", "A proxy, `http://host:port`."),
        ("s3.proxy.user", "STRING", None, "User of the proxy."),
        ("s3.proxy.password", "PASSWORD", None, "Password of the proxy."),
        ("s3.http.send.expect.continue", "BOOLEAN", True, "Ask before sending a body."),
        (
            "behavior.on.null.values",
            "STRING",
            "fail",
            "`fail`, `ignore`, or `write`: keys of null values into a directory of their own.",
            one_of_lower("ignore", "fail", "write"),
        ),
        ("report.null.values.to.dlq", "BOOLEAN", True, "Null values that are ignored are dead letters."),
        ("rotate.file.on.partition.change", "BOOLEAN", True, "With `rotate.interval.ms`: one directory at a time."),
        ("tombstone.encoded.partition", "STRING", "tombstone", "The directory for `behavior.on.null.values=write`."),
        (
            "s3.schema.partition.affix.type",
            "STRING",
            "NONE",
            "`schema_name=<name>` before (PREFIX) or after (SUFFIX) the other directories.",
            one_of("SUFFIX", "PREFIX", "NONE"),
        ),
        ("s3.object.tagging", "BOOLEAN", False, "Tag objects with startOffset, endOffset and recordCount."),
        ("s3.object.tagging.key.value.pairs", "LIST", (), "More tags, each `key:value`."),
        (
            "s3.object.behavior.on.tagging.error",
            "STRING",
            "ignore",
            "`ignore` or `fail`.",
            one_of_lower("ignore", "fail"),
        ),
        ("s3.send.digest", "BOOLEAN", False, "Send the MD5 of every part."),
        ("s3.path.style.access.enabled", "BOOLEAN", True, "Bucket in the path, not in the host name."),
        ("partitioner.max.open.files", "INT", -1, "Files of a topic-partition that may be open together."),
    ),
    _idle(
        "s3",
        "max.write.duration.ms",
        "LONG",
        2**63 - 1,
        "nothing waits for a batch to be written: a slow store holds back the fetching, not the group",
    ),
    _idle("s3", "enable.conditional.writes", "BOOLEAN", True, _NEVER_OVERWRITES),
    _idle("s3", "max.files.scan.limit", "INT", 100, _NEVER_OVERWRITES),
    _idle("s3", "s3.elastic.buffer.enable", "BOOLEAN", False, _ALWAYS_GROWS),
    _idle("s3", "s3.elastic.buffer.init.capacity", "INT", 131_072, _ALWAYS_GROWS, at_least(4096)),
)
_COMPANIONS = _group(
    "companions",
    ("store.kafka.keys", "BOOLEAN", False, "Write a file of keys beside each file of values."),
    ("store.kafka.headers", "BOOLEAN", False, "Write a file of headers beside each file of values."),
    ("keys.format.class", "CLASS", AVRO, "Format of the files of keys."),
    ("headers.format.class", "CLASS", AVRO, "Format of the files of headers."),
)
_STORAGE = _group(
    "storage",
    ("storage.class", "CLASS", REQUIRED, f"`{STORAGE}`."),
    ("topics.dir", "STRING", "topics", "What all keys begin with; blank: nothing."),
    ("store.url", "STRING", None, "URL of a server other than AWS."),
    ("directory.delim", "STRING", "/", "Stands between directories."),
    ("file.delim", "STRING", "+", "Stands between topic, partition and offset in a name."),
)
_PARTITIONER = _group(
    "partitioner",
    ("partitioner.class", "CLASS", PARTITIONERS + "DefaultPartitioner", "Which directories records go to."),
    ("partition.field.name", "LIST", (), "FieldPartitioner: the fields whose values name the directories."),
    ("partition.duration.ms", "LONG", -1, "TimeBasedPartitioner: length of a bucket."),
    ("path.format", "STRING", "", "TimeBasedPartitioner: Joda's pattern of the directories."),
    ("locale", "STRING", "", "Language of month and day names; every time-based partitioner needs one."),
    ("timezone", "STRING", "", "Zone of directories and of `rotate.schedule.interval.ms`.", timezone),
    ("timestamp.extractor", "STRING", "Wallclock", "`Wallclock`, `Record`, `RecordField`, or a class."),
    ("timestamp.field", "STRING", "timestamp", "RecordField: path of the field, with dots."),
)
_OURS = _group(
    "s3sink",
    ("s3sink.max.bytes", "STRING", "", "Close files that together have so many bytes, compressed: `128MiB`.", size),
    ("s3sink.max.age.ms", "LONG", -1, "Close files so long after their first record, idle ones too."),
    ("s3sink.memory", "STRING", "256MiB", "Bytes that all partitions together may hold.", size),
    ("s3sink.part.size", "STRING", "", "Instead of `s3.part.size`, with a unit: `16MiB`.", size),
    (
        "s3sink.json.compression",
        "STRING",
        "",
        "`zstd` or `snappy` for JSON and raw files, instead of `s3.compression.type`.",
        one_of("", "none", "gzip", "zstd", "snappy"),
    ),
    ("s3sink.json.compression.level", "INT", None, "Level of `s3sink.json.compression`: zstd -7 to 22."),
    ("s3sink.avro.level", "INT", None, "Level of Avro's deflate: 0 to 9."),
    ("s3sink.parquet.compression.level", "INT", None, "Level of Parquet's gzip (1 to 9) and zstd (1 to 22)."),
    ("s3sink.parquet.row.group.bytes", "STRING", "64MiB", "Memory of one row group.", size),
    (
        "s3sink.on.conflict",
        "STRING",
        "fail",
        "When somebody else's object has our key: `fail` or `overwrite`.",
        one_of("fail", "overwrite"),
    ),
    (
        "s3sink.on.gap",
        "STRING",
        "fail",
        "When records were deleted before they were read: `fail` or `continue`.",
        one_of("fail", "continue"),
    ),
    (
        "s3sink.on.revoke",
        "STRING",
        "drop",
        "Open files of a partition that is taken away: `drop` (they are read again) or `commit`.",
        one_of("drop", "commit"),
    ),
    ("s3sink.rotation", "LIST", (), f"Which rotations count, in this order, instead of: {_ORDERS}."),
    ("s3sink.schedule.timezone", "STRING", "", "Zone of the schedule, when it is not `timezone`.", timezone),
    ("s3sink.path.syntax", "STRING", "joda", "Language of `path.format`.", one_of("joda", "strftime", "auto")),
    (
        "s3sink.timestamp.timezone",
        "STRING",
        "UTC",
        "Zone of times without one (the JVM's for the connector).",
        timezone,
    ),
    ("s3sink.timestamp.format", "STRING", "", "`strptime` pattern for `timestamp.field`, instead of ISO 8601."),
    ("s3sink.raw.headers", "BOOLEAN", False, "Leave headers as bytes, whoever looks at them."),
    (
        "s3sink.s3.addressing.style",
        "STRING",
        "",
        "Instead of path style: `auto`.",
        one_of("", "auto", "path", "virtual"),
    ),
    ("s3sink.s3.profile", "STRING", "", "A profile of the AWS configuration files."),
    ("s3sink.s3.session.token", "PASSWORD", None, "Belongs to a temporary `aws.access.key.id`."),
    ("s3sink.s3.payload.signing", "BOOLEAN", False, "Also sign the SHA-256 of every body."),
    ("s3sink.s3.max.connections", "INT", 64, "Connections kept at most."),
    ("s3sink.s3.connect.timeout.ms", "LONG", 10_000, "Until a connection stands."),
    ("s3sink.s3.read.timeout.ms", "LONG", 60_000, "Without a byte of the answer, or accepted of a body."),
)

KEYS: Final[Mapping[str, Key]] = {
    key.name: key
    for key in (
        *_FRAMEWORK,
        *_ERRORS,
        *_CONNECTOR,
        *_SCHEMA,
        *_S3,
        *_COMPANIONS,
        *_STORAGE,
        *_PARTITIONER,
        *_OURS,
    )
}

PREFIXES: Final[Mapping[str, str]] = {
    "key.converter.": "Options of `key.converter`.",
    "value.converter.": "Options of `value.converter`.",
    "header.converter.": "Options of `header.converter`.",
    "transforms.": "Classes and options of transforms.",
    "predicates.": "Classes and options of predicates.",
    "consumer.override.": "Options of the consumer.",
    "producer.override.": "Options of the producer of dead letters.",
    "admin.override.": "Options of the client that creates their topic.",
    "s3.credentials.provider.": "Options of `s3.credentials.provider.class`.",
}
"""What keys may begin with, and what is under it."""

NO_KEYS: Final[Mapping[str, str]] = {
    "schema.generator.class": "no key of the S3 sink",
    "time.interval": "no key of the S3 sink",
    "append.late.data": "no key of the S3 sink: late records go where their time says",
    "logs.dir": "no key of the S3 sink",
    "schema.cache.size": "no key of the S3 sink, which calls it schemas.cache.config",
    "timestamp.parser": "no key of the S3 sink: RecordField reads ISO 8601; s3sink.timestamp.format takes a pattern",
    "hive.": "no keys of the S3 sink",
    "hadoop.": "no keys of the S3 sink",
    "confluent.": "licence and telemetry of Confluent's platform",
    "reporter.": "licence and telemetry of Confluent's platform",
    "connector.plugin.version": "there is one version",
    "key.converter.plugin.version": "there is one version",
    "value.converter.plugin.version": "there is one version",
    "header.converter.plugin.version": "there is one version",
}
"""Keys, and beginnings of keys, that are found in connector files and do nothing there either, with the reason."""
