"""The S3 store: one aiobotocore client, tuned so that an upload costs a copy to the socket and a CRC.

The only module that imports an S3 client, and only when a store is opened.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Literal

from s3sink.config import Option, check, parse_milliseconds, problem_if
from s3sink.errors import (
    ConfigError,
    ObjectExistsError,
    Problem,
    StorageError,
    StoreRefusedError,
    StoreUnavailableError,
)
from s3sink.retry import Backoff
from s3sink.storage import Buffer, Capabilities, ObjectInfo, ObjectSummary
from s3sink.storage.s3_body import Checksum, body_of, checksum_of
from s3sink.storage.s3_checks import place_problems, value_problems
from s3sink.storage.s3_client import client_of
from s3sink.storage.s3_connection import Connection, Place
from s3sink.storage.s3_credentials import Credentials, Login, login_problems
from s3sink.storage.s3_errors import NoSuchObjectError, NotImplementedByStoreError, OtherEncryptionError
from s3sink.storage.s3_metadata import from_headers, from_tags, to_headers
from s3sink.storage.s3_options import CannedAcl, Encryption, Proxy, Secret, SseC, request_parameters
from s3sink.storage.s3_tagging import COUNTED, Tagging, as_header, as_set
from s3sink.storage.s3_upload import MULTIPART, Manner, S3Upload

log = logging.getLogger(__name__)

PROBE = ".s3sink-probe-"
"""How the key of a probe object begins; listings leave these out."""
PROBE_AGE = timedelta(minutes=10)
"""A probe object so old was left behind."""


class _Learned:
    """What requests have shown of the server."""

    __slots__ = ("conditional", "tags_in_put")

    def __init__(self) -> None:
        self.conditional = True
        self.tags_in_put = True


@dataclass(frozen=True, slots=True)
class S3Store:
    """Objects in a bucket, under `prefix`. A value: two stores with the same options are equal.

    Credentials come from the ordinary AWS chain (environment, profile, web identity, container and instance role)
    unless keys or `credentials` are given. `open()` makes the one client of this process; call it in the event loop
    that uses the store.

    Every body travels with its CRC-32, inside the signature: a damaged one is refused. `payload_signing` also hashes
    each body with SHA-256 (0.6 s of CPU a GB, in the event loop): wanted on plain HTTP over networks with attackers.
    `max_attempts` are the quick attempts of one call before StoreUnavailableError; the n-th comes after a random time
    up to `retry_backoff` times 2**n, at most 20 s. Times are milliseconds or text such as "10s".
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
    credentials: Annotated[Credentials | None, Option(doc="A role, one link of the AWS chain, or nobody.")] = None
    addressing_style: Annotated[Literal["auto", "path", "virtual"], Option(doc="Bucket in the path or host name.")] = (
        "auto"
    )
    accelerate: Annotated[bool, Option("s3.wan.mode", "Transfer acceleration, which the bucket must have on.")] = False
    encryption: Annotated[Encryption | None, Option(doc="The bucket's own if left out.")] = None
    acl: Annotated[CannedAcl | None, Option("s3.acl.canned", "Who may read the objects.")] = None
    tagging: Annotated[Tagging | None, Option(doc="Tags on files of values.")] = None
    checksum: Annotated[Checksum, Option(doc='"md5" for servers and locks that want Content-MD5.')] = "crc32"
    payload_signing: Annotated[bool, Option(doc="Also sign the SHA-256 of every body.")] = False
    proxy: Annotated[Proxy | None, Option(doc="The environment's (HTTPS_PROXY) if left out.")] = None
    expect_continue: Annotated[bool, Option("s3.http.send.expect.continue", "Ask before sending a body.")] = True
    max_connections: Annotated[int, Option(doc="Connections kept at most.")] = 64
    connect_timeout: Annotated[str | int, Option(doc="Until a connection stands.")] = "10s"
    read_timeout: Annotated[str | int, Option(doc="Without a byte of the answer, or accepted of a body.")] = "60s"
    max_attempts: Annotated[int, Option(doc="Quick attempts of one call.")] = 5
    retry_backoff: Annotated[str | int, Option("s3.retry.backoff.ms", "Base of the waits between attempts.")] = "200ms"
    _learned: _Learned = field(default_factory=_Learned, init=False, repr=False, compare=False)
    _connection: Connection = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        times = (("connect_timeout", 1), ("read_timeout", 1), ("retry_backoff", 0))
        wrong_times = [self._normalise_time(name, least) for name, least in times]
        check("S3Store", [*place_problems(self), *login_problems(self._login), *value_problems(self), *wrong_times])
        object.__setattr__(self, "prefix", self.prefix.strip("/"))
        for name in ("secret_key", "session_token"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else Secret(value))
        backoff = Backoff(int(self.retry_backoff) / 1000)
        requests = request_parameters(self.encryption, self.acl)
        object.__setattr__(self, "_connection", Connection(self._place, requests, self.max_attempts, backoff))

    def _normalise_time(self, name: str, least: int) -> Problem | None:
        try:
            milliseconds = parse_milliseconds(getattr(self, name), name)
        except ConfigError as error:
            return error.problems[0]
        object.__setattr__(self, name, milliseconds)
        return problem_if(milliseconds < least, name, "must be above 0" if least else "must be 0 or more")

    @property
    def _login(self) -> Login:
        keys = self.access_key, self.secret_key, self.session_token
        return Login(self.credentials, *keys, self.profile, self.region)

    @property
    def _place(self) -> Place:
        return Place(self.bucket, self.prefix, self.region, self.endpoint)

    @property
    def url(self) -> str:
        """`s3://bucket/prefix`; at another server than AWS the URL of the bucket there."""
        return self._place.url

    # ------------------------------------------------------------------ objects
    async def put(self, key: str, body: Sequence[Buffer], *, metadata: Mapping[str, str], if_absent: bool) -> None:
        """One PUT with its checksum and tags. Buffers beyond 64 KiB are not copied and must not change meanwhile."""
        checksum = await checksum_of(body, self.checksum)
        content = {"Body": body_of(body, self._patience), **checksum, "Metadata": to_headers(metadata)}
        put = partial(self._connection.ask, "put_object", key, **content, **self._condition(if_absent))
        tags = self._manner.tags_of(metadata)
        await (self._put_tagged(put, key, tags) if tags else put())

    async def head(self, key: str) -> ObjectInfo | None:
        """One HEAD; for an object that was uploaded in parts also a request for its tags."""
        try:
            answer = await self._head(key)
        except NoSuchObjectError:
            return None
        metadata = from_headers(answer.get("Metadata", {}))
        if metadata.pop(MULTIPART, None) is not None:
            metadata |= from_tags((await self._connection.ask("get_object_tagging", key))["TagSet"])
        return ObjectInfo(key, answer["ContentLength"], metadata)

    async def get(self, key: str) -> bytes:
        """The whole object, its checksum verified where the server sends one."""
        answer = await self._connection.ask("get_object", key)
        try:
            async with answer["Body"] as stream:
                return bytes(await stream.read())
        except Exception as error:
            raise self._connection.translated(error, "get_object", key) from error

    async def list(self, prefix: str = "") -> AsyncIterator[ObjectSummary]:
        """One request for every 1,000 objects."""
        cut, more = len(self._place.full("")), dict[str, str]()
        while True:
            page = await self._connection.ask("list_objects_v2", None, Prefix=self._place.full(prefix), **more)
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
            await self._connection.ask("delete_object", key)

    async def start_upload(self, key: str, *, metadata: Mapping[str, str]) -> S3Upload:
        """The upload carries a unique mark in its metadata, by which `complete` knows its own object again."""
        mark = uuid.uuid4().hex
        headers = {**to_headers(metadata), MULTIPART: mark}
        sums = {"ChecksumAlgorithm": "CRC32"} if self.checksum == "crc32" else {}
        answer = await self._connection.ask("create_multipart_upload", key, Metadata=headers, **sums)
        return S3Upload(self._connection.ask, key, answer["UploadId"], mark, dict(metadata), self._manner)

    # ------------------------------------------------------------------ life
    async def open(self) -> Capabilities:
        """Connect, look at the bucket, and try a conditional create: about five requests. May be called again."""
        if not self._connection.usable:
            await self._connect()
        try:
            await self._check_bucket()
            self._learned.conditional = await self._probe()
        except BaseException:
            await self.close()
            raise
        return Capabilities(conditional_create=self._learned.conditional)

    async def close(self) -> None:
        """Close the connections, for everybody who uses this store. May be called again."""
        await self._connection.close()

    async def _connect(self) -> None:
        self._learned.tags_in_put = True
        try:
            await self._connection.open(client_of(self, self._login))
        except Exception as error:
            raise self._connection.translated(error, "head_bucket", None) from error

    async def _check_bucket(self) -> None:
        try:
            answer = await self._connection.ask("head_bucket", None)
        except StoreRefusedError:
            await self._connection.ask(
                "list_objects_v2", None, MaxKeys=1
            )  # a HEAD cannot say why: this raises with the reason
            return
        found, ours = answer.get("BucketRegion"), self._connection.region
        if self.endpoint is None and found and ours and found != ours:
            raise StoreRefusedError(f"the bucket {self.bucket!r} is in {found}, not in {ours}: set region={found!r}")

    async def _probe(self) -> bool:
        """Whether the store refuses to create an object twice; on the way, whether it may be written to."""
        key, metadata = PROBE + uuid.uuid4().hex, dict.fromkeys(COUNTED.values(), "0") if self.tagging else {}
        create = partial(self.put, key, [b"s3sink probe"], metadata=metadata, if_absent=True)
        self._learned.conditional = True
        await self._remove_old_probes()
        try:
            await create()
            await create()
        except ObjectExistsError:
            return True
        except NotImplementedByStoreError:
            self._learned.conditional = False
            await create()
        finally:
            await self._remove_probe(key)
        return False

    async def _remove_old_probes(self) -> None:
        """What processes left behind that were killed in the middle of this; younger ones may be at it now."""
        page = await self._connection.ask("list_objects_v2", None, Prefix=self._place.full(PROBE), MaxKeys=100)
        old = datetime.now(UTC) - PROBE_AGE
        for item in page.get("Contents", ()):
            if item["LastModified"] < old:
                await self._remove_probe(item["Key"].removeprefix(self._place.full("")))

    async def _remove_probe(self, key: str) -> None:
        try:
            await self.delete(key)
        except StorageError as error:
            log.warning("the probe object stays behind, which does no harm: %s", error)

    # ------------------------------------------------------------------ details
    async def _put_tagged(self, put: Callable[..., Awaitable[Any]], key: str, tags: Mapping[str, str]) -> None:
        """With its tags in the same request; should that be refused, without, and then try to add them."""
        if self._learned.tags_in_put:
            try:
                await put(Tagging=as_header(tags))
                return
            except StoreRefusedError:
                if self._manner.fails_untagged:
                    raise
        await put()
        self._learned.tags_in_put = False  # it was because of the tags: do not send the next body twice
        try:
            await self._connection.ask("put_object_tagging", key, Tagging={"TagSet": as_set(tags)})
        except (StoreRefusedError, StoreUnavailableError) as error:
            log.warning("%s has no tags: %s", key, error)

    async def _head(self, key: str) -> Any:
        """Somebody else's object may not be encrypted with our key."""
        try:
            return await self._connection.ask("head_object", key)
        except OtherEncryptionError:
            if not isinstance(self.encryption, SseC):
                raise
        return await self._connection.ask_plainly("head_object", key)

    def _condition(self, if_absent: bool) -> dict[str, str]:
        return {"IfNoneMatch": "*"} if if_absent and self._learned.conditional else {}

    @property
    def _patience(self) -> float:
        return int(self.read_timeout) / 1000

    @property
    def _manner(self) -> Manner:
        return Manner(self._patience, self._learned.conditional, self.checksum, self.tagging)
