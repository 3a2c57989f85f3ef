"""Converters answer as Kafka Connect's do, in both directions."""

from __future__ import annotations

from tests.vectors.files import Vector
from tests.vectors.running import run_converter


def test_a_converter_answers_as_in_kafka_connect(converter_vector: Vector) -> None:
    run_converter(converter_vector)
