"""What an answer means, and what the sentence says."""

from __future__ import annotations

import pytest

from s3sink.errors import ObjectExistsError, StorageError, StoreRefusedError, StoreUnavailableError
from s3sink.storage.s3_errors import (
    PERMISSIONS,
    NoSuchObjectError,
    NoSuchUploadError,
    NotImplementedByStoreError,
    Request,
    meaning,
)

PUT = Request("put_object", "lake", "topics/k", "eu-west-1", None)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (412, "PreconditionFailed", ObjectExistsError),
        (412, None, ObjectExistsError),
        (409, "ConditionalRequestConflict", StoreUnavailableError),
        (503, "SlowDown", StoreUnavailableError),
        (500, "InternalError", StoreUnavailableError),
        (502, None, StoreUnavailableError),
        (429, "TooManyRequests", StoreUnavailableError),
        (400, "RequestTimeout", StoreUnavailableError),
        (400, "BadDigest", StoreUnavailableError),
        (501, "NotImplemented", NotImplementedByStoreError),
        (404, "NoSuchKey", NoSuchObjectError),
        (404, "404", NoSuchObjectError),
        (404, "NoSuchUpload", NoSuchUploadError),
        (404, "NoSuchBucket", StoreRefusedError),
        (403, "AccessDenied", StoreRefusedError),
        (301, "PermanentRedirect", StoreRefusedError),
        (400, "ExpiredToken", StoreRefusedError),
        (400, "SomethingNew", StoreRefusedError),
    ],
)
def test_an_answer_has_one_kind(status: int, code: str | None, kind: type[StorageError]) -> None:
    error = meaning({"Code": code, "Message": "m"} if code else {}, status, PUT)
    assert type(error) is kind
    assert error.retriable is (kind is StoreUnavailableError)
    assert error.key == "topics/k"


@pytest.mark.parametrize(
    ("status", "code", "remedy"),
    [
        (404, "NoSuchBucket", "create it"),
        (403, "AccessDenied", "need s3:PutObject"),
        (403, "403", "need s3:PutObject"),
        (403, "InvalidAccessKeyId", "correct the credentials"),
        (403, "SignatureDoesNotMatch", "secret key"),
        (403, "RequestTimeTooSkewed", "clock"),
        (301, "301", "`region`"),
        (400, "EntityTooSmall", "5 MiB"),
    ],
)
def test_a_refusal_names_place_and_remedy(status: int, code: str, remedy: str) -> None:
    sentence = str(meaning({"Code": code}, status, PUT))
    assert remedy in sentence
    assert "s3://lake/topics/k (region eu-west-1)" in sentence


def test_every_operation_has_its_permission() -> None:
    for operation, permission in PERMISSIONS.items():
        assert permission in str(meaning({"Code": "AccessDenied"}, 403, PUT._replace(operation=operation)))
