"""Connector configurations become sinks: what every key does, what is refused, and what is warned about."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s3sink import (
    BytesConverter,
    BytesFormat,
    DailyPartitioner,
    DeadLetterTopic,
    ErrorPolicy,
    FieldPartitioner,
    FlushSize,
    HourlyPartitioner,
    JsonConverter,
    JsonFormat,
    Layout,
    MaxAge,
    MaxBytes,
    MaxOpenFiles,
    ParquetFormat,
    RecordField,
    RecordTimestamp,
    RotateInterval,
    RotateSchedule,
    S3Sink,
    S3Store,
    SchemaChange,
    StringConverter,
    TimeBasedPartitioner,
    WallClock,
)
from s3sink.connect import connector, load, validate
from s3sink.connect.keys import KEYS
from s3sink.converters.header import SimpleHeaderConverter
from s3sink.errors import ConfigError
from s3sink.partitioners.affix import SchemaNameAffix
from s3sink.storage.s3_credentials import AssumeRole, CredentialsFrom
from s3sink.storage.s3_options import Proxy, SseC, SseKms, SseS3
from s3sink.storage.s3_tagging import Tagging
from s3sink.transforms import ExtractNewRecordState, Filter, MaskField, RecordIsTombstone, When
from tests.connect.configs import AVRO, BY_PATTERN, BYTES, HOURLY, JSON, PARQUET, PARTITIONERS, config

STORE = S3Store("lake", "topics", "eu-central-1", addressing_style="path", max_attempts=4)
SINK = S3Sink(
    store=STORE,
    converter=JsonConverter(schemas_enable=False),
    key_converter=StringConverter(),
    rotation=(FlushSize(3), SchemaChange("NONE")),
    part_size=26_214_400,
    name="lake",
)
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
ROLE = {
    "s3.credentials.provider.class": "io.confluent.connect.s3.auth.AwsAssumeRoleCredentialsProvider",
    "s3.credentials.provider.sts.role.arn": "arn:aws:iam::1:role/lake",
    "s3.credentials.provider.sts.role.session.name": "lake",
    "s3.credentials.provider.sts.role.external.id": "42",
}


def problems_of(properties: dict[str, Any], **more: Any) -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as caught:
        connector(properties, **more)
    return list(caught.value.problems)


def warnings_of(properties: dict[str, str], **more: Any) -> dict[str, str]:
    return dict(connector(properties, **more).warnings)


def test_a_plain_configuration_is_a_plain_sink() -> None:
    assert load(config()) == SINK


def test_a_connector_is_a_sink_with_topics_and_a_group() -> None:
    found = connector(config(topics=" a, b ,a", tasks__max="2"))
    assert (found.name, found.topics, found.topics_regex, found.group) == ("lake", ("a", "b"), None, "connect-lake")
    assert (found.sink, found.tasks_max, found.warnings) == (SINK, 2, ())
    by_regex = connector(config(without=("topics",), topics__regex="ev-.*"))
    assert (by_regex.topics, by_regex.topics_regex) == ((), "ev-.*")


# ---------------------------------------------------------------------------------------------- what keys do
@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"flush.size": "0"}, {"rotation": (FlushSize(1), SchemaChange("NONE"))}),
        ({"rotate.interval.ms": "0", "rotate.schedule.interval.ms": "-5"}, {}),
        (
            {"rotate.schedule.interval.ms": "60000", "timezone": "Asia/Seoul"},
            {"rotation": (FlushSize(3), RotateSchedule(60_000, "Asia/Seoul"), SchemaChange("NONE"))},
        ),
        ({"schema.compatibility": "FULL"}, {"rotation": (FlushSize(3), SchemaChange("FULL"))}),
        (
            {"partitioner.max.open.files": "5", "s3sink.max.bytes": "128MiB", "s3sink.max.age.ms": "1000"},
            {"rotation": (FlushSize(3), SchemaChange("NONE"), MaxOpenFiles(5), MaxBytes("128MiB"), MaxAge(1000))},
        ),
        ({"s3sink.rotation": "flush_size"}, {"rotation": (FlushSize(3),)}),
        (
            HOURLY | {"rotate.interval.ms": "600000", "rotate.file.on.partition.change": "false"},
            {
                "partitioner": HourlyPartitioner(timezone="Asia/Seoul", extractor=WallClock()),
                "rotation": (FlushSize(3), RotateInterval(600_000, False), SchemaChange("NONE")),
            },
        ),
        (
            HOURLY | {"partitioner.class": f"{PARTITIONERS}DailyPartitioner", "timestamp.extractor": "Record"},
            {"partitioner": DailyPartitioner(timezone="Asia/Seoul", extractor=RecordTimestamp())},
        ),
        (
            BY_PATTERN | {"timestamp.extractor": "RecordField", "timestamp.field": "a.b"},
            {
                "partitioner": TimeBasedPartitioner(
                    "'dt'=YYYY-MM-dd", 86_400_000, "UTC", "en", extractor=RecordField("a.b"), syntax="joda"
                )
            },
        ),
        (
            {"partitioner.class": f"{PARTITIONERS}FieldPartitioner", "partition.field.name": "b, a"},
            {"partitioner": FieldPartitioner("b", "a")},
        ),
        (
            {"partitioner.class": f"{PARTITIONERS}FieldPartitioner", "s3.schema.partition.affix.type": "SUFFIX"},
            {"partitioner": SchemaNameAffix(FieldPartitioner(), "SUFFIX")},
        ),
        (
            {"topics.dir": "  raw/data  ", "file.delim": "-", "filename.offset.zero.pad.width": "1"},
            {"store": replace(STORE, prefix="raw/data"), "layout": Layout(file_delim="-", offset_width=1)},
        ),
        ({"topics.dir": " "}, {"store": replace(STORE, prefix="")}),
        ({"topics.dir": "raw/"}, {"store": replace(STORE, prefix=""), "layout": Layout(prefix="raw//")}),
        (
            {"directory.delim": "|"},
            {"store": replace(STORE, prefix=""), "layout": Layout(directory_delim="|", prefix="topics|")},
        ),
        (
            {"directory.delim": ""},
            {"store": replace(STORE, prefix=""), "layout": Layout(directory_delim="", prefix="topics")},
        ),
        ({"s3.region": " US-EAST-1 "}, {"store": replace(STORE, region="us-east-1")}),
        ({"s3.region": ""}, {"store": replace(STORE, region=None)}),
        ({"store.url": "minio:9000"}, {"store": replace(STORE, endpoint="https://minio:9000")}),
        ({"s3.part.retries": "0"}, {"store": replace(STORE, max_attempts=1)}),
        ({"s3.retry.backoff.ms": "7"}, {"store": replace(STORE, retry_backoff=7)}),
        (
            {"s3.wan.mode": "true", "s3.path.style.access.enabled": "false"},
            {"store": replace(STORE, accelerate=True, addressing_style="virtual")},
        ),
        ({"s3.ssea.name": "AES256"}, {"store": replace(STORE, encryption=SseS3())}),
        ({"s3.ssea.name": "AES256", "s3.sse.customer.key": KEY}, {"store": replace(STORE, encryption=SseC(KEY))}),
        ({"s3.ssea.name": "aws:kms", "s3.sse.kms.key.id": "k"}, {"store": replace(STORE, encryption=SseKms("k"))}),
        ({"s3.ssea.name": "aws:kms"}, {}),
        ({"s3.ssea.name": "aws:kms:dsse", "s3.sse.kms.key.id": "k"}, {}),
        ({"s3.acl.canned": "private"}, {"store": replace(STORE, acl="private")}),
        ({"s3.send.digest": "true"}, {"store": replace(STORE, checksum="md5")}),
        ({"s3.http.send.expect.continue": "false"}, {"store": replace(STORE, expect_continue=False)}),
        (
            {"s3.proxy.url": "http://u:p@proxy:1", "s3.proxy.user": "me"},
            {"store": replace(STORE, proxy=Proxy("http://proxy:1", "me", "p"))},
        ),
        (
            {"s3.object.tagging": "true", "s3.object.tagging.key.value.pairs": "a:1,b:2:3"},
            {"store": replace(STORE, tagging=Tagging((("a", "1"), ("b", "2"))))},
        ),
        (
            {"aws.access.key.id": "id", "aws.secret.access.key": "secret"},
            {"store": replace(STORE, access_key="id", secret_key="secret")},
        ),
        (ROLE, {"store": replace(STORE, credentials=AssumeRole("arn:aws:iam::1:role/lake", "lake", "42"))}),
        (
            {"s3.credentials.provider.class": "com.amazonaws.auth.EnvironmentVariableCredentialsProvider"},
            {"store": replace(STORE, credentials=CredentialsFrom("environment"))},
        ),
        ({"s3.compression.type": "gzip"}, {"format": JsonFormat("gzip")}),
        ({"s3.compression.type": "gzip", "s3.compression.level": "9"}, {"format": JsonFormat("gzip", 9)}),
        ({"s3sink.json.compression": "zstd"}, {"format": JsonFormat("zstd")}),
        ({"json.decimal.format": "numeric"}, {"format": JsonFormat(decimal_format="NUMERIC")}),
        ({"format.class": PARQUET, "parquet.codec": "zstd"}, {"format": ParquetFormat("zstd")}),
        (
            {"format.class": BYTES, "format.bytearray.extension": "dat", "format.bytearray.separator": " , "},
            {"format": BytesFormat("dat", b" , ")},
        ),
        (
            {"store.kafka.keys": "true", "keys.format.class": JSON, "behavior.on.null.values": "WRITE"},
            {"keys_format": JsonFormat(), "null_values": "write"},
        ),
        (
            {"store.kafka.headers": "true", "headers.format.class": PARQUET, "tombstone.encoded.partition": "gone"},
            {
                "headers_format": ParquetFormat(),
                "tombstone_partition": "gone",
                "header_converter": SimpleHeaderConverter(),
            },
        ),
        ({"behavior.on.null.values": "Ignore"}, {"null_values": "ignore"}),
        (
            {"behavior.on.null.values": "ignore", "errors.log.enable": "true"},
            {"null_values": "report", "errors": ErrorPolicy(log=True)},
        ),
        (
            {"errors.tolerance": "all", "errors.deadletterqueue.topic.name": "dlq"},
            {"errors": DeadLetterTopic("dlq", context_headers=False, replication_factor=3)},
        ),
        (
            {"errors.tolerance": "all", "errors.retry.timeout": "-1", "errors.retry.delay.max.ms": "9"},
            {"errors": ErrorPolicy("all", -1, 9)},
        ),
        (
            {"s3sink.on.conflict": "overwrite", "s3sink.on.gap": "continue", "s3sink.on.revoke": "commit"},
            {"on_conflict": "overwrite", "on_gap": "continue", "on_revoke": "commit"},
        ),
        ({"s3sink.memory": "1GiB", "s3sink.part.size": "16MiB"}, {"memory": 1 << 30, "part_size": 16 << 20}),
        ({"header.converter": "StringConverter"}, {"header_converter": StringConverter()}),
        ({"name": "our lake"}, {"name": "our-lake-f16748eb"}),
    ],
)
def test_a_key_takes_effect(changes: dict[str, str], fields: dict[str, Any]) -> None:
    assert load(config(changes)) == replace(SINK, **fields)


def test_transforms_and_predicates_become_a_chain() -> None:
    chain = {
        "transforms": "mask,drop",
        "transforms.mask.type": "org.apache.kafka.connect.transforms.MaskField$Value",
        "transforms.mask.fields": "email",
        "transforms.drop.type": "org.apache.kafka.connect.transforms.Filter",
        "transforms.drop.predicate": "gone",
        "predicates": "gone",
        "predicates.gone.type": "org.apache.kafka.connect.transforms.predicates.RecordIsTombstone",
    }
    sink = load(config(chain))
    assert sink.transforms == (MaskField(fields=["email"]), When(RecordIsTombstone(), Filter()))
    assert sink.header_converter == SimpleHeaderConverter()


def test_python_classes_of_ones_own_get_the_properties_that_their_fields_name() -> None:
    name = "s3sink.partitioners:FieldPartitioner"
    assert load(config(partitioner__class=name, partition__field__name="a")).partitioner == FieldPartitioner("a")
    by_time = load(config(BY_PATTERN, timestamp__extractor="s3sink.partitioners:RecordTimestamp")).partitioner
    assert isinstance(by_time, TimeBasedPartitioner)
    assert by_time.extractor == RecordTimestamp()


# ---------------------------------------------------------------------------------------------- worker
WORKER = {
    "key.converter": "ByteArrayConverter",
    "value.converter": "JsonConverter",
    "value.converter.schemas.enable": "true",
    "consumer.max.poll.records": "10",
    "consumer.fetch.min.bytes": "5",
    "config.providers": "e",
    "config.providers.e.class": "org.apache.kafka.common.config.provider.EnvVarConfigProvider",
}
NO_CONVERTERS = ("key.converter", "value.converter", "value.converter.schemas.enable")


def test_converters_are_the_workers_where_the_connector_has_none() -> None:
    sink = load(config(without=NO_CONVERTERS), worker=WORKER)
    assert (sink.key_converter, sink.converter) == (BytesConverter(), JsonConverter(schemas_enable=True))


def test_without_any_converter_json_is_assumed_and_said() -> None:
    found = connector(config(without=NO_CONVERTERS))
    assert (found.sink.key_converter, found.sink.converter) == (BytesConverter(), JsonConverter())
    assert [key for key, _ in found.warnings] == ["key.converter", "value.converter"]


def test_overrides_lie_on_top_of_the_workers_options() -> None:
    changes = {"consumer.override.max.poll.records": "1", "consumer.override.group.id": "other"}
    found = connector(config(changes, producer__override__linger__ms="3"), worker=WORKER)
    assert found.consumer_overrides == {"max.poll.records": "1", "fetch.min.bytes": "5", "group.id": "other"}
    assert (found.producer_overrides, found.admin_overrides, found.group) == ({"linger.ms": "3"}, {}, "other")


def test_a_worker_may_forbid_overrides() -> None:
    changes = {"consumer.override.max.poll.records": "1"}
    key = "connector.client.config.override.policy"
    words = "The 'None' policy does not allow 'max.poll.records' to be overridden in the connector configuration."
    assert problems_of(config(changes), worker={key: "None"}) == [("consumer.override.max.poll.records", words)]
    assert connector(config(changes), worker={key: "All"}).consumer_overrides == {"max.poll.records": "1"}


def test_references_are_resolved_and_stay_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_KEY", "hush-hush")
    keys = {"aws.access.key.id": "id", "aws.secret.access.key": "${env:LAKE_KEY}"}
    store = load(config(keys)).store
    assert isinstance(store, S3Store)
    assert store.secret_key == "hush-hush"
    assert "hush-hush" not in repr(connector(config(keys, consumer__override__sasl__jaas__config="hush-hush")))
    problems = problems_of(config(flush__size="${env:LAKE_KEY}"))
    assert problems == [("flush.size", "Invalid value [hidden] for configuration flush.size: Not a number of type INT")]


def test_the_workers_providers_are_the_only_ones_when_it_names_any(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_BUCKET", "lake")
    assert problems_of(config(s3__bucket__name="${env:LAKE_BUCKET}"), worker=WORKER)[0][0] == "s3.bucket.name"
    assert load(config(s3__bucket__name="${e:LAKE_BUCKET}"), worker=WORKER).store == STORE


# ---------------------------------------------------------------------------------------------- refusals
@pytest.mark.parametrize(
    ("changes", "key", "message"),
    [
        (
            {"rotate.schedule.interval.ms": "1"},
            "timezone",
            "timezone configuration must be set when using rotate.schedule.interval.ms",
        ),
        (HOURLY | {"locale": " "}, "locale", "Invalid value  for configuration locale: Locale cannot be empty."),
        (HOURLY | {"timezone": ""}, "timezone", "Invalid value  for configuration timezone: Timezone cannot be empty."),
        (
            BY_PATTERN | {"partition.duration.ms": "-1"},
            "partition.duration.ms",
            "Invalid value -1 for configuration partition.duration.ms: Partition duration needs to be a positive.",
        ),
        (
            BY_PATTERN | {"path.format": "/"},
            "path.format",
            "Invalid value / for configuration path.format: Path format cannot be empty.",
        ),
        (
            BY_PATTERN | {"path.format": "!{timestamp:yyyy}"},
            "path.format",
            "Invalid value !{timestamp:yyyy} for configuration path.format: Illegal pattern component: t",
        ),
        (BY_PATTERN | {"timestamp.extractor": "record"}, "timestamp.extractor", "Invalid timestamp extractor: record"),
        (
            BY_PATTERN | {"timestamp.extractor": "java.lang.String"},
            "timestamp.extractor",
            "Class java.lang.String does not implement TimestampExtractor",
        ),
        (
            BY_PATTERN | {"timestamp.extractor": "RecordField", "timestamp.field": ""},
            "timestamp.field",
            "The field to extract cannot be null or empty.",
        ),
        (
            {"filename.offset.zero.pad.width": "0"},
            "filename.offset.zero.pad.width",
            "Invalid value 0 for configuration filename.offset.zero.pad.width: Flags = '0': it needs 1, which is no "
            "padding, or more",
        ),
        (
            {"s3.object.tagging.key.value.pairs": "team"},
            "s3.object.tagging.key.value.pairs",
            "Invalid value [team] for configuration s3.object.tagging.key.value.pairs: Index 1 out of bounds for "
            "length 1: each tag is key:value",
        ),
        (
            {"format.class": PARQUET, "parquet.codec": "brotli"},
            "parquet.codec",
            "Class org.apache.hadoop.io.compress.BrotliCodec was not found: use snappy, zstd or gzip",
        ),
        (
            {"format.class": "JsonFormat"},
            "format.class",
            f"Invalid value JsonFormat for configuration format.class: Class JsonFormat could not be found. "
            f"Did you mean {JSON}?",
        ),
        (
            ROLE | {"s3.credentials.provider.sts.role.arn": ""},
            "s3.credentials.provider.sts.role.arn",
            'Missing required configuration "sts.role.arn" which has no default value.',
        ),
        ({"s3.sse.customer.key": "a2V5", "s3.ssea.name": "AES256"}, "s3.sse.customer.key", "must be 32 bytes"),
        ({"s3.proxy.url": "proxy:1"}, "s3.proxy.url", "must be like http://host:port"),
        ({"s3sink.rotation": "flush_sise"}, "s3sink.rotation", "Did you mean flush_size?"),
        ({"connector.class": "FileStreamSink"}, "connector.class", "is not run here"),
    ],
)
def test_what_cannot_be_is_refused_under_its_key(changes: dict[str, str], key: str, message: str) -> None:
    ((found, words),) = problems_of(config(changes))
    assert found == key
    assert message in words


def test_all_problems_are_told_together_in_the_order_of_the_table() -> None:
    changes = HOURLY | {"locale": "", "flush.size": "x", "s3.part.size": "x", "behavior.on.null.values": "write"}
    problems = problems_of(config(changes, without=("topics", "s3.bucket.name"), errors__retry__delay__max__ms="0"))
    assert [key for key, _ in problems] == [
        "topics",
        "topics.regex",
        "errors.retry.delay.max.ms",
        "flush.size",
        "s3.bucket.name",
        "s3.part.size",
        "behavior.on.null.values",
        "store.kafka.keys",
        "locale",
    ]


@given(st.dictionaries(st.sampled_from(list(KEYS)), st.sampled_from(["", "x", "0", "-1", "true", "1.5"]), max_size=5))
def test_what_rest_refuses_is_refused(changes: dict[str, str]) -> None:
    refused = validate(config(changes))
    if refused:
        assert refused.keys() <= {key for key, _ in problems_of(config(changes))}


# ---------------------------------------------------------------------------------------------- warnings
@pytest.mark.parametrize(
    ("changes", "key", "words"),
    [
        ({"flush.sise": "3"}, "flush.sise", "Did you mean flush.size?"),
        ({"timestamp.parser": "yyyy"}, "timestamp.parser", "no key of the S3 sink"),
        ({"hive.integration": "true"}, "hive.integration", "no keys of the S3 sink"),
        ({"enable.conditional.writes": "false"}, "enable.conditional.writes", "only if its key is free"),
        ({"schema.compatibility": "backward"}, "schema.compatibility", "Did you mean BACKWARD?"),
        ({"rotate.interval.ms": "5"}, "rotate.interval.ms", "not time-based"),
        (
            HOURLY | {"rotate.interval.ms": "5", "s3.schema.partition.affix.type": "PREFIX"},
            "rotate.interval.ms",
            "s3.schema.partition.affix.type=PREFIX",
        ),
        ({"path.format": "'x'"}, "path.format", "DefaultPartitioner"),
        (HOURLY | {"path.format": "'x'"}, "path.format", "has its own"),
        ({"s3.ssea.name": "aws:kms"}, "s3.ssea.name", "without s3.sse.kms.key.id"),
        ({"aws.access.key.id": "id"}, "aws.access.key.id", "without aws.secret.access.key"),
        ({"parquet.codec": "gzip"}, "parquet.codec", "nothing is written as ParquetFormat"),
        ({"errors.deadletterqueue.topic.name": "d"}, "errors.deadletterqueue.topic.name", "errors.tolerance=all"),
        (
            {"transforms": "u", "transforms.u.type": "io.debezium.transforms.ExtractNewRecordState"},
            "transforms.u.type",
            "transforms.u.s3sink.schemaless=false",
        ),
        (
            {key: text for key, text in BY_PATTERN.items() if key != "partition.duration.ms"},
            "partition.duration.ms",
            "which Kafka Connect refuses",
        ),
    ],
)
def test_what_has_no_effect_is_said(changes: dict[str, str], key: str, words: str) -> None:
    assert words in warnings_of(config(changes))[key]


@pytest.mark.parametrize(
    ("changes", "unwraps"),
    [
        ({}, True),
        ({"transforms.u.s3sink.schemaless": "false"}, False),
        ({"value.converter.schemas.enable": "true"}, False),
        ({"value.converter.schemas.enable": "true", "transforms.u.s3sink.schemaless": "true"}, True),
    ],
)
def test_unwrap_is_for_records_without_schema_where_values_have_none(changes: dict[str, str], unwraps: bool) -> None:
    of_debezium = {"transforms": "u", "transforms.u.type": "io.debezium.transforms.ExtractNewRecordState"}
    (transform,) = connector(config({**of_debezium, **changes})).sink.transforms
    assert isinstance(transform, ExtractNewRecordState)
    assert transform.schemaless == unwraps


def test_each_key_that_does_nothing_here_has_a_reason() -> None:
    idle = {key.name for key in KEYS.values() if key.no_effect}
    assert idle == {
        "tasks.max.enforce",
        "config.action.reload",
        "schemas.cache.config",
        "retry.backoff.ms",
        "shutdown.timeout.ms",
        "max.write.duration.ms",
        "enable.conditional.writes",
        "max.files.scan.limit",
        "s3.elastic.buffer.enable",
        "s3.elastic.buffer.init.capacity",
    }
    assert all(key.doc or key.no_effect for key in KEYS.values())


# ---------------------------------------------------------------------------------------------- mangled
VALUES = st.one_of(
    st.text(max_size=20).filter(lambda text: "${" not in text),
    st.sampled_from(["", " ", "true", "-1", "0", "1e9", "99999999999999999999", "null", "a,b", "a:b,c", "(", "zstd"]),
    st.sampled_from([JSON, AVRO, BYTES, PARQUET, "java.lang.String", "os:path", "s3sink.sink:S3Sink", "a.b.C"]),
    st.sampled_from([f"{PARTITIONERS}{n}Partitioner" for n in ("Field", "Hourly", "Daily", "TimeBased")]),
    st.sampled_from(["RecordField", "Record", "gzip", "write", "ignore", "PREFIX", "AES256", "aws:kms", "UTC", "YYYY"]),
    st.none() | st.booleans() | st.integers() | st.floats() | st.lists(st.integers()) | st.binary(),
)
CHANGES = st.dictionaries(st.sampled_from(list(KEYS)) | st.text() | st.integers(), VALUES, max_size=12)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(CHANGES, st.sampled_from([config(), config(HOURLY), config(BY_PATTERN), {}]), st.none() | CHANGES)
def test_no_configuration_ends_in_anything_but_a_config_error(
    changes: dict[Any, Any], base: dict[str, str], worker: dict[Any, Any] | None
) -> None:
    with suppress(ConfigError):
        assert connector({**base, **changes}, worker=worker).sink
    assert isinstance(validate({**base, **changes}, worker=worker), dict)
