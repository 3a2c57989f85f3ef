"""What REST would answer to a configuration."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.connect import validate
from s3sink.connect.keys import KEYS
from tests.connect.configs import AVRO, BY_PATTERN, HOURLY, JSON, PARQUET, PARTITIONERS, config

CODECS = "Value must be one of: [none, gzip, snappy, lz4, brotli, lz4_raw, zstd, lzo]"
NULLS = "String must be one of: ignore, fail, write"
PROVIDER = "Class must extend: interface com.amazonaws.auth.AWSCredentialsProvider"


def invalid(key: str, value: str, reason: str) -> str:
    return f"Invalid value {value} for configuration {key}: {reason}"


def test_a_good_configuration_has_no_messages() -> None:
    assert validate(config()) == {}


@pytest.mark.parametrize(
    ("key", "text", "messages"),
    [
        ("flush.size", "x", ["Not a number of type INT"]),
        ("flush.size", "2147483648", ["Not a number of type INT"]),
        ("flush.size", "00000000000000000000000012", []),
        ("flush.size", "-1", []),
        ("rotate.interval.ms", "9223372036854775808", ["Not a number of type LONG"]),
        ("errors.deadletterqueue.topic.replication.factor", "32768", ["Not a number of type SHORT"]),
        ("filename.offset.zero.pad.width", "-1", ["Value must be at least 0"]),
        ("s3.compression.level", "10", ["Value must be no more than 9"]),
        ("s3.compression.type", "GZIP", ["Value must be one of: none, gzip"]),
        ("s3.compression.type", "gzip ", []),
        ("parquet.codec", "uncompressed", [CODECS]),
        ("parquet.codec", "brotli", []),
        ("avro.codec", "Snappy", ["String must be one of: null, deflate, snappy, bzip2"]),
        ("json.decimal.format", "numeric", []),
        ("json.decimal.format", "x", ["String must be one of (case insensitive): NUMERIC, BASE64"]),
        ("store.kafka.keys", "TRUE", []),
        ("store.kafka.keys", "yes", ["Expected value to be either true or false"]),
        ("timezone", "PST", ["The datetime zone id 'PST' is not recognised"]),
        ("timezone", " ", []),
        ("errors.tolerance", "ALL", ["String must be one of: none, all"]),
        ("config.action.reload", "never", ["String must be one of: none, restart"]),
        ("s3.schema.partition.affix.type", "prefix", ["String must be one of: SUFFIX, PREFIX, NONE"]),
        ("s3.ssea.name", "aes256", ["String must be one of: , AES256, aws:kms, aws:kms:dsse"]),
        ("s3.ssea.name", "aws:kms:dsse", []),
        ("s3.elastic.buffer.init.capacity", "1", ["Value must be at least 4096"]),
        ("shutdown.timeout.ms", "x", []),
        ("name", "", ["String may not be empty"]),
        ("format.class", "JsonFormat", ["Class JsonFormat could not be found."]),
        ("format.class", f" {JSON} ", []),
        ("partitioner.class", "java.lang.String", []),
        ("storage.class", "nope", ["Class nope could not be found."]),
        ("schema.compatibility", "whatever", []),
        ("no.such.key", "whatever", []),
    ],
)
def test_a_value_is_judged_in_the_connectors_words(key: str, text: str, messages: list[str]) -> None:
    expected = [invalid(key, text, message) for message in messages]
    assert validate(config({key: text})).get(key, []) == expected


@pytest.mark.parametrize("key", ["s3.part.size", "tasks.max", "s3.part.retries", "s3.compression.level"])
def test_a_number_that_cannot_be_read_is_judged_once_more_as_null(key: str) -> None:
    null = "Part size must be non-null" if key == "s3.part.size" else "Value must be non-null"
    expected = [invalid(key, "x", "Not a number of type INT"), invalid(key, "null", null)]
    assert validate(config({key: "x"})) == {key: expected}


def test_a_value_in_another_case_is_shown_in_lower_case_where_the_connector_does() -> None:
    key = "behavior.on.null.values"
    assert validate(config({key: "Drop"})) == {key: [invalid(key, "drop", NULLS)]}


def test_a_credentials_class_must_be_one() -> None:
    key = "s3.credentials.provider.class"
    assert validate(config({key: "java.lang.String"})) == {key: [invalid(key, "class java.lang.String", PROVIDER)]}
    missing = [invalid(key, "nope", "Class nope could not be found."), invalid(key, "null", PROVIDER)]
    assert validate(config({key: "nope"})) == {key: missing}


@pytest.mark.parametrize("key", [key.name for key in KEYS.values() if key.required])
def test_what_must_be_there_is_missed(key: str) -> None:
    expected = [f'Missing required configuration "{key}" which has no default value.']
    assert validate(config(without=(key,)))[key] == expected


@pytest.mark.parametrize(
    ("changes", "keys", "message"),
    [
        (
            {"format.class": PARQUET, "s3.compression.type": "gzip"},
            ("format.class", "s3.compression.type"),
            f"Compression Type gzip not valid for data format class: ( {PARQUET} ).",
        ),
        (
            {"store.kafka.headers": "true", "s3.compression.type": "gzip"},
            ("store.kafka.headers", "headers.format.class", "s3.compression.type"),
            f"Compression Type gzip not valid for headers format class: ( {AVRO} ).",
        ),
        (
            {"behavior.on.null.values": "Write"},
            ("behavior.on.null.values", "store.kafka.keys"),
            "Writing Kafka record keys to storage is mandatory when tombstone writing is enabled.",
        ),
        (
            {"topics.regex": "a.*"},
            ("topics", "topics.regex"),
            "topics and topics.regex are mutually exclusive options, but both are set.",
        ),
        (
            {"errors.deadletterqueue.topic.name": " b ", "topics": "a, b,a"},
            ("topics",),
            "The DLQ topic 'b' may not be included in the list of topics ('topics=[a, b]') consumed by the connector",
        ),
    ],
)
def test_checks_across_keys(changes: dict[str, str], keys: tuple[str, ...], message: str) -> None:
    assert validate(config(changes)) == {key: [message] for key in keys}


def test_checks_across_keys_wait_until_each_is_well() -> None:
    changes = {"format.class": AVRO, "s3.compression.type": "gzip"}
    assert list(validate(config(changes, flush__size="x"))) == ["flush.size"]
    assert validate(config(changes, rotate__schedule__interval__ms="60000")) == {}
    assert len(validate(config(changes, tasks__max="0"))) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"rotate.schedule.interval.ms": "60000"},
        HOURLY | {"locale": ""},
        BY_PATTERN | {"path.format": "!{timestamp:yyyy}"},
        BY_PATTERN | {"partition.duration.ms": "-1"},
    ],
)
def test_what_kafka_connect_finds_only_when_the_task_starts_is_not_in_it(changes: dict[str, str]) -> None:
    assert validate(config(changes)) == {}


def test_chain_and_converters_are_in_it() -> None:
    chain = {"transforms": "a", "transforms.a.type": "RegexRouter", "transforms.a.regex": "a"}
    assert list(validate(config(chain))) == ["transforms.a.replacement"]
    assert list(validate(config(key__converter="nope"))) == ["key.converter"]


def test_where_the_connector_fails_inside_it_is_said_what_is_wrong() -> None:
    found = validate(config(partitioner__class="FieldPartitioner"))
    words = "Class FieldPartitioner could not be found."
    assert found == {"partitioner.class": [invalid("partitioner.class", "FieldPartitioner", words)]}
    assert PARTITIONERS + "FieldPartitioner" not in str(found)


def test_another_connector_has_one_message() -> None:
    found = validate({"connector.class": "FileStreamSink"})
    assert list(found) == ["connector.class"]


@given(st.dictionaries(st.sampled_from(list(KEYS)), st.text()))
def test_no_configuration_is_too_odd_to_be_judged(changes: dict[str, str]) -> None:
    changes = {key: text for key, text in changes.items() if "${file" not in text}
    assert all(messages for messages in validate(config(changes)).values())
