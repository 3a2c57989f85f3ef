"""Bad records, and values that the connector alters."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from s3sink.errors import PARTITION_EXCEPTION, RecordError
from tests.vectors.connector_rules.views import (
    as_ours,
    fails_with,
    failures,
    has_no_schemas,
    has_step,
    is_null,
    letters_of,
    schema_of,
    setting,
    without,
)
from tests.vectors.files import Vector
from tests.vectors.scenarios import Answer, Failure, Letter, all_records, place_of, real_steps

_ACCIDENTS = ("java.lang.ClassCastException", "java.lang.NullPointerException", "java.lang.ArithmeticException")
_OF_PARTITIONER = ("org.apache.kafka.connect.errors.DataException", PARTITION_EXCEPTION)


def dies_of_a_record(scenario: Vector) -> bool:
    """There is a reporter, or it came upon a value that it has no code for."""
    if has_step(scenario, "fault"):
        return False
    reporter = scenario.get("reporter") is True
    return any(reporter or _is_accident(failure, scenario) for failure in failures(scenario))


def _is_accident(failure: Failure, scenario: Vector) -> bool:
    bean = any(text.startswith("No serializer found for class") for text in failure.messages)
    optional = "Avro schema must be a record." in failure.messages and _has_optional_structs(scenario)
    return failure.java_class in _ACCIDENTS or bean or optional


def _has_optional_structs(scenario: Vector) -> bool:
    schemas = (json.loads(schema_of(record) or "null") or {} for record in all_records(scenario))
    return all(schema.get("type") == "struct" and schema.get("optional") for schema in schemas)


def reported_instead(scenario: Vector, answer: Answer) -> Answer:
    """The connector's message, for a single record; of an accident only that something becomes of the record."""
    for index, (step, done) in enumerate(zip(answer.steps, [{}, *real_steps(scenario)], strict=True)):
        if step.failure is None:
            continue
        if _is_accident(step.failure, scenario) or len(done["records"]) > 1:
            answer = replace(answer.with_step(index, failure=None, either_way=True), waits_for=frozenset())
        else:
            letters = (*step.letters, _letter_of(step.failure, done))
            answer = answer.with_step(index, failure=None, letters=letters)
    return answer


def _letter_of(failure: Failure, done: Vector) -> Letter:
    source, offset = place_of(done["records"][-1])
    java_class = failure.java_class if failure.java_class in _OF_PARTITIONER else None
    return Letter(source, offset, java_class, failure.messages[0] if failure.messages else "")


def leaves_a_trace(scenario: Vector) -> bool:
    """A reported record is the time base of files, closes some, or leaves a line in one of its files."""
    if not letters_of(scenario):
        return False
    by_time = int(setting(scenario, "rotate.interval.ms") or 0) > 0
    null_header = any(text is None for record in all_records(scenario) for _, text in record.get("headers", ()))
    return by_time or null_header or _letter_has_another_schema(scenario)


def _letter_has_another_schema(scenario: Vector) -> bool:
    letters = {(letter.source, letter.offset) for letter in letters_of(scenario)}
    schemas: dict[bool, set[str]] = {False: set(), True: set()}
    for record in all_records(scenario):
        schemas[place_of(record) in letters].add(schema_of(record))
    return bool(schemas[True] - schemas[False]) and bool(schemas[False])


def without_a_trace(scenario: Vector, answer: Answer) -> Answer:
    """As without them; where the first of them ends the task, as without what comes behind it too."""
    letters = {(letter.source, letter.offset) for letter in letters_of(scenario)}
    if answer.failed_at is not None:
        letters |= {place for place in map(place_of, all_records(scenario)) if place > min(letters)}
    ours = as_ours(without(scenario, lambda record: place_of(record) in letters))
    steps = [
        replace(step, failure=theirs.failure, letters=theirs.letters)
        for step, theirs in zip(ours.steps, answer.steps, strict=True)
    ]
    return replace(answer, steps=tuple(steps), waits_for=frozenset())


def kills_with_records_before(scenario: Vector) -> bool:
    """A null in the middle of a `put`."""
    return fails_with(scenario, "Null valued records are not writeable") and not scenario.get("reporter")


def after_what_is_before(scenario: Vector, answer: Answer) -> Answer:
    """What stands before the null is written as if the `put` ended there."""
    null = min(place_of(record) for record in all_records(scenario) if is_null(record))
    ours = as_ours(without(scenario, lambda record: place_of(record) >= null))
    for index in range(len(answer.steps)):
        answer = answer.with_step(index, objects=ours.steps[index].objects)
    return replace(answer, waits_for=frozenset({null}))


# ---------------------------------------------------------------------------------------------- values
def has_a_long_number(scenario: Vector) -> bool:
    """Beyond 64 bits, or beyond a double."""
    digits = re.compile(r"(?<![\w.])-?\d{19,}(?![\w.])|\d[eE]\+?\d{3}")
    texts = (str(record.get("value", "")) for record in all_records(scenario))
    return has_no_schemas(scenario) and any(digits.search(text) for text in texts)


def keeps_its_digits(scenario: Vector, answer: Answer) -> Answer:
    return replace(answer, wrapped=True)


_NO_AVRO_NAME = ("Illegal character in", "Illegal initial character", "Empty name")


def has_names_that_avro_has_not(scenario: Vector) -> bool:
    texts = [text for failure in failures(scenario) for text in failure.messages]
    texts += [letter.message for letter in letters_of(scenario)]
    return setting(scenario, "format.class").endswith("ParquetFormat") and any(
        t.startswith(_NO_AVRO_NAME) for t in texts
    )


def is_written(scenario: Vector, answer: Answer) -> Answer:
    for index, step in enumerate(answer.steps):
        if step.failure is not None or step.letters:
            answer = answer.with_step(index, failure=None, letters=(), either_way=True)
    return replace(answer, waits_for=frozenset())


_HALF = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]..)\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)


def cannot_be(scenario: Vector) -> bool:
    records = list(all_records(scenario))
    of_json = setting(scenario, "value.converter").endswith(".JsonConverter")
    of_kafka = setting(scenario, "timestamp.extractor") == "Record"
    halves = of_json and any(_HALF.search(str(record.get("value"))) for record in records)
    return halves or (of_kafka and any(record["timestamp"] == -1 for record in records))


def ends_with_the_record(scenario: Vector, answer: Answer) -> Answer:
    return replace(answer, ends_with=(RecordError,))
