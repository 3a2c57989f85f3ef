"""Whether who has one Avro schema can read what was written with another, by the rules of schema resolution."""

from __future__ import annotations

from s3sink.avro_data.tree import Avro

_READS: dict[str, frozenset[str]] = {
    "long": frozenset({"int"}),
    "float": frozenset({"int", "long"}),
    "double": frozenset({"int", "long", "float"}),
    "string": frozenset({"bytes"}),
    "bytes": frozenset({"string"}),
}


def can_read(reader: Avro, writer: Avro) -> bool:
    """Whether every value of `writer` is one of `reader`.

    >>> from s3sink.avro_data.tree import parse_avro
    >>> can_read(parse_avro("long"), parse_avro("int")), can_read(parse_avro("int"), parse_avro(["null", "int"]))
    (True, False)
    """
    return _can_read(reader, writer, set())


def _can_read(reader: Avro, writer: Avro, assumed: set[tuple[int, int]]) -> bool:
    pair = id(reader), id(writer)
    if pair in assumed:
        return True
    assumed.add(pair)
    if writer.type == "union":
        return all(_can_read(reader, branch, assumed) for branch in writer.branches)
    if reader.type == "union":
        return any(_can_read(branch, writer, assumed) for branch in reader.branches)
    if reader.type != writer.type:
        return writer.type in _READS.get(reader.type, ())
    if reader.type in ("array", "map"):
        return _can_read(reader.inner, writer.inner, assumed)
    return reader.name is None or _can_read_named(reader, writer, assumed)


def _can_read_named(reader: Avro, writer: Avro, assumed: set[tuple[int, int]]) -> bool:
    if writer.name not in (reader.name, *reader.props.get("aliases", ())):
        return False
    if reader.type == "fixed":
        return reader.size == writer.size
    if reader.type == "enum":
        return "default" in reader.props or set(writer.symbols) <= set(reader.symbols)
    written = {field.name: field.schema for field in writer.fields}
    for field in reader.fields:
        known = [name for name in (field.name, *field.props.get("aliases", ())) if name in written]
        if known and not _can_read(field.schema, written[known[0]], assumed):
            return False
        if not known and "default" not in field.props:
            return False
    return True
