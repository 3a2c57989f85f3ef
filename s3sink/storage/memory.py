"""A store in memory: for tests, and for trying things out without a server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from s3sink.errors import ObjectExistsError, StoreRefusedError
from s3sink.storage import Buffer, Capabilities, ObjectInfo, ObjectSummary


class _Object(NamedTuple):
    content: bytes
    metadata: Mapping[str, str]


@dataclass(slots=True)
class _State:
    objects: dict[str, _Object] = field(default_factory=dict)
    closed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class MemoryStore:
    """Objects that live as long as this store does; `close` keeps them, `open` brings them back.

    Every call takes effect in one step, so it is as consistent as S3. With `conditional_create=False` it is a server
    that does not know `If-None-Match`: a conditional create replaces what is there. Give two stores of one program
    different names: equal urls are the same place. Unlike S3Store it can be used without `open`.
    """

    name: str = "memory"
    conditional_create: bool = True
    _state: _State = field(default_factory=_State, init=False, repr=False)

    @property
    def url(self) -> str:
        """`memory://name`."""
        return f"memory://{self.name}"

    async def put(self, key: str, body: Sequence[Buffer], *, metadata: Mapping[str, str], if_absent: bool) -> None:
        """Copies the buffers."""
        objects = self._objects()
        if if_absent and self.conditional_create and key in objects:
            raise ObjectExistsError(f"{self.url}/{key} exists", key=key)
        objects[key] = _Object(b"".join(body), dict(metadata))

    async def head(self, key: str) -> ObjectInfo | None:
        """Size and metadata."""
        found = self._objects().get(key)
        return None if found is None else ObjectInfo(key, len(found.content), dict(found.metadata))

    async def get(self, key: str) -> bytes:
        """The content."""
        found = self._objects().get(key)
        if found is None:
            raise StoreRefusedError(f"{self.url}/{key} does not exist", key=key)
        return found.content

    async def list(self, prefix: str = "") -> AsyncIterator[ObjectSummary]:
        """The objects of the moment when the listing begins; those that are deleted meanwhile are left out."""
        for key in sorted(self._objects()):
            if key.startswith(prefix) and key in self._objects():
                yield ObjectSummary(key, len(self._objects()[key].content))

    async def delete(self, key: str) -> None:
        """Forget the object."""
        self._objects().pop(key, None)

    async def start_upload(self, key: str, *, metadata: Mapping[str, str]) -> MemoryUpload:
        """Parts are kept apart until `complete`."""
        self._objects()
        return MemoryUpload(self, key, metadata)

    async def open(self) -> Capabilities:
        """Nothing to connect to."""
        self._state.closed = False
        return Capabilities(conditional_create=self.conditional_create)

    async def close(self) -> None:
        """Calls fail until it is opened again."""
        self._state.closed = True

    def _objects(self) -> dict[str, _Object]:
        if self._state.closed:
            raise StoreRefusedError(f"{self.url} is closed")
        return self._state.objects


class MemoryUpload:
    """A multipart upload to a MemoryStore."""

    def __init__(self, store: MemoryStore, key: str, metadata: Mapping[str, str]) -> None:
        self._store, self._key, self._metadata = store, key, dict(metadata)
        self._parts: dict[int, bytes] | None = {}

    @property
    def key(self) -> str:
        """The key that the object will have."""
        return self._key

    async def put_part(self, number: int, body: Sequence[Buffer]) -> None:
        """Copies the buffers. The same number again replaces the part."""
        self._open_parts()[number] = b"".join(body)

    async def complete(self, *, if_absent: bool, metadata: Mapping[str, str]) -> None:
        """Puts the parts together in the order of their numbers."""
        parts = self._open_parts()
        self._parts = None
        body, everything = [parts[number] for number in sorted(parts)], {**self._metadata, **metadata}
        await self._store.put(self._key, body, metadata=everything, if_absent=if_absent)

    async def abort(self) -> None:
        """Drops the parts."""
        self._parts = None

    def _open_parts(self) -> dict[int, bytes]:
        if self._parts is None:
            raise StoreRefusedError(f"the upload of {self._key!r} was completed or aborted", key=self._key)
        return self._parts
