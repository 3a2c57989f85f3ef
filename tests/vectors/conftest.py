"""One test case for each vector, with the vector's name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.vectors.files import Vector, json_lines, vectors

_FILES = {
    "smt_vector": "smt",
    "debezium_vector": "debezium",
    "converter_vector": "converter",
    "avro_vector": "converter",
    "scenario": "s3sink",
    "configuration": "s3sink",
}
_AVRO = ".AvroConverter"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Fill the arguments that stand for vectors."""
    directory: Path = metafunc.config.getoption("--vectors")
    for argument, name in _FILES.items():
        if argument in metafunc.fixturenames:
            found = [vector for vector in vectors(directory, name) if _is_meant(argument, vector)]
            metafunc.parametrize(argument, found, ids=[vector["id"] for vector in found])
    if "provider_vector" in metafunc.fixturenames:
        _references(metafunc, directory / "config_provider_vectors.json")
    if "pairs" in metafunc.fixturenames:
        _pairs(metafunc, directory / "captures")


def _is_meant(argument: str, vector: Vector) -> bool:
    """The Avro converter needs a registry; of the connector there are scenarios and questions about configurations."""
    if argument in ("scenario", "configuration"):
        return (vector.get("kind") == "validate") == (argument == "configuration")
    return name_of_class(vector).endswith(_AVRO) == (argument == "avro_vector")


def name_of_class(vector: Vector) -> str:
    """The Java class that answered."""
    return str(vector.get("converter") or vector.get("transform"))


def _references(metafunc: pytest.Metafunc, path: Path) -> None:
    document: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {"vectors": []}
    cases = [{**document, "vector": vector} for vector in document["vectors"]]
    metafunc.parametrize("provider_vector", cases, ids=[case["vector"]["input"] for case in cases])


def _pairs(metafunc: pytest.Metafunc, captures: Path) -> None:
    files = sorted(captures.glob("*_pairs.jsonl")) if captures.is_dir() else []
    cases = [
        (path, index)
        for path in files
        for index in range(len(json_lines(path)[0]["meta"]["configs"]))
        if (captures / json_lines(path)[0]["meta"]["raw"]).exists()
    ]
    ids = [f"{path.stem.removeprefix('debezium_capture_')}-{index}" for path, index in cases]
    metafunc.parametrize("pairs", cases, ids=ids)
