"""Transforms and predicates answer as Kafka Connect's and Debezium's do."""

from __future__ import annotations

from typing import Any

from s3sink.batch import RecordBatch, Span
from s3sink.connect import build_transforms
from s3sink.errors import ConfigError, RecordError
from s3sink.record import SinkRecord
from s3sink.transforms import Chain
from tests.vectors.errors import assert_failed, assert_refused
from tests.vectors.files import Vector
from tests.vectors.records import differences, read_record
from tests.vectors.rules import expected

PREFIX = "transforms.t."


def test_a_transform_answers_as_in_kafka_connect(smt_vector: Vector) -> None:
    run(smt_vector)


def test_the_unwrap_answers_as_in_debezium(debezium_vector: Vector) -> None:
    run(debezium_vector)


def properties_of(vector: Vector) -> dict[str, str]:
    """The lines of a connector file that ask for the transform of a vector."""
    properties = {"transforms": "t", f"{PREFIX}type": vector["transform"]}
    properties |= {PREFIX + key: text for key, text in vector["config"].items()}
    predicate = vector.get("predicate")
    if predicate:
        properties |= {"predicates": "t", f"{PREFIX}predicate": "t", f"{PREFIX}negate": str(predicate["negate"])}
        properties["predicates.t.type"] = predicate["type"]
        properties |= {f"predicates.t.{key}": text for key, text in predicate["config"].items()}
    return properties


def run(vector: Vector) -> None:
    wanted = expected(vector)
    try:
        chain = Chain(build_transforms(properties_of(vector)).made)
    except ConfigError as error:
        return assert_refused(error, wanted, "predicates.t." if vector.get("predicate") else PREFIX)
    if "configured" in wanted:
        return None
    assert vector["input"] is not None, "Connect refuses this configuration"
    return check(apply(chain, read_record(vector["input"])), wanted)


def apply(chain: Chain, record: SinkRecord) -> tuple[list[SinkRecord], list[RecordError]]:
    """The record through the chain as the pipeline does it."""
    span = Span(record.offset, record.offset + 1)
    batch, errors = chain.apply(RecordBatch(record.source, span, rows=[record]))
    return list(batch.records()), errors


def check(answer: tuple[list[SinkRecord], list[RecordError]], wanted: dict[str, Any]) -> None:
    rows, errors = answer
    if "error" in wanted:
        assert len(errors) == 1, f"{rows} instead of {wanted['error']}"
        return assert_failed(errors[0], wanted)
    assert errors == []
    if wanted.get("dropped"):
        assert rows == []
        return None
    assert len(rows) == 1, "dropped"
    assert differences(rows[0], wanted) == []
    return None
