"""What an answer of S3 means: exists, try again, or refused with one sentence that says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from s3sink.errors import ObjectExistsError, StorageError, StoreRefusedError, StoreUnavailableError


class Request(NamedTuple):
    """What was asked, for the sentence. `key` is the object's full key, None for a request to the bucket."""

    operation: str
    bucket: str
    key: str | None
    region: str | None
    endpoint: str | None

    def __str__(self) -> str:
        what = f"s3://{self.bucket}" + (f"/{self.key}" if self.key is not None else "")
        return f"{what} (region {self.region or 'not set'}{f', endpoint {self.endpoint}' if self.endpoint else ''})"


class NotImplementedByStoreError(StoreRefusedError):
    """The server does not know this kind of request (501)."""


class NoSuchObjectError(StoreRefusedError):
    """There is no object under this key; to a HEAD, or no such bucket."""


class OtherEncryptionError(StoreRefusedError):
    """A HEAD with a customer key for an object without one, or the other way round (400 without a reason)."""


class NoSuchUploadError(StoreRefusedError):
    """The multipart upload was completed or aborted, or it expired."""


# Answers that another attempt may change although their status is not 5xx. ConditionalRequestConflict: somebody else is
# creating the same key just now. The checksum ones: the bytes were damaged on the way.
RETRIABLE_CODES = frozenset({
    "BadDigest", "BandwidthLimitExceeded", "ConditionalRequestConflict", "IncompleteBody", "InternalError",
    "OperationAborted", "RequestLimitExceeded", "RequestTimeout", "RequestTimeoutException", "ServiceUnavailable",
    "SlowDown", "Throttling", "ThrottlingException", "TooManyRequests", "TooManyRequestsException",
    "XAmzContentChecksumMismatch",
})  # fmt: skip
_RETRIABLE_STATUS = frozenset({408, 409, 429})

PERMISSIONS: Mapping[str, str] = {
    "head_bucket": "s3:ListBucket",
    "list_objects_v2": "s3:ListBucket",
    "put_object": "s3:PutObject (s3:PutObjectAcl for `acl`, s3:PutObjectTagging for `tagging`)",
    "create_multipart_upload": "s3:PutObject",
    "upload_part": "s3:PutObject",
    "complete_multipart_upload": "s3:PutObject",
    "abort_multipart_upload": "s3:AbortMultipartUpload",
    "put_object_tagging": "s3:PutObjectTagging",
    "get_object_tagging": "s3:GetObjectTagging",
    "get_object": "s3:GetObject",
    "head_object": "s3:GetObject and, for keys that do not exist, s3:ListBucket",
    "delete_object": "s3:DeleteObject",
}

_KINDS = {
    "404": NoSuchObjectError,
    "NoSuchKey": NoSuchObjectError,
    "NoSuchUpload": NoSuchUploadError,
    "400": OtherEncryptionError,
}
_CLOCK = "the clock of this machine is wrong: set it"
_REGION = "the bucket is in another region: set `region` to the bucket's own"
_REFUSALS: Mapping[str, str] = {
    "NoSuchBucket": "the bucket does not exist: create it, or correct `bucket`, `region` or `endpoint`",
    "NoSuchKey": "there is no such object",
    "404": "there is no such object, or no such bucket",
    "400": "the credentials are not valid there, or the object is encrypted with another customer key, or with none",
    "NoSuchUpload": "the multipart upload is gone: it was aborted, or expired by a lifecycle rule",
    "InvalidAccessKeyId": "the access key is unknown there: correct the credentials, or `endpoint`",
    "SignatureDoesNotMatch": "the secret key does not belong to the access key: correct the credentials",
    "ExpiredToken": "the session token has expired: renew the credentials",
    "InvalidToken": "the session token is not valid: renew the credentials",
    "TokenRefreshRequired": "the session token must be renewed",
    "RequestTimeTooSkewed": _CLOCK,
    "RequestExpired": _CLOCK,
    "PermanentRedirect": _REGION,
    "AuthorizationHeaderMalformed": _REGION,
    "IllegalLocationConstraintException": _REGION,
    "301": _REGION,
    "EntityTooSmall": "a part other than the last is below 5 MiB: raise the part size",
    "EntityTooLarge": "the object or part is too large for S3: lower the file size, or raise the part size",
    "MetadataTooLarge": "the metadata is beyond 2 KB",
    "KeyTooLongError": "the key is beyond 1024 bytes of UTF-8",
}


def meaning(error: Mapping[str, Any], status: int, request: Request) -> StorageError:
    """The error to raise for an answer; `error` is the `Error` element of its body, with `Code` and `Message`."""
    code = str(error.get("Code", status))
    if status == 412 or code == "PreconditionFailed":
        return ObjectExistsError(f"{request} exists", key=request.key)
    if status == 501 or code == "NotImplemented":
        return NotImplementedByStoreError(f"{request}: {request.operation} is not implemented there", key=request.key)
    if status >= 500 or status in _RETRIABLE_STATUS or code in RETRIABLE_CODES:
        return StoreUnavailableError(f"{request}: {_quoted(error, status)}", key=request.key)
    refused = _KINDS.get(code, StoreRefusedError)
    return refused(f"{request}: {_remedy(code, status, request)} ({_quoted(error, status)})", key=request.key)


_PASSING_OF_STS = frozenset({"IDPCommunicationError", "IDPCommunicationErrorException", "ThrottlingException"})


def no_role(error: Mapping[str, Any], status: int, request: Request) -> StorageError:
    """The error to raise when STS did not give the keys of a role; S3 was not asked at all."""
    quoted = _quoted(error, status)
    if status >= 500 or status in _RETRIABLE_STATUS or error.get("Code") in _PASSING_OF_STS | RETRIABLE_CODES:
        return StoreUnavailableError(f"{request}: STS does not answer: {quoted}", key=request.key)
    remedy = "the role cannot be assumed: correct `credentials`, or the role's trust policy"
    return StoreRefusedError(f"{request}: {remedy} ({quoted})", key=request.key)


def _remedy(code: str, status: int, request: Request) -> str:
    if code in _REFUSALS:
        return _REFUSALS[code]
    if status == 403:
        return f"access is denied: the credentials need {PERMISSIONS[request.operation]}"
    return f"{request.operation} was refused"


def _quoted(error: Mapping[str, Any], status: int) -> str:
    return " ".join(str(part) for part in (status, error.get("Code"), error.get("Message")) if part)
