"""Traps of converters, formats and partitioners of fields: values that do not fit together."""

from __future__ import annotations

from collections.abc import Iterable

from s3sink.connect.keys import AVRO, BYTES, JSON, PARQUET
from s3sink.connect.rules.finding import Finding, Linted, Rule

_SCHEMAS = "value.converter.schemas.enable"


def compressed_containers(linted: Linted) -> Iterable[Finding]:
    """Avro and Parquet have codecs of their own."""
    codecs = {AVRO: "avro.codec=deflate", PARQUET: "parquet.codec=gzip"}
    key = "s3.compression.type"
    places = [
        "format.class",
        *(f"{what}.format.class" for what in ("keys", "headers") if linted[f"store.kafka.{what}"]),
    ]
    for place in places:
        name = linted[place]
        if linted[key] != "none" and name in codecs:
            simple = name.rpartition(".")[2]
            reason = (
                f"{place} is {simple}, which is compressed inside: the connector refuses {key}={linted[key]} with it"
            )
            yield linted.error(key, reason, f"leave it out and write {codecs[name]}, or change {place}")


def parquet_without_schemas(linted: Linted) -> Iterable[Finding]:
    """The connector's Parquet needs a schema."""
    if linted["format.class"] == PARQUET and linted.schemaless:
        reason = "values have no schema: Kafka Connect's task dies of it; s3sink infers one for each file"
        yield linted.warning("format.class", reason, f"write {_SCHEMAS}=true and send schemas, if both are to follow")


def converters_of_the_worker(linted: Linted) -> Iterable[Finding]:
    """A file without converters means those of the worker."""
    for role, ours in (("key", "the bytes as they are"), ("value", "plain JSON")):
        if not linted.converter(role):
            key = f"{role}.converter"
            reason = f"neither the connector nor a worker's file says which; without one it is {ours}"
            yield linted.warning(key, reason, f"add {key}, or name the worker's file with --worker")


def schemas_by_default(linted: Linted) -> Iterable[Finding]:
    """JsonConverter wants envelopes unless it is told."""
    if linted.converter("value") == "JsonConverter" and not linted.option_of("value", "schemas.enable"):
        reason = 'is true unless the file says otherwise: plain JSON is refused, values need "schema" and "payload"'
        yield linted.warning(
            _SCHEMAS, reason, f"write {_SCHEMAS}=false for plain JSON, or =true to say that you mean it"
        )


def documents_as_text(linted: Linted) -> Iterable[Finding]:
    """A JSON document that is read as text is written as a JSON text."""
    if linted["format.class"] == JSON and linted.converter("value") == "StringConverter":
        reason = 'values are texts, so that lines are JSON texts: {"a":1} becomes "{\\"a\\":1}"'
        remedy = (
            "for JSON documents: value.converter=org.apache.kafka.connect.json.JsonConverter with schemas.enable=false"
        )
        yield linted.warning("value.converter", reason, remedy)


def raw_files_of_others(linted: Linted) -> Iterable[Finding]:
    """ByteArrayFormat takes bytes alone."""
    name = linted.converter("value")
    if linted["format.class"] == BYTES and name in ("JsonConverter", "StringConverter", "AvroConverter"):
        reason = f"ByteArrayFormat takes bytes, and {name} makes none: every record is refused"
        remedy = "write value.converter=org.apache.kafka.connect.converters.ByteArrayConverter"
        yield linted.error("value.converter", reason, remedy)


def separator_text(linted: Linted) -> Iterable[Finding]:
    """The separator is taken as it is, and values may have it in them."""
    key = "format.bytearray.separator"
    if linted["format.class"] != BYTES:
        return
    separator = linted.values.properties.get(key, "")
    if "\\" in separator:
        reason = "is taken as it stands: a backslash and a letter, no control character"
        yield linted.warning(key, reason, "put the character itself into the file (JSON: one backslash, not two)")
    elif not separator:
        reason = "a newline separates values, and a value with a newline in it is not told from two"
        yield linted.note(key, reason, "choose a separator that no value has, if values are not lines of text")


