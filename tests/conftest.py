"""Fixtures for all tests: a real broker and a real S3 server, started once a session and only when asked for."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3sink.testing.services import KafkaBroker, SeaweedFS

pytest.register_assert_rewrite("s3sink.testing.store_contract")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--vectors=DIR` runs tests/vectors over other answers of the real classes than those kept beside them."""
    here = Path(__file__).parent / "vectors" / "data"
    parser.addoption("--vectors", type=Path, default=here, metavar="DIR", help="directory with *_vectors.json")


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    """One broker for the session: name topics and groups after the test. Mark the test with `broker`."""
    with KafkaBroker(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    """One S3 server for the session: take a `bucket`. Mark the test with `broker`."""
    with SeaweedFS(tmp_path_factory.mktemp("seaweedfs")) as server:
        yield server


@pytest.fixture
def bucket(seaweedfs: SeaweedFS) -> str:
    """A new, empty bucket."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    seaweedfs.create_bucket(name)
    return name
