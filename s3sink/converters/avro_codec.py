"""Avro bytes with an id of their schema in front: what the ids mean, and the way from bytes to values and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from typing import Any, NamedTuple

from s3sink.avro_data import AvroData
from s3sink.converters.registry import Registered, RegistryClient, RegistryError, fetch_id
from s3sink.errors import RETRIABLE_EXCEPTION, ConversionError, RecordError, SchemaRegistryUnavailable
from s3sink.record import Headers
from s3sink.schema import Schema

RawHeaders = Sequence[tuple[str, bytes | None]]
_UNDERFLOW = "java.nio.BufferUnderflowException"
_CONFIG_EXCEPTION = "org.apache.kafka.common.config.ConfigException"
_KEY_SIZES = {0: 5, 1: 17}  # magic byte -> its size with the id behind it: a number, or a GUID


def unreadable(topic: str) -> ConversionError:
    """Bytes that are no value, or none whose schema is known."""
    return ConversionError(f"Failed to deserialize data for topic {topic} to Avro: ")


def unwritable(topic: str) -> ConversionError:
    """A value whose schema the registry does not take."""
    return ConversionError(f"Failed to serialize Avro data from topic {topic} : ")


def because(text: str, error: Exception | None = None) -> ValueError:
    """The cause of one of these, with its own cause."""
    cause = ValueError(text)
    cause.__cause__ = error
    return cause


def header_name(is_key: bool) -> str:
    """The header that may carry the id in place of the bytes."""
    return "__key_schema_id" if is_key else "__value_schema_id"


def key_at_start(data: bytes) -> bytes | None:
    """The id that bytes begin with, its magic byte included; None where there is none."""
    size = _KEY_SIZES.get(data[0]) if data else None
    return data[:size] if size is not None and len(data) >= size else None


def keys_in(data: Iterable[bytes | None], headers: Iterable[RawHeaders], is_key: bool) -> set[bytes]:
    """The ids of all of these records."""
    starts = {item[:17] if item[0] else item[:5] for item in data if item}
    carried = {value for row in headers for name, value in row if value and name == header_name(is_key)}
    return {key for key in map(key_at_start, starts | carried) if key is not None}


def split(topic: str, data: bytes, headers: Headers, is_key: bool) -> tuple[bytes, bytes]:
    """The id of the schema and the bytes of the value. Raises ConversionError."""
    carried = _carried(headers, header_name(is_key)) if headers else None
    if carried is not None:
        return carried, data
    if data and data[0] not in _KEY_SIZES:
        raise unreadable(topic) from because("Unknown magic byte!")
    key = key_at_start(data)
    if key is None:
        raise ConversionError(
            f"Failed to deserialize data for topic {topic} to Avro: {len(data)} bytes are too few for the id of a "
            "schema",
            connect_class=_UNDERFLOW,
        )
    return key, data[len(key) :]


def _carried(headers: Headers, name: str) -> bytes | None:
    value = next((header.value for header in reversed(headers) if header.key == name), None)
    return key_at_start(value) if isinstance(value, bytes) else None


class Decoding(NamedTuple):
    """How bytes of one schema become values. A value of bytes alone has no length in front, as Confluent has it."""

    schema: Schema | None
    wire: Any
    convert: Callable[[Any], Any]
    is_bytes: bool
    reads: Callable[..., Any]

    def value(self, payload: bytes) -> Any:
        """Raises what the codec raises, and ConversionError."""
        return self.convert(payload if self.is_bytes else self.reads(BytesIO(payload), self.wire, None))


class Schemas:
    """The schemas of one converter: of ids, asked of the registry once, and of values, registered once.

    Calls may wait for the network, but for `decoding` of what `fetch` was asked for before. They may come from any
    thread.
    """

    def __init__(
        self, client: RegistryClient, data: AvroData, strategy: str, *, is_key: bool, size: int, ids: IdPolicy
    ) -> None:
        import fastavro

        self._codec = fastavro
        self._client, self._data, self._strategy, self._ids = client, data, strategy, ids
        self._is_key, self._word = is_key, "key" if is_key else "value"
        self._size = max(1, size)
        self._known: dict[tuple[str, bytes], Decoding] = {}
        self._failed: dict[tuple[str, bytes], RecordError] = {}
        self._written: dict[tuple[str, Schema | None], tuple[bytes, Any]] = {}

    # ------------------------------------------------------------------ reading
    def decoding(self, topic: str, key: bytes) -> Decoding:
        """How to read values with that id. Raises ConversionError."""
        known = self._known.get((topic, key))
        if known is not None:
            return known
        failed = self._failed.get((topic, key))
        if failed is not None:
            raise _anew(failed)
        return self._remembered(topic, key)

    def missing(self, topic: str, keys: set[bytes]) -> list[bytes]:
        """Those that `fetch` should be asked for. The others count as used just now."""
        missing = []
        for key in keys:
            known = self._known.pop((topic, key), None)
            if known is None:
                missing.append(key)
            else:
                self._known[topic, key] = known
        return missing

    def fetch(self, topic: str, keys: Iterable[bytes]) -> None:
        """Ask for them now. What fails is remembered: `decoding` raises it, until `fetch` is asked again."""
        for key in keys:
            self._failed.pop((topic, key), None)
            try:
                self._remembered(topic, key)
            except RecordError as error:
                _keep(self._failed, (topic, key), error, self._size)

    def _remembered(self, topic: str, key: bytes) -> Decoding:
        decoding = self._loaded(topic, key)
        _keep(self._known, (topic, key), decoding, self._size)
        return decoding

    def _loaded(self, topic: str, key: bytes) -> Decoding:
        what = f"Error retrieving Avro {self._word} schema"
        registered = self._asked(topic, f"{what} for id {fetch_id(key)}", lambda: self._client.schema(key))
        subject = self._subject(topic, *self._named(registered))
        if subject is None:
            raise unreadable(topic) from because(self._needs_record)
        version = self._asked(
            topic, f"{what} version for id {fetch_id(key)}", lambda: self._client.version(subject, registered)
        )
        return self._decoding(registered, version)

    def _asked(self, topic: str, what: str, request: Callable[[], Any]) -> Any:
        try:
            return request()
        except RegistryError as error:
            failure = _access_failure(topic, f"Failed to deserialize data for topic {topic} to Avro: ", error)
            if failure is not None:
                raise failure from error
            raise unreadable(topic) from because(what, error)

    def _named(self, registered: Registered) -> tuple[str, str | None]:
        if self._strategy == "TopicNameStrategy":
            return "", None
        reading = self._data.reading(registered.text, None, registered.references)
        return reading.type, reading.name

    def _decoding(self, registered: Registered, version: int) -> Decoding:
        reading = self._data.reading(registered.text, version, registered.references)
        wire = self._codec.parse_schema(reading.wire)
        return Decoding(reading.schema, wire, reading.convert, reading.type == "bytes", self._codec.schemaless_reader)

    def _subject(self, topic: str, type_: str, name: str | None) -> str | None:
        """None where the strategy needs the name of a record and there is none."""
        if self._strategy == "TopicNameStrategy":
            return f"{topic}-{self._word}"
        if type_ != "record":
            return None
        return name if self._strategy == "RecordNameStrategy" else f"{topic}-{name}"

    @property
    def _needs_record(self) -> str:
        option = f"{self._word}.subject.name.strategy"
        return f"In configuration {option} = {self._strategy}, the message {self._word} must only be a record schema"

    # ------------------------------------------------------------------ writing
    def encode(self, topic: str, schema: Schema | None, value: Any) -> bytes | None:
        """The bytes of a value; None for null. Raises RecordError."""
        if schema is None and value is None:
            return None
        writing = self._data.writing(schema)
        datum = writing.convert(value)
        if datum is None:
            return None
        prefix, wire = self._written.get((topic, schema)) or self._registered(topic, schema)
        if writing.type == "bytes":
            return prefix + bytes(datum)
        target = BytesIO()
        target.write(prefix)
        self._codec.schemaless_writer(target, wire, datum)
        return target.getvalue()

    def _registered(self, topic: str, schema: Schema | None) -> tuple[bytes, Any]:
        writing = self._data.writing(schema)
        subject = self._subject(topic, writing.type, writing.name)
        if subject is None:
            raise unwritable(topic) from because(self._needs_record)
        text = json.dumps(writing.avro, separators=(",", ":"), ensure_ascii=False)
        try:
            id_ = self._ids.id_of(self._client, subject, text)
        except RegistryError as error:
            failure = _access_failure(topic, f"Failed to serialize Avro data from topic {topic} : ", error)
            if failure is not None:
                raise failure from error
            raise unwritable(topic) from because(f"Error registering Avro schema{text}", error)
        made = b"\x00" + id_.to_bytes(4, "big"), self._codec.parse_schema(writing.wire)
        _keep(self._written, (topic, schema), made, self._size)
        return made


class IdPolicy(NamedTuple):
    """Where the id of a schema that is written comes from."""

    auto_register: bool
    use_latest: bool
    normalize: bool

    def id_of(self, client: RegistryClient, subject: str, text: str) -> int:
        """Raises RegistryError."""
        if self.auto_register:
            return client.register(subject, text, normalize=self.normalize)
        if not self.use_latest:
            return client.lookup(subject, text, normalize=self.normalize)
        id_, latest = client.latest(subject)
        if json.loads(latest) != json.loads(text):
            raise RegistryError(f"the latest schema of the subject {subject} is another: {latest}", "unknown")
        return id_


def _access_failure(topic: str, reason: str, error: RegistryError) -> ConversionError | None:
    """What it is where the registry cannot or does not want to answer; None where it has answered."""
    if error.kind == "unavailable":
        return SchemaRegistryUnavailable(f"{reason}{error}", connect_class=RETRIABLE_EXCEPTION)
    if error.kind == "refused":
        return ConversionError(
            f"Failed to access Avro data from topic {topic} : {error}", connect_class=_CONFIG_EXCEPTION
        )
    return None


def _anew(error: RecordError) -> RecordError:
    """The same for another record."""
    again = type(error)(error.reason, connect_class=error.connect_class)
    again.__cause__ = error.__cause__
    return again


def _keep(cache: dict[Any, Any], key: Any, value: Any, size: int) -> None:
    cache.pop(key, None)
    cache[key] = value
    if len(cache) > size:
        cache.pop(next(iter(cache)), None)
