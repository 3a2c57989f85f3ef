"""The JSON of Connect's JsonConverter: schemas as JSON, and payloads to and from values with a schema.

Connect's reader checks little and this one does what it does: numbers are narrowed to their width, a text where a
number belongs is 0, a number where a text belongs is null. What it refuses, we refuse with its words.

The functions are built once per schema and kept, so that a row costs calls and no look at the schema.
"""

from __future__ import annotations

from s3sink.connect_json.common import DecimalFormat, Function, PerSchema
from s3sink.connect_json.reading import decimal_from_bytes, from_payload, int_decoder, payload_decoder, shortest_float32
from s3sink.connect_json.schemas import schema_from_json, schema_to_json
from s3sink.connect_json.writing import converter_encoder, decimal_to_bytes, payload_encoder, to_payload

__all__ = [
    "DecimalFormat",
    "Function",
    "PerSchema",
    "converter_encoder",
    "decimal_from_bytes",
    "decimal_to_bytes",
    "from_payload",
    "int_decoder",
    "payload_decoder",
    "payload_encoder",
    "schema_from_json",
    "schema_to_json",
    "shortest_float32",
    "to_payload",
]
