"""Every error that s3sink raises, in one tree.

```
S3SinkError
├── ConfigError                  a configuration is wrong: all problems at once, each with its key
│   └── MissingExtraError        an optional package is not installed: names the extra
├── RecordError                  one record cannot be written: can go to the dead letter queue
│   ├── ConversionError          its bytes are not what the converter expects
│   │   └── SchemaRegistryUnavailable  retriable: the schema registry cannot say now what its bytes are
│   ├── TransformError           a transform or predicate failed on it
│   ├── PartitionError           the partitioner found no place for it
│   └── FormatError              the file format cannot hold it
├── StorageError                 the object store did not do what was asked
│   ├── ObjectExistsError        a conditional create found an object under that key
│   ├── StoreUnavailableError    retriable: 5xx, SlowDown, time-out, connection reset
│   └── StoreRefusedError        not retriable: no such bucket, access denied, wrong region
├── BrokerError                  the Kafka cluster did not do what was asked
└── ConsistencyError             going on would lose or repeat records: the partition stops
    ├── OffsetGapError           records between the expected and the next offset are gone
    ├── KeyConflictError         the key belongs to another writer's object
    └── ConfigurationChangedError  a half-written generation was made by another configuration
```

`retriable` is a class attribute: the retry loop asks the error, it never looks at messages.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from s3sink.record import TopicPartition


DATA_EXCEPTION = "org.apache.kafka.connect.errors.DataException"
CONNECT_EXCEPTION = "org.apache.kafka.connect.errors.ConnectException"
RETRIABLE_EXCEPTION = "org.apache.kafka.connect.errors.RetriableException"
SCHEMA_BUILDER_EXCEPTION = "org.apache.kafka.connect.errors.SchemaBuilderException"
ILLEGAL_ARGUMENT = "java.lang.IllegalArgumentException"
PARTITION_EXCEPTION = "io.confluent.connect.storage.errors.PartitionException"


class S3SinkError(Exception):
    """Base of all errors of s3sink. `retriable` may be set for one error, too."""

    retriable: bool = False


class Problem(NamedTuple):
    """One thing that is wrong with a configuration: the option and what to do about it."""

    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.key}: {self.message}"


class ConfigError(S3SinkError):
    """A configuration is wrong. `problems` has all of them, not only the first."""

    def __init__(self, problems: Iterable[Problem], subject: str = "configuration") -> None:
        self.problems = tuple(problems)
        self.subject = subject
        super().__init__(f"{subject}: " + "; ".join(map(str, self.problems)))


class MissingExtraError(ConfigError):
    """An optional package is needed and not installed."""

    def __init__(self, package: str, extra: str, needed_for: str) -> None:
        self.package, self.extra = package, extra
        hint = f"needs the package {package!r}: pip install 's3sink[{extra}]'"
        super().__init__([Problem(needed_for, hint)])


class RecordError(S3SinkError):
    """One record cannot be written. It carries where the record was read and what failed.

    `stage` is the name that Kafka Connect gives the step, as it appears in dead letter headers. `connect_class` is the
    exception that Kafka Connect would have thrown, which is what consumers of dead letters look for. `executing` is
    what failed, for people; `executing_class` is its full name, Connect's where it has one (see `class_names`).
    """

    stage: ClassVar[str] = "TASK_PUT"
    java_class: ClassVar[str] = DATA_EXCEPTION  # `connect_class` of an error that does not say

    def __init__(
        self,
        reason: str,
        *,
        source: TopicPartition | None = None,
        offset: int | None = None,
        executing: str = "",
        stage: str | None = None,
        connect_class: str | None = None,
    ) -> None:
        self.reason = reason
        self.source = source
        self.offset = offset
        self.executing = executing
        self.executing_class = ""
        self.at_stage = stage or self.stage
        self.connect_class = connect_class or self.java_class
        super().__init__(reason)

    def at(self, source: TopicPartition, offset: int) -> RecordError:
        """Say which record it was; returns itself, so that one can write `raise error.at(...)`."""
        if self.source is None:
            self.source, self.offset = source, offset
        return self

    def __str__(self) -> str:
        where = ""
        if self.source is not None:
            topic, partition = self.source
            where = f" (topic={topic} partition={partition} offset={self.offset})"
        by = f" in {self.executing}" if self.executing else ""
        return f"{self.at_stage}{by}: {self.reason}{where}"


def class_of(error: Exception) -> str:
    """What a dead letter names as the class of an error: Connect's where it has one, else the Python class."""
    if isinstance(error, RecordError):
        return error.connect_class
    return f"{type(error).__module__}.{type(error).__qualname__}"


class ConversionError(RecordError):
    """The bytes of a key, value or header are not what the converter expects."""

    stage = "VALUE_CONVERTER"


class SchemaRegistryUnavailable(ConversionError):
    """The schema registry cannot answer now: 5xx, too many requests, time-out, no connection."""

    retriable = True


class TransformError(RecordError):
    """A transform or a predicate failed on a record."""

    stage = "TRANSFORMATION"


class PartitionError(RecordError):
    """The partitioner or its timestamp extractor found no place for a record."""

    java_class = PARTITION_EXCEPTION


class FormatError(RecordError):
    """The file format cannot hold a record."""


class StorageError(S3SinkError):
    """The object store did not do what was asked. `key` is the object, where there is one."""

    def __init__(self, message: str, *, key: str | None = None) -> None:
        self.key = key
        super().__init__(message)


class ObjectExistsError(StorageError):
    """A conditional create found an object under that key (HTTP 412). It may be our own."""


class StoreUnavailableError(StorageError):
    """The store cannot answer now: 5xx, SlowDown, time-out, connection reset."""

    retriable = True


class StoreRefusedError(StorageError):
    """The store will not do it however often it is asked: no such bucket, access denied."""


class BrokerError(S3SinkError):
    """The Kafka cluster did not do what was asked."""


class ConsistencyError(S3SinkError):
    """Going on would lose or repeat records, so the partition stops until somebody looks."""

    def __init__(self, message: str, *, source: TopicPartition) -> None:
        self.source = source
        super().__init__(f"topic={source.topic} partition={source.partition}: {message}")


class OffsetGapError(ConsistencyError):
    """Records between the expected offset and the next one do not exist any more."""

    def __init__(self, source: TopicPartition, expected: int, found: int) -> None:
        self.expected, self.found = expected, found
        super().__init__(
            f"offsets {expected} to {found - 1} are gone from the topic (retention, or deleted records); "
            'on_gap="continue" goes on behind them and counts them as lost',
            source=source,
        )


class KeyConflictError(ConsistencyError):
    """The key that a file must have belongs to an object that somebody else wrote."""

    def __init__(self, source: TopicPartition, key: str, owner: str) -> None:
        self.key, self.owner = key, owner
        super().__init__(
            f"the object {key!r} exists and {owner}; move it away, or write under another prefix, "
            'or on_conflict="overwrite" if it may be replaced',
            source=source,
        )


class ConfigurationChangedError(ConsistencyError):
    """A generation was begun with another configuration and only some of its files exist."""
