"""Object stores. One class a file; `ObjectStore` is the seam, and one contract suite runs over all of them."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from s3sink.storage.local import LocalStore
    from s3sink.storage.memory import MemoryStore
    from s3sink.storage.s3 import S3Store
    from s3sink.storage.s3_credentials import Anonymous, AssumeRole, CredentialsFrom, WebIdentity
    from s3sink.storage.s3_options import Proxy, SseC, SseKms, SseS3
    from s3sink.storage.s3_tagging import Tagging

__all__ = [
    "Anonymous",
    "AssumeRole",
    "Buffer",
    "Capabilities",
    "CredentialsFrom",
    "LocalStore",
    "MemoryStore",
    "MultipartUpload",
    "ObjectInfo",
    "ObjectStore",
    "ObjectSummary",
    "Proxy",
    "S3Store",
    "SseC",
    "SseKms",
    "SseS3",
    "Tagging",
    "WebIdentity",
]

Buffer = bytes | bytearray | memoryview


class ObjectInfo(NamedTuple):
    """What a HEAD answers. `metadata` has lower-case ASCII keys."""

    key: str
    size: int
    metadata: Mapping[str, str]


class ObjectSummary(NamedTuple):
    """One line of a listing."""

    key: str
    size: int


class Capabilities(NamedTuple):
    """What the probe at start found out about a store."""

    conditional_create: bool


class MultipartUpload(Protocol):
    """An object that is uploaded in parts and visible only when complete."""

    @property
    def key(self) -> str:
        """The key that the object will have."""
        ...

    async def put_part(self, number: int, body: Sequence[Buffer]) -> None:
        """Upload part `number` (from 1; every part but the last at least 5 MiB on S3). Parts may go up concurrently."""
        ...

    async def complete(self, *, if_absent: bool, metadata: Mapping[str, str]) -> None:
        """Make the object visible; `metadata` is added to what `start_upload` was given.

        S3 cannot take metadata at this point, so the S3 store adds it as object tags right after the object became
        visible, and `head` gives both together. Raises ObjectExistsError as `put` does; the upload is aborted then.
        """
        ...

    async def abort(self) -> None:
        """Give the parts up. Never raises for an upload that is gone already."""
        ...


class ObjectStore(Protocol):
    """A flat namespace of immutable objects. Keys are relative to the store's prefix.

    Every call may raise StoreUnavailableError (retriable; the store's own quick retries are used up) or
    StoreRefusedError. All calls may run concurrently.
    """

    @property
    def url(self) -> str:
        """Where it is, without secrets: `s3://bucket/prefix`. Equal urls are the same place."""
        ...

    async def put(self, key: str, body: Sequence[Buffer], *, metadata: Mapping[str, str], if_absent: bool) -> None:
        """Create an object of these pieces in one atomic step.

        With `if_absent`, raises ObjectExistsError when the key is taken, even if by an earlier attempt of this very
        call. Without it, replaces what is there.
        """
        ...

    async def head(self, key: str) -> ObjectInfo | None:
        """Size and metadata of an object, None when there is none."""
        ...

    async def get(self, key: str) -> bytes:
        """The whole object. Raises StoreRefusedError when there is none."""
        ...

    def list(self, prefix: str = "") -> AsyncIterator[ObjectSummary]:
        """All objects whose key begins with `prefix`, in key order."""
        ...

    async def delete(self, key: str) -> None:
        """Remove an object; it need not exist."""
        ...

    async def start_upload(self, key: str, *, metadata: Mapping[str, str]) -> MultipartUpload:
        """Begin a multipart upload."""
        ...

    async def open(self) -> Capabilities:
        """Connect, check bucket, region and credentials, and find out what the store can do.

        Raises StoreRefusedError with one clear sentence when it cannot work at all.
        """
        ...

    async def close(self) -> None:
        """Give connections back. Calls afterwards fail."""
        ...


_LATER = {
    "LocalStore": "local",
    "MemoryStore": "memory",
    "S3Store": "s3",
    **dict.fromkeys(("Anonymous", "AssumeRole", "CredentialsFrom", "WebIdentity"), "s3_credentials"),
    **dict.fromkeys(("Proxy", "SseC", "SseKms", "SseS3"), "s3_options"),
    "Tagging": "s3_tagging",
}


def __getattr__(name: str) -> Any:
    """The stores and their options are imported when asked for: they build on the types above."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
