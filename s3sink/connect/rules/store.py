"""Traps of the bucket: memory, encryption, credentials, addresses, names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from s3sink.config import parse_bytes
from s3sink.connect.rules.finding import Finding, Linted, Rule
from s3sink.errors import ConfigError

_FEW_FILES: Final = 4
"""Open files whose parts should fit into memory, when nobody says how many there are."""


def parts_above_memory(linted: Linted) -> Iterable[Finding]:
    """Every open file may hold a part."""
    part, memory = _part_size(linted), _memory(linted)
    kinds = 1 + linted["store.kafka.keys"] + linted["store.kafka.headers"]
    limit = linted["partitioner.max.open.files"]
    files = (limit if limit > 0 else _FEW_FILES) * kinds
    if part and memory and part * files > memory:
        held, fits = _mib(part * files), max(memory // files >> 20, 5)
        reason = (
            f"{files} open files of {_mib(part)} a part are {held}, above s3sink.memory ({_mib(memory)}): files close "
            "early. Kafka Connect takes that much heap for every partition of a task, when it opens the files"
        )
        key = "s3sink.part.size" if linted.text("s3sink.part.size") else "s3.part.size"
        remedy = f"write {key}={fits << 20}" if key == "s3.part.size" else f"write {key}={fits}MiB"
        yield linted.warning(key, reason, f"{remedy}, or s3sink.memory={held}")


def _part_size(linted: Linted) -> int:
    return _bytes(linted["s3sink.part.size"]) or int(linted["s3.part.size"])


def _memory(linted: Linted) -> int:
    return _bytes(linted["s3sink.memory"] or "256MiB")


def _bytes(text: str) -> int:
    try:
        return parse_bytes(text) if text else 0
    except ConfigError:
        return 0


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.0f}MiB"


def accelerated_path_style(linted: Linted) -> Iterable[Finding]:
    """Acceleration needs the bucket in the host name, which is not the default."""
    if linted["s3.wan.mode"] and linted["s3.path.style.access.enabled"]:
        how = "" if linted.given("s3.path.style.access.enabled") else ", which is the default"
        reason = f"acceleration and path style exclude each other, and path style is on{how}"
        yield linted.error("s3.wan.mode", reason, "add s3.path.style.access.enabled=false")


def encryption_without_effect(linted: Linted) -> Iterable[Finding]:
    """Three ways to ask for encryption and get none."""
    name, kms, customer = linted["s3.ssea.name"], linted["s3.sse.kms.key.id"], linted["s3.sse.customer.key"]
    if name == "aws:kms" and not kms:
        reason = "without s3.sse.kms.key.id nothing is asked for: objects get the bucket's own encryption"
        yield linted.warning("s3.ssea.name", reason, "add s3.sse.kms.key.id, or leave it to the bucket")
    if name == "aws:kms:dsse":
        reason = "is accepted by the connector, which then asks for no encryption at all"
        yield linted.warning("s3.ssea.name", reason, "write aws:kms with s3.sse.kms.key.id, or leave it to the bucket")
    if kms and name != "aws:kms":
        reason = "has no effect without s3.ssea.name=aws:kms: objects are not encrypted with this key"
        yield linted.warning("s3.sse.kms.key.id", reason, "add s3.ssea.name=aws:kms")
    if customer and name != "AES256":
        reason = "has no effect without s3.ssea.name=AES256: objects are not encrypted with this key"
        yield linted.warning("s3.sse.customer.key", reason, "add s3.ssea.name=AES256")


def half_credentials(linted: Linted) -> Iterable[Finding]:
    """One key without the other is ignored."""
    key, secret = "aws.access.key.id", "aws.secret.access.key"
    if bool(linted[key]) != bool(linted[secret]):
        there, missing = (key, secret) if linted[key] else (secret, key)
        reason = f"has no effect without {missing}: credentials come from the environment"
        yield linted.warning(there, reason, f"add {missing}, or leave both out")


def plain_secrets(linted: Linted) -> Iterable[Finding]:
    """A password in a file."""
    for key in ("aws.secret.access.key", "s3.sse.customer.key", "s3.proxy.password"):
        if linted.text(key) and "${" not in str(linted.raw.get(key, "")):
            reason = "stands in the file as it is"
            yield linted.warning(
                key, reason, f"write {key}=${{env:NAME}} or ${{file:/path:name}}, and change the secret"
            )


def region_by_default(linted: Linted) -> Iterable[Finding]:
    """Oregon, unless told."""
    if not linted.given("s3.region") and not linted["store.url"]:
        reason = "is us-west-2 unless the file says otherwise"
        yield linted.note("s3.region", reason, "add s3.region with the bucket's region")


def tags_without_tagging(linted: Linted) -> Iterable[Finding]:
    """Pairs alone tag nothing."""
    key = "s3.object.tagging.key.value.pairs"
    if linted[key] and not linted["s3.object.tagging"]:
        yield linted.warning(key, "has no effect without s3.object.tagging=true", "add s3.object.tagging=true")
    for pair in linted[key]:
        if pair.count(":") != 1:
            reason = f"{pair!r} is not key:value: what stands behind a second colon is lost, without one the task dies"
            yield linted.error(key, reason, "write key:value,key:value")


def tags_without_tries(linted: Linted) -> Iterable[Finding]:
    """Tags are tried as often as parts are tried again."""
    if linted["s3.object.tagging"] and linted["s3.part.retries"] == 0:
        reason = "Kafka Connect tries tags as often as this says, which is never"
        yield linted.warning("s3.part.retries", reason, "write 1 or more")


def addresses_without_scheme(linted: Linted) -> Iterable[Finding]:
    """A URL without http or https."""
    for key in ("store.url", "s3.proxy.url"):
        url = linted[key]
        if url and "://" not in url:
            reason = "has no http:// or https:// before it: one program guesses this, another that"
            yield linted.warning(key, reason, f"write {key}=https://{url}")


def slashes_around_directory(linted: Linted) -> Iterable[Finding]:
    """The slash behind `topics.dir` is not part of it."""
    directory = linted["topics.dir"]
    if directory != directory.strip("/"):
        reason = f"slashes at its ends make directories without a name: {directory}/orders/..."
        yield linted.warning("topics.dir", reason, f"write topics.dir={directory.strip('/')}")


def delimiters_in_names(linted: Linted) -> Iterable[Finding]:
    """Names that cannot be taken apart again."""
    delimiter = linted["file.delim"]
    numeric = re.search(r"[0-9]", delimiter)
    if numeric or not delimiter:
        reason = "topic, partition and offset of a name cannot be told apart"
        yield linted.warning("file.delim", reason, "write file.delim=+, which is the default")


RULES: tuple[Rule, ...] = (
    parts_above_memory,
    accelerated_path_style,
    encryption_without_effect,
    half_credentials,
    plain_secrets,
    region_by_default,
    tags_without_tagging,
    tags_without_tries,
    addresses_without_scheme,
    slashes_around_directory,
    delimiters_in_names,
)
