"""What is told of a bad record, to whom, and what becomes of the sink: the whole way, with no Kafka."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import Any

import pytest

from s3sink import (
    DeadLetterTopic,
    ErrorPolicy,
    JsonConverter,
    MemoryStore,
    RecordError,
    S3Sink,
    SinkRecord,
)
from s3sink.offline import Message, Preview, batch_of, preview
from s3sink.testing.failing import FailingConverter, FailingFormat, FailingPartitioner, FailingTransform, TemporaryError
from s3sink.transforms import MaskField, TopicNameMatches, When

DLQ = DeadLetterTopic("dlq")


def _is_thirteen(record: SinkRecord) -> bool:
    return bool(record.value["id"] == 13)


def sink(**options: Any) -> S3Sink:
    return S3Sink(store=MemoryStore(), name="lake", **options)


def unmasked(**options: Any) -> S3Sink:
    """A transform fails on record 13."""
    transform = FailingTransform(MaskField(fields=["x"]), when=_is_thirteen)
    return sink(transforms=[transform], **options)


EVENTS = batch_of("orders", [{"id": 12}, Message({"id": 13}, key="k", timestamp=1234), {"id": 14}], start=5)


def _ids(written: Preview) -> list[int]:
    return [json.loads(line)["id"] for body in written.objects.values() for line in body.splitlines()]


def _texts(written: Preview) -> list[dict[str, str]]:
    """The context headers of each letter."""
    return [
        {name.removeprefix("__connect.errors."): (value or b"").decode() for name, value in letter.headers}
        for letter in written.dead_letters
    ]


# ---------------------------------------------------------------------------------------------- what becomes of it
def test_everything_is_tolerated_without_anybody_hearing_of_it_but_the_counters() -> None:
    written = preview(unmasked(errors=ErrorPolicy("all")), EVENTS, clock=lambda: 77)
    assert _ids(written) == [12, 14]
    assert written.dead_letters == []
    told = {name: n for name, n in written.counters.items() if "error" in name or "letter" in name or "toler" in name}
    assert told == {"record_errors": 1, "records_tolerated": 1}
    assert written.counters["record_failures"] == 1


def test_a_topic_alone_means_that_everything_is_tolerated() -> None:
    written = preview(unmasked(errors=DLQ), EVENTS)
    assert _ids(written) == [12, 14]
    assert [letter.offset for letter in written.dead_letters] == [6]
    assert written.counters["dead_letter_requests"] == written.counters["records_dead_lettered"] == 1


def test_nothing_is_tolerated_unless_asked_for() -> None:
    with pytest.raises(RecordError, match=r"TRANSFORMATION in MaskField: .*offset=6"):
        preview(unmasked(errors=ErrorPolicy()), EVENTS)


# ---------------------------------------------------------------------------------------------- the log
COORDINATES = (
    ", where consumed record is {topic='orders', partition=0, offset=6, timestamp=1234, timestampType=CreateTime}"
)


@pytest.mark.parametrize(("messages", "where"), [(False, ""), (True, COORDINATES)])
def test_the_line_in_the_log_is_connects(messages: bool, where: str, caplog: pytest.LogCaptureFixture) -> None:
    policy = ErrorPolicy("all", log=True, log_messages=messages)
    written = preview(unmasked(errors=policy), EVENTS)
    (record,) = [r for r in caplog.records if r.name == "s3sink.errors"]
    assert record.levelno == logging.ERROR
    assert record.getMessage() == (
        "Error encountered in task lake-0. Executing stage 'TRANSFORMATION' with class "
        f"'org.apache.kafka.connect.transforms.MaskField$Value'{where}."
    )
    assert record.exc_info is not None
    assert written.counters["errors_logged"] == 1


def test_a_record_without_a_timestamp_has_none_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    policy = ErrorPolicy("all", log=True, log_messages=True)
    preview(unmasked(errors=policy), batch_of("orders", [{"id": 13}]))
    assert "{topic='orders', partition=0, offset=0}." in caplog.text


def test_nothing_is_logged_unless_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    preview(unmasked(errors=DLQ), EVENTS)
    assert "Error encountered" not in caplog.text


# ---------------------------------------------------------------------------------------------- stages and classes
def _bytes_of_thirteen(data: bytes | None) -> bool:
    return data is not None and b"13" in data


APACHE = "org.apache.kafka.connect."
STAGES: list[tuple[str, dict[str, Any], str]] = [
    (
        "KEY_CONVERTER",
        {"key_converter": FailingConverter(JsonConverter(), when=lambda data: data == b'{"x":13}')},
        APACHE + "json.JsonConverter",
    ),
    (
        "VALUE_CONVERTER",
        {"converter": FailingConverter(JsonConverter(), when=_bytes_of_thirteen)},
        APACHE + "json.JsonConverter",
    ),
    (
        "TRANSFORMATION",
        {"transforms": [FailingTransform(MaskField(["x"], of="key"), when=_is_thirteen)]},
        APACHE + "transforms.MaskField$Key",
    ),
    (
        "TRANSFORMATION",
        {
            "transforms": [
                When(TopicNameMatches("orders"), FailingTransform(MaskField(["x"]), when=_is_thirteen)),
            ]
        },
        APACHE + "transforms.MaskField$Value",
    ),
    (
        "TASK_PUT",
        {"partitioner": FailingPartitioner(S3Sink(store=MemoryStore()).partitioner, when=_is_thirteen)},
        APACHE + "sink.SinkTask",
    ),
    (
        "TASK_PUT",
        {"format": FailingFormat(S3Sink(store=MemoryStore()).format, when=_is_thirteen)},
        APACHE + "sink.SinkTask",
    ),
]


@pytest.mark.parametrize(("stage", "options", "executing"), STAGES)
def test_a_letter_names_the_stage_and_the_class_as_connect_does(
    stage: str, options: dict[str, Any], executing: str
) -> None:
    batch = batch_of("orders", [Message({"id": n}, key={"x": n}) for n in (12, 13, 14)])
    written = preview(sink(**{"errors": DLQ, "key_converter": JsonConverter(), **options}), batch)
    assert _ids(written) == [12, 14]
    ((text, *more),) = [_texts(written)]
    assert not more
    assert (text["stage"], text["class.name"]) == (stage, executing)
    assert (text["exception.class.name"], text["exception.message"]) == ("builtins.ValueError", "scripted")
    assert (text["connector.name"], text["task.id"], text["offset"]) == ("lake", "0", "1")
    assert "ValueError: scripted" in text["exception.stacktrace"]


def double(record: SinkRecord) -> SinkRecord:
    return record.replace(value={"id": record.value["id"] * 2})


class Doubling:
    """A transform of one's own that mirrors a Java one."""

    connect_name = "com.acme.Doubling$Value"

    def apply(self, record: SinkRecord) -> SinkRecord:
        return double(record)


