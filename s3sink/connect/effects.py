"""Options that do not do what one may expect of them, judged by the sink that came of them."""

from __future__ import annotations

from s3sink.connect.formats import compression_of
from s3sink.connect.keys import AVRO, BYTES, JSON, PARQUET
from s3sink.connect.values import Values
from s3sink.converters import JsonConverter
from s3sink.sink import S3Sink

_OF_FORMATS = {
    **dict.fromkeys(("avro.codec", "s3sink.avro.level"), (AVRO,)),
    **dict.fromkeys(("enhanced.avro.schema.support", "connect.meta.data", "allow.optional.map.keys"), (AVRO, PARQUET)),
    **dict.fromkeys(
        ("parquet.codec", "s3sink.parquet.compression.level", "s3sink.parquet.row.group.bytes"), (PARQUET,)
    ),
    **dict.fromkeys(("format.bytearray.extension", "format.bytearray.separator"), (BYTES,)),
    **dict.fromkeys(("s3sink.json.compression", "s3sink.json.compression.level"), (JSON, BYTES)),
    "json.decimal.format": (JSON,),
}
"""The formats that have an option, and those of one's own may have them all."""


def warn_of_effects(values: Values, sink: S3Sink) -> None:
    """Warnings about what is there and changes nothing."""
    _formats(values)
    _compression(values)
    _unwrapping(values, sink)


def _formats(values: Values) -> None:
    used = {values["format.class"]}
    used |= {values[f"{what}.format.class"] for what in ("keys", "headers") if values[f"store.kafka.{what}"]}
    if not used <= {AVRO, BYTES, JSON, PARQUET}:
        return
    for key, names in _OF_FORMATS.items():
        if used.isdisjoint(names):
            formats = " or ".join(name.rpartition(".")[2] for name in names)
            values.warn_if_given(key, f"has no effect: nothing is written as {formats}")


def _compression(values: Values) -> None:
    if compression_of(values) == "none":
        values.warn_if_given("s3.compression.level", "has no effect without s3.compression.type=gzip")


def _unwrapping(values: Values, sink: S3Sink) -> None:
    """Debezium's class leaves records alone that have no schema: where they are unwrapped here, one must know it."""
    if not isinstance(sink.converter, JsonConverter) or sink.converter.schemas_enable:
        return
    for key in unwrapping_keys(values):
        if key not in values.properties:
            values.warn(
                key.replace("s3sink.schemaless", "type"),
                "unwraps records without a schema, which Debezium's class leaves as they are, envelope and all; "
                f"{key}=false does as that does",
            )


def unwrapping_keys(values: Values) -> list[str]:
    """The options of Debezium's unwrap that say whether records without a schema are unwrapped."""
    prefixes = [f"transforms.{alias}." for alias in values["transforms"] or ()]
    return [
        f"{prefix}s3sink.schemaless"
        for prefix in prefixes
        if values.properties.get(f"{prefix}type", "").strip().endswith("ExtractNewRecordState")
    ]
