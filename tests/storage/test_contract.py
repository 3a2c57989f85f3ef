"""One contract, three stores."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path

import pytest

from s3sink.storage import LocalStore, MemoryStore, S3Store
from s3sink.testing import store_contract
from s3sink.testing.faults import FaultyStore
from s3sink.testing.services import SeaweedFS
from s3sink.testing.store_contract import Check

every_check = pytest.mark.parametrize("check", store_contract.CHECKS, ids=store_contract.name_of)


@every_check
def test_memory_store(check: Check) -> None:
    asyncio.run(store_contract.run(check, MemoryStore))


@every_check
def test_a_faulty_store_without_rules(check: Check) -> None:
    asyncio.run(store_contract.run(check, lambda: FaultyStore(MemoryStore())))


@pytest.mark.parametrize(
    "check",
    [check for check in store_contract.CHECKS if check not in store_contract.SLOW],
    ids=store_contract.name_of,
)
def test_local_store(check: Check, tmp_path: Path) -> None:
    asyncio.run(store_contract.run(check, lambda: LocalStore(tmp_path / "objects")))


#: SeaweedFS looks at the condition of a Complete before it makes the object, not while: two at once may both win.
ON_SEAWEEDFS = [c for c in store_contract.CHECKS if c is not store_contract.of_twenty_writers_in_parts_one_wins]


@pytest.mark.broker
@pytest.mark.parametrize("check", ON_SEAWEEDFS, ids=store_contract.name_of)
def test_s3_store(check: Check, seaweedfs: SeaweedFS, bucket: str) -> None:
    prefix = f"topics/{uuid.uuid4().hex}"
    asyncio.run(store_contract.run(check, lambda: s3_store(seaweedfs, bucket, prefix)))


@pytest.mark.broker
def test_s3_store_that_signs_payloads(seaweedfs: SeaweedFS, bucket: str) -> None:
    store = s3_store(seaweedfs, bucket, "", payload_signing=True)
    asyncio.run(store_contract.run(store_contract.a_body_may_be_many_buffers_of_any_kind, lambda: store))


def s3_store(server: SeaweedFS, bucket: str, prefix: str, *, payload_signing: bool = False) -> S3Store:
    return S3Store(
        bucket,
        prefix,
        region="us-east-1",
        endpoint=server.endpoint,
        access_key=server.access_key,
        secret_key=server.secret_key,
        payload_signing=payload_signing,
    )
