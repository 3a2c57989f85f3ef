"""Kafka topics into S3 objects, exactly once, inside your own Faust app.

The names here are the public ones; transforms are in `s3sink.transforms`, the Faust side is in `s3sink.agents`.
"""

from s3sink.batch import RecordBatch, Route, RoutedBatch, Span
from s3sink.converters import BytesConverter, Converter, JsonConverter, StringConverter
from s3sink.dlq import DeadLetterTopic
from s3sink.errors import (
    BrokerError,
    ConfigError,
    ConfigurationChangedError,
    ConsistencyError,
    ConversionError,
    FormatError,
    KeyConflictError,
    MissingExtraError,
    ObjectExistsError,
    OffsetGapError,
    PartitionError,
    RecordError,
    S3SinkError,
    StorageError,
    StoreRefusedError,
    StoreUnavailableError,
    TransformError,
)
from s3sink.formats import AvroFormat, BytesFormat, FileWriter, Format, JsonFormat, ParquetFormat
from s3sink.layout import Layout
from s3sink.metrics import CountingMetrics, Metrics
from s3sink.partitioners import (
    DailyPartitioner,
    DefaultPartitioner,
    FieldPartitioner,
    HourlyPartitioner,
    Partitioner,
    RecordField,
    RecordTimestamp,
    TimeBasedPartitioner,
    TimestampExtractor,
    WallClock,
)
from s3sink.record import Header, Headers, SinkRecord, TopicPartition
from s3sink.rotation import (
    Cut,
    FileSet,
    FlushSize,
    MaxAge,
    MaxBytes,
    MaxOpenFiles,
    PartitionChange,
    RotateInterval,
    RotateSchedule,
    RotationPolicy,
    SchemaChange,
)
from s3sink.schema import Field, Schema
from s3sink.sink import S3Sink
from s3sink.storage import LocalStore, MemoryStore, ObjectStore, S3Store
from s3sink.tolerance import ErrorPolicy
from s3sink.transforms import TransformLike

__all__ = [
    "AvroFormat",
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
