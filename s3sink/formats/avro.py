"""Avro container files."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, get_args

from s3sink.avro_data import MappingOptions
from s3sink.batch import RecordBatch
from s3sink.config import Option, check, problem_if
from s3sink.errors import MissingExtraError, RecordError
from s3sink.schema import Schema

if TYPE_CHECKING:
    from s3sink.formats import ByteSink, FileWriter

AvroCodec = Literal["null", "deflate", "snappy", "bzip2"]

_LEVELS = range(-1, 10)


@dataclass(frozen=True, slots=True)
class AvroFormat:
    """Avro container files, as Connect's AvroFormat writes them: a file has the schema of its records.

    Any value goes: structs, and at the top of a schema lists, maps and scalars too. Values without a schema are
    records of the type `Anything`, which has a field for each type, and long or nested ones grow a lot. A null becomes
    the default of its schema. Blocks of 64 kB are written as the file grows; records of another schema do not fit, and
    the files close before them.

    Refused record by record: what its schema does not allow, and every record whose schema has names that Avro does
    not allow.
    """

    writes_arrays: ClassVar[bool] = True
    """Whether a file may be one of lists: the files of headers are."""

    codec: Annotated[AvroCodec, Option("avro.codec", "Compression of each block.")] = "null"
    level: Annotated[
        int | None, Option("s3sink.avro.level", "Of deflate: None is isal's 2, 4 to 9 are zlib's and slow.")
    ] = None
    connect_meta_data: Annotated[
        bool, Option(doc="Put what only Connect says of a schema (name, version, doc, parameters) into the file's.")
    ] = True
    enhanced_avro_schema_support: Annotated[bool, Option(doc="Enums that came from Avro stay enums.")] = True
    allow_optional_map_keys: Annotated[
        bool, Option(doc="Maps whose text keys are optional are maps, not lists of entries.")
    ] = False
    _encoders: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        known, leveled = self.codec in get_args(AvroCodec), self.codec == "deflate"
        check(
            "AvroFormat",
            [
                problem_if(not known, "codec", f"{self.codec!r} is none of {', '.join(get_args(AvroCodec))}"),
                problem_if(self.level is not None and not leveled, "level", f"{self.codec!r} has no levels"),
                problem_if(
                    self.level is not None and leveled and self.level not in _LEVELS, "level", "deflate has -1 to 9"
                ),
            ],
        )
        for package, extra, needed in (("fastavro", "avro", True), ("cramjam", "snappy", self.codec == "snappy")):
            if needed and find_spec(package) is None:
                raise MissingExtraError(package, extra, "AvroFormat")
        from s3sink.formats.avro_records import encoders

        object.__setattr__(self, "_encoders", encoders(self._options()))

    def _options(self) -> MappingOptions:
        return MappingOptions(
            connect_meta_data=self.connect_meta_data,
            enhanced_avro_schema_support=self.enhanced_avro_schema_support,
            allow_optional_map_keys=self.allow_optional_map_keys,
        )

    @property
    def extension(self) -> str:
        """`.avro`, whatever the codec."""
        return ".avro"

    @property
    def takes_json(self) -> bool:
        """Records are made of values, not of text."""
        return False

    def prepare(self, batch: RecordBatch) -> tuple[list[RecordBatch], list[RecordError]]:
        """Consecutive batches of one schema each, with the bytes of their records beside them."""
        from s3sink.formats.avro_records import with_records

        return with_records(batch, self._encoders)

    def open(self, sink: ByteSink, schema: Schema | None) -> FileWriter:
        """Begin a file of records with that schema."""
        from s3sink.formats.avro_file import AvroFile

        return AvroFile(sink, self.codec, self.level, schema, self._encoders(schema).text)
