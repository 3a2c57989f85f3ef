"""The Avro schema of a Connect schema, as JSON."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from s3sink.avro_data import names as n
from s3sink.avro_data.defaults import default_to_avro, fits, has_text_keys, is_union
from s3sink.avro_data.logical import scale_of
from s3sink.avro_data.options import MappingOptions
from s3sink.avro_data.tree import NAMED
from s3sink.errors import FormatError
from s3sink.schema import DATE, DECIMAL, TIME, TIMESTAMP, Schema

log = logging.getLogger("s3sink.avro_data")

_PLAIN = {
    "int8": "int",
    "int16": "int",
    "int32": "int",
    "int64": "long",
    "float32": "float",
    "float64": "double",
    "boolean": "boolean",
    "string": "string",
    "bytes": "bytes",
}
_LOGICAL = {DECIMAL: "decimal", DATE: "date", TIME: "time-millis", TIMESTAMP: "timestamp-millis"}
_Json = Any


def _nullable(name: str, type_: _Json) -> dict[str, _Json]:
    return {"name": name, "type": ["null", type_], "default": None}


ANYTHING_SCHEMA: Mapping[str, _Json] = {
    "type": "record",
    "name": "Anything",
    "namespace": n.NAMESPACE,
    "fields": [
        *(_nullable(t, t) for t in ("boolean", "bytes", "double", "float", "int", "long", "string")),
        _nullable("array", {"type": "array", "items": "Anything"}),
        _nullable(
            "map",
            {
                "type": "array",
                "items": {
                    "type": "record",
                    "name": n.MAP_ENTRY,
                    "fields": [{"name": "key", "type": "Anything"}, {"name": "value", "type": "Anything"}],
                },
            },
        ),
    ],
}
"""What values without a schema are written as."""


def avro_schema(schema: Schema, options: MappingOptions) -> _Json:
    """The schema; a named type is defined where it occurs first and referred to by name after that.

    Raises FormatError for names that Avro does not allow, and for two types of one name.
    """
    return _emitted(_Mapper(options).schema(schema), None, {})


class _Mapper:
    """One conversion: knows the schemas that it has met, and how many structs had no name."""

    def __init__(self, options: MappingOptions) -> None:
        self._options = options
        self._known: dict[Schema, _Json] = {}
        self._unnamed = 0

    def schema(self, schema: Schema, ignore_optional: bool = False) -> _Json:
        if is_union(schema):
            return self._union(schema)
        required = schema.replace(optional=False) if schema.optional else schema
        base = self._known.get(required)
        if base is None:
            base = self._known[required] = self._described(required, self._base(required))
        if not schema.optional or ignore_optional:
            return base
        return ["null", base] if schema.default is None or schema.type == "struct" else [base, "null"]

    def _union(self, schema: Schema) -> list[_Json]:
        branches = [self.schema(field.schema.replace(optional=False), True) for field in schema.fields]
        kinds = [_kind(branch) for branch in branches]
        for kind in kinds:
            if kinds.count(kind) > 1:
                raise FormatError(f"Duplicate in union:{kind}", connect_class="org.apache.avro.AvroRuntimeException")
        return ["null", *branches] if schema.optional else branches

    # ------------------------------------------------------------------ by type
    def _base(self, schema: Schema) -> dict[str, _Json]:
        if schema.type == "string":
            return self._string(schema)
        if schema.type == "bytes":
            return self._bytes(schema)
        if schema.type == "array":
            return {"type": "array", "items": self.schema(_part(schema.items))}
        if schema.type == "map":
            return self._map(schema)
        return self._record(schema) if schema.type == "struct" else {"type": _PLAIN[schema.type]}

    def _string(self, schema: Schema) -> dict[str, _Json]:
        general, parameters = self._options.generalized_sum_type_support, dict(schema.parameters)
        kind = n.GENERAL_ENUM if general else n.ENUM
        if not (general or self._options.enhanced_avro_schema_support) or kind not in parameters:
            return {"type": "string"}
        simple = self._name(schema.name)[1]
        symbols = [n.checked_name(key[len(kind) + 1 :]) for key in parameters if key.startswith(f"{kind}.")]
        enum = self._named("enum", *_split(parameters[kind])) | {"symbols": symbols}
        if self._options.discard_type_doc_default:
            return enum | _present(doc=parameters.get(n.CONNECT_ENUM_DOC))
        return enum | _present(doc=parameters.get(n.ENUM_DOC + simple), default=parameters.get(n.ENUM_DEFAULT + simple))

    def _bytes(self, schema: Schema) -> dict[str, _Json]:
        parameters = dict(schema.parameters)
        base: dict[str, _Json] = {"type": "bytes"}
        if schema.name is not None and n.FIXED_SIZE in parameters:
            base = self._named("fixed", *self._name(schema.name)) | {"size": int(parameters[n.FIXED_SIZE])}
        if schema.name == DECIMAL:
            base |= {"scale": scale_of(schema), "precision": int(parameters.get(n.PRECISION, n.DEFAULT_PRECISION))}
        return base

    def _map(self, schema: Schema) -> dict[str, _Json]:
        keys, values = _part(schema.keys), _part(schema.items)
        if has_text_keys(schema, self._options):
            return {"type": "map", "values": self.schema(values)}
        space, name = (n.NAMESPACE, n.MAP_ENTRY) if schema.name is None else self._name(schema.name)
        entry = self._named("record", space, name)
        entry["fields"] = [self._field("key", keys, None), self._field("value", values, None)]
        return {"type": "array", "items": entry | _present(**{n.INTERNAL_TYPE: schema.name and n.MAP_ENTRY})}

    def _record(self, schema: Schema) -> dict[str, _Json]:
        parameters, discards = dict(schema.parameters), self._options.discard_type_doc_default
        record = self._named("record", *self._name(schema.name))
        record |= _present(doc=parameters.get(n.CONNECT_RECORD_DOC if discards else n.RECORD_DOC))
        record["fields"] = [
            self._field(
                n.scrubbed(field.name) if self._options.scrub_invalid_names else field.name,
                field.schema,
                field.schema.doc if discards else parameters.get(n.FIELD_DOC + field.name),
            )
            for field in schema.fields
        ]
        return record

    def _field(self, name: str, schema: Schema, doc: str | None) -> dict[str, _Json]:
        avro = self.schema(schema)
        field = {"name": n.checked_name(name), "type": avro} | _present(doc=doc)
        if schema.default is None and not schema.optional:
            return field
        default = default_to_avro(schema, schema.default, self._options)
        if fits(avro, default):
            return field | {"default": default}
        log.warning("the default of the field %s is none that Avro allows there: it is ignored", name)
        return field

    def _name(self, name: str | None) -> tuple[str | None, str]:
        if name is not None:
            return n.split_name(name, self._options.scrub_invalid_names)
        self._unnamed += 1
        return n.NAMESPACE, f"{n.CONNECT_DEFAULT}{self._unnamed if self._unnamed > 1 else ''}"

    def _named(self, type_: str, space: str | None, name: str) -> dict[str, _Json]:
        return {"type": type_, "name": n.checked_name(name), "namespace": space}

    # ------------------------------------------------------------------ what only Connect can say
    def _described(self, schema: Schema, base: dict[str, _Json]) -> _Json:
        if self._options.connect_meta_data:
            base |= self._meta_data(schema)
        if schema.name in _LOGICAL:
            base["logicalType"] = _LOGICAL[schema.name]
        base |= {key: value for key, value in schema.parameters if key.startswith(n.PASSED_ON)}
        return base if len(base) > 1 else base["type"]

    def _meta_data(self, schema: Schema) -> dict[str, _Json]:
        discards, flagged = self._options.discard_type_doc_default, False
        parameters = dict(schema.parameters)
        if not discards:
            flagged = parameters.pop(n.FIELD_DEFAULT, None) is not None
        said = _present(**{n.CONNECT_DOC: schema.doc, n.CONNECT_VERSION: schema.version})
        said |= _present(**{n.CONNECT_PARAMETERS: parameters or None})
        if schema.default is not None and not flagged:
            said[n.CONNECT_DEFAULT_VALUE] = default_to_avro(schema, schema.default, self._options)
        connect_type = schema.type if schema.type in ("int8", "int16") else None
        return said | _present(**{n.CONNECT_NAME: schema.name, n.CONNECT_TYPE: connect_type})


def _present(**members: _Json) -> dict[str, _Json]:
    return {key: value for key, value in members.items() if value is not None}


def _part(schema: Schema | None) -> Schema:
    if schema is None:
        raise FormatError("an array or map schema has no schema of what is in it")
    return schema


def _split(name: str) -> tuple[str | None, str]:
    return n.split_name(name, scrub=False)


def _kind(branch: _Json) -> str:
    if isinstance(branch, str):
        return branch
    return _full(branch) if branch["type"] in NAMED else str(branch["type"])


def _full(named: Mapping[str, _Json]) -> str:
    return n.full_name(named["name"], named["namespace"])


# ---------------------------------------------------------------------------------------------- one definition a name
def _emitted(avro: _Json, space: str | None, defined: dict[str, _Json]) -> _Json:
    if isinstance(avro, str):
        return avro
    if isinstance(avro, list):
        return [_emitted(branch, space, defined) for branch in avro]
    if avro["type"] in NAMED:
        return _emitted_named(avro, space, defined)
    part = {"array": "items", "map": "values"}.get(avro["type"])
    return {**avro, part: _emitted(avro[part], space, defined)} if part else avro


def _emitted_named(avro: dict[str, _Json], space: str | None, defined: dict[str, _Json]) -> _Json:
    name, own = _full(avro), avro["namespace"]
    if name in defined:
        if defined[name] != avro:
            raise FormatError(f"Can't redefine: {name}", connect_class=n.PARSE_EXCEPTION)
        return avro["name"] if own == space else name
    defined[name] = avro
    result = {key: value for key, value in avro.items() if key != "namespace" or own != space}
    if own != space:
        result["namespace"] = own or ""
    if avro["type"] == "record":
        result["fields"] = [{**field, "type": _emitted(field["type"], own, defined)} for field in avro["fields"]]
    return result
