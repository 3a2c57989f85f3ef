"""The public names: adding one is a decision, losing one breaks somebody."""

from __future__ import annotations

import s3sink

PUBLIC = [
    "BrokerError",
    "BytesConverter",
    "BytesFormat",
    "ConfigError",
    "ConfigurationChangedError",
    "ConsistencyError",
    "ConversionError",
    "Converter",
    "CountingMetrics",
    "Cut",
    "DailyPartitioner",
    "DeadLetterTopic",
    "DefaultPartitioner",
    "ErrorPolicy",
    "Field",
    "FieldPartitioner",
    "FileSet",
    "FileWriter",
    "FlushSize",
    "Format",
    "FormatError",
    "Header",
    "Headers",
    "HourlyPartitioner",
    "JsonConverter",
    "JsonFormat",
    "KeyConflictError",
    "Layout",
    "LocalStore",
    "MaxAge",
    "MaxBytes",
    "MaxOpenFiles",
    "MemoryStore",
    "Metrics",
    "MissingExtraError",
    "ObjectExistsError",
    "ObjectStore",
    "OffsetGapError",
    "ParquetFormat",
    "PartitionChange",
    "PartitionError",
    "Partitioner",
    "RecordBatch",
    "RecordError",
    "RecordField",
    "RecordTimestamp",
    "RotateInterval",
    "RotateSchedule",
    "RotationPolicy",
    "Route",
    "RoutedBatch",
    "S3Sink",
    "S3SinkError",
    "S3Store",
    "Schema",
    "SchemaChange",
    "SinkRecord",
    "Span",
    "StorageError",
    "StoreRefusedError",
    "StoreUnavailableError",
    "StringConverter",
    "TimeBasedPartitioner",
    "TimestampExtractor",
    "TopicPartition",
    "TransformError",
    "TransformLike",
    "WallClock",
]


def test_these_are_the_public_names() -> None:
    assert s3sink.__all__ == PUBLIC


def test_each_of_them_is_there() -> None:
    assert [name for name in PUBLIC if not hasattr(s3sink, name)] == []
