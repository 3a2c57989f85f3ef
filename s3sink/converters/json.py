"""JSON, with or without Connect's envelope of schema and payload."""

from __future__ import annotations

import json
import math
import re
from codecs import BOM_UTF8
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import filterfalse
from typing import Annotated, Any, NamedTuple

import msgspec

from s3sink.batch import RecordBatch
from s3sink.config import Option
from s3sink.connect_json import DecimalFormat, payload_decoder, schema_from_json
from s3sink.errors import ConfigError, ConversionError, Problem, RecordError
from s3sink.record import Headers
from s3sink.schema import DECIMAL, Schema

_UNREADABLE = "Converting byte[] to Kafka Connect data failed due to serialization error: "
_NO_ENVELOPE = (
    'JsonConverter with schemas.enable requires "schema" and "payload" fields and may not contain additional fields. '
    "If you are trying to deserialize plain JSON data, set schemas.enable=false in your converter configuration."
)
_NOT_JSON = (msgspec.DecodeError, ValueError, RecursionError)
_MAX_SCHEMAS = 1000  # JsonConverter's schemas.cache.size
_NEWLINE = 10

decode_json: Callable[[bytes], Any] = msgspec.json.Decoder().decode
"""As fast as orjson, and integers beyond 64 bits keep their digits, where orjson makes them floats."""
_decode_exactly: Callable[[bytes], Any] = msgspec.json.Decoder(float_hook=Decimal).decode
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

    def __init__(self) -> None:
        self.by_text: dict[bytes, _Envelope] = {}
        self.last: _Envelope | None = None


@dataclass(frozen=True, slots=True)
class JsonConverter:
    """Reads JSON text as Connect's JsonConverter does, errors included.

    With `schemas_enable` every text is an envelope `{"schema": ..., "payload": ...}`. Without, values have no schema,
    and nothing but white space is null. Beware: Connect's own default for `schemas.enable` is true.

    As in Connect, what follows the first JSON value of a text is ignored, and leading zeros are allowed. Other than in
    Connect, integers beyond 64 bits keep their digits (Connect wraps them around without a word) and numbers beyond
    the range of a double are refused.

    Without `schemas_enable` the text itself can go into a file of JSON lines (`check`): digits stay as they are.
    """

    schemas_enable: Annotated[bool, Option(doc="Whether each text is an envelope of schema and payload.")] = False
    decimal_format: Annotated[DecimalFormat, Option(doc="How Decimals are written; both forms can be read.")] = "BASE64"
    replace_null_with_default: Annotated[bool, Option(doc="Whether null becomes the default of its schema.")] = True
    schema_content: Annotated[
        str | None, Option(doc="The schema of all texts, as JSON: then they have no envelope, although schemas_enable.")
    ] = None
    _fixed: _Envelope | None = field(init=False, repr=False, compare=False, default=None)
    _envelopes: _Envelopes = field(init=False, repr=False, compare=False, default_factory=_Envelopes)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_fixed", self._fixed_envelope() if self.schemas_enable else None)

    def _fixed_envelope(self) -> _Envelope | None:
        if not self.schema_content:
            return None
        try:
            return self._envelope(self.schema_content.encode())
        except ConversionError as error:
            raise ConfigError([Problem("schema_content", error.reason)], "JsonConverter") from error

    # ------------------------------------------------------------------ decoding
    def convert(self, topic: str, data: bytes | None, headers: Headers) -> tuple[Schema | None, Any]:
        """The schema and the value of a text; None stays None. Raises ConversionError, without coordinates."""
        if data is None:
            return None, None
        if not self.schemas_enable:
            return None, loads(data)
        if self._fixed is not None:
            return self._fixed.schema, self._fixed.value_of(_loads(data, self._fixed.decode))
        return self._unwrapped(data)

    def _unwrapped(self, data: bytes) -> tuple[Schema | None, Any]:
        known = self._envelopes.last
        try:
            if known is not None and data.startswith(known.prefix) and data.endswith(b"}"):
                # a valid payload between prefix and brace: then it is an envelope and nothing else is in it
                payload = known.decode(data[len(known.prefix) : -1])
            else:
                known, payload = self._opened(data)
        except _NOT_JSON:
            known, payload = self._opened_slowly(data)
        return known.schema, known.value_of(payload)

    def _opened(self, data: bytes) -> tuple[_Envelope, Any]:
        raw = _decode_envelope(data)
        text = bytes(raw.schema)
        envelope = self._envelopes.by_text.get(text) or self._remembered(text)
        self._envelopes.last = envelope
        return envelope, envelope.decode(bytes(raw.payload))

    def _remembered(self, text: bytes) -> _Envelope:
        envelopes = self._envelopes.by_text
        if len(envelopes) >= _MAX_SCHEMAS:
            envelopes.clear()
        return envelopes.setdefault(text, self._envelope(text))

    def _envelope(self, text: bytes) -> _Envelope:
        schema_json = _loads(text, _decode_exactly)
        prefix = b'{"schema":%b,"payload":' % text
        if schema_json is None:
            return _Envelope(prefix, None, decode_json, lambda payload: payload)
        schema = schema_from_json(schema_json)
        decode = _decode_exactly if _holds_decimals(schema) else decode_json
        return _Envelope(prefix, schema, decode, payload_decoder(schema, self.replace_null_with_default))

    def _opened_slowly(self, data: bytes) -> tuple[_Envelope, Any]:
        """For what is not quite JSON, or JSON and no envelope."""
        outer = _lenient(data, Decimal)
        if not isinstance(outer, dict) or outer.keys() != {"schema", "payload"}:
            raise ConversionError(_NO_ENVELOPE)
        envelope = self._envelope(msgspec.json.encode(outer["schema"]))
        return envelope, outer["payload"] if envelope.schema is not None else _lenient(data, _finite)["payload"]

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
        except _NOT_JSON:
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
    except _NOT_JSON:
        return msgspec.json.encode(_lenient(value, _finite))
    return value.strip().replace(b"\n", b" ")


# ---------------------------------------------------------------------------------------------- JSON, nearly
def loads(data: bytes) -> Any:
    """The value of a JSON text, None for a blank one. Raises ConversionError, without coordinates."""
    return _loads(data, decode_json)


def _loads(data: bytes, decode: Callable[[bytes], Any]) -> Any:
    try:
        return decode(data)
    except _NOT_JSON:
        return _lenient(data, _finite if decode is decode_json else Decimal)


def _lenient(data: bytes, parse_float: Callable[[str], Any]) -> Any:
    """The first JSON value of a text, as Jackson reads it: byte order mark, leading zeros and what follows are ignored.

    Slow, and only for what the strict reader refuses.
    """
    try:
        text = _LEADING_ZEROS.sub(_without_zeros, data.removeprefix(BOM_UTF8).decode()).lstrip(" \t\r\n")
        if not text:
            return None
        value, _ = json.JSONDecoder(parse_float=parse_float, parse_constant=_refuse_constant).raw_decode(text)
        msgspec.json.encode(value)  # half a surrogate pair cannot be written
    except (ValueError, RecursionError) as error:
        raise ConversionError(_UNREADABLE) from error
    return value


_LEADING_ZEROS = re.compile(r'("(?:[^"\\]|\\.)*")|(?<![\d.eE+])0+(?=\d)')


def _without_zeros(match: re.Match[str]) -> str:
    return match[1] or ""


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text} is beyond the range of a double")
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _holds_decimals(schema: Schema) -> bool:
    inner = [schema.keys, schema.items, *(field.schema for field in schema.fields)]
    return schema.name == DECIMAL or any(_holds_decimals(part) for part in inner if part is not None)
