"""Every key of a connector file changes what runs, or is on the list of those that do nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from s3sink.connect import connector
from s3sink.connect.keys import KEYS
from s3sink.errors import ConfigError
from tests.connect.configs import AVRO, BY_PATTERN, BYTES, HOURLY, JSON, PARQUET, PARTITIONERS, config

FIELD = {"partitioner.class": f"{PARTITIONERS}FieldPartitioner", "partition.field.name": "dt"}
BY_RECORD_FIELD = {**HOURLY, "timestamp.extractor": "RecordField"}
KEYED = {"aws.access.key.id": "me", "aws.secret.access.key": "hush"}
STRING = "org.apache.kafka.connect.storage.StringConverter"
LETTERS = {"errors.tolerance": "all", "errors.deadletterqueue.topic.name": "dlq"}
AES = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


class Row(NamedTuple):
    """Two values of a key, None for a key that is not there, and what it needs beside it."""

    one: str | None
    other: str | None
    beside: Mapping[str, str] = MappingProxyType({})


ROWS: dict[str, Row] = {
    "name": Row("a", "b"),
    "tasks.max": Row(None, "2"),
    "topics": Row("a", "b"),
    "topics.regex": Row("a.*", "b.*", {"topics": ""}),
    "key.converter": Row(None, "org.apache.kafka.connect.json.JsonConverter"),
    "value.converter": Row(STRING, "org.apache.kafka.connect.json.JsonConverter"),
    "header.converter": Row(None, STRING),
    "transforms": Row(
        None,
        "a",
        {
            "transforms.a.type": "org.apache.kafka.connect.transforms.HoistField$Value",
            "transforms.a.field": "x",
        },
    ),
    "errors.retry.timeout": Row(None, "5"),
    "errors.retry.delay.max.ms": Row(None, "5"),
    "errors.tolerance": Row(None, "all"),
    "errors.log.enable": Row(None, "true"),
    "errors.log.include.messages": Row(None, "true", {"errors.log.enable": "true"}),
    "errors.deadletterqueue.topic.name": Row(None, "dlq"),
    "errors.deadletterqueue.topic.replication.factor": Row(None, "1", LETTERS),
    "errors.deadletterqueue.context.headers.enable": Row(None, "true", LETTERS),
    "format.class": Row(JSON, PARQUET),
    "flush.size": Row("3", "4"),
    "rotate.interval.ms": Row(None, "1000", HOURLY),
    "rotate.schedule.interval.ms": Row(None, "1000", HOURLY),
    "filename.offset.zero.pad.width": Row(None, "5"),
    "enhanced.avro.schema.support": Row(None, "false", {"format.class": AVRO}),
    "connect.meta.data": Row(None, "false", {"format.class": PARQUET}),
    "allow.optional.map.keys": Row(None, "true", {"format.class": AVRO}),
    "avro.codec": Row(None, "snappy", {"format.class": AVRO}),
    "parquet.codec": Row(None, "zstd", {"format.class": PARQUET}),
    "schema.compatibility": Row(None, "BACKWARD"),
    "s3.bucket.name": Row("a", "b"),
    "s3.region": Row(None, "eu-west-1"),
    "s3.part.size": Row(None, "6000000"),
    "s3.credentials.provider.class": Row(None, "com.amazonaws.auth.WebIdentityTokenCredentialsProvider"),
    "aws.access.key.id": Row("a", "b", {"aws.secret.access.key": "hush"}),
    "aws.secret.access.key": Row("a", "b", {"aws.access.key.id": "me"}),
    "s3.ssea.name": Row(None, "AES256"),
    "s3.sse.customer.key": Row(None, AES, {"s3.ssea.name": "AES256"}),
    "s3.sse.kms.key.id": Row(None, "key", {"s3.ssea.name": "aws:kms"}),
    "s3.acl.canned": Row(None, "private"),
    "s3.wan.mode": Row(None, "true", {"s3.path.style.access.enabled": "false"}),
    "s3.compression.type": Row(None, "gzip"),
    "s3.compression.level": Row(None, "9", {"s3.compression.type": "gzip"}),
    "json.decimal.format": Row(None, "numeric"),
    "s3.part.retries": Row(None, "5"),
    "s3.retry.backoff.ms": Row(None, "5"),
    "format.bytearray.extension": Row(None, ".x", {"format.class": BYTES}),
    "format.bytearray.separator": Row(None, "|", {"format.class": BYTES}),
    "s3.proxy.url": Row(None, "http://p:1"),
    "s3.proxy.user": Row("u", "v", {"s3.proxy.url": "http://p:1", "s3.proxy.password": "hush"}),
    "s3.proxy.password": Row("u", "v", {"s3.proxy.url": "http://p:1", "s3.proxy.user": "me"}),
    "s3.http.send.expect.continue": Row(None, "false"),
    "behavior.on.null.values": Row(None, "ignore"),
    "report.null.values.to.dlq": Row(None, "false", {**LETTERS, "behavior.on.null.values": "ignore"}),
    "rotate.file.on.partition.change": Row(None, "false", {**HOURLY, "rotate.interval.ms": "1000"}),
    "tombstone.encoded.partition": Row(None, "x", {"behavior.on.null.values": "write", "store.kafka.keys": "true"}),
    "s3.schema.partition.affix.type": Row(None, "PREFIX"),
    "s3.object.tagging": Row(None, "true"),
    "s3.object.tagging.key.value.pairs": Row(None, "a:b", {"s3.object.tagging": "true"}),
    "s3.object.behavior.on.tagging.error": Row(None, "fail", {"s3.object.tagging": "true"}),
    "s3.send.digest": Row(None, "true"),
    "s3.path.style.access.enabled": Row(None, "false"),
    "partitioner.max.open.files": Row(None, "3"),
    "store.kafka.keys": Row(None, "true"),
    "store.kafka.headers": Row(None, "true"),
    "keys.format.class": Row(None, JSON, {"store.kafka.keys": "true"}),
    "headers.format.class": Row(None, JSON, {"store.kafka.headers": "true"}),
    "topics.dir": Row(None, "x"),
    "store.url": Row(None, "http://s3:1"),
    "directory.delim": Row(None, "_"),
    "file.delim": Row(None, "-"),
    "partitioner.class": Row(None, f"{PARTITIONERS}FieldPartitioner", {"partition.field.name": "dt"}),
    "partition.field.name": Row("a", "b", FIELD),
    "partition.duration.ms": Row("1000", "2000", BY_PATTERN),
    "path.format": Row("YYYY", "MM", BY_PATTERN),
    "locale": Row("en", "ko_KR", BY_PATTERN),
    "timezone": Row("UTC", "Asia/Seoul", HOURLY),
    "timestamp.extractor": Row(None, "Record", HOURLY),
    "timestamp.field": Row(None, "t", BY_RECORD_FIELD),
    "s3sink.max.bytes": Row(None, "1MB"),
    "s3sink.max.age.ms": Row(None, "1000"),
    "s3sink.memory": Row(None, "1GiB"),
    "s3sink.part.size": Row(None, "16MiB"),
    "s3sink.json.compression": Row(None, "zstd"),
    "s3sink.json.compression.level": Row(None, "9", {"s3sink.json.compression": "zstd"}),
    "s3sink.avro.level": Row(None, "9", {"format.class": AVRO, "avro.codec": "deflate"}),
    "s3sink.parquet.compression.level": Row(None, "9", {"format.class": PARQUET, "parquet.codec": "zstd"}),
    "s3sink.parquet.row.group.bytes": Row(None, "1MiB", {"format.class": PARQUET}),
    "s3sink.on.conflict": Row(None, "overwrite"),
    "s3sink.on.gap": Row(None, "continue"),
    "s3sink.on.revoke": Row(None, "commit"),
    "s3sink.rotation": Row(None, "flush_size"),
    "s3sink.schedule.timezone": Row(None, "Asia/Tokyo", {**HOURLY, "rotate.schedule.interval.ms": "1000"}),
    "s3sink.path.syntax": Row(None, "strftime", {**BY_PATTERN, "path.format": "%Y"}),
    "s3sink.timestamp.timezone": Row(None, "Asia/Tokyo", BY_RECORD_FIELD),
    "s3sink.timestamp.format": Row(None, "%Y", BY_RECORD_FIELD),
    "s3sink.raw.headers": Row(None, "true", {"store.kafka.headers": "true"}),
    "s3sink.s3.addressing.style": Row(None, "auto"),
    "s3sink.s3.profile": Row(None, "me"),
    "s3sink.s3.session.token": Row(None, "hush", KEYED),
    "s3sink.s3.payload.signing": Row(None, "true"),
    "s3sink.s3.max.connections": Row(None, "3"),
    "s3sink.s3.connect.timeout.ms": Row(None, "3"),
    "s3sink.s3.read.timeout.ms": Row(None, "3"),
}
NEEDED = ("connector.class", "storage.class", "predicates")
"""Keys with one value, and the list of what transforms may name: another value is refused."""


def test_every_key_is_tried() -> None:
    idle = {name for name, key in KEYS.items() if key.no_effect}
    assert set(ROWS) | set(NEEDED) == set(KEYS) - idle


def _of(key: str, value: str | None, beside: Mapping[str, str]) -> Any:
    properties = config(
        dict(beside), {} if value is None else {key: value}, without=() if value is not None else (key,)
    )
    made = connector({name: text for name, text in properties.items() if text})
    mentioned = [problem.message for problem in made.warnings if problem.key == key]
    return (made.name, made.topics, made.topics_regex, made.tasks_max, made.sink), mentioned


@pytest.mark.parametrize("key", ROWS)
def test_a_key_changes_what_runs(key: str) -> None:
    row = ROWS[key]
    one, other = (_of(key, value, row.beside) for value in (row.one, row.other))
    assert one[0] != other[0]
    assert [message for message in other[1] if "no effect" in message] == []


@pytest.mark.parametrize("key", NEEDED)
def test_a_key_that_has_one_value_is_refused_with_another(key: str) -> None:
    filter = "org.apache.kafka.connect.transforms.Filter"
    by_name = {"transforms": "a", "transforms.a.type": filter, "transforms.a.predicate": "named"}
    with pytest.raises(ConfigError):
        connector(config(by_name, {key: "other"}))
