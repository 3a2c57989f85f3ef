"""What may be asked of S3 beside the objects themselves: encryption, access control, and the way to it."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import SplitResult, quote, unquote, urlsplit

from s3sink.config import Option, check, problem_if


class Secret(str):
    """A text that does not show in `repr`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


# ---------------------------------------------------------------------------------------------- encryption
@dataclass(frozen=True, slots=True)
class SseS3:
    """S3 encrypts every object with keys of its own (AES-256)."""


@dataclass(frozen=True, slots=True)
class SseKms:
    """S3 encrypts every object with a key of AWS KMS. The credentials need kms:GenerateDataKey and kms:Decrypt."""

    key_id: Annotated[str | None, Option(doc="Id, ARN or alias; the account's own `aws/s3` if left out.")] = None

    def __post_init__(self) -> None:
        check("SseKms", [problem_if(self.key_id == "", "key_id", "must not be empty")])


@dataclass(frozen=True, slots=True)
class SseC:
    """S3 encrypts every object with this key and forgets it: who loses the key loses the objects.

    The key travels with every request to an object, which is why S3 takes it over https only.
    """

    key: Annotated[str | bytes, Option(doc="256 bits: the 32 bytes, or base64 of them.", secret=True)]

    def __post_init__(self) -> None:
        raw = self.key if isinstance(self.key, bytes) else _from_base64(self.key)
        check("SseC", [problem_if(len(raw) != 32, "key", "must be 32 bytes, or base64 of 32 bytes")])
        object.__setattr__(self, "key", Secret(base64.b64encode(raw).decode()))


Encryption = SseS3 | SseKms | SseC

CannedAcl = Literal[
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "log-delivery-write",
    "bucket-owner-read",
    "bucket-owner-full-control",
    "aws-exec-read",
]


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):  # ValueError: not ASCII
        return b""


_CREATES = ("put_object", "create_multipart_upload")
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html
# Complete wants the key for uploads with checksums.
_TOUCHES = (*_CREATES, "upload_part", "complete_multipart_upload", "head_object", "get_object")


def request_parameters(encryption: Encryption | None, acl: CannedAcl | None) -> Mapping[str, Mapping[str, str]]:
    """What is added to requests, by operation, in the client's names.

    Encryption and access are said where an object is created; a customer key wherever it is touched.
    """
    create = {"ACL": str(acl)} if acl else {}
    customer: dict[str, str] = {}
    if isinstance(encryption, SseS3):
        create["ServerSideEncryption"] = "AES256"
    elif isinstance(encryption, SseKms):
        create |= {"ServerSideEncryption": "aws:kms"} | (
            {"SSEKMSKeyId": encryption.key_id} if encryption.key_id else {}
        )
    elif isinstance(encryption, SseC):
        customer = _customer_key(str(encryption.key))
    every = {name: (create if name in _CREATES else {}) | customer for name in _TOUCHES}
    return {name: parameters for name, parameters in every.items() if parameters}


def _customer_key(key: str) -> dict[str, str]:
    digest = hashlib.md5(base64.b64decode(key), usedforsecurity=False).digest()
    md5 = base64.b64encode(digest).decode()  # with it, the client takes key and digest as they are
    return {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": key, "SSECustomerKeyMD5": md5}


# ---------------------------------------------------------------------------------------------- the way there
@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy between this machine and S3, for requests to the store and for the credentials of a role.

    `http://` or `https://` is how the proxy itself is spoken to. User and password may also stand in the URL; what is
    given beside it wins.
    """

    url: Annotated[str, Option("s3.proxy.url", "Where the proxy is.")]
    user: Annotated[str | None, Option("s3.proxy.user", "User at the proxy.")] = None
    password: Annotated[str | None, Option("s3.proxy.password", "The user's password.", secret=True)] = None

    def __post_init__(self) -> None:
        parts = _parts_of(self.url)
        user, password = self.user or _unquoted(parts.username), self.password or _unquoted(parts.password)
        host = parts.netloc.rpartition("@")[2]
        check(
            "Proxy",
            [
                problem_if(
                    parts.scheme not in ("http", "https") or not parts.hostname, "url", "must be like http://host:port"
                ),
                problem_if(bool(password) and not user, "user", "a password needs a user"),
            ],
        )
        object.__setattr__(self, "url", f"{parts.scheme}://{host}")
        object.__setattr__(self, "user", user)
        object.__setattr__(self, "password", Secret(password) if password else None)

    def address(self) -> str:
        """The URL with user and password in it: for the client, for nobody to read."""
        if not self.user:
            return self.url
        login = quote(self.user, safe="") + (f":{quote(self.password, safe='')}" if self.password else "")
        return self.url.replace("://", f"://{login}@", 1)


def _parts_of(url: str) -> SplitResult:
    """Its parts, empty ones where it is no URL: an error would quote the password in it."""
    try:
        parts = urlsplit(url)
        return parts if parts.port is None or parts.port > 0 else SplitResult("", "", "", "", "")
    except ValueError:
        return SplitResult("", "", "", "", "")


def _unquoted(text: str | None) -> str | None:
    return unquote(text) if text else None
