"""What a store says to a real server, request by request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from s3sink.storage import S3Store
from s3sink.storage.s3_body import SMALL
from s3sink.testing.proxy import FaultProxy, Seen
from s3sink.testing.services import SeaweedFS

OPENING = {"s3sink-first": "3"}
SEALING = {"s3sink-last": "9", "s3sink-count": "5"}
LARGE = bytes(range(256)) * (SMALL // 256) + b"!"
PART = bytes(range(256)) * (5 << 12)

KINDS: Mapping[tuple[str, str], str] = {
    ("PUT", ""): "put",
    ("PUT", "x-id"): "put",
    ("PUT", "partNumber"): "part",
    ("PUT", "tagging"): "tags",
    ("POST", "uploads"): "initiate",
    ("POST", "uploadId"): "complete",
    ("HEAD", ""): "head",
    ("GET", ""): "get",
    ("GET", "x-id"): "get",
    ("GET", "tagging"): "read tags",
    ("DELETE", "uploadId"): "abort",
}


def kind_of(seen: Seen) -> str:
    """What S3 calls it, more or less."""
    query = urlsplit(seen.path).query
    return KINDS[seen.method, query.split("&")[0].split("=")[0]]


def store_at(server: SeaweedFS, proxy: FaultProxy, bucket: str, **options: Any) -> S3Store:
    """Through the proxy."""
    keys = {"access_key": server.access_key, "secret_key": server.secret_key}
    where = {"region": "us-east-1", "endpoint": proxy.endpoint, "addressing_style": "path"}
    return S3Store(bucket, "t", **{**where, **keys, "max_attempts": 1, **options})


def while_open(store: S3Store, proxy: FaultProxy, work: Callable[[], Awaitable[None]]) -> list[Seen]:
    """The requests of `work`, without those that open the store."""

    async def main() -> list[Seen]:
        await store.open()
        proxy.clear()
        try:
            await work()
        finally:
            await store.close()
        return list(proxy.seen)

    return asyncio.run(main())


async def write_both_ways(store: S3Store) -> None:
    """`one` in one request, `parts` in parts."""
    await store.put("one", [LARGE], metadata={**OPENING, **SEALING}, if_absent=True)
    upload = await store.start_upload("parts", metadata=OPENING)
    await upload.put_part(1, [PART])
    await upload.put_part(2, [LARGE])
    await upload.complete(if_absent=True, metadata=SEALING)


async def read_back(store: S3Store) -> None:
    """What `write_both_ways` wrote."""
    for key, body in (("one", LARGE), ("parts", PART + LARGE)):
        assert await store.get(key) == body
        info = await store.head(key)
        assert info is not None
        assert info.metadata == {**OPENING, **SEALING}
        assert info.size == len(body)


async def tags_of(store: S3Store, key: str) -> dict[str, str]:
    """The tags of an object."""
    answer = await store._connection.ask("get_object_tagging", key)
    return {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}
