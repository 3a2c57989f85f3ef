"""`s3.*`, `store.url`, `topics.dir` and the delimiters: where objects go and what they are called."""

from __future__ import annotations

from typing import Any, Final

from s3sink.connect.credentials import build_credentials
from s3sink.connect.values import Values
from s3sink.errors import ConfigError
from s3sink.layout import Layout
from s3sink.storage import S3Store
from s3sink.storage.s3_options import Encryption, Proxy, SseC, SseKms, SseS3
from s3sink.storage.s3_tagging import Tagging

FIELDS: Final = {
    "bucket": "s3.bucket.name",
    "prefix": "topics.dir",
    "region": "s3.region",
    "endpoint": "store.url",
    "access_key": "aws.access.key.id",
    "secret_key": "aws.secret.access.key",
    "session_token": "s3sink.s3.session.token",
    "profile": "s3sink.s3.profile",
    "addressing_style": "s3.path.style.access.enabled",
    "payload_signing": "s3sink.s3.payload.signing",
    "max_connections": "s3sink.s3.max.connections",
    "connect_timeout": "s3sink.s3.connect.timeout.ms",
    "read_timeout": "s3sink.s3.read.timeout.ms",
    "max_attempts": "s3.part.retries",
    "retry_backoff": "s3.retry.backoff.ms",
    "acl": "s3.acl.canned",
    "accelerate": "s3.wan.mode",
    "encryption": "s3.ssea.name",
    "checksum": "s3.send.digest",
    "expect_continue": "s3.http.send.expect.continue",
    "credentials": "s3.credentials.provider.class",
    "proxy": "s3.proxy.url",
    "tagging": "s3.object.tagging",
}
"""Which key a field of the store has in a connector file."""

_WIDEST = 900
"""Of an offset: S3 takes keys of 1,024 bytes."""


def build_store(values: Values) -> S3Store | None:
    """The store; None when there is a problem, then found."""
    bucket = values["s3.bucket.name"]
    if bucket is None:
        return None
    try:
        return S3Store(bucket, **_arguments(values))
    except ConfigError as error:
        values.refuse_all(error, FIELDS)
        return None


def build_layout(values: Values) -> Layout:
    """What names look like."""
    width = values["filename.offset.zero.pad.width"]
    if not 0 < width <= _WIDEST:
        why = "Flags = '0': it needs 1, which is no padding, or more" if width == 0 else f"S3 takes {_WIDEST} at most"
        values.refuse_value("filename.offset.zero.pad.width", why)
        width = 10
    return Layout(
        directory_delim=values["directory.delim"],
        file_delim=values["file.delim"],
        offset_width=width,
        prefix="" if _fits_store(values) else values["topics.dir"] + values["directory.delim"],
    )


def _fits_store(values: Values) -> bool:
    """A store has a slash behind its prefix, and none at the ends of it."""
    directory = values["topics.dir"]
    return not directory or (values["directory.delim"] == "/" and directory == directory.strip("/"))


def _arguments(values: Values) -> dict[str, Any]:
    return {
        "prefix": values["topics.dir"] if _fits_store(values) else "",
        "region": values["s3.region"].lower() or None,
        "endpoint": _endpoint(values["store.url"]),
        "addressing_style": _style(values),
        "accelerate": values["s3.wan.mode"],
        "encryption": _encryption(values),
        "acl": values["s3.acl.canned"],
        "tagging": _tagging(values),
        "checksum": "md5" if values["s3.send.digest"] else "crc32",
        "proxy": _proxy(values),
        "expect_continue": values["s3.http.send.expect.continue"],
        "max_attempts": values["s3.part.retries"] + 1,
        "retry_backoff": values["s3.retry.backoff.ms"],
        **build_credentials(values),
        **_ours(values),
    }


def _ours(values: Values) -> dict[str, Any]:
    """Those that the file has: the store's defaults are for the others."""
    given = {field: key for field, key in FIELDS.items() if key.startswith("s3sink.s3.") and values.given(key)}
    return {field: values[key] for field, key in given.items() if values[key] not in ("", None)}


def _endpoint(url: str | None) -> str | None:
    if not url:
        return None
    return url if "://" in url else f"https://{url}"


def _style(values: Values) -> str:
    ours: str = values["s3sink.s3.addressing.style"]
    return ours or ("path" if values["s3.path.style.access.enabled"] else "virtual")


def _encryption(values: Values) -> Encryption | None:
    """The connector sends nothing for `aws:kms` without a key, and never for `aws:kms:dsse`."""
    algorithm, kms = values["s3.ssea.name"], values["s3.sse.kms.key.id"]
    customer = (values["s3.sse.customer.key"] or "").strip()
    if kms and algorithm != "aws:kms":
        values.warn("s3.sse.kms.key.id", "has no effect without s3.ssea.name=aws:kms")
    if customer and algorithm != "AES256":
        values.warn("s3.sse.customer.key", "has no effect without s3.ssea.name=AES256")
    if algorithm == "AES256":
        return _customer_key(values, customer) if customer else SseS3()
    if algorithm == "aws:kms" and kms:
        return SseKms(kms)
    if algorithm:
        needs = "without s3.sse.kms.key.id" if algorithm == "aws:kms" else "for the connector"
        values.warn("s3.ssea.name", f"{algorithm} has no effect {needs}: the bucket's own encryption counts")
    return None


def _customer_key(values: Values, key: str) -> Encryption | None:
    try:
        return SseC(key)
    except ConfigError as error:
        values.refuse_all(error, {"key": "s3.sse.customer.key"})
        return None


def _proxy(values: Values) -> Proxy | None:
    url, user, password = (values[f"s3.proxy.{what}"] for what in ("url", "user", "password"))
    if not url:
        for what in ("user", "password"):
            values.warn_if_given(f"s3.proxy.{what}", "has no effect without s3.proxy.url")
        return None
    try:
        return Proxy(url, user or None, password or None)
    except ConfigError as error:
        values.refuse_all(error, {name: f"s3.proxy.{name}" for name in ("url", "user", "password")})
        return None


_PAIRS = "s3.object.tagging.key.value.pairs"
_ON_ERROR = "s3.object.behavior.on.tagging.error"


def _tagging(values: Values) -> Tagging | None:
    """The connector looks at the pairs even when it does not tag, and drops what stands behind a second colon."""
    pairs = [pair.split(":") for pair in values[_PAIRS]]
    short = [pair for pair in pairs if len(pair) < 2 or not pair[1]]
    if short:
        values.refuse_value(_PAIRS, "Index 1 out of bounds for length 1: each tag is key:value")
        return None
    if not values["s3.object.tagging"]:
        for key in (_PAIRS, _ON_ERROR):
            values.warn_if_given(key, "has no effect without s3.object.tagging=true")
        return None
    try:
        return Tagging(tuple((pair[0], pair[1]) for pair in pairs), values[_ON_ERROR].lower())
    except ConfigError as error:
        values.refuse_all(error, {"pairs": _PAIRS, "on_error": _ON_ERROR})
        return None
