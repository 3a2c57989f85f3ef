"""Records and schemas as Kafka Connect prints them, for messages that say the same."""

from __future__ import annotations

from typing import Any

from s3sink.java_text import date_to_string, to_string
from s3sink.record import Header, SinkRecord
from s3sink.schema import Schema


def schema_text(schema: Schema | None) -> str:
    """`Schema.toString`.

    >>> schema_text(Schema(type="int32")), schema_text(Schema(type="int32", name="d")), schema_text(None)
    ('Schema{INT32}', 'Schema{d:INT32}', 'null')
    """
    if schema is None:
        return "null"
    named = "" if schema.name is None else f"{schema.name}:"
    return f"Schema{{{named}{schema.type.upper()}}}"


def record_text(record: SinkRecord) -> str:
    """`SinkRecord.toString` of a record without a timestamp."""
    source, offset = record.source, record.offset
    read = f"kafkaOffset={offset}, timestampType=NoTimestampType, originalTopic={source.topic}"
    origin = f"originalKafkaPartition={source.partition}, originalKafkaOffset={offset}"
    target = f"topic='{record.topic}', kafkaPartition={source.partition}"
    key = f"key={_text(record.key, record.key_schema)}, keySchema={schema_text(record.key_schema)}"
    value = f"value={_text(record.value, record.value_schema)}, valueSchema={schema_text(record.value_schema)}"
    headers = f"[{', '.join(map(_header_text, record.headers))}]" if record.headers else ""
    rest = f"timestamp={to_string(record.timestamp)}, headers=ConnectHeaders(headers={headers})"
    return f"SinkRecord{{{read}, {origin}}} ConnectRecord{{{target}, {key}, {value}, {rest}}}"


def _header_text(header: Header) -> str:
    value = _text(header.value, header.schema)
    return f"ConnectHeader(key={header.key}, value={value}, schema={schema_text(header.schema)})"


def _text(value: Any, schema: Schema | None) -> str:
    return to_string(value, schema, date_to_string)