OWN = [(double, f"{__name__}.double"), (Doubling(), "com.acme.Doubling$Value")]


@pytest.mark.parametrize(("transform", "name"), OWN)
def test_a_transform_of_ones_own_has_its_python_name_unless_it_says_otherwise(transform: Any, name: str) -> None:
    written = preview(sink(transforms=[transform], errors=DLQ), batch_of("orders", [{"ID": 1}]))
    assert _texts(written)[0]["class.name"] == name


def test_a_bad_key_makes_a_bad_record_even_where_nobody_looks_at_keys() -> None:
    batch = batch_of("orders", [Message({"id": 1}, key="{no"), Message({"id": 2}, key="{}")])
    written = preview(sink(key_converter=JsonConverter(), errors=DLQ), batch)
    assert _ids(written) == [2]
    assert _texts(written)[0]["stage"] == "KEY_CONVERTER"


def test_a_message_with_half_a_surrogate_pair_is_no_obstacle() -> None:
    def fail(record: SinkRecord) -> SinkRecord:
        raise ValueError("\ud800")

    written = preview(sink(transforms=[fail], errors=DLQ), batch_of("orders", [{"id": 1}]))
    assert _texts(written)[0]["exception.message"] == "\\ud800"


def test_an_exception_without_a_text_has_no_message() -> None:
    failing = FailingTransform(double, when=_is_thirteen, error=KeyboardInterruptLike)
    written = preview(sink(transforms=[failing], errors=DLQ), EVENTS)
    assert dict(written.dead_letters[0].headers)["__connect.errors.exception.message"] is None


