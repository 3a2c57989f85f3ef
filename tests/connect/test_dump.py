"""Sinks as connector files, and back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from s3sink import FlushSize, MaxAge, MemoryStore, RotateSchedule, S3Sink, S3Store, SinkRecord, TimeBasedPartitioner
from s3sink.connect import connector, dump, load, validate
from s3sink.connect.keys import KEYS, PREFIXES
from s3sink.errors import ConfigError
from tests.connect.configs import BY_PATTERN, HOURLY, config
from tests.connect.sinks import sinks

SINK = S3Sink(store=S3Store("lake"))


def upper(record: SinkRecord) -> SinkRecord:
    return record


@dataclass(frozen=True)
class ByLength:
    """A partitioner of one's own."""

    unit: str = "bytes"

    def encode(self, record: SinkRecord, now: int) -> str:
        return f"{self.unit}={len(str(record.value))}"


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sinks())
def test_what_is_dumped_and_loaded_is_the_same(sink: S3Sink) -> None:
    properties = dump(sink)
    assert load(properties) == sink
    assert all(isinstance(text, str) for text in properties.values())
    assert all(key in KEYS or key.startswith(tuple(PREFIXES)) for key in properties)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sinks())
def test_a_dump_is_a_connector_file_without_its_topics(sink: S3Sink) -> None:
    properties = {**dump(sink), "name": "lake", "topics": "t"}
    assert connector(properties).sink == replace(sink, name="lake")
    assert validate(properties) in ({}, {"flush.size": [_missing("flush.size")]})


def _missing(key: str) -> str:
    return f'Missing required configuration "{key}" which has no default value.'


@pytest.mark.parametrize("properties", [config(), config(HOURLY), config(BY_PATTERN, s3__part__retries="9")])
def test_what_is_loaded_and_dumped_has_the_same_keys(properties: dict[str, str]) -> None:
    assert dump(load(properties)).items() >= {
        (key, text)
        for key, text in properties.items()
        if key != "topics" and (KEYS[key].required if key in KEYS else True)
    }


def test_functions_and_classes_of_ones_own_are_dumped_by_their_path() -> None:
    sink = replace(SINK, transforms=(upper,), partitioner=ByLength("characters"))
    properties = dump(sink)
    assert properties["transforms.t1.type"] == f"{__name__}:upper"
    assert (properties["partitioner.class"], properties["unit"]) == (f"{__name__}:ByLength", "characters")
    assert load(properties) == sink


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"store": MemoryStore()}, "store"),
        ({"transforms": (lambda record: record,)}, "transforms.t1.type"),
        ({"rotation": (MaxAge(1), MaxAge(2))}, "rotation"),
        ({"partitioner": TimeBasedPartitioner(" YYYY ", 1)}, "partitioner"),
        ({"rotation": (RotateSchedule(2**70),)}, "rotate.schedule.interval.ms"),
        ({"rotation": (FlushSize(2**31),)}, "flush.size"),
    ],
)
def test_what_a_connector_file_cannot_say_is_refused(changes: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        dump(replace(SINK, **changes))
    assert [problem.key for problem in caught.value.problems] == [key]
