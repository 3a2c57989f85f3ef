"""What Kafka Connect calls the classes that ours stand for: consumers of dead letters look for these names."""

from __future__ import annotations

from typing import Any

SINK_TASK = "org.apache.kafka.connect.sink.SinkTask"

_APACHE = "org.apache.kafka.connect."
_DEBEZIUM = "io.debezium.transforms."
_CONFLUENT = "io.confluent.connect.transforms."
_OF_MODULE = {
    "s3sink.converters.json": _APACHE + "json.",
    "s3sink.converters.string": _APACHE + "storage.",
    "s3sink.converters.header": _APACHE + "storage.",
    "s3sink.converters.numbers": _APACHE + "converters.",
    "s3sink.converters.avro": "io.confluent.connect.avro.",
    "s3sink.transforms.drop": _CONFLUENT,
    "s3sink.transforms.extract_new_record_state": _DEBEZIUM,
    "s3sink.transforms.extract_topic": _CONFLUENT,
    "s3sink.transforms.filter_by_condition": _CONFLUENT,
    "s3sink.transforms.message_timestamp_router": _CONFLUENT,
    "s3sink.transforms.nested_replace_field": _CONFLUENT,
    "s3sink.transforms.tombstone_handler": _CONFLUENT,
    "s3sink.transforms.by_logical_table_router": _DEBEZIUM,
    "s3sink.transforms.timezone_converter": _DEBEZIUM,
}
_BY_TIME = "io.confluent.connect.storage.partitioner.TimeBasedPartitioner$"
_OF_CLASS = {
    "s3sink.converters.bytes.BytesConverter": _APACHE + "converters.ByteArrayConverter",
    "s3sink.partitioners.extractors.RecordField": _BY_TIME + "RecordFieldTimestampExtractor",
    "s3sink.partitioners.extractors.RecordTimestamp": _BY_TIME + "RecordTimestampExtractor",
    "s3sink.partitioners.extractors.WallClock": _BY_TIME + "WallclockTimestampExtractor",
}
_SIMPLE_NAMES = {"FilterByCondition": "Filter", "NestedReplaceField": "ReplaceField"}
_SUFFIXES = {"key": "$Key", "value": "$Value", "header": "$Header"}


def class_name(thing: Any) -> str:
    """The full name of the class of a converter, transform or extractor, as the dead letter header `class.name` has it.

    A class that mirrors one of Connect's has that one's Java name, `$Key` or `$Value` included; a class of your own may
    say which one in an attribute `connect_name`. Everything else, functions too, has its Python name.

    >>> from s3sink.transforms import MaskField
    >>> class_name(MaskField(fields=["email"], of="key"))
    'org.apache.kafka.connect.transforms.MaskField$Key'
    """
    told = getattr(thing, "connect_name", None)
    if isinstance(told, str):
        return told
    python = thing if hasattr(thing, "__qualname__") else type(thing)
    full, package = f"{python.__module__}.{python.__qualname__}", _package(python.__module__)
    if full in _OF_CLASS:
        return _OF_CLASS[full]
    if package is None:
        return full
    name = _SIMPLE_NAMES.get(python.__qualname__, python.__qualname__)
    return f"{package}{name}{_SUFFIXES.get(getattr(thing, 'of', ''), '')}"


def _package(module: str) -> str | None:
    if module.startswith("s3sink.transforms."):
        return _OF_MODULE.get(module, _APACHE + "transforms.")
    return _OF_MODULE.get(module)
