"""Put one field in the place of the whole key or value."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Annotated, Any, ClassVar, NamedTuple, cast

from s3sink.batch import RecordBatch
from s3sink.config import Option, check
from s3sink.connect_json import PerSchema
from s3sink.record import SinkRecord
from s3sink.schema import Schema
from s3sink.transforms._fields import Of, freeze, not_a_map, not_a_struct, part_of, with_part
from s3sink.transforms._paths import Reader, map_reader, parse_path, path_problem, struct_reader, syntax_problem

_PURPOSE = "field extraction"


class _Extraction(NamedTuple):
    schema: Schema
    read: Reader


_NO_PLAN: PerSchema[_Extraction] = cast("PerSchema[_Extraction]", None)
_NO_READER: Reader = cast("Reader", None)


@dataclass(frozen=True, slots=True)
class ExtractField:
    """Makes a field of the key or value the whole key or value, and its schema the schema.

    Without schema, a field that is not there is null; with one it is an error. Null stays null, and gets the schema of
    the field.
    """

    keeps_topic: ClassVar[bool] = True

    field: Annotated[str, Option(doc="Name of the field, or the path to it with `field_syntax_version` V2.")]
    field_syntax_version: Annotated[
        str, Option(doc="V1: `field` is a name. V2: a path `a.b`; a name with dots stands in backticks.")
    ] = "V1"
    replace_null_with_default: Annotated[bool, Option(doc="Whether null becomes the default of its schema.")] = True
    of: Annotated[Of, Option(doc="Whether the field is of the key or of the value.")] = "value"
    _read: Reader = attribute(init=False, repr=False, compare=False, default=_NO_READER)
    _plan: PerSchema[_Extraction] = attribute(init=False, repr=False, compare=False, default=_NO_PLAN)

    def __post_init__(self) -> None:
        path, version = self.field, self.field_syntax_version
        problem = syntax_problem("field_syntax_version", version) or path_problem("field", path, version)
        check("ExtractField", [problem])
        steps, with_default = parse_path(path, version), self.replace_null_with_default
        freeze(
            self,
            field_syntax_version=version.upper(),
            _read=map_reader(steps),
            _plan=PerSchema(lambda schema: _Extraction(*struct_reader(schema, steps, path, with_default))),
        )

    def apply(self, record: SinkRecord, /) -> SinkRecord:
        """The record with the field as its key or value."""
        value, schema = part_of(record, self.of)
        if schema is None:
            return with_part(record, self.of, self._from_map(value), None)
        if schema.type != "struct" and value is not None:
            raise not_a_struct(value, schema, _PURPOSE)
        plan = self._plan(schema)
        return with_part(record, self.of, None if value is None else plan.read(value), plan.schema)

    def apply_batch(self, batch: RecordBatch, /) -> RecordBatch:
        """The batch with the field of each document."""
        return batch.with_documents(list(map(self._from_map, batch.documents())))

    def _from_map(self, value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, dict):
            raise not_a_map(value, _PURPOSE)
        return self._read(value)
