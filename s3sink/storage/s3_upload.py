"""A multipart upload to S3."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from s3sink.errors import ObjectExistsError, StorageError, StoreRefusedError
from s3sink.storage import Buffer
from s3sink.storage.s3_body import Checksum, body_of, checksum_of
from s3sink.storage.s3_errors import NoSuchObjectError, NoSuchUploadError
from s3sink.storage.s3_metadata import to_tags
from s3sink.storage.s3_tagging import Tagging, as_set

log = logging.getLogger(__name__)

MULTIPART = "multipart"
"""Metadata of a multipart object: the rest of its metadata is in its tags. The value is unique to the upload."""


class Ask(Protocol):
    """One request about a key; its errors are StorageErrors."""

    async def __call__(self, operation: str, key: str | None, **parameters: Any) -> Any: ...


class Manner(NamedTuple):
    """How a store sends: seconds for a slice, whether `If-None-Match` is of use, which checksum, which tags."""

    patience: float
    conditional: bool
    checksum: Checksum
    tagging: Tagging | None

    def tags_of(self, metadata: Mapping[str, str]) -> dict[str, str]:
        """The user's tags for an object."""
        return self.tagging.tags_of(metadata) if self.tagging else {}

    @property
    def fails_untagged(self) -> bool:
        """Whether an object without the user's tags is an error."""
        return self.tagging is not None and self.tagging.on_error == "fail"


class S3Upload:
    """A multipart upload. `complete` may be called again after StoreUnavailableError: it finds out what it did."""

    def __init__(
        self, ask: Ask, key: str, upload_id: str, mark: str, metadata: Mapping[str, str], manner: Manner
    ) -> None:
        self._ask, self._key, self._mark = ask, key, mark
        self._metadata, self._manner = metadata, manner
        self._id = {"UploadId": upload_id}
        self._parts: dict[int, dict[str, Any]] = {}

    @property
    def key(self) -> str:
        """The key that the object will have."""
        return self._key

    async def put_part(self, number: int, body: Sequence[Buffer]) -> None:
        """One PUT with its checksum; the buffers must not change meanwhile. The same number again replaces the part."""
        checksum = await checksum_of(body, self._manner.checksum)
        content = {"Body": body_of(body, self._manner.patience), **checksum}
        answer = await self._ask("upload_part", self._key, PartNumber=number, **content, **self._id)
        checksum.pop("ContentMD5", None)  # only the request's: S3 keeps no such thing of a part
        self._parts[number] = {"PartNumber": number, "ETag": answer["ETag"], **checksum}

    async def complete(self, *, if_absent: bool, metadata: Mapping[str, str]) -> None:
        """Two requests: Complete, then the tags with `metadata`.

        When the object turns out to be this upload's own (an earlier answer was lost), only the tags are written.
        """
        tags = self._manner.tags_of({**self._metadata, **metadata})
        own = to_tags(metadata, self._key, len(tags))
        try:
            await self._make_visible(if_absent)
        except (ObjectExistsError, NoSuchUploadError) as error:
            await self._settle(error, if_absent)
        await self._tag(own, tags)

    async def abort(self) -> None:
        """Give the parts up."""
        with suppress(NoSuchUploadError, NoSuchObjectError):
            await self._ask("abort_multipart_upload", self._key, **self._id)

    async def _make_visible(self, if_absent: bool) -> None:
        if not self._parts:
            await self.put_part(1, [])  # S3 wants at least one part
        parts = {"Parts": [self._parts[number] for number in sorted(self._parts)]}
        condition = {"IfNoneMatch": "*"} if if_absent and self._manner.conditional else {}
        await self._ask("complete_multipart_upload", self._key, MultipartUpload=parts, **self._id, **condition)

    async def _tag(self, own: Mapping[str, str], tags: Mapping[str, str]) -> None:
        """Ours and the user's in one request; should that be refused, ours alone."""
        try:
            await self._write_tags({**own, **tags})
        except StoreRefusedError as error:
            if not tags:
                raise
            await self._write_tags(own)
            if self._manner.fails_untagged:
                raise StorageError(f"Unable to tag S3 object {self._key}: {error}", key=error.key) from error
            log.warning("%s has no tags: %s", self._key, error)

    async def _write_tags(self, tags: Mapping[str, str]) -> None:
        if tags:
            await self._ask("put_object_tagging", self._key, Tagging={"TagSet": as_set(tags)})

    async def _settle(self, error: StorageError, if_absent: bool) -> None:
        """The key is taken or the upload is gone: by our own Complete, or by somebody else's doing?"""
        answer = None
        with suppress(NoSuchObjectError):
            answer = await self._ask("head_object", self._key)
        if answer is not None and answer.get("Metadata", {}).get(MULTIPART) == self._mark:
            return
        await self.abort()
        if answer is not None and if_absent:
            raise ObjectExistsError(str(error), key=error.key) from error
        raise error
