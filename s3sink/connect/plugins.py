"""Classes of an S3 sink's own parts: formats, partitioners, extractors, storage, credentials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any, Final

from s3sink.config import from_properties
from s3sink.connect import keys
from s3sink.connect.classes import Kind, load, python_class
from s3sink.connect.findings import invalid
from s3sink.connect.nearest import nearest
from s3sink.errors import ConfigError, Problem

_BY_TIME = f"{keys.PARTITIONERS}TimeBasedPartitioner$"
_AUTH = "com.amazonaws.auth."

FORMATS: Final = (keys.AVRO, keys.JSON, keys.BYTES, keys.PARQUET)
PARTITIONERS: Final = tuple(
    f"{keys.PARTITIONERS}{name}Partitioner" for name in ("Default", "Hourly", "Daily", "TimeBased", "Field")
)
EXTRACTORS: Final[Mapping[str, str]] = {
    name: known
    for known in ("Wallclock", "Record", "RecordField")
    for name in (known, f"{_BY_TIME}{known}TimestampExtractor")
}
"""Names of a timestamp extractor, and which of the connector's three that is."""

ASSUME_ROLE: Final = "io.confluent.connect.s3.auth.AwsAssumeRoleCredentialsProvider"
CREDENTIALS: Final = (
    keys.DEFAULT_CREDENTIALS,
    ASSUME_ROLE,
    _AUTH + "WebIdentityTokenCredentialsProvider",
    _AUTH + "EnvironmentVariableCredentialsProvider",
    _AUTH + "profile.ProfileCredentialsProvider",
    _AUTH + "InstanceProfileCredentialsProvider",
    _AUTH + "ContainerCredentialsProvider",
    _AUTH + "EC2ContainerCredentialsProviderWrapper",
    _AUTH + "STSAssumeRoleSessionCredentialsProvider",
    _AUTH + "SystemPropertiesCredentialsProvider",
    _AUTH + "ClasspathPropertiesFileCredentialsProvider",
    "s3sink.Anonymous",
)

_KNOWN: Final[Mapping[str, tuple[Kind | None, tuple[str, ...]]]] = {
    "format.class": ("Format", FORMATS),
    "keys.format.class": ("Format", FORMATS),
    "headers.format.class": ("Format", FORMATS),
    "partitioner.class": ("Partitioner", PARTITIONERS),
    "storage.class": (None, (keys.STORAGE,)),
    "s3.credentials.provider.class": (None, CREDENTIALS),
}
_PROVIDER = "interface com.amazonaws.auth.AWSCredentialsProvider"


def class_messages(key: str, text: str) -> tuple[list[str], str]:
    """What Kafka Connect says about the class that a key names, and what was probably meant.

    A class of the JDK is loaded without a word, and refused when the task starts.
    """
    if key not in _KNOWN:
        return [], ""
    name, (kind, names) = text.strip(), _KNOWN[key]
    if name in names or (kind and _python(kind, name, key)):
        return [], ""
    is_provider = key == "s3.credentials.provider.class"
    if name.startswith("java."):
        return [invalid(f"class {name}", key, f"Class must extend: {_PROVIDER}")] if is_provider else [], ""
    messages = [invalid(text, key, f"Class {text} could not be found.")]
    if is_provider:
        messages.append(invalid("null", key, f"Class must extend: {_PROVIDER}"))
    return messages, _meant(name, names)


def _meant(name: str, names: tuple[str, ...]) -> str:
    by_last = {known.rpartition(".")[2]: known for known in names}
    found = nearest(name.rpartition(".")[2], by_last)
    return by_last[found] if found else ""


def _python(kind: Kind, name: str, key: str) -> bool:
    """Whether it is a Python class. One that cannot be imported is found out when it is built."""
    try:
        return python_class(kind, name, key) is not None
    except ConfigError:
        return True


def build_own(kind: Kind, key: str, name: str, properties: Mapping[str, str]) -> Any | None:
    """An instance of the Python class of that name; None where there is no such class.

    A dataclass gets the properties that its fields name, as a partitioner of one's own gets them from the connector.
    Raises ConfigError for a class that is something else, or that cannot be built.
    """
    known = python_class(kind, name, key)
    if known is None:
        return None
    if kind not in known.kinds:
        raise ConfigError([Problem(key, invalid(name, key, f"Not a {kind}"))])
    cls = load(known, key)
    try:
        return from_properties(cls, properties) if isinstance(cls, type) and is_dataclass(cls) else cls()
    except (TypeError, ValueError) as error:
        raise ConfigError([Problem(key, invalid(name, key, f"{type(error).__name__}: {error}"))]) from error
