"""Insert what is known about a record as fields of its key or value."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import repeat
from operator import attrgetter
from typing import Annotated, Any, ClassVar, NamedTuple

from s3sink.batch import RecordBatch
from s3sink.config import Option, check, problem_if
from s3sink.record import SinkRecord
from s3sink.schema import TIMESTAMP, Field, Schema
from s3sink.transforms._fields import UNSET, FieldEditor, Of, Plan, field_reader, freeze, struct_like

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Insertion(NamedTuple):
    """One field: its schema, and its value where there is no schema and where there is one."""

    name: str
    schema: Schema
    plain: Callable[[SinkRecord], Any]
    typed: Callable[[SinkRecord], Any]


@dataclass(frozen=True, slots=True)
class InsertField:
    """Adds fields, in the order topic, partition, offset, timestamp, static.

    A name may end in `!` for a required field or in `?` for an optional one, which is the default. The timestamp is
    milliseconds since the epoch, with a schema Connect's Timestamp; where the record has none, the field is not added,
    with a schema it is null. A field of that name is overwritten; with a schema it is an error. Records without a value
    go on unchanged.
    """

    keeps_topic: ClassVar[bool] = True

    topic_field: Annotated[str | None, Option(doc="Field for the topic, as routers before this one left it.")] = None
    partition_field: Annotated[str | None, Option(doc="Field for the Kafka partition.")] = None
    offset_field: Annotated[str | None, Option(doc="Field for the offset.")] = None
    timestamp_field: Annotated[str | None, Option(doc="Field for the record's timestamp.")] = None
    static_field: Annotated[str | None, Option(doc="Field for `static_value`.")] = None
    static_value: Annotated[str | None, Option(doc="A text, the same for all records.")] = None
    replace_null_with_default: Annotated[bool, Option(doc="Whether null becomes the default of its schema.")] = True
    of: Annotated[Of, Option(doc="Whether the fields go into the key or the value.")] = "value"
    _inserts: tuple[_Insertion, ...] = field(init=False, repr=False, compare=False, default=())
    editor: FieldEditor = field(init=False, repr=False, compare=False, default=UNSET)

    def __post_init__(self) -> None:
        names = (self.topic_field, self.partition_field, self.offset_field, self.timestamp_field, self.static_field)
        nothing = all(name is None for name in names)
        valueless = self.static_field is not None and self.static_value is None
        complaint = "Invalid value null for configuration static.value: No value specified for static field"
        check(
            "InsertField",
            [
                problem_if(nothing, "topic_field", "No field insertion configured"),
                problem_if(valueless, "static_value", f"{complaint}: {self.static_field}"),
            ],
        )
        freeze(self, _inserts=tuple(self._insertions()))
        freeze(self, editor=FieldEditor("field insertion", self.of, self._edit, self._plan, edit_all=self._edit_all))

    def apply(self, record: SinkRecord, /) -> SinkRecord:
        """The record with the new fields."""
        return self.editor.apply(record)

    def apply_batch(self, batch: RecordBatch, /) -> RecordBatch | None:
        """The batch with the new fields in its documents."""
        return self.editor.apply_batch(batch)

    def _edit_all(self, batch: RecordBatch, documents: list[Any]) -> list[Any]:
        for name, column in self._columns(batch):
            for document, new in zip(documents, column, strict=False):
                if document is not None and new is not None:
                    document[name] = new
        return documents

    def _columns(self, batch: RecordBatch) -> list[tuple[str, Iterable[Any]]]:
        columns: list[tuple[str | None, Iterable[Any]]] = [
            (self.topic_field, repeat(batch.topic)),
            (self.partition_field, repeat(batch.source.partition)),
            (self.offset_field, batch.offsets),
            (self.timestamp_field, batch.timestamps if self.timestamp_field else ()),
            (self.static_field, repeat(self.static_value)),
        ]
        return [(_bare(name), column) for name, column in columns if name is not None]

    def _insertions(self) -> list[_Insertion]:
        partition, timestamp = attrgetter("source.partition"), attrgetter("timestamp")
        when = Schema(type="int64", name=TIMESTAMP, version=1)
        choices = [
            _insertion(self.topic_field, Schema(type="string"), attrgetter("topic")),
            _insertion(self.partition_field, Schema(type="int32"), partition),
            _insertion(self.offset_field, Schema(type="int64"), attrgetter("offset")),
            _insertion(self.timestamp_field, when, timestamp, _moment),
            _insertion(self.static_field, Schema(type="string"), lambda _: self.static_value),
        ]
        return [choice for choice in choices if choice is not None]

    def _edit(self, record: SinkRecord, value: dict[str, Any]) -> dict[str, Any]:
        for name, _, plain, _ in self._inserts:
            new = plain(record)
            if new is not None:
                value[name] = new
        return value

    def _plan(self, schema: Schema) -> Plan:
        read = field_reader([(field, field.name) for field in schema.fields], self.replace_null_with_default)
        added = [Field(insert.name, insert.schema) for insert in self._inserts]
        inserts = [(insert.name, insert.typed) for insert in self._inserts]

        def edit(record: SinkRecord, value: dict[str, Any]) -> dict[str, Any]:
            result = read(value)
            for name, typed in inserts:
                result[name] = typed(record)
            return result

        return Plan(struct_like(schema, [*schema.fields, *added]), edit)


def _insertion(
    name: str | None,
    schema: Schema,
    plain: Callable[[SinkRecord], Any],
    typed: Callable[[SinkRecord], Any] | None = None,
) -> _Insertion | None:
    if name is None:
        return None
    return _Insertion(_bare(name), schema.replace(optional=not name.endswith("!")), plain, typed or plain)


def _bare(name: str) -> str:
    return name[:-1] if name.endswith(("!", "?")) else name


def _moment(record: SinkRecord) -> datetime | None:
    return None if record.timestamp is None else _EPOCH + timedelta(milliseconds=record.timestamp)
