"""`format.class` and its options, and the formats of the files of keys and headers."""

from __future__ import annotations

from typing import Any, Final

from s3sink.connect import keys
from s3sink.connect.plugins import FORMATS, build_own
from s3sink.connect.values import Values
from s3sink.errors import ConfigError
from s3sink.formats import BytesFormat, Format, JsonFormat, ParquetFormat
from s3sink.formats.avro import AvroFormat

_STREAMS: Final = {"compression": "s3.compression.type", "level": "s3.compression.level"}
_CODECS: Final = {"lz4_raw": "lz4"}
_NO_CODECS: Final = {"brotli": "Brotli", "lzo": "Lzo", "lz4": "Lz4"}


def build_format(values: Values, key: str = "format.class") -> Format | None:
    """The format that a key names; None when there is a problem, then found."""
    name = values[key]
    try:
        if name == keys.JSON:
            return JsonFormat(**_stream(values), decimal_format=values["json.decimal.format"].upper())
        if name == keys.BYTES:
            return _bytes(values)
        if name == keys.PARQUET:
            return _parquet(values)
        if name == keys.AVRO:
            return _avro(values)
        return _of_ones_own(values, key, name) if name else None
    except ConfigError as error:
        values.refuse_all(error, _fields(values, key))
        return None


def _fields(values: Values, key: str) -> dict[str, str]:
    """Which keys the fields of the formats are, for what they have to say."""
    if values[key] == keys.AVRO:
        return {"level": "s3sink.avro.level", "AvroFormat": key}
    if values[key] == keys.PARQUET:
        return {"level": "s3sink.parquet.compression.level", "row_group_bytes": "s3sink.parquet.row.group.bytes"}
    ours = "s3sink.json.compression"
    level = f"{ours}.level" if values.given(f"{ours}.level") else "s3.compression.level"
    compression = ours if values.given(ours) else "s3.compression.type"
    return {"compression": compression, "level": level, "suffix": "format.bytearray.extension"}


def compression_of(values: Values) -> str:
    """How JSON and raw files are compressed."""
    ours: str = values["s3sink.json.compression"]
    return ours or str(values["s3.compression.type"])


def _stream(values: Values) -> dict[str, Any]:
    compression = compression_of(values)
    if compression == "none":
        return {}
    key = "s3sink.json.compression.level"
    level = values["s3.compression.level"] if values[key] is None and compression == "gzip" else values[key]
    return {"compression": compression, "level": None if level == -1 and compression == "gzip" else level}


def _bytes(values: Values) -> BytesFormat | None:
    """The separator is taken as it is written, white space included."""
    separator = values.properties.get("format.bytearray.separator", "\n")
    try:
        encoded = separator.encode()
    except UnicodeEncodeError:
        values.refuse("format.bytearray.separator", "is no Unicode text")
        return None
    return BytesFormat(suffix=values["format.bytearray.extension"], separator=encoded, **_stream(values))


def _parquet(values: Values) -> ParquetFormat | None:
    codec = values["parquet.codec"]
    if codec in _NO_CODECS:
        values.refuse("parquet.codec", _no_codec(codec))
        return None
    return ParquetFormat(
        compression=_CODECS.get(codec, codec),
        level=values["s3sink.parquet.compression.level"],
        row_group_bytes=values["s3sink.parquet.row.group.bytes"] or "64MiB",
        **_of_avro_schemas(values),
    )


def _no_codec(codec: str) -> str:
    if codec == "lz4":
        return "Hadoop's framing of lz4, which only Hadoop reads, is not written here: use lz4_raw, zstd or snappy"
    return f"Class org.apache.hadoop.io.compress.{_NO_CODECS[codec]}Codec was not found: use snappy, zstd or gzip"


def _avro(values: Values) -> Format:
    return AvroFormat(codec=values["avro.codec"], level=values["s3sink.avro.level"], **_of_avro_schemas(values))


def _of_avro_schemas(values: Values) -> dict[str, Any]:
    """Parquet files have an Avro schema too."""
    return {
        "connect_meta_data": values["connect.meta.data"],
        "enhanced_avro_schema_support": values["enhanced.avro.schema.support"],
        "allow_optional_map_keys": values["allow.optional.map.keys"],
    }


def _of_ones_own(values: Values, key: str, name: str) -> Format | None:
    made: Format | None = build_own("Format", key, name, values.properties)
    if made is None:
        values.refuse(key, f"{name} is a Java class: s3sink has {', '.join(FORMATS)}, and Python classes of your own")
    return made
