"""Every rule on a file that steps into its trap, and on one that does not; verdicts; what reading the file says."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.connect.files import parse
from s3sink.connect.keys import BYTES, JSON, KEYS, PARQUET, PARTITIONERS, SINK, STORAGE
from s3sink.connect.lint import Report, lint, lint_together
from s3sink.connect.rules import RULES, Finding
from s3sink.connect.rules.meant import fields, is_legal, meant
from tests.connect.configs import config

ERRORS = "errors.deadletterqueue."
UNWRAP = "transforms.u."
ASSIGNMENT = "consumer.override.partition.assignment.strategy"

#: Well in every respect: nothing is said about it.
GOOD: Mapping[str, str] = {
    "name": "orders",
    "connector.class": SINK,
    "topics": "orders",
    "s3.bucket.name": "lake",
    "s3.region": "eu-central-1",
    "storage.class": STORAGE,
    "format.class": JSON,
    "flush.size": "1000",
    "s3sink.max.age.ms": "600000",
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter.schemas.enable": "false",
}
TIME = {
    "partitioner.class": f"{PARTITIONERS}TimeBasedPartitioner",
    "path.format": "'year'=yyyy/'month'=MM/'day'=dd",
    "partition.duration.ms": "86400000",
    "timestamp.extractor": "Record",
    "locale": "en",
    "timezone": "UTC",
}
FIELD = {"partitioner.class": f"{PARTITIONERS}FieldPartitioner", "partition.field.name": "country"}
DEBEZIUM = {
    "transforms": "u",
    f"{UNWRAP}type": "io.debezium.transforms.ExtractNewRecordState",
    "value.converter.schemas.enable": "true",
}
FIREHOSE = "'year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}'"
DLQ = {f"{ERRORS}topic.name": "dlq", "errors.tolerance": "all", f"{ERRORS}context.headers.enable": "true"}


def of(*changes: Mapping[str, str | None]) -> dict[str, str]:
    """The good file with changes; None takes a key out."""
    merged: dict[str, str | None] = dict(GOOD)
    for change in changes:
        merged |= change
    return {key: text for key, text in merged.items() if text is not None}


def path(pattern: str, **more: str) -> dict[str, str]:
    """A time-based file with this pattern."""
    return {**TIME, "path.format": pattern, **{key.replace("_", "."): text for key, text in more.items()}}


#: rule, level, key, what the remedy says, the changes that make the trap
TRAPS: list[tuple[str, str, str, str, Mapping[str, str | None]]] = [
    # patterns
    ("foreign_expression", "error", "path.format", "'year'=yyyy/'month'=MM/'day'=dd/'hour'=HH", path(FIREHOSE)),
    ("foreign_expression", "error", "path.format", "Joda", path("'dt=${value}'")),
    ("strftime_pattern", "error", "path.format", "YYYY/MM/dd", path("%Y/%m/%d")),
    ("nothing_but_text", "error", "path.format", "'year'=YYYY/'month'=MM", path("'year=YYYY/month=MM'")),
    ("unquoted_words", "error", "path.format", "'year'=YYYY/'month'=MM/'day'=dd", path("year=YYYY/month=MM/day=dd")),
    ("unquoted_words", "error", "path.format", "YYYY/'day'=dd", path("YYYY/day=dd")),
    ("day_of_year", "error", "path.format", "YYYY-MM-dd", path("YYYY-MM-DD")),
    ("day_of_year", "warning", "path.format", "DDD", path("YYYY/DD")),
    ("minute_for_month", "error", "path.format", "YYYY-MM-dd", path("YYYY-mm-dd")),
    ("month_for_minute", "error", "path.format", "HH-mm", path("YYYY/MM/dd/HH-MM")),
    ("half_days", "error", "path.format", "dd/HH", path("YYYY/MM/dd/hh")),
    ("week_years", "warning", "path.format", "YYYY", path("xxxx/MM/dd")),
    ("week_years", "warning", "path.format", "xxxx", path("YYYY/ww")),
    ("year_letters", "note", "path.format", "yyyy", path("YYYY/MM/dd")),
    ("other_delimiter", "warning", "path.format", "yyyy|MM", path("yyyy/MM", directory_delim="|")),
    ("empty_levels", "warning", "path.format", "path.format=yyyy/MM", path("/yyyy//MM")),
    ("no_duration", "warning", "partition.duration.ms", "=3600000", {**path("yyyy/HH"), "partition.duration.ms": None}),
    ("longer_buckets", "warning", "partition.duration.ms", "3600000", path("yyyy/MM/dd/HH")),
    ("drifting_buckets", "warning", "partition.duration.ms", "3600000", path("HH", partition_duration_ms="25200000")),
    ("drifting_buckets", "note", "partition.duration.ms", "weeks", path("dd", partition_duration_ms="604800000")),
    ("path_format_of_others", "warning", "path.format", "leave it out", {**FIELD, "path.format": "dt=${value}"}),
    # times
    ("timestamp_parser", "warning", "timestamp.parser", "leave it out", {**TIME, "timestamp.parser": "yyyy-MM-dd"}),
    (
        "timestamp_parser",
        "warning",
        "timestamp.parser",
        "s3sink.timestamp.format=%Y%m%d",
        {**TIME, "timestamp.parser": "yyyyMMdd", "timestamp.extractor": "RecordField", "timestamp.field": "dt"},
    ),
    ("wall_clock", "warning", "timestamp.extractor", "Record", {**TIME, "timestamp.extractor": None}),
    (
        "dates_without_zone",
        "note",
        "timestamp.field",
        "s3sink.timestamp.timezone=Asia/Seoul",
        {**TIME, "timezone": "Asia/Seoul", "timestamp.extractor": "RecordField", "timestamp.field": "dt"},
    ),
    ("language_with_country", "note", "locale", "locale=en", {**TIME, "locale": "en_US"}),
    ("language_with_country", "warning", "locale", "locale=ko", path("yyyy/MMM", locale="ko_KR")),
    ("schedule_without_zone", "error", "timezone", "timezone=UTC", {"rotate.schedule.interval.ms": "60000"}),
    ("incomplete_time_partitioner", "error", "locale", "locale=en", {**TIME, "locale": None}),
    ("incomplete_time_partitioner", "error", "timezone", "timezone=UTC", {**TIME, "timezone": ""}),
    # rotation
    ("no_time_trigger", "warning", "flush.size", "s3sink.max.age.ms", {"s3sink.max.age.ms": None}),
    (
        "interval_needs_records",
        "warning",
        "rotate.interval.ms",
        "s3sink.max.age.ms",
        {**TIME, "rotate.interval.ms": "60000", "s3sink.max.age.ms": None},
    ),
    ("interval_without_effect", "warning", "rotate.interval.ms", "schedule", {"rotate.interval.ms": "60000"}),
    (
        "interval_without_effect",
        "warning",
        "rotate.interval.ms",
        "schedule",
        {**TIME, "rotate.interval.ms": "60000", "s3.schema.partition.affix.type": "PREFIX"},
    ),
    (
        "one_directory_at_a_time",
        "note",
        "rotate.file.on.partition.change",
        "false",
        {**TIME, "rotate.interval.ms": "60000"},
    ),
    (
        "odd_schedule",
        "warning",
        "rotate.schedule.interval.ms",
        "86400000",
        {"rotate.schedule.interval.ms": "172800000", "timezone": "UTC"},
    ),
    (
        "odd_schedule",
        "note",
        "rotate.schedule.interval.ms",
        "600000",
        {"rotate.schedule.interval.ms": "25200000", "timezone": "UTC"},
    ),
    ("one_record_a_file", "warning", "flush.size", "1000", {"flush.size": "1"}),
    ("one_record_a_file", "warning", "flush.size", "1000", {"flush.size": "0"}),
    ("shared_flush_size", "note", "flush.size", "topic-partition", TIME),
    ("unknown_compatibility", "warning", "schema.compatibility", "=FULL", {"schema.compatibility": "FULL_TRANSITIVE"}),
    ("unknown_compatibility", "warning", "schema.compatibility", "=BACKWARD", {"schema.compatibility": "backward"}),
    ("compatibility_without_schemas", "note", "schema.compatibility", "leave", {"schema.compatibility": "FULL"}),
    ("many_open_files", "warning", "partitioner.max.open.files", "-1", {"partitioner.max.open.files": "0"}),
    ("read_again_after_rebalance", "note", "flush.size", "s3sink.on.revoke=commit", {"flush.size": "2000000"}),
    # formats
    (
        "compressed_containers",
        "error",
        "s3.compression.type",
        "parquet.codec=gzip",
        {"format.class": PARQUET, "s3.compression.type": "gzip"},
    ),
    (
        "compressed_containers",
        "error",
        "s3.compression.type",
        "avro.codec=deflate",
        {"store.kafka.keys": "true", "s3.compression.type": "gzip"},
    ),
    ("parquet_without_schemas", "warning", "format.class", "schemas.enable=true", {"format.class": PARQUET}),
    (
        "schemas_by_default",
        "warning",
        "value.converter.schemas.enable",
        "=false for plain JSON",
        {"value.converter.schemas.enable": None},
    ),
    ("converters_of_the_worker", "warning", "key.converter", "--worker", {"key.converter": None}),
    (
        "documents_as_text",
        "warning",
        "value.converter",
        "JsonConverter",
        {
            "value.converter": "org.apache.kafka.connect.storage.StringConverter",
            "value.converter.schemas.enable": None,
        },
    ),
    ("raw_files_of_others", "error", "value.converter", "ByteArrayConverter", {"format.class": BYTES}),
    (
        "separator_text",
        "warning",
        "format.bytearray.separator",
        "character",
        {"format.class": BYTES, "format.bytearray.separator": "\\n"},
    ),
    ("separator_text", "note", "format.bytearray.separator", "separator", {"format.class": BYTES}),
    (
        "extension_without_dot",
        "warning",
        "format.bytearray.extension",
        "=.log",
        {"format.class": BYTES, "format.bytearray.extension": "log"},
    ),
    ("codecs_without_writer", "error", "parquet.codec", "zstd", {"format.class": PARQUET, "parquet.codec": "brotli"}),
    ("base64_decimals", "note", "json.decimal.format", "NUMERIC", {"value.converter.schemas.enable": "true"}),
    (
        "keys_that_are_missing",
        "note",
        "store.kafka.keys",
        "errors.tolerance=all",
        {"store.kafka.keys": "true", "keys.format.class": JSON},
    ),
    ("fields_without_schemas", "warning", "partitioner.class", "schemas.enable=true", FIELD),
    ("no_fields", "error", "partition.field.name", "add", {**FIELD, "partition.field.name": None}),
    ("fields_with_dots", "note", "partition.field.name", "Flatten", {**FIELD, "partition.field.name": "a.b"}),
    ("fields_as_they_are", "note", "partition.field.name", "directories", FIELD),
    # records
    ("tombstone_in_names", "warning", "topics", "tombstone.encoded.partition", {"topics": "my-tombstones"}),
    ("tombstone_in_names", "warning", "topics.dir", "a word", {"topics.dir": "tombstone"}),
    ("tombstone_in_names", "error", "tombstone.encoded.partition", "leave it out", {"tombstone.encoded.partition": ""}),
    (
        "tombstones_without_keys",
        "error",
        "behavior.on.null.values",
        "store.kafka.keys=true",
        {"behavior.on.null.values": "write"},
    ),
    ("tombstones_end_the_task", "warning", "behavior.on.null.values", "ignore", DEBEZIUM),
    (
        "ignored_and_reported",
        "note",
        "report.null.values.to.dlq",
        "=false",
        {**DLQ, "behavior.on.null.values": "ignore"},
    ),
    (
        "dead_letters_without_tolerance",
        "warning",
        f"{ERRORS}topic.name",
        "errors.tolerance=all",
        {**DLQ, "errors.tolerance": None},
    ),
    ("tolerance_without_dead_letters", "warning", "errors.tolerance", "log.enable", {"errors.tolerance": "all"}),
    ("replicas_of_dead_letters", "note", f"{ERRORS}topic.replication.factor", "=1", DLQ),
    (
        "dead_letters_without_context",
        "note",
        f"{ERRORS}context.headers.enable",
        "=true",
        {**DLQ, f"{ERRORS}context.headers.enable": None},
    ),
    # store
    ("parts_above_memory", "warning", "s3.part.size", "s3.part.size=", {"s3.part.size": "134217728"}),
    ("parts_above_memory", "warning", "s3.part.size", "s3sink.memory", {"partitioner.max.open.files": "100"}),
    (
        "parts_above_memory",
        "warning",
        "s3sink.part.size",
        "s3sink.part.size=16MiB",
        {"s3sink.part.size": "100MiB", "partitioner.max.open.files": "16"},
    ),
    ("accelerated_path_style", "error", "s3.wan.mode", "s3.path.style.access.enabled=false", {"s3.wan.mode": "true"}),
    ("encryption_without_effect", "warning", "s3.ssea.name", "kms.key.id", {"s3.ssea.name": "aws:kms"}),
    ("encryption_without_effect", "warning", "s3.ssea.name", "aws:kms with", {"s3.ssea.name": "aws:kms:dsse"}),
    ("encryption_without_effect", "warning", "s3.sse.kms.key.id", "aws:kms", {"s3.sse.kms.key.id": "k"}),
    (
        "encryption_without_effect",
        "warning",
        "s3.sse.customer.key",
        "AES256",
        {"s3.sse.customer.key": "${env:NO_SUCH}"},
    ),
    ("half_credentials", "warning", "aws.access.key.id", "aws.secret.access.key", {"aws.access.key.id": "AKIA"}),
    (
        "plain_secrets",
        "warning",
        "aws.secret.access.key",
        "${env:NAME}",
        {"aws.access.key.id": "AKIA", "aws.secret.access.key": "hush-hush"},
    ),
    ("region_by_default", "note", "s3.region", "s3.region", {"s3.region": None}),
    (
        "tags_without_tagging",
        "warning",
        "s3.object.tagging.key.value.pairs",
        "s3.object.tagging=true",
        {"s3.object.tagging.key.value.pairs": "a:b"},
    ),
    (
        "tags_without_tagging",
        "error",
        "s3.object.tagging.key.value.pairs",
        "key:value",
        {"s3.object.tagging": "true", "s3.object.tagging.key.value.pairs": "a:b,c"},
    ),
    ("tags_without_tries", "warning", "s3.part.retries", "1", {"s3.object.tagging": "true", "s3.part.retries": "0"}),
    ("addresses_without_scheme", "warning", "store.url", "https://minio:9000", {"store.url": "minio:9000"}),
    ("slashes_around_directory", "warning", "topics.dir", "topics.dir=a/b", {"topics.dir": "/a/b/"}),
    ("delimiters_in_names", "warning", "file.delim", "+", {"file.delim": "0"}),
    # transforms and clients
    (
        "routers",
        "warning",
        "transforms.r.type",
        "nothing to do",
        {
            "transforms": "r",
            "transforms.r.type": "org.apache.kafka.connect.transforms.RegexRouter",
            "transforms.r.regex": "(.*)",
            "transforms.r.replacement": "x-$1",
        },
    ),
    (
        "unwrap_without_schemas",
        "warning",
        f"{UNWRAP}type",
        "s3sink.schemaless=true",
        {**DEBEZIUM, "value.converter.schemas.enable": "false"},
    ),
    (
        "old_tombstone_options",
        "warning",
        f"{UNWRAP}drop.tombstones",
        "handling.mode=drop",
        {**DEBEZIUM, f"{UNWRAP}drop.tombstones": "true"},
    ),
    (
        "old_tombstone_options",
        "warning",
        f"{UNWRAP}delete.handling.mode",
        "handling.mode=rewrite",
        {**DEBEZIUM, f"{UNWRAP}delete.handling.mode": "rewrite"},
    ),
    (
        "depends_on_more",
        "warning",
        "transforms.c.type",
        "path",
        {"transforms": "c", "transforms.c.type": f"{__name__}:Clocked"},
    ),
    (
        "cooperative_assignor",
        "warning",
        ASSIGNMENT,
        "leave it out",
        {ASSIGNMENT: "org.apache.kafka.clients.consumer.CooperativeStickyAssignor"},
    ),
    (
        "uncommitted_records",
        "warning",
        "consumer.override.isolation.level",
        "leave it out",
        {"consumer.override.isolation.level": "read_uncommitted"},
    ),
    (
        "latest_offsets",
        "warning",
        "consumer.override.auto.offset.reset",
        "earliest",
        {"consumer.override.auto.offset.reset": "latest"},
    ),
]


def found_by(report: Report, rule: str) -> list[Finding]:
    return [finding for finding in report.findings if finding.rule == rule]


def test_a_file_that_is_well_in_every_respect_has_no_findings() -> None:
    report = lint(GOOD)
    assert (report.findings, report.exit_code, report.name) == ((), 0, "orders")


@pytest.mark.parametrize(("rule", "level", "key", "remedy", "changes"), TRAPS)
def test_a_rule_says_what_is_wrong_and_what_to_write(
    rule: str, level: str, key: str, remedy: str, changes: Mapping[str, str | None]
) -> None:
    properties = of(changes)
    found = [finding for finding in found_by(lint(properties), rule) if finding.key == key]
    assert [finding.level for finding in found][:1] == [level], lint(properties).findings
    assert remedy in found[0].remedy
    assert found[0].reason


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_rule_has_its_trap_here(rule: object) -> None:
    assert getattr(rule, "__name__", "") in {trap[0] for trap in TRAPS}


LEGAL = [
    path("yyyy/MM/dd/HH/mm", partition_duration_ms="60000"),
    path("yyyy/DDD"),
    path("yyyyMMdd"),
    path("'dt'=yyyy-MM-dd/hh a", partition_duration_ms="3600000"),
    path("xxxx/'week'=ww"),
    path("HH/mm", partition_duration_ms="60000"),
    path("'o''clock'=HH", partition_duration_ms="3600000"),
    path("year=%Y/month=%m", s3sink_path_syntax="strftime"),
]


@pytest.mark.parametrize("changes", LEGAL, ids=lambda changes: changes["path.format"])
def test_patterns_that_say_what_they_mean_are_left_alone(changes: Mapping[str, str]) -> None:
    assert [finding for finding in lint(of(changes)).findings if finding.level != "note"] == []


# ---------------------------------------------------------------------------------------------- what was meant
@pytest.mark.parametrize(
    ("pattern", "better"),
    [
        (FIREHOSE, "'year'=yyyy/'month'=MM/'day'=dd/'hour'=HH"),
        ("year=YYYY/month=MM/day=DD/hour=HH", "'year'=YYYY/'month'=MM/'day'=dd/'hour'=HH"),
        ("'year=YYYY/month=MM'", "'year'=YYYY/'month'=MM"),
        ("%Y/%m/%d/%H-%M", "YYYY/MM/dd/HH-mm"),
        ("YYYY-mm-DD", "YYYY-MM-dd"),
        ("'dt'=yyyyMMDD", "'dt'=yyyyMMdd"),
        ("'year'=YYYY/'month'=MM", None),
        ("'events'", None),
        ("", None),
    ],
)
def test_what_was_meant_by_a_pattern(pattern: str, better: str | None) -> None:
    assert meant(pattern) == better


@given(st.text("yYMDdHhmsSxwaE'=/-!{}:%timestpear", max_size=30))
def test_what_was_meant_is_always_legal_and_has_a_field(pattern: str) -> None:
    better = meant(pattern)
    assert better is None or (is_legal(better) and fields(better) and better != pattern)


NAMES = st.lists(st.from_regex(r"[a-z]{2,8}", fullmatch=True), min_size=4, max_size=4)


@given(NAMES, st.integers(1, 4), st.sampled_from("yY"))
def test_a_mistake_gives_back_the_pattern_that_it_was_made_of(names: list[str], levels: int, year: str) -> None:
    pairs = list(zip(names, (year * 4, "MM", "dd", "HH"), strict=True))[:levels]
    right = "/".join(f"'{name}'={field}" for name, field in pairs)
    bare = "/".join(f"{name}={field}" for name, field in pairs)
    firehose = "/".join(f"{name}=!{{timestamp:{field}}}" for name, field in pairs)
    assert [meant(mistake) for mistake in (bare, f"'{bare}'", f"'{firehose}'")] == [right] * 3
    assert meant(right) is None


# ---------------------------------------------------------------------------------------------- reading the file
def test_all_problems_come_together_each_with_what_to_do() -> None:
    report = lint(of({"flush.size": "many", "s3.bucket.name": None, "topics.regex": "(", "format.class": "Json"}))
    said = {finding.key: finding for finding in report.findings if finding.level == "error"}
    assert {"flush.size", "s3.bucket.name", "topics", "format.class"} <= said.keys()
    assert said["flush.size"].reason.endswith("Not a number of type INT")
    assert said["s3.bucket.name"].remedy == "add s3.bucket.name. The bucket."
    assert (report.exit_code, report.verdict) == (2, None)


def test_an_unknown_key_is_answered_with_the_nearest() -> None:
    (finding,) = lint(of({"flush.sice": "3"})).findings
    assert (finding.level, finding.key, finding.value) == ("warning", "flush.sice", "3")
    assert finding.remedy == "did you mean flush.size?"


def test_a_finding_says_where_its_key_stands() -> None:
    (connector,) = parse("\n".join(f"{key}={text}" for key, text in of({"flush.size": "1"}).items()), "c.properties")
    (finding,) = lint(connector).findings
    assert finding.source == f"c.properties:{list(of()).index('flush.size') + 1}"


def test_secrets_are_shown_nowhere() -> None:
    secret = {"aws.access.key.id": "AKIA", "aws.secret.access.key": "hush-hush", "s3.sse.customer.key": "my own key"}
    report = lint(of(secret, {"consumer.override.sasl.jaas.config": "x y z=hush-hush", "s3.proxy.password": "tell"}))
    assert found_by(report, "plain_secrets")
    assert not any(word in repr(report.findings) for word in ("hush-hush", "my own key", "tell"))


def test_a_reference_is_no_secret_in_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINT_SECRET", "hush-hush")
    report = lint(of({"aws.access.key.id": "AKIA", "aws.secret.access.key": "${env:LINT_SECRET}"}))
    assert report.findings == ()


def test_converters_of_the_worker_count() -> None:
    worker = {"value.converter": GOOD["value.converter"], "value.converter.schemas.enable": "false"}
    properties = of({"value.converter": None, "value.converter.schemas.enable": None})
    assert lint(properties, worker=worker).findings == ()


def test_another_connector_is_told_once_and_not_judged() -> None:
    report = lint({"name": "f", "connector.class": "FileStreamSource", "topic": "t"})
    assert [finding.key for finding in report.findings] == ["connector.class"]


@given(st.dictionaries(st.sampled_from([*KEYS, "transforms.a.type", "unknown"]), st.text(max_size=20), max_size=12))
def test_no_configuration_ends_in_anything_but_findings(properties: dict[str, str]) -> None:
    report = lint({**GOOD, **properties})
    assert report.exit_code in (0, 1, 2)
    assert report.valid or report.count("error")


# ---------------------------------------------------------------------------------------------- the promise
class Clocked:
    """A transform of one's own that looks at the clock."""

    deterministic = False

    def apply(self, record: object) -> object:
        return record


