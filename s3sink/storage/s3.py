"""The S3 store: one aiobotocore client, tuned so that an upload costs a copy to the socket and a CRC.

The only module that imports an S3 client, and only when a store is opened.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import re
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from s3sink.config import Option, check, parse_milliseconds, problem_if
from s3sink.errors import (
    ConfigError,
    ObjectExistsError,
    Problem,
    StorageError,
    StoreRefusedError,
    StoreUnavailableError,
)
from s3sink.storage import Buffer, Capabilities, ObjectInfo, ObjectSummary
from s3sink.storage.s3_body import Pieces, body_of, crc32_of
from s3sink.storage.s3_errors import (
    NoSuchObjectError,
    NotImplementedByStoreError,
    Request,
    meaning,
)
from s3sink.storage.s3_metadata import from_headers, from_tags, to_headers
from s3sink.storage.s3_upload import MULTIPART, S3Upload

log = logging.getLogger(__name__)

PROBE = ".s3sink-probe-"
"""How the key of a probe object begins; listings leave these out."""

_BUCKET = re.compile(r"arn:[^/\s].*|[a-zA-Z0-9._-]{1,255}")


class Secret(str):
    """A text that does not show in `repr`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class _Live:
    """The state of an open store: its client, and the event loop that the client belongs to."""

    __slots__ = ("client", "conditional", "loop", "stack")

    def __init__(self) -> None:
        self.client: Any = None
        self.loop: asyncio.AbstractEventLoop | None = None
        self.stack = AsyncExitStack()
        self.conditional = True


