"""What can be wrong with the options of an S3 store."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import UnionType
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import urlsplit

from s3sink.config import problem_if
from s3sink.errors import Problem
from s3sink.storage.s3_body import Checksum
from s3sink.storage.s3_options import CannedAcl, Encryption, Proxy, SseC
from s3sink.storage.s3_tagging import Tagging

if TYPE_CHECKING:
    from s3sink.storage.s3 import S3Store

_BUCKET = re.compile(r"arn:[^/\s].*|[a-zA-Z0-9._-]{1,255}")
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
_CHOICES: Mapping[str, tuple[str | None, ...]] = {
    "addressing_style": ("auto", "path", "virtual"),
    "acl": (None, *get_args(CannedAcl)),
    "checksum": get_args(Checksum),
}
_KINDS: Mapping[str, tuple[type | UnionType, str]] = {
    "encryption": (Encryption, "SseS3(), SseKms(...) or SseC(...)"),
    "tagging": (Tagging, "Tagging(...)"),
    "proxy": (Proxy, "Proxy(...)"),
}


def place_problems(store: S3Store) -> list[Problem | None]:
    """Bucket and server, and what must not be between here and there."""
    endpoint, fast = store.endpoint, store.accelerate
    key_in_clear = isinstance(store.encryption, SseC) and not _hides_keys(endpoint)
    return [
        problem_if(not _BUCKET.fullmatch(store.bucket), "bucket", "is the name alone, without s3:// and path"),
        problem_if(not _is_http_url(endpoint), "endpoint", "must be an http:// or https:// URL, no keys in it"),
        problem_if(fast and store.addressing_style == "path", "accelerate", 'cannot be with addressing_style="path"'),
        problem_if(fast and endpoint is not None, "accelerate", "cannot be with an endpoint of its own"),
        problem_if(fast and "." in store.bucket, "accelerate", "needs a bucket without dots in its name"),
        problem_if(key_in_clear, "encryption", "SseC needs an https:// endpoint: its key travels with every request"),
    ]


def value_problems(store: S3Store) -> list[Problem | None]:
    """Numbers out of range, and values of another kind."""
    return [
        *(_choice_problem(name, getattr(store, name), choices) for name, choices in _CHOICES.items()),
        *(_kind_problem(name, getattr(store, name), *kind) for name, kind in _KINDS.items()),
        problem_if(store.max_connections < 1, "max_connections", "must be 1 or more"),
        problem_if(store.max_attempts < 1, "max_attempts", "must be 1 or more"),
    ]


def _choice_problem(name: str, value: Any, choices: tuple[str | None, ...]) -> Problem | None:
    return problem_if(value not in choices, name, f"must be one of {', '.join(filter(None, choices))}")


def _kind_problem(name: str, value: Any, kind: type | UnionType, words: str) -> Problem | None:
    return problem_if(value is not None and not isinstance(value, kind), name, f"must be {words}, or None")


def _is_http_url(endpoint: str | None) -> bool:
    if endpoint is None:
        return True
    parts = urlsplit(endpoint)
    return parts.scheme in ("http", "https") and bool(parts.netloc) and "@" not in parts.netloc


def _hides_keys(endpoint: str | None) -> bool:
    """Whether nobody on the way can read what is sent."""
    return endpoint is None or endpoint.startswith("https:") or urlsplit(endpoint).hostname in _HERE
