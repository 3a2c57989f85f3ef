"""JSON, with or without Connect's envelope of schema and payload."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import filterfalse
from typing import Annotated, Any, NamedTuple, get_args

import msgspec

from s3sink.batch import RecordBatch
from s3sink.config import Option, check, problem_if
from s3sink.connect_json import DecimalFormat, converter_encoder, payload_decoder, schema_from_json, schema_to_json
from s3sink.converters._json_text import (
    NOT_JSON,
    UNREADABLE,
    decode_exactly,
    decode_json,
    finite,
    first_value,
    loads,
    loads_with,
)
from s3sink.converters._recent import Recent
from s3sink.errors import ConversionError, FormatError, Problem, RecordError
from s3sink.jackson import json_text
from s3sink.record import Headers
from s3sink.schema import DECIMAL, Schema

_UNWRITABLE = "Converting Kafka Connect data to byte[] failed due to serialization error: "
_BAD_CONTENT = "Failed to parse schema in converter config due to serialization error: "
_NO_ENVELOPE = (
    'JsonConverter with schemas.enable requires "schema" and "payload" fields and may not contain additional fields. '
    "If you are trying to deserialize plain JSON data, set schemas.enable=false in your converter configuration."
)
_NOT_WRITABLE = (TypeError, ValueError, OverflowError, RecursionError)
_NEWLINE = 10

_scan: Callable[[bytes], object] = msgspec.json.Decoder(msgspec.Raw).decode


class _RawEnvelope(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    schema: msgspec.Raw
    payload: msgspec.Raw


_decode_envelope = msgspec.json.Decoder(_RawEnvelope).decode


class _Envelope(NamedTuple):
    """What records with the same schema text share. `prefix` is all that JsonConverter writes before the payload."""

    prefix: bytes
    schema: Schema | None
    decode: Callable[[bytes], Any]
    value_of: Callable[[Any], Any]


class _Envelopes:
    """The envelopes seen so far, by the text of their schema. The last one is the next one nearly always."""

    __slots__ = ("by_text", "last")

    def __init__(self, make: Callable[[bytes], _Envelope], size: int) -> None:
        self.by_text = Recent(make, size)
        self.last: _Envelope | None = None


class _Writer(NamedTuple):
    """What values with the same schema share when they are written: the text around the payload, and its encoder."""

    prefix: bytes
    encode: Callable[[Any], Any]
    suffix: bytes

    def text(self, value: Any) -> bytes:
        return b"%b%b%b" % (self.prefix, json_text(self.encode(value)), self.suffix)


@dataclass(frozen=True, slots=True)
class JsonConverter:
    """Reads and writes JSON text as Connect's JsonConverter does, errors included.

    With `schemas_enable` every text is an envelope `{"schema": ..., "payload": ...}`. Without, values have no schema,
    and nothing but white space is null. Beware: Connect's own default for `schemas.enable` is true.

    As in Connect, what follows the first JSON value of a text is ignored, though not right behind a number
    (`2021-01-01`), and leading zeros are allowed. Other than in Connect, integers beyond 64 bits keep their digits
    (Connect wraps them around without a word) and numbers beyond the range of a double are refused.

    Without `schemas_enable` the text itself can go into a file of JSON lines (`check`): digits stay as they are.

    What `encode` writes is what `convert` reads, but for what JSON cannot say: without `schemas_enable` the schema is
    lost, and NaN and infinity are texts.
    """

    schemas_enable: Annotated[bool, Option(doc="Whether each text is an envelope of schema and payload.")] = False
    decimal_format: Annotated[
        DecimalFormat, Option(doc="How Decimals are written, in capitals or not; both forms can be read.")
    ] = "BASE64"
    replace_null_with_default: Annotated[
        bool, Option(doc="Whether null becomes the default of its schema, when read and when written.")
    ] = True
    schema_content: Annotated[
        str | None,
        Option(doc="The schema of all texts, as JSON, instead of envelopes; of no effect without schemas.enable."),
    ] = None
    schemas_cache_size: Annotated[
        int, Option(doc="How many schemas, those used last, are kept ready for reading and as many for writing.")
    ] = field(default=1000, repr=False)
    _fixed: _Envelope | None = field(init=False, repr=False, compare=False, default=None)
    _envelopes: _Envelopes = field(init=False, repr=False, compare=False)
    _writers: Recent[Schema | None, _Writer] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if str(self.decimal_format).upper() in get_args(DecimalFormat):
            object.__setattr__(self, "decimal_format", self.decimal_format.upper())
        content_problem = self._read_content() if self.schemas_enable and self.schema_content else None
        check("JsonConverter", [self._format_problem(), content_problem])
        object.__setattr__(self, "_envelopes", _Envelopes(self._envelope, self.schemas_cache_size))
        object.__setattr__(self, "_writers", Recent(self._writer, self.schemas_cache_size))

    def _format_problem(self) -> Problem | None:
        return problem_if(
            self.decimal_format not in get_args(DecimalFormat),
            "decimal_format",
            f"Invalid value {self.decimal_format} for configuration decimal.format: "
            "String must be one of (case insensitive): NUMERIC, BASE64",
        )

    def _read_content(self) -> Problem | None:
        """Keep the envelope that every text is in without saying so; a schema `null` is none."""
        try:
            envelope = self._envelope((self.schema_content or "").encode())
        except ConversionError as error:
            return Problem("schema_content", _BAD_CONTENT if error.reason == UNREADABLE else error.reason)
        object.__setattr__(self, "_fixed", envelope if envelope.schema is not None else None)
        return None

    # ------------------------------------------------------------------ decoding
    def convert(self, topic: str, data: bytes | None, headers: Headers) -> tuple[Schema | None, Any]:
        """The schema and the value of a text; None stays None. Raises ConversionError, without coordinates."""
        if data is None:
            return None, None
        if not self.schemas_enable:
            return None, loads(data)
        if self._fixed is not None:
            return self._fixed.schema, self._fixed.value_of(loads_with(data, self._fixed.decode))
        return self._unwrapped(data)

    def _unwrapped(self, data: bytes) -> tuple[Schema | None, Any]:
        known = self._envelopes.last
        try:
            if known is not None and data.startswith(known.prefix) and data.endswith(b"}"):
                # a valid payload between prefix and brace: then it is an envelope and nothing else is in it
                payload = known.decode(data[len(known.prefix) : -1])
            else:
                known, payload = self._opened(data)
        except NOT_JSON:
            known, payload = self._opened_slowly(data)
        return known.schema, known.value_of(payload)

    def _opened(self, data: bytes) -> tuple[_Envelope, Any]:
        raw = _decode_envelope(data)
        text = bytes(raw.schema)
        envelope = self._envelopes.by_text(text)
        self._envelopes.last = envelope
        return envelope, envelope.decode(bytes(raw.payload))

    def _envelope(self, text: bytes) -> _Envelope:
        schema_json = loads_with(text, decode_exactly)
        prefix = b'{"schema":%b,"payload":' % text
        if schema_json is None:
            return _Envelope(prefix, None, decode_json, lambda payload: payload)
        schema = schema_from_json(schema_json)
        decode = decode_exactly if _holds_decimals(schema) else decode_json
        return _Envelope(prefix, schema, decode, payload_decoder(schema, self.replace_null_with_default))

    def _opened_slowly(self, data: bytes) -> tuple[_Envelope, Any]:
        """For what is not quite JSON, or JSON and no envelope."""
        outer = first_value(data, Decimal)
        if not isinstance(outer, dict) or outer.keys() != {"schema", "payload"}:
            raise ConversionError(_NO_ENVELOPE)
        envelope = self._envelope(json_text(outer["schema"]))
        return envelope, outer["payload"] if envelope.schema is not None else first_value(data, finite)["payload"]

    # ------------------------------------------------------------------ encoding
    def encode(self, topic: str, schema: Schema | None, value: Any) -> bytes | None:
        """The text of a value. No value without a schema is a tombstone; with one it is the JSON `null`.

        Raises ConversionError with Connect's words for a value that is not what its schema says, or that has no schema
        and no JSON type: Decimals and dates need one.
        """
        if schema is None and value is None:
            return None
        try:
            return self._writers(schema).text(value)
        except FormatError as error:
            raise ConversionError(error.reason, connect_class=error.connect_class) from error
        except _NOT_WRITABLE as error:
            raise ConversionError(_UNWRITABLE) from error

    def _writer(self, schema: Schema | None) -> _Writer:
        encode = converter_encoder(schema, self.decimal_format, self.replace_null_with_default)
        if not self.schemas_enable or self._fixed is not None:
            return _Writer(b"", encode, b"")
        described = None if schema is None else schema_to_json(schema, self.decimal_format)
        return _Writer(b'{"schema":%b,"payload":' % json_text(described), encode, b"}")

    # ------------------------------------------------------------------ passing through
    @property
    def passes_json(self) -> bool:
        """Whether values may stay text: not when an envelope has to be taken off."""
        return not self.schemas_enable

    def check(self, batch: RecordBatch) -> tuple[RecordBatch, list[RecordError]]:
        """Validate the values of a raw batch without decoding them; none of them may be None.

        Returns the batch without the bad records, each value on one line in `encoded()`, and an error with
        coordinates for each bad one. What `convert` reads and a strict reader would not is written anew. A value that
        is null as JSON text, or nothing but white space, is exactly `b"null"` there: to a sink it is a null value.
        """
        values: list[Any] = batch.values()
        try:
            deque(map(_scan, values), 0)
            lines = list(map(bytes.strip, values))  # a bytes object without white space around it is returned as it is
            if not all(map(bytes.isascii, lines)):
                deque(map(bytes.decode, filterfalse(bytes.isascii, lines)), 0)  # `_scan` takes bad UTF-8 as it comes
            if any([_NEWLINE in line for line in lines]):  # noqa: C419 - a list comprehension is twice as fast here
                lines = [line.replace(b"\n", b" ") for line in lines]
        except NOT_JSON:
            return _check_each(batch, values)
        return batch.with_encoded(lines), []


def _check_each(batch: RecordBatch, values: list[bytes]) -> tuple[RecordBatch, list[RecordError]]:
    lines: list[bytes] = []
    kept: list[int] = []
    errors: list[RecordError] = []
    for index, value in enumerate(values):
        try:
            lines.append(_line(value))
            kept.append(index)
        except ConversionError as error:
            error.executing = "JsonConverter"
            errors.append(error.at(batch.source, batch.offset_at(index)))
    return batch.take(kept).with_encoded(lines), errors


def _line(value: bytes) -> bytes:
    try:
        _scan(value)
        value.decode()
    except NOT_JSON:
        return msgspec.json.encode(first_value(value, finite))
    return value.strip().replace(b"\n", b" ")


def _holds_decimals(schema: Schema) -> bool:
    inner = [schema.keys, schema.items, *(field.schema for field in schema.fields)]
    return schema.name == DECIMAL or any(_holds_decimals(part) for part in inner if part is not None)
