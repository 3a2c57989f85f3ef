"""Bytes of an open file on their way to the store: collected into parts, full parts sent while the file grows."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from s3sink.metrics import Metrics
from s3sink.retry import Backoff, retrying
from s3sink.storage import Buffer, MultipartUpload, ObjectStore


class PartBuffer:
    """What a file writer has written and nobody has sent yet. `size` is held now, `total` all that ever came."""

    __slots__ = ("_pieces", "size", "total")

    def __init__(self) -> None:
        self._pieces: list[Buffer] = []
        self.size = 0
        self.total = 0

    def write(self, data: Buffer, /) -> int:
        """Append without copying."""
        n = len(data)
        self._pieces.append(data)
        self.size += n
        self.total += n
        return n

    def take(self) -> list[Buffer]:
        """Everything that is held, in order; the buffer is empty afterwards."""
        pieces, self._pieces, self.size = self._pieces, [], 0
        return pieces


class PartUpload:
    """The parts of one large file. At most two are on their way at a time; each is tried until it arrives.

    Nothing is visible before `complete`. An upload that is given up must be aborted.
    """

    def __init__(
        self, store: ObjectStore, key: str, metadata: Mapping[str, str], backoff: Backoff, metrics: Metrics
    ) -> None:
        self._store, self._key, self._metadata = store, key, metadata
        self._backoff, self._metrics = backoff, metrics
        self._upload: MultipartUpload | None = None
        self._started = asyncio.Lock()
        self._slots = asyncio.Semaphore(2)
        self._parts: list[asyncio.Task[None]] = []
        self.in_flight = 0

    def add(self, pieces: Sequence[Buffer]) -> None:
        """Send the next part. Its bytes are counted in `in_flight` until they have arrived."""
        size = sum(map(len, pieces))
        self.in_flight += size
        self._parts.append(asyncio.create_task(self._send(len(self._parts) + 1, pieces, size)))

    async def _send(self, number: int, pieces: Sequence[Buffer], size: int) -> None:
        async with self._slots:
            upload = await self._start()
            what = f"part {number} of {self._key}"
            await retrying(what, lambda: upload.put_part(number, pieces), self._backoff, self._metrics)
        self._metrics.add("store_requests")
        self.in_flight -= size

    async def _start(self) -> MultipartUpload:
        async with self._started:
            if self._upload is None:
                start = lambda: self._store.start_upload(self._key, metadata=self._metadata)  # noqa: E731
                self._upload = await retrying(f"upload of {self._key}", start, self._backoff, self._metrics)
                self._metrics.add("store_requests")
        return self._upload

    async def arrived(self) -> None:
        """Returns when every part so far is in the store; raises what no retry can mend.

        Being cancelled here does no harm to the parts: `arrived` may be asked again.
        """
        if self._parts:
            done, _ = await asyncio.wait(self._parts, return_when=asyncio.FIRST_EXCEPTION)
            for part in done:
                part.result()

    async def complete(self, *, if_absent: bool, metadata: Mapping[str, str]) -> None:
        """Make the object visible, once, without asking again; see `MultipartUpload.complete`."""
        upload = await self._start()
        await upload.complete(if_absent=if_absent, metadata=metadata)

    async def abort(self) -> None:
        """Give everything up."""
        for part in self._parts:
            part.cancel()
        await asyncio.gather(*self._parts, return_exceptions=True)
        if self._upload is not None:
            await self._upload.abort()
