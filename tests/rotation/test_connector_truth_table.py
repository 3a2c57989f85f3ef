"""The truth table of the connector, for the whole sink: from a connector file and records to objects and commits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from s3sink.errors import RecordError
from s3sink.record import TopicPartition
from tests.rotation.truth_table import JSON, TABLE, Row
from tests.vectors.replay import Outcome, Replay

_CONFIG = {
    "name": "s3",
    "connector.class": "io.confluent.connect.s3.S3SinkConnector",
    "s3.bucket.name": "b",
    "s3.region": "us-east-1",
    "storage.class": "io.confluent.connect.s3.storage.S3Storage",
    "format.class": JSON,
    "flush.size": "1000",
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter.schemas.enable": "false",
}
_SHORT = ((r"partition=(\d+)$", r"p\1"), (r".*/hour=0?(\d+)", r"h\1"), (r"year=\d+/month=\d+/day=0?(\d+)$", r"d\1"))


@pytest.mark.parametrize("row", TABLE, ids=[row.number for row in TABLE])
def test_the_whole_sink_makes_the_files_of_the_connector(row: Row) -> None:
    outcomes = Replay(scenario(row)).run()
    assert " ".join(files(outcomes)) == row.files
    assert commit(outcomes[-1], row) == row.commit
    assert [text for text in errors(outcomes) if not row.error or row.error not in text] == []
    assert row.error == "" or list(errors(outcomes))
    assert set(row.keys) <= {key for outcome in outcomes for key in outcome.objects}


def test_the_table_is_whole() -> None:
    numbers = {int(re.match(r"\d+", row.number)[0]) for row in TABLE}  # type: ignore[index]
    assert numbers == set(range(1, 77))


def scenario(row: Row) -> dict[str, Any]:
    topic, partition = row.source
    others = [[topic, 1]] if isinstance(row.commit, tuple) else []
    return {
        "config": {**_CONFIG, "topics": topic, **row.config},
        "assignment": [[topic, partition], *others],
        "start_ms": row.start,
        "reporter": row.reporter,
        "steps": list(row.steps),
        "expected": {"steps": [{}, *({} for _ in row.steps)]},
    }


def files(outcomes: list[Outcome]) -> Iterator[str]:
    """In the order of their first offset within a step."""
    for outcome in outcomes:
        values = [key for key in outcome.objects if ".keys." not in key and outcome.op != "seed"]
        for key in sorted(values, key=_first_offset):
            lines = outcome.objects[key].count(b"\n")
            yield f"{_directory(key)}:{_first_offset(key)[0]}({lines})"


def _first_offset(key: str) -> tuple[int, str]:
    return int(key.rpartition("+")[2].split(".")[0]), key


def _directory(key: str) -> str:
    found = re.sub(r"^(topics/)?[^/]+/", "", key).rpartition("/")[0]
    for long, short in _SHORT:
        found = re.sub(f"^{long}", short, found)
    return found


def commit(outcome: Outcome, row: Row) -> int | tuple[int | None, int | None] | None:
    topic, partition = row.source
    found = outcome.committed.get(TopicPartition(topic, partition)) or None
    if not isinstance(row.commit, tuple):
        return found
    return found, outcome.committed.get(TopicPartition(topic, 1)) or None


def errors(outcomes: list[Outcome]) -> Iterator[str]:
    for error in (outcome.error for outcome in outcomes):
        if error is not None:
            yield error.reason if isinstance(error, RecordError) else str(error)
