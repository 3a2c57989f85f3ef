"""The names that Confluent's Avro mapping leaves in schemas, and the names that Avro allows."""

from __future__ import annotations

import re
from urllib.parse import quote_plus

from s3sink.errors import FormatError

NAMESPACE = "io.confluent.connect.avro"
CONNECT_DEFAULT = "ConnectDefault"
MAP_ENTRY = "MapEntry"
ANYTHING = f"{NAMESPACE}.Anything"

# what a Connect schema says about the Avro schema that it came from: its name, or keys of its parameters
UNION = f"{NAMESPACE}.Union"
ENUM = f"{NAMESPACE}.Enum"
RECORD_DOC = f"{NAMESPACE}.record.doc"
FIELD_DOC = f"{NAMESPACE}.field.doc."
FIELD_DEFAULT = f"{NAMESPACE}.field.default"
ENUM_DOC = f"{NAMESPACE}.enum.doc."
ENUM_DEFAULT = f"{NAMESPACE}.enum.default."
GENERAL_ENUM = "org.apache.kafka.connect.data.Enum"
GENERAL_UNION = "org.apache.kafka.connect.data.Union"
GENERAL_UNION_NAME = "connect_union_"
FIXED_SIZE = "connect.fixed.size"
PRECISION, DEFAULT_PRECISION = "connect.decimal.precision", 64
CONNECT_RECORD_DOC, CONNECT_ENUM_DOC = "connect.record.doc", "connect.enum.doc"

# what an Avro schema says about the Connect schema that it came from: members of its JSON
CONNECT_NAME, CONNECT_DOC, CONNECT_VERSION = "connect.name", "connect.doc", "connect.version"
CONNECT_DEFAULT_VALUE, CONNECT_PARAMETERS, CONNECT_TYPE = "connect.default", "connect.parameters", "connect.type"
INTERNAL_TYPE = "connect.internal.type"
PASSED_ON = "avro"  # members and parameters that begin so go both ways

PARSE_EXCEPTION = "org.apache.avro.SchemaParseException"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_]", re.ASCII)


def full_name(name: str, namespace: str | None) -> str:
    """Avro's rule: a name with dots is whole, others are in the namespace."""
    return f"{namespace}.{name}" if namespace and "." not in name else name


def split_name(name: str, scrub: bool) -> tuple[str | None, str]:
    """The namespace, None without one, and the simple name of a full one."""
    space, _, simple = ".".join(scrubbed(part) if scrub else part for part in name.split(".")).rpartition(".")
    return space or None, simple


def simple_name(name: str) -> str:
    """The last part of a full name."""
    return name.rpartition(".")[2]


def scrubbed(name: str) -> str:
    """The name with what Avro does not allow in one replaced, as `scrub.invalid.names` does it.

    >>> scrubbed("my-field"), scrubbed("1st"), scrubbed("a b"), scrubbed("ü")
    ('my_field', 'x1st', 'a_b', '_C3_BC')
    """
    if not name or _NAME.fullmatch(name):
        return name
    encoded = quote_plus(name, safe="*").replace("~", "%7E")  # Java's URLEncoder
    return _NOT_IN_NAMES.sub("_", f"x{encoded}" if encoded[0].isdigit() else encoded)


def checked_name(name: str) -> str:
    """The name, when Avro allows it (letters of any script, digits, underscores); FormatError otherwise."""
    if not name:
        raise FormatError("Empty name", connect_class=PARSE_EXCEPTION)
    if not (name[0].isalpha() or name[0] == "_"):
        raise FormatError(f"Illegal initial character: {name}", connect_class=PARSE_EXCEPTION)
    if not all(character.isalnum() or character == "_" for character in name):
        raise FormatError(f"Illegal character in: {name}", connect_class=PARSE_EXCEPTION)
    return name


def is_plain_name(name: str) -> bool:
    """Whether every Avro library takes it."""
    return _NAME.fullmatch(name) is not None
