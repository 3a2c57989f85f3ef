"""Parquet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from s3sink.avro_data import MappingOptions
from s3sink.batch import RecordBatch
from s3sink.config import Option, check, parse_bytes, problem_if
from s3sink.errors import ConfigError, Problem, RecordError
from s3sink.schema import Schema

if TYPE_CHECKING:
    from s3sink.formats import ByteSink, FileWriter

ParquetCompression = Literal["snappy", "zstd", "gzip", "lz4", "none"]

_EXTENSIONS: dict[ParquetCompression, str] = {
    "snappy": ".snappy.parquet",
    "zstd": ".zstd.parquet",
    "gzip": ".gz.parquet",
    "lz4": ".lz4raw.parquet",  # pyarrow's lz4 is LZ4_RAW, which readers can read; Hadoop's framing is not
    "none": ".parquet",
}
_DEFAULT_LEVELS = {"gzip": 1, "zstd": 1}  # gzip's own default is ten times slower for 4-11 % of size
_LEVELS = {"gzip": range(1, 10), "zstd": range(1, 23)}


@dataclass(frozen=True, slots=True)
class ParquetFormat:
    """Parquet files; a row group is written whenever `row_group_bytes` of columns are in memory.

    Values with a schema (structs) have the types, names and nulls that Connect's ParquetFormat gives them, and their
    Avro schema in the footer. JSON objects without a schema have types inferred: booleans, 64-bit integers,
    decimal(38, 0) for longer ones, doubles, text (text that looks like a time stays text), lists, structs. No value is
    ever altered to make it fit: where the types of two records contradict each other, the files close between them.
    Columns stand in the order of their first appearance; a column of which only nulls are known when its first row
    group is written is left out.

    Refused record by record, with a schema: what it does not allow, and every record whose schema is no struct, has a
    struct without fields in it, or names that Avro does not allow. Without one: what is not a JSON object with fields,
    a key that stands twice in an object, an array of unequal types, an integer of more than 38 digits, nesting beyond
    100 levels.
    """

    compression: Annotated[ParquetCompression, Option("parquet.codec", "lz4 is LZ4_RAW.")] = "snappy"
    level: Annotated[int | None, Option(doc="Of gzip and zstd; None is 1.")] = None
    row_group_bytes: Annotated[int | str, Option(doc="Arrow memory of one row group.")] = "64MiB"
    on_type_conflict: Annotated[
        Literal["rotate"], Option(doc="Close the files before a record whose types contradict what they hold.")
    ] = "rotate"
    connect_meta_data: Annotated[
        bool, Option(doc="Put what only Connect says of a schema (name, version, doc, parameters) into the footer's.")
    ] = True
    enhanced_avro_schema_support: Annotated[bool, Option(doc="Enums that came from Avro stay enums in the footer.")] = (
        True
    )
    allow_optional_map_keys: Annotated[
        bool, Option(doc="Maps whose text keys are optional are maps, not lists of entries.")
    ] = False
    _hints: dict[str, Any] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        codecs = ", ".join(_EXTENSIONS)
        known, levels = self.compression in _EXTENSIONS, _LEVELS.get(self.compression, range(0))
        check(
            "ParquetFormat",
            [
                problem_if(not known, "compression", f"{self.compression!r} is none of {codecs}"),
                problem_if(
                    known and self.level is not None and self.level not in levels,
                    "level",
                    f"{self.level} is no level of {self.compression!r}: gzip has 1 to 9, zstd 1 to 22, others none",
                ),
                *_size_problems(self.row_group_bytes),
                problem_if(self.on_type_conflict != "rotate", "on_type_conflict", 'only "rotate" loses nothing'),
            ],
        )

    @property
    def extension(self) -> str:
        """As Connect names them: `.snappy.parquet`, `.zstd.parquet`, `.gz.parquet`, `.lz4raw.parquet`, `.parquet`."""
        return _EXTENSIONS[self.compression]

    @property
    def takes_json(self) -> bool:
        """JSON text becomes columns without a detour through rows."""
        return True

    def prepare(self, batch: RecordBatch) -> tuple[list[RecordBatch], list[RecordError]]:
        """Consecutive batches with columns, one for each run of records whose types go together."""
        from s3sink.formats.columns import with_columns  # pyarrow is 43 MB: only for who writes Parquet

        return with_columns(batch, self._hints, self._options())

    def _options(self) -> MappingOptions:
        return MappingOptions(
            connect_meta_data=self.connect_meta_data,
            enhanced_avro_schema_support=self.enhanced_avro_schema_support,
            allow_optional_map_keys=self.allow_optional_map_keys,
        )

    def open(self, sink: ByteSink, schema: Schema | None) -> FileWriter:
        """Begin a file. Its schema is that of the columns that come."""
        from s3sink.formats.parquet_file import ParquetFile

        level = _DEFAULT_LEVELS.get(self.compression) if self.level is None else self.level
        return ParquetFile(sink, self.compression, level, parse_bytes(self.row_group_bytes))


def _size_problems(value: int | str) -> list[Problem]:
    try:
        size = parse_bytes(value, "row_group_bytes")
    except ConfigError as error:
        return list(error.problems)
    return [] if size > 0 else [Problem("row_group_bytes", "must be positive")]