@dataclass(frozen=True, slots=True)
class S3Store:
    """Objects in a bucket, under `prefix`. A value: two stores with the same options are equal.

    Credentials come from the ordinary AWS chain (environment, profile, web identity, container and instance role)
    unless keys are given. `open()` makes the one client of this process; call it in the event loop that uses the store.

    Every body travels with its CRC-32, inside the signature: a damaged one is refused. `payload_signing` also hashes
    each body with SHA-256 (0.6 s of CPU a GB, in the event loop): wanted on plain HTTP over networks with attackers.
    `max_attempts` are the quick attempts of one call, with back-off and jitter, before StoreUnavailableError.
    Time-outs are milliseconds or text such as "10s".
    """

    bucket: Annotated[str, Option("s3.bucket.name", "The bucket.")]
    prefix: Annotated[str, Option("topics.dir", "What all keys begin with, without the slash behind it.")] = ""
    region: Annotated[
        str | None, Option("s3.region", "The bucket's region; from the AWS configuration if left out.")
    ] = None
    endpoint: Annotated[str | None, Option("store.url", "URL of a server other than AWS.")] = None
    access_key: Annotated[str | None, Option("aws.access.key.id", "With secret_key, instead of the AWS chain.")] = None
    secret_key: Annotated[str | None, Option("aws.secret.access.key", "Belongs to access_key.", secret=True)] = None
    session_token: Annotated[str | None, Option(doc="For temporary keys.", secret=True)] = None
    profile: Annotated[str | None, Option(doc="A profile of the AWS configuration files.")] = None
    addressing_style: Annotated[Literal["auto", "path", "virtual"], Option(doc="Bucket in the path or host name.")] = (
        "auto"
    )
    payload_signing: Annotated[bool, Option(doc="Also sign the SHA-256 of every body.")] = False
    max_connections: Annotated[int, Option(doc="Connections kept at most.")] = 64
    connect_timeout: Annotated[str | int, Option(doc="Until a connection stands.")] = "10s"
    read_timeout: Annotated[str | int, Option(doc="Without a byte of the answer, or accepted of a body.")] = "60s"
    max_attempts: Annotated[int, Option(doc="Quick attempts of one call.")] = 5
    _live: _Live = field(default_factory=_Live, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        keys = (self.access_key, self.secret_key)
        faults = [
            problem_if(not _BUCKET.fullmatch(self.bucket), "bucket", "is the name alone, without s3:// and path"),
            problem_if(
                not _is_http_url(self.endpoint), "endpoint", "must be an http:// or https:// URL, no keys in it"
            ),
            problem_if(any(keys) != all(keys), "secret_key", "access_key and secret_key go together"),
            problem_if(bool(self.session_token) and not all(keys), "session_token", "needs access_key and secret_key"),
            problem_if(bool(self.profile) and any(keys), "profile", "give a profile or keys, not both"),
            problem_if(self.max_connections < 1, "max_connections", "must be 1 or more"),
            problem_if(self.max_attempts < 1, "max_attempts", "must be 1 or more"),
        ]
        check("S3Store", [*faults, self._normalise_time("connect_timeout"), self._normalise_time("read_timeout")])
        object.__setattr__(self, "prefix", self.prefix.strip("/"))
        for name in ("secret_key", "session_token"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else Secret(value))

    def _normalise_time(self, name: str) -> Problem | None:
        try:
            milliseconds = parse_milliseconds(getattr(self, name), name)
        except ConfigError as error:
            return error.problems[0]
        object.__setattr__(self, name, milliseconds)
        return problem_if(milliseconds < 1, name, "must be above 0")

    @property
    def url(self) -> str:
        """`s3://bucket/prefix`; at another server than AWS the URL of the bucket there."""
        base = f"{self.endpoint.rstrip('/')}/{self.bucket}" if self.endpoint else f"s3://{self.bucket}"
        return f"{base}/{self.prefix}" if self.prefix else base

    # ------------------------------------------------------------------ objects
    async def put(self, key: str, body: Sequence[Buffer], *, metadata: Mapping[str, str], if_absent: bool) -> None:
        """One PUT with its CRC. The buffers are not copied beyond 64 KiB and must not change meanwhile."""
        content = {"Body": body_of(body, self._patience), "ChecksumCRC32": crc32_of(body)}
        await self._ask("put_object", key, **content, Metadata=to_headers(metadata), **self._condition(if_absent))

    async def head(self, key: str) -> ObjectInfo | None:
        """One HEAD; for an object that was uploaded in parts also a request for its tags."""
        try:
            answer = await self._ask("head_object", key)
        except NoSuchObjectError:
            return None
        metadata = from_headers(answer.get("Metadata", {}))
        if metadata.pop(MULTIPART, None) is not None:
            metadata |= from_tags((await self._ask("get_object_tagging", key))["TagSet"])
        return ObjectInfo(key, answer["ContentLength"], metadata)

    async def get(self, key: str) -> bytes:
        """The whole object, its checksum verified where the server sends one."""
        answer = await self._ask("get_object", key)
        try:
            async with answer["Body"] as stream:
                return bytes(await stream.read())
        except Exception as error:
            raise self._translated(error, "get_object", key) from error

    async def list(self, prefix: str = "") -> AsyncIterator[ObjectSummary]:
        """One request for every 1,000 objects."""
        cut, more = len(self._full("")), dict[str, str]()
        while True:
            page = await self._ask("list_objects_v2", None, Prefix=self._full(prefix), **more)
            for item in page.get("Contents", ()):
                key = item["Key"][cut:]
                if not key.startswith(PROBE):
                    yield ObjectSummary(key, item["Size"])
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    async def delete(self, key: str) -> None:
        """One DELETE."""
        with suppress(NoSuchObjectError):
            await self._ask("delete_object", key)

    async def start_upload(self, key: str, *, metadata: Mapping[str, str]) -> S3Upload:
        """The upload carries a unique mark in its metadata, by which `complete` knows its own object again."""
        mark = uuid.uuid4().hex
        headers = {**to_headers(metadata), MULTIPART: mark}
        answer = await self._ask("create_multipart_upload", key, Metadata=headers, ChecksumAlgorithm="CRC32")
        return S3Upload(self._ask, key, answer["UploadId"], mark, self._patience, self._live.conditional)

    # ------------------------------------------------------------------ life
    async def open(self) -> Capabilities:
        """Connect, look at the bucket, and try a conditional create: about five requests. May be called again."""
        if self._live.client is None or self._live.loop is not asyncio.get_running_loop():
            await self._connect()
        try:
            await self._check_bucket()
            self._live.conditional = await self._probe()
        except BaseException:
            await self.close()
            raise
        return Capabilities(conditional_create=self._live.conditional)

    async def close(self) -> None:
        """Close the connections, for everybody who uses this store. May be called again."""
        stack, self._live.stack, self._live.client = self._live.stack, AsyncExitStack(), None
        await stack.aclose()

    async def _connect(self) -> None:
        try:
            session, config = _session_and_config(self)
            context = session.create_client(
                "s3",
                region_name=self.region,
                endpoint_url=self.endpoint,
                aws_access_key_id=self.access_key,
                aws_secret_access_key=self.secret_key,
                aws_session_token=self.session_token,
                config=config,
            )
            live, live.stack = self._live, AsyncExitStack()
            live.client = await live.stack.enter_async_context(context)
            live.loop = asyncio.get_running_loop()
        except Exception as error:
            raise self._translated(error, "head_bucket", None) from error

    async def _check_bucket(self) -> None:
        try:
            answer = await self._ask("head_bucket", None)
        except StoreRefusedError:
            await self._ask("list_objects_v2", None, MaxKeys=1)  # a HEAD cannot say why: this raises with the reason
            return
        found, ours = answer.get("BucketRegion"), self._live.client.meta.region_name
        if self.endpoint is None and found and ours and found != ours:
            raise StoreRefusedError(f"the bucket {self.bucket!r} is in {found}, not in {ours}: set region={found!r}")

    async def _probe(self) -> bool:
        """Whether the store refuses to create an object twice; on the way, whether it may be written to."""
        key = PROBE + uuid.uuid4().hex
        self._live.conditional = True
        try:
            await self.put(key, [b"s3sink probe"], metadata={}, if_absent=True)
            await self.put(key, [b"s3sink probe"], metadata={}, if_absent=True)
        except ObjectExistsError:
            return True
        except NotImplementedByStoreError:
            self._live.conditional = False
            await self.put(key, [b"s3sink probe"], metadata={}, if_absent=True)
        finally:
            await self._remove_probe(key)
        return False

    async def _remove_probe(self, key: str) -> None:
        try:
            await self.delete(key)
        except StorageError as error:
            log.warning("the probe object stays behind, which does no harm: %s", error)

    # ------------------------------------------------------------------ asking
    async def _ask(self, operation: str, key: str | None, **parameters: Any) -> Any:
        """One request, with the client's own attempts; its errors in our words."""
        if self._live.client is None or self._live.loop is not asyncio.get_running_loop():
            raise StoreRefusedError(f"{self.url} is not open in this event loop", key=key)
        if key is not None:
            parameters["Key"] = self._full(key)
        try:
            return await getattr(self._live.client, operation)(Bucket=self.bucket, **parameters)
        except Exception as error:
            raise self._translated(error, operation, key) from error

    def _translated(self, error: Exception, operation: str, key: str | None) -> Exception:
        region = self.region or getattr(getattr(self._live.client, "meta", None), "region_name", None)
        request = Request(operation, self.bucket, None if key is None else self._full(key), region, self.endpoint)
        return _translated(error, request)

    def _full(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key

    def _condition(self, if_absent: bool) -> dict[str, str]:
        return {"IfNoneMatch": "*"} if if_absent and self._live.conditional else {}

    @property
    def _patience(self) -> float:
        return int(self.read_timeout) / 1000


# ---------------------------------------------------------------------------------------------- the client
def _is_http_url(endpoint: str | None) -> bool:
    if endpoint is None:
        return True
    parts = urlsplit(endpoint)
    return parts.scheme in ("http", "https") and bool(parts.netloc) and "@" not in parts.netloc


def _session_and_config(store: S3Store) -> tuple[Any, Any]:
    from aiobotocore.config import AioConfig
    from aiobotocore.session import AioSession

    _register_body()
    # Both checksum settings, always together: on https, leaving one out brings hashing of whole bodies back, and with
    # it a copy of each (measured: 2.1 instead of 0.4 CPU seconds a GB).
    config = AioConfig(
        max_pool_connections=store.max_connections,
        connect_timeout=int(store.connect_timeout) / 1000,
        read_timeout=int(store.read_timeout) / 1000,
        retries={"mode": "standard", "total_max_attempts": store.max_attempts},
        request_checksum_calculation="when_required",
        s3={"addressing_style": store.addressing_style, "payload_signing_enabled": store.payload_signing},
    )
    return AioSession(profile=store.profile), config


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


def _translated(error: Exception, request: Request) -> Exception:
    """Our error for one of botocore's or aiohttp's; any other one as it is."""
    import aiohttp
    from botocore import exceptions as boto

    if isinstance(error, boto.ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return meaning(error.response.get("Error", {}), status, request)
    cause = error.kwargs.get("error") if isinstance(error, boto.BotoCoreError) else None
    if isinstance(cause, aiohttp.ClientConnectorCertificateError):
        return StoreRefusedError(f"{request}: the server's certificate is not trusted ({error})", key=request.key)
    connection = (boto.HTTPClientError, boto.ConnectionError, boto.IncompleteReadError, boto.ChecksumError)
    if isinstance(error, (*connection, boto.CredentialRetrievalError, aiohttp.ClientError, OSError)):
        return StoreUnavailableError(f"{request}: {error or type(error).__name__}", key=request.key)
    if isinstance(error, boto.BotoCoreError):  # no credentials, no such profile, a parameter that S3 does not take
        return StoreRefusedError(f"{request}: {error}", key=request.key)
    return error
