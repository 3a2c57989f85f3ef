"""The Java names of our classes, against the names by which connector files ask for them."""

from __future__ import annotations

from typing import Any

import pytest

from s3sink import DefaultPartitioner, JsonConverter, RecordTimestamp, WallClock
from s3sink.class_names import class_name
from s3sink.connect.classes import CLASSES, ConnectClass
from s3sink.testing.failing import FailingConverter

OF_STAGES = [known for known in CLASSES if {"Transformation", "Converter", "HeaderConverter"} & set(known.kinds)]


@pytest.mark.parametrize("known", OF_STAGES, ids=lambda known: known.name)
def test_a_class_goes_by_the_name_that_builds_it_from_a_connector_file(known: ConnectClass) -> None:
    module, _, name = known.path.partition(":")
    ours: Any = getattr(pytest.importorskip(module), name, None)
    if ours is None:
        pytest.skip(f"there is no {known.path}")
    thing = object.__new__(ours)
    for field, value in known.fixed.items():
        object.__setattr__(thing, field, value)
    assert class_name(thing) == known.name


@pytest.mark.parametrize(("extractor", "name"), [(RecordTimestamp(), "Record"), (WallClock(), "Wallclock")])
def test_an_extractor_goes_by_the_name_of_the_connectors(extractor: Any, name: str) -> None:
    package = "io.confluent.connect.storage.partitioner.TimeBasedPartitioner$"
    assert class_name(extractor) == f"{package}{name}TimestampExtractor"


def test_what_stands_for_no_class_of_connects_has_its_own_name() -> None:
    assert class_name(DefaultPartitioner()) == "s3sink.partitioners.default.DefaultPartitioner"
    assert class_name(class_name) == "s3sink.class_names.class_name"


def test_a_class_may_say_itself_what_it_stands_for() -> None:
    assert class_name(FailingConverter(JsonConverter(), when=bool)) == "org.apache.kafka.connect.json.JsonConverter"