class KeyboardInterruptLike(Exception):
    """Says nothing."""


# ---------------------------------------------------------------------------------------------- attempts
def test_what_comes_through_at_the_second_attempt_stands_where_it_belongs() -> None:
    failing = FailingTransform(double, when=_is_thirteen, error=TemporaryError, times=1)
    written = preview(sink(transforms=[failing], errors=ErrorPolicy(retry_timeout="5s")), EVENTS)
    assert _ids(written) == [24, 26, 28]
    assert (written.counters["record_retries"], written.counters["record_failures"]) == (1, 1)
    assert "record_errors" not in written.counters


@pytest.mark.parametrize("stage", ["KEY_CONVERTER", "VALUE_CONVERTER"])
def test_converters_are_tried_again_too(stage: str) -> None:
    failing = FailingConverter(JsonConverter(), when=lambda data: data is not None, error=TemporaryError, times=1)
    options = {"key_converter" if stage == "KEY_CONVERTER" else "converter": failing}
    written = preview(sink(errors=ErrorPolicy(retry_timeout="5s"), **options), batch_of("o", [Message({"id": 1}, "2")]))
    assert _ids(written) == [1]


def test_a_record_that_is_dropped_at_the_second_attempt_counts_as_dropped() -> None:
    failing = FailingTransform(lambda record: None, when=_is_thirteen, error=TemporaryError, times=1)
    written = preview(sink(transforms=[failing], errors=ErrorPolicy(retry_timeout="5s")), EVENTS)
    assert written.objects == {}
    assert written.counters["records_filtered"] == 3


def test_an_error_that_lasts_is_reported_when_its_time_is_over() -> None:
    failing = FailingTransform(double, when=_is_thirteen, error=TemporaryError)
    policy = ErrorPolicy("all", retry_timeout=20, dead_letters=DLQ)
    written = preview(sink(transforms=[failing], errors=policy), EVENTS)
    assert _ids(written) == [24, 28]
    assert _texts(written)[0]["exception.class.name"] == "s3sink.testing.failing.TemporaryError"
    assert written.counters["record_failures"] == 3  # two attempts and, as in Connect, the failure itself


def test_a_format_is_never_asked_again() -> None:
    failing = FailingFormat(sink().format, when=_is_thirteen, error=TemporaryError, times=1)
    written = preview(sink(format=failing, errors=ErrorPolicy("all", retry_timeout="1h")), EVENTS)
    assert _ids(written) == [12, 14]


def test_the_order_of_records_is_kept_whatever_has_to_be_tried_again() -> None:
    failing = FailingTransform(double, when=lambda r: r.value["id"] % 3 == 0, error=TemporaryError, times=1)
    batch = batch_of("orders", [{"id": n} for n in range(20)])
    policy = ErrorPolicy(retry_timeout="5s", retry_delay_max=1)
    written = preview(sink(transforms=[failing], errors=policy), batch)
    assert _ids(written) == [2 * n for n in range(20)]


def test_a_policy_makes_no_difference_where_nothing_fails() -> None:
    plain = preview(sink(transforms=[double]), EVENTS, clock=lambda: 5)
    policy = ErrorPolicy("all", -1, log=True, log_messages=True, dead_letters=DLQ)
    careful = preview(replace(sink(transforms=[double]), errors=policy), EVENTS, clock=lambda: 5)
    assert careful == plain