def extension_without_dot(linted: Linted) -> Iterable[Finding]:
    """The dot belongs to it."""
    key = "format.bytearray.extension"
    extension = linted[key]
    if linted["format.class"] == BYTES and extension and not extension.startswith("."):
        reason = f"has no dot: names end with +0000000000{extension}"
        yield linted.warning(key, reason, f"write {key}=.{extension}")


def codecs_without_writer(linted: Linted) -> Iterable[Finding]:
    """Codecs that are accepted and cannot be written."""
    codec = linted["parquet.codec"]
    if linted["format.class"] == PARQUET and codec in ("brotli", "lzo"):
        reason = "the connector accepts it and dies on the first record: its class is not there"
        yield linted.error("parquet.codec", reason, "write zstd, gzip or snappy")


def base64_decimals(linted: Linted) -> Iterable[Finding]:
    """Decimals are base64 unless told."""
    if linted["format.class"] == JSON and not linted.given("json.decimal.format") and _has_schemas(linted):
        reason = "decimals with a schema are written as base64 of their digits, which few readers expect"
        yield linted.note("json.decimal.format", reason, "write json.decimal.format=NUMERIC, if values have decimals")


def _has_schemas(linted: Linted) -> bool:
    enabled = linted.option_of("value", "schemas.enable").lower()
    return linted.converter("value") == "AvroConverter" or (
        linted.converter("value") == "JsonConverter" and enabled != "false"
    )


def keys_that_are_missing(linted: Linted) -> Iterable[Finding]:
    """Files of keys and headers are in step with those of values."""
    for what, one in (("keys", "a key"), ("headers", "headers")):
        if linted[f"store.kafka.{what}"] and linted["errors.tolerance"] == "none":
            reason = f"a record without {one} is a bad record, and the first one ends the task"
            remedy = "add errors.tolerance=all with errors.deadletterqueue.topic.name, if there can be any"
            yield linted.note(f"store.kafka.{what}", reason, remedy)


# ---------------------------------------------------------------------------------------------- fields
def fields_without_schemas(linted: Linted) -> Iterable[Finding]:
    """The connector's FieldPartitioner looks into structs only."""
    if linted.partitioner == "Field" and linted.schemaless:
        reason = "values have no schema: Kafka Connect refuses every record; s3sink looks into documents as well"
        yield linted.warning(
            "partitioner.class", reason, f"write {_SCHEMAS}=true and send schemas, if both are to follow"
        )


def no_fields(linted: Linted) -> Iterable[Finding]:
    """Without fields there is a directory without a name."""
    if linted.partitioner == "Field" and not linted["partition.field.name"]:
        reason = "the FieldPartitioner has no fields: keys have an empty directory, topics/orders//orders+0+..."
        yield linted.error("partition.field.name", reason, "add partition.field.name with the fields, by commas")


def fields_with_dots(linted: Linted) -> Iterable[Finding]:
    """Nested fields came with version 12."""
    dotted = [name for name in linted["partition.field.name"] if "." in name]
    if linted.partitioner == "Field" and dotted:
        reason = f"{dotted[0]!r} is a path here; version 10 of the connector looks for a field of that very name"
        yield linted.note("partition.field.name", reason, "put a Flatten transform before it, if both are to follow")


def fields_as_they_are(linted: Linted) -> Iterable[Finding]:
    """Values go into paths unescaped."""
    if linted.partitioner == "Field" and linted["partition.field.name"]:
        name = linted["partition.field.name"][0]
        reason = (
            f"values go into the path as they are: a slash makes a level more, null is {name}=null, empty is {name}="
        )
        yield linted.note("partition.field.name", reason, "choose fields whose values can be directories")


RULES: tuple[Rule, ...] = (
    compressed_containers,
    parquet_without_schemas,
    converters_of_the_worker,
    schemas_by_default,
    documents_as_text,
    raw_files_of_others,
    separator_text,
    extension_without_dot,
    codecs_without_writer,
    base64_decimals,
    keys_that_are_missing,
    fields_without_schemas,
    no_fields,
    fields_with_dots,
    fields_as_they_are,
)