@pytest.mark.parametrize(
    ("changes", "exactly_once", "reason"),
    [
        ({}, True, "logged before it is written"),
        ({"s3sink.max.age.ms": None}, True, "depends on its records alone"),
        ({**TIME, "timestamp.extractor": "Wallclock"}, False, "timestamp.extractor is the wall clock"),
        ({"transforms": "c", "transforms.c.type": f"{__name__}:Clocked"}, False, "Clocked depends on more"),
    ],
)
def test_the_verdict_has_its_reason(changes: Mapping[str, str | None], exactly_once: bool, reason: str) -> None:
    verdict = lint(of(changes)).verdict
    assert verdict is not None
    assert verdict.exactly_once is exactly_once
    assert reason in verdict.reason
    assert verdict.promise.startswith("exactly once" if exactly_once else "at least once")


# ---------------------------------------------------------------------------------------------- several connectors
def test_two_connectors_of_one_name_share_a_group() -> None:
    (finding,) = lint_together([lint(GOOD), lint(of({"topics": "clicks"}))])
    assert (finding.rule if finding.rule else "", finding.key, finding.level) == ("same_name", "name", "error")


def test_two_connectors_on_one_topic_write_the_same_keys() -> None:
    (finding,) = lint_together([lint(GOOD), lint(of({"name": "again"}))])
    assert "orders and again read orders and write the same keys" in finding.reason


def test_connectors_with_places_of_their_own_are_well_together() -> None:
    others = [of({"name": "b", "topics.dir": "b"}), of({"name": "c", "topics": "clicks"})]
    assert lint_together([lint(GOOD), *map(lint, others)]) == []


def test_a_misspelt_key_is_named_although_the_file_cannot_be_run() -> None:
    wrong = config(without=("flush.size",)) | {"flush.sise": "10"}
    report = lint(wrong)
    said = {finding.key: finding for finding in report.findings}
    assert "The file has flush.sise" in said["flush.size"].reason
    assert said["flush.sise"].remedy == "did you mean flush.size?"


def test_a_zone_that_nobody_knows_is_not_said_to_be_missing() -> None:
    hourly = {
        "partitioner.class": "io.confluent.connect.storage.partitioner.HourlyPartitioner",
        "locale": "en",
        "timezone": "Mars/Base",
    }
    said = {finding.key: finding for finding in lint(config(hourly)).findings}
    assert "Mars/Base" in said["timezone"].reason
