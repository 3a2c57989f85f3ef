"""Requests of one store to S3: asked again for a while, their errors in our words."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any, NamedTuple

from s3sink.errors import StoreRefusedError, StoreUnavailableError
from s3sink.retry import Backoff
from s3sink.storage.s3_client import translated
from s3sink.storage.s3_errors import Request

log = logging.getLogger(__name__)


class Place(NamedTuple):
    """Where the objects are. `region` is what the user said, None where AWS configuration decides."""

    bucket: str
    prefix: str
    region: str | None
    endpoint: str | None

    def full(self, key: str) -> str:
        """The key as S3 has it."""
        return f"{self.prefix}/{key}" if self.prefix else key

    @property
    def url(self) -> str:
        """See `S3Store.url`."""
        base = f"{self.endpoint.rstrip('/')}/{self.bucket}" if self.endpoint else f"s3://{self.bucket}"
        return f"{base}/{self.prefix}" if self.prefix else base


class Connection:
    """The client of an open store, and the event loop that it belongs to.

    `parameters` are added to requests, by operation. A call that fails with StoreUnavailableError is made up to
    `attempts` times.
    """

    __slots__ = ("_attempts", "_backoff", "_client", "_loop", "_parameters", "_place", "_stack")

    def __init__(
        self, place: Place, parameters: Mapping[str, Mapping[str, str]], attempts: int, backoff: Backoff
    ) -> None:
        self._place, self._parameters = place, parameters
        self._attempts, self._backoff = attempts, backoff
        self._client: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stack = AsyncExitStack()

    @property
    def usable(self) -> bool:
        """Whether it is open in the running event loop."""
        return self._client is not None and self._loop is asyncio.get_running_loop()

    @property
    def region(self) -> str | None:
        """The region that requests are signed for."""
        return getattr(getattr(self._client, "meta", None), "region_name", None)

    async def open(self, client: Any) -> None:
        """Enter `client`, an asynchronous context manager, and use its value."""
        self._stack = AsyncExitStack()
        self._client = await self._stack.enter_async_context(client)
        self._loop = asyncio.get_running_loop()

    async def close(self) -> None:
        """Close the connections. May be called again."""
        stack, self._stack, self._client = self._stack, AsyncExitStack(), None
        await stack.aclose()

    async def ask(self, operation: str, key: str | None, **parameters: Any) -> Any:
        """One request about a key, or about the bucket."""
        return await self.ask_plainly(operation, key, **{**self._parameters.get(operation, {}), **parameters})

    async def ask_plainly(self, operation: str, key: str | None, **parameters: Any) -> Any:
        """One request without what is added to others."""
        for attempt in range(self._attempts - 1):
            try:
                return await self._once(operation, key, parameters)
            except StoreUnavailableError as error:
                delay = self._backoff.delay(attempt)
                log.debug("%s; attempt %d follows in %.2f s", error, attempt + 2, delay)
                await self._backoff.sleep(delay)
        return await self._once(operation, key, parameters)

    async def _once(self, operation: str, key: str | None, parameters: Mapping[str, Any]) -> Any:
        if not self.usable:
            raise StoreRefusedError(f"{self._place.url} is not open in this event loop", key=key)
        about = {"Bucket": self._place.bucket} | ({} if key is None else {"Key": self._place.full(key)})
        try:
            return await getattr(self._client, operation)(**about, **parameters)
        except Exception as error:
            raise self.translated(error, operation, key) from error

    def translated(self, error: Exception, operation: str, key: str | None) -> Exception:
        """What to raise for an error of the client."""
        place = self._place
        full = None if key is None else place.full(key)
        return translated(error, Request(operation, place.bucket, full, place.region or self.region, place.endpoint))
