"""One directory per value of some fields."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from s3sink.batch import RecordBatch
from s3sink.config import Option, check, problem_if
from s3sink.errors import DATA_EXCEPTION, PartitionError
from s3sink.partitioners.paths import MISSING, FieldPath, no_place
from s3sink.record import SinkRecord


@dataclass(frozen=True, slots=True, init=False)
class FieldPartitioner:
    """Encodes fields of the value: `FieldPartitioner("country", "address.city")` gives `country=DE/address.city=Bonn`.

    Integers, strings, booleans and null (`country=null`) can name a directory; a null whose schema has a default gives
    the default. Text is taken as it is, slashes included, so that a value can make more levels. A top-level field
    whose name has a dot wins over the nested one. No fields give an empty encoded partition, as in the connector.

    Raises PartitionError for a value that is no struct or map, a field that is missing, and any other type: floats,
    decimals, bytes, dates, arrays, structs.
    """

    fields: Annotated[tuple[str, ...], Option("partition.field.name", "fields whose values name the directories")] = ()
    delimiter: Annotated[str, Option("directory.delim", "what stands between two of them")] = "/"
    _paths: tuple[FieldPath, ...] = field(default=(), repr=False, compare=False)

    def __init__(self, *names: str, fields: Iterable[str] = (), delimiter: str = "/") -> None:
        every = (*names, *fields)
        check("FieldPartitioner", [problem_if(not name.strip(), "fields", "a field has no name") for name in every])
        object.__setattr__(self, "fields", every)
        object.__setattr__(self, "delimiter", delimiter)
        object.__setattr__(self, "_paths", tuple(FieldPath(name, literal_first=True) for name in every))

    @property
    def needs_value(self) -> bool:
        return bool(self.fields)

    @property
    def value_fields(self) -> tuple[str, ...]:
        """The top-level fields of the value that it looks at."""
        return tuple(root for path in self._paths for root in path.roots)

    @property
    def deterministic(self) -> bool:
        return True

    def encode(self, record: SinkRecord, now: int) -> str:
        """`name=value` for each field, in the order in which they were given."""
        if not self.fields:
            return ""
        if not isinstance(record.value, dict):
            raise no_place("the value has no fields")
        if len(self._paths) == 1:
            return _encode_field(self._paths[0], record)
        return self.delimiter.join([_encode_field(path, record) for path in self._paths])

    def encode_batch(self, batch: RecordBatch, now: int) -> tuple[str | list[str], Sequence[int | None] | None]:
        """`encode` of each row."""
        if not self.fields:
            return "", None
        encode = self.encode
        return [encode(record, now) for record in batch.records()], None


def _encode_field(path: FieldPath, record: SinkRecord) -> str:
    found = path.get(record.value, record.value_schema)
    return f"{path.name}={found}" if type(found) is str else f"{path.name}={_text(found, path.name)}"


def _text(found: Any, name: str) -> str:
    if found is MISSING:
        raise PartitionError(f"{name} is not a valid field name", connect_class=DATA_EXCEPTION)
    if found is None:
        return "null"
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, int | str):
        return str(found)
    raise no_place(f"field {name!r} holds {type(found).__name__}, not an integer, text or boolean")
