"""The aiobotocore client of an S3 store: made, tuned, and its errors in our words."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Any

from s3sink.errors import StoreRefusedError, StoreUnavailableError
from s3sink.storage.s3_body import Pieces
from s3sink.storage.s3_credentials import Anonymous, Login, install
from s3sink.storage.s3_errors import Request, meaning, no_role

if TYPE_CHECKING:
    from s3sink.storage.s3 import S3Store


def client_of(store: S3Store, login: Login) -> Any:
    """A context manager whose value is the client."""
    from aiobotocore.config import AioConfig
    from aiobotocore.session import AioSession
    from botocore import UNSIGNED

    _register_body()
    way = {
        "connect_timeout": int(store.connect_timeout) / 1000,
        "read_timeout": int(store.read_timeout) / 1000,
        "proxies": dict.fromkeys(("http", "https"), store.proxy.address()) if store.proxy else None,
        "retries": {"mode": "standard", "total_max_attempts": 1},  # the store asks again itself
    }
    # Both checksum settings, always together: on https, leaving one out brings hashing of whole bodies back, and with
    # it a copy of each (measured: 2.1 instead of 0.4 CPU seconds a GB).
    config = AioConfig(
        **way,
        max_pool_connections=store.max_connections,
        request_checksum_calculation="when_required",
        signature_version=UNSIGNED if isinstance(store.credentials, Anonymous) else None,
        s3={
            "addressing_style": store.addressing_style,
            "payload_signing_enabled": store.payload_signing,
            "use_accelerate_endpoint": store.accelerate,
        },
    )
    session = AioSession(profile=login.session_profile())
    install(login, session, AioConfig(**way))
    if not store.expect_continue:
        session.register("before-call.s3", _without_expect)
    where = {"region_name": store.region, "endpoint_url": store.endpoint}
    return session.create_client("s3", **where, **login.client_keys(), config=config)


def _without_expect(params: dict[str, Any], **_: Any) -> None:
    """Send bodies without asking first; the client's own handler, which asks, has run by now."""
    params["headers"].pop("Expect", None)


@functools.cache
def _register_body() -> None:
    """Teach aiohttp to send `Pieces`: a slice at a time, uncopied, giving way to others in between."""
    from aiohttp import payload
    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.http import StreamWriter

    class PiecesPayload(payload.Payload):
        _value: Pieces
        _autoclose = True

        def __init__(self, value: Pieces, *args: Any, **kwargs: Any) -> None:
            super().__init__(value, *args, **kwargs)
            self._size = len(value)

        def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
            return b"".join(self._value.slices()).decode(encoding, errors)

        async def write(self, writer: AbstractStreamWriter) -> None:
            try:
                for piece in self._value.slices():
                    async with asyncio.timeout(self._value.patience):  # aiohttp has no time-out for writing
                        await writer.write(piece)
                    await asyncio.sleep(0)
            except TimeoutError:
                if isinstance(writer, StreamWriter) and writer.transport is not None:
                    writer.transport.abort()  # close() would wait for what is never taken
                raise

        async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
            await self.write(writer)

    payload.PAYLOAD_REGISTRY.register(PiecesPayload, Pieces, order=payload.Order.try_first)


def translated(error: Exception, request: Request) -> Exception:
    """Our error for one of botocore's or aiohttp's; any other one as it is."""
    import aiohttp
    from botocore import exceptions as boto

    if isinstance(error, boto.ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        means = no_role if error.operation_name.startswith("AssumeRole") else meaning
        return means(error.response.get("Error", {}), status, request)
    cause = error.kwargs.get("error") if isinstance(error, boto.BotoCoreError) else None
    if isinstance(cause, aiohttp.ClientConnectorCertificateError):
        return StoreRefusedError(f"{request}: the server's certificate is not trusted ({error})", key=request.key)
    if isinstance(cause, aiohttp.ClientHttpProxyError) and cause.status in (401, 403, 407):
        return StoreRefusedError(f"{request}: the proxy refused ({cause.status}): correct `proxy`", key=request.key)
    connection = (boto.HTTPClientError, boto.ConnectionError, boto.IncompleteReadError, boto.ChecksumError)
    if isinstance(error, (*connection, boto.CredentialRetrievalError, aiohttp.ClientError, OSError)):
        return StoreUnavailableError(f"{request}: {_line(error) or type(error).__name__}", key=request.key)
    if isinstance(error, boto.BotoCoreError):  # no credentials, no such profile, a parameter that S3 does not take
        return StoreRefusedError(f"{request}: {_line(error)}", key=request.key)
    return error


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
