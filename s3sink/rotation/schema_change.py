"""Rotation where the schema of the records changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, get_args

from s3sink.batch import RoutedBatch
from s3sink.config import Option, check, problem_if
from s3sink.record import SinkRecord
from s3sink.rotation import Cut, FileSet, Reason
from s3sink.rotation.compatibility import Compatibility, fits, lacks_version
from s3sink.schema import Schema

_UNSEEN = object()


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """Closes the files before a record whose value schema does not fit the file that it goes to.

    Files of other routes do not matter, and neither do key schemas. With NONE any difference counts, documentation
    included; with the other modes a record may go into a file of another version, see `fits`. The file keeps the schema
    of its first record, and the sink projects the others to it; records with a schema need a version then, and without
    one are bad records where it matters. A change between records with and without a schema always counts; records
    without one never differ from each other, and batches that were not decoded have none. (The connector's
    `schema.compatibility`.)
    """

    reason: ClassVar[Reason] = "schema_change"

    compatibility: Annotated[Compatibility, Option("schema.compatibility", "which schemas share a file")] = "NONE"

    def __post_init__(self) -> None:
        modes = get_args(Compatibility)
        wrong = self.compatibility not in modes
        check("SchemaChange", [problem_if(wrong, "compatibility", f"must be one of {', '.join(modes)}")])

    def cut(self, files: FileSet, routed: RoutedBatch, now: int) -> Cut | None:
        """The offset of the first record that closes its file; one that no file can take closes none."""
        if routed.batch.is_raw or not routed.batch.n:
            return None
        rows = routed.batch.records()
        if _all_as_open(files, routed, [row.value_schema for row in rows]):
            return None
        index = self._index_of_misfit(files, routed, rows)
        return None if index is None else Cut(rows[index].offset, self.reason)

    def due_at(self, files: FileSet) -> int | None:
        """Time does not matter."""
        return None

    def _index_of_misfit(self, files: FileSet, routed: RoutedBatch, rows: Sequence[SinkRecord]) -> int | None:
        current: dict[Any, object] = dict(files.schemas)
        misfits: dict[tuple[int, int], bool] = {}  # by identity: a batch has many records and few schemas
        for index, row in enumerate(rows):
            route, schema = routed.route_at(index), row.value_schema
            known = current.get(route, _UNSEEN)
            if known is _UNSEEN:
                current[route] = schema
            elif known is not schema:
                pair = id(schema), id(known)
                if pair not in misfits:
                    misfits[pair] = self._closes(schema, known)
                if misfits[pair]:
                    return index
        return None

    def _closes(self, record: Schema | None, current: object) -> bool:
        if record is None or not isinstance(current, Schema):
            return True  # exactly one of them is None: two would be the same object
        mode = self.compatibility
        return not fits(record, current, mode) and not lacks_version(record, current, mode)


def _all_as_open(files: FileSet, routed: RoutedBatch, schemas: list[Schema | None]) -> bool:
    """The common case at C speed: one schema, and no open file of another."""
    first = schemas[0]
    if schemas.count(first) != len(schemas):
        return False
    if routed.single is not None:
        return files.schemas.get(routed.single, first) == first
    return all(schema == first for schema in files.schemas.values())
