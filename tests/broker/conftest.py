"""Fixtures of the broker tests."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3sink.testing.services import KafkaBroker, SeaweedFS
from tests.broker.cluster import Cluster
from tests.broker.harness import Rig


@pytest.fixture(scope="session")
def cluster(kafka: KafkaBroker) -> Iterator[Cluster]:
    """The session's broker, seen from outside."""
    cluster = Cluster(kafka.bootstrap)
    yield cluster
    cluster.close()


@pytest.fixture
def rig(
    request: pytest.FixtureRequest, cluster: Cluster, seaweedfs: SeaweedFS, bucket: str, tmp_path: Path
) -> Iterator[Rig]:
    """The test's own topic name, group, bucket and workers; the topic is still to be made."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower().removeprefix("test_"))[:60].strip("-")
    rig = Rig(f"{name}-{uuid.uuid4().hex[:6]}", cluster, seaweedfs, bucket, tmp_path)
    yield rig
    rig.end()
