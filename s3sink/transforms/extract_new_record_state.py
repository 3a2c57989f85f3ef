"""Debezium's unwrap: of a change event, the row as it is now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, NamedTuple, cast

import msgspec

from s3sink.batch import RecordBatch
from s3sink.config import Option, check, problem_if
from s3sink.connect_json import PerSchema
from s3sink.errors import Problem, TransformError
from s3sink.java_class import java_class
from s3sink.record import Header, Headers, SinkRecord
from s3sink.schema import Schema
from s3sink.transforms._dropped_fields import Names, key_without, names_in
from s3sink.transforms._envelope import (
    PlainEnvelope,
    RowOptions,
    TypedEnvelope,
    Unwrapping,
    is_envelope,
    unknown_field,
)
from s3sink.transforms._envelope_text import DROPPED, NOT_TEXT, RowTexts
from s3sink.transforms._field_references import field_references, references_problem
from s3sink.transforms._fields import freeze, with_value


class _Deletes(NamedTuple):
    """What a mode makes of deletes, and whether it keeps the tombstones behind them."""

    rewritten: bool = False
    dropped: bool = False
    keep_schema: bool = True
    keep_tombstones: bool = False


_DEFAULT = "tombstone"
_MODES = {
    "drop": _Deletes(dropped=True),
    "tombstone": _Deletes(),
    "rewrite": _Deletes(rewritten=True),
    "rewrite-with-tombstone": _Deletes(rewritten=True, keep_tombstones=True),
    "delete-to-tombstone": _Deletes(keep_schema=False),
}
_OLD_MODES = {"drop": _MODES["drop"], "rewrite": _MODES["rewrite"], "none": _MODES["tombstone"]}
_INVALID = "Unable to validate config."
_OP_OF_TOMBSTONE = Schema(type="string")


class _Compiled(NamedTuple):
    """The options, made ready once."""

    deletes: _Deletes
    typed: Callable[[Schema], TypedEnvelope]
    plain: PlainEnvelope
    texts: RowTexts
    op_headers: Headers


_UNSET = cast("_Compiled", None)  # in the class body only: from_properties wants defaults


@dataclass(frozen=True, slots=True)
class ExtractNewRecordState:
    """Creates, updates and snapshot reads become the row after the change; truncates are dropped.

    What is no change event goes on unchanged: heartbeats, transaction metadata, schema changes, logical messages.

    `delete_tombstone_handling_mode` says what becomes of deletes, and of the tombstones (records without a value) that
    Debezium sends behind them, in upper or lower case:

    * `tombstone`, the default: a delete becomes a record without a value; tombstones are dropped;
    * `delete-to-tombstone`: the same, and the record has no value schema either;
    * `drop`: both are dropped;
    * `rewrite`: a delete becomes the row as it was, with `__deleted` = "true"; other rows get "false"; tombstones are
      dropped;
    * `rewrite-with-tombstone`: as `rewrite`, and tombstones are kept.

    Unset, the pair that Debezium had before 3.2 decides, if either of it is set: `delete_handling_mode` (`drop`, the
    default, `rewrite`, or `none`: a record without a value) and `drop_tombstones` (true by default). So it was in
    Debezium 2.5 to 3.1; later ones ignore the pair without a word, and their `tombstone` applies.

    `add_fields` and `add_headers` name what to take from the change event: `op`, `ts_ms`, `lsn` (of `source`),
    `source.ts_ms`, `transaction.id`, `before.id`, each with `:NEWNAME` if you like. The name is the prefix, then
    NEWNAME or the path with `_` for the dot. What an event does not have is left out. Added fields come after the
    columns and `__deleted`; deletes have them in the rewrite modes only. A name that a column has is an error: no
    column is ever overwritten. Tombstones that are kept get the header `op` alone, which is "d".

    With a schema, an envelope is what has a schema name that ends in `.Envelope`. Without, it is a map with `op`,
    `source`, `before` and `after` as Debezium writes them, unless `schemaless` is false: Debezium's own class leaves
    all records without schema as they are. Without a schema there are no defaults and no required columns, a struct may
    be added as a map, and of a struct that is null every field is null.
    """

    delete_tombstone_handling_mode: Annotated[
        str | None, Option(doc="What becomes of deletes and tombstones; `tombstone` unless the old pair is set.")
    ] = None
    schemaless: Annotated[bool, Option(doc="Whether envelopes without schema are unwrapped.")] = True
    delete_handling_mode: Annotated[
        str | None, Option(doc="Before Debezium 3.2: what becomes of deletes (drop, rewrite, none).")
    ] = None
    drop_tombstones: Annotated[bool | None, Option(doc="Before Debezium 3.2: whether tombstones are dropped.")] = None
    add_fields: Annotated[
        Sequence[str], Option(doc="What to add to the row: `field` or `struct.field[:NEWNAME]`.")
    ] = ()
    add_fields_prefix: Annotated[str, Option(doc="What the names of added fields begin with.")] = "__"
    add_headers: Annotated[Sequence[str], Option(doc="What to add as headers, as in `add.fields`.")] = ()
    add_headers_prefix: Annotated[str, Option(doc="What the names of added headers begin with.")] = "__"
    route_by_field: Annotated[
        str | None, Option(doc="Column whose text is the new topic, unless it is null or blank.")
    ] = None
    drop_fields_header_name: Annotated[
        str | None, Option(doc="Header with a list of the columns to leave out of this record.")
    ] = None
    drop_fields_from_key: Annotated[bool, Option(doc="Whether they are left out of the key too.")] = False
    drop_fields_keep_schema_compatible: Annotated[
        bool, Option(doc="Whether required columns stay, although the header names them.")
    ] = True
    replace_null_with_default: Annotated[
        bool, Option(doc="Whether null becomes the default of its schema, in the rewrite modes.")
    ] = True
    _compiled: _Compiled = field(init=False, repr=False, compare=False, default=_UNSET)

    def __post_init__(self) -> None:
        check("ExtractNewRecordState", self._problems())
        freeze(self, add_fields=tuple(self.add_fields), add_headers=tuple(self.add_headers))
        for option in ("delete_tombstone_handling_mode", "delete_handling_mode"):
            freeze(self, **{option: _lowered(getattr(self, option))})
        freeze(self, _compiled=self._compile())

    def _problems(self) -> list[Problem | None]:
        return [
            _mode_problem("delete_tombstone_handling_mode", self.delete_tombstone_handling_mode, _MODES),
            _mode_problem("delete_handling_mode", self.delete_handling_mode, _OLD_MODES),
            references_problem("add_fields", self.add_fields),
            references_problem("add_headers", self.add_headers),
        ]

    def _compile(self) -> _Compiled:
        deletes = self._deletes()
        headers = field_references(self.add_headers_prefix, self.add_headers)
        options = RowOptions(
            deletes.rewritten,
            field_references(self.add_fields_prefix, self.add_fields),
            headers,
            self.replace_null_with_default,
            self.drop_fields_keep_schema_compatible,
        )
        return _Compiled(
            deletes,
            PerSchema(lambda schema: TypedEnvelope(schema, options)),
            PlainEnvelope(options),
            RowTexts(options, DROPPED if deletes.dropped else None, deletes.keep_tombstones),
            tuple(Header(header.name, "d", _OP_OF_TOMBSTONE) for header in headers if header.field == "op"),
        )

    def _deletes(self) -> _Deletes:
        if self.delete_tombstone_handling_mode is not None:
            return _MODES[self.delete_tombstone_handling_mode]
        if self.delete_handling_mode is None and self.drop_tombstones is None:
            return _MODES[_DEFAULT]
        return _OLD_MODES[self.delete_handling_mode or "drop"]._replace(keep_tombstones=self.drop_tombstones is False)

    @property
    def keeps_topic(self) -> bool:
        """Whether records go to the topic they came from."""
        return not self.route_by_field

    @property
    def takes_batches(self) -> bool:
        """Whether `apply_batch` is worth a try: text has no place for typed headers, or for a topic of its own."""
        return self.schemaless and not (self.add_headers or self.route_by_field)

    # ------------------------------------------------------------------ rows
    def apply(self, record: SinkRecord, /) -> SinkRecord | None:
        """The row, a record without a value for a delete, the record itself, or None."""
        value, schema = record.value, record.value_schema
        if value is None:
            return self._tombstone(record)
        if schema is None:
            return self._unwrapped(record, self._compiled.plain) if self.schemaless and is_envelope(value) else record
        if schema.name is None or not schema.name.endswith(".Envelope"):
            return record
        if schema.type != "struct":
            found = java_class(value, schema)
            raise TransformError(f"Only Struct objects supported for [field extraction], found: {found}")
        return self._unwrapped(record, self._compiled.typed(schema))

    def _tombstone(self, record: SinkRecord) -> SinkRecord | None:
        compiled = self._compiled
        if not compiled.deletes.keep_tombstones:
            return None
        return record.replace(headers=record.headers + compiled.op_headers) if compiled.op_headers else record

    def _unwrapped(self, record: SinkRecord, unwrapping: Unwrapping) -> SinkRecord | None:
        envelope = record.value
        headers = record.headers + unwrapping.headers(envelope) if self.add_headers else record.headers
        deleted = envelope.get("after") is None
        if deleted and not self._has_row_before(envelope, unwrapping):
            return None
        deletes = self._compiled.deletes
        if deleted and deletes.dropped:
            return None
        topic = unwrapping.topic(envelope, deleted, self.route_by_field) if self.route_by_field else None
        dropped = names_in(headers, self.drop_fields_header_name) if self.drop_fields_header_name else ()
        if deletes.rewritten or not deleted:
            value, schema = unwrapping.row(envelope, deleted, dropped)
        else:
            value, schema = None, unwrapping.deleted_schema if deletes.keep_schema else None
        result = with_value(record, value, schema)
        changes = self._changes(result, headers, dropped)
        if topic:
            changes["topic"] = topic
        return result.replace(**changes) if changes else result

    def _changes(self, record: SinkRecord, headers: Headers, dropped: Names) -> dict[str, Any]:
        """What is new about the record besides its value."""
        changes: dict[str, Any] = {}
        if headers is not record.headers:
            changes["headers"] = headers
        if dropped and self.drop_fields_from_key:
            keeps_required = self.drop_fields_keep_schema_compatible
            changes["key"], changes["key_schema"] = key_without(record, dropped, keeps_required)
        return changes

    def _has_row_before(self, envelope: dict[str, Any], unwrapping: Unwrapping) -> bool:
        """Whether it is a delete; what has no row at all is a truncate."""
        if not unwrapping.has_before:
            raise unknown_field("before")
        return envelope.get("before") is not None

    # ------------------------------------------------------------------ text
    def apply_batch(self, batch: RecordBatch, /) -> RecordBatch | None:
        """What `apply` makes of a raw batch of JSON without schemas: the row is cut out of the text of each value.

        Nothing in the row is decoded, what is added to it are slices too. None when one of the values is not JSON, or
        takes more than a look: then rows decide.
        """
        if not self.takes_batches or batch.holds_documents or self._names_fields_to_drop(batch):
            return None
        try:
            _check_utf8(batch.values())
            values = list(map(self._compiled.texts.row, batch.values()))
        except NOT_TEXT:
            return None
        timestamps, keys = batch.timestamps, batch.keys()
        raw = [
            _RawRow(offset, timestamps[index], keys[index], values[index], batch.raw_headers(index))
            for index, offset in enumerate(batch.offsets)
            if values[index] is not DROPPED
        ]
        nbytes = sum(len(row.key or b"") + len(row.value or b"") for row in raw)
        return RecordBatch(batch.source, batch.span, raw=raw, topic=batch.topic, nbytes=nbytes)

    def _names_fields_to_drop(self, batch: RecordBatch) -> bool:
        name = self.drop_fields_header_name
        return bool(name) and any(key == name for index in range(batch.n) for key, _ in batch.raw_headers(index))


class _RawRow(msgspec.Struct, frozen=True, gc=False):
    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None
    headers: Any


def _check_utf8(values: list[bytes | None]) -> None:
    for value in values:
        if value is not None and not value.isascii():
            value.decode()


def _lowered(mode: str | None) -> str | None:
    return None if mode is None else mode.lower()


def _mode_problem(key: str, mode: str | None, modes: Mapping[str, _Deletes]) -> Problem | None:
    return problem_if(mode is not None and mode.lower() not in modes, key, _INVALID)
