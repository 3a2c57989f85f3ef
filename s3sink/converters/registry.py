"""What converters ask a schema registry, by Confluent's client, and why it did not answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal, NamedTuple, TypeVar
from uuid import UUID

from s3sink.errors import ConfigError, MissingExtraError, Problem

T = TypeVar("T")
_BUSY = frozenset({408, 429})
_REFUSED = frozenset({401, 403})


class RegistryError(Exception):
    """Why there is no answer: it cannot be reached now, it knows no such thing (or does not want it), or access is
    denied."""

    def __init__(self, message: str, kind: Literal["unavailable", "unknown", "refused"]) -> None:
        self.kind = kind
        super().__init__(message)


class Registered(NamedTuple):
    """A schema as the registry has it. `references` are the texts of those that it needs, each after its own."""

    text: str
    references: tuple[str, ...]
    described: Any


def fetch_id(key: bytes) -> int | str:
    """What identifies a schema on the wire: magic 0 and four bytes of a number, or magic 1 and a GUID."""
    return int.from_bytes(key[1:], "big") if key[0] == 0 else str(UUID(bytes=key[1:]))


class RegistryClient:
    """The requests that converters make. Every call may wait for the network and be made from any thread.

    What the registry has said about an id, or about a schema in a subject, is asked once: it never changes. Raises
    RegistryError.
    """

    def __init__(self, configuration: Mapping[str, Any], needed_for: str) -> None:
        if find_spec("confluent_kafka") is None or find_spec("authlib") is None:
            raise MissingExtraError("confluent-kafka[schemaregistry]", "avro", needed_for)
        from confluent_kafka import schema_registry

        self._url = str(configuration["url"])
        self._schema, self._error = schema_registry.Schema, schema_registry.SchemaRegistryError
        self._unreachable = _transport_error()
        try:
            self._client = schema_registry.SchemaRegistryClient(dict(configuration))
        except (ValueError, TypeError, OSError) as error:
            raise ConfigError([Problem("schema_registry_url", str(error))], needed_for) from error

    def schema(self, key: bytes) -> Registered:
        """The schema with that key (see `fetch_id`), whatever its subject."""
        wanted = fetch_id(key)
        get = self._client.get_schema if isinstance(wanted, int) else self._client.get_schema_by_guid
        return self._registered(self._ask(lambda: get(wanted)))

    def version(self, subject: str, registered: Registered) -> int:
        """The version of the schema in the subject, deleted ones included."""
        return int(self._ask(lambda: self._client.lookup_schema(subject, registered.described, deleted=True)).version)

    def register(self, subject: str, text: str, *, normalize: bool) -> int:
        """The id of the schema in the subject, where it is registered if it is not yet."""
        return int(self._ask(lambda: self._client.register_schema(subject, self._avro(text), normalize)))

    def lookup(self, subject: str, text: str, *, normalize: bool) -> int:
        """The id of the schema in the subject, which has to be there."""
        return int(self._ask(lambda: self._client.lookup_schema(subject, self._avro(text), normalize)).schema_id)

    def latest(self, subject: str) -> tuple[int, str]:
        """The id and the text of the newest schema of the subject."""
        found = self._ask(lambda: self._client.get_latest_version(subject))
        return int(found.schema_id), str(found.schema.schema_str)

    def _avro(self, text: str) -> Any:
        return self._schema(text, "AVRO")

    def _registered(self, found: Any) -> Registered:
        if found.schema_type not in (None, "AVRO"):
            raise RegistryError(f"the schema is of type {found.schema_type}, not AVRO", "unknown")
        texts: dict[tuple[str, int], str] = {}
        self._collect(found, texts)
        return Registered(str(found.schema_str), tuple(texts.values()), found)

    def _collect(self, schema: Any, texts: dict[tuple[str, int], str]) -> None:
        for reference in schema.references or ():
            at = (reference.subject, reference.version)
            if at not in texts:
                found = self._ask(partial(self._client.get_version, *at))
                self._collect(found.schema, texts)
                texts[at] = str(found.schema.schema_str)

    def _ask(self, request: Callable[[], T]) -> T:
        try:
            return request()
        except self._error as error:
            raise RegistryError(str(error), _kind(error.http_status_code)) from error
        except self._unreachable as error:
            message = f"the schema registry at {self._where} cannot be reached: {error or type(error).__name__}"
            raise RegistryError(message, "unavailable") from error
        except ValueError as error:
            raise RegistryError(
                f"{self._where} does not answer as a schema registry does: {error}", "unknown"
            ) from error

    @property
    def _where(self) -> str:
        """Its addresses, without the credentials that may be in them."""
        return ",".join(_without_credentials(url) for url in self._url.split(","))


def _without_credentials(url: str) -> str:
    scheme, found, rest = url.strip().partition("://")
    return f"{scheme}{found}{rest.rpartition('@')[2]}"


def _kind(status: int) -> Literal["unavailable", "unknown", "refused"]:
    if status in _BUSY or status >= 500:
        return "unavailable"
    return "refused" if status in _REFUSED else "unknown"


def _transport_error() -> type[Exception]:
    """What the client's HTTP library raises when there was no answer."""
    library = import_module("httpx2" if find_spec("httpx2") else "httpx")
    error: type[Exception] = library.TransportError
    return error
