"""The Avro converter answers as Confluent's does, with a schema registry, in both directions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

import pytest

from s3sink.testing.schema_registry import SchemaRegistry
from tests.vectors.files import Vector
from tests.vectors.running import TOPIC, run_converter

SUBJECT = f"{TOPIC}-value"


@pytest.fixture
def registry() -> Iterator[str]:
    """The address of a registry that knows nothing yet."""
    with SchemaRegistry() as server:
        yield server.url


def test_the_avro_converter_answers_as_confluents(avro_vector: Vector, registry: str) -> None:
    _register(registry, avro_vector.get("avro_schema"))
    run_converter(avro_vector, {"schema.registry.url": registry})
    _check_registered(registry, avro_vector["expected"])


def _request(url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/vnd.schemaregistry.v1+json"}
    with urlopen(Request(url, data, headers), timeout=10) as response:
        return json.load(response)


def _register(registry: str, avro_schema: Any) -> None:
    if avro_schema is not None:
        _request(f"{registry}/subjects/{SUBJECT}/versions", {"schema": json.dumps(avro_schema)})


def _check_registered(registry: str, wanted: dict[str, Any]) -> None:
    if "registered_avro_schema" in wanted:
        assert ",".join(_request(f"{registry}/subjects")) == wanted["subjects"]
        found = json.loads(_request(f"{registry}/subjects/{SUBJECT}/versions/latest")["schema"])
        assert found == wanted["registered_avro_schema"]
