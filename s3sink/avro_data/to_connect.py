"""The Connect schema of an Avro schema."""

from __future__ import annotations

import logging
from typing import Any

from s3sink.avro_data import names as n
from s3sink.avro_data.defaults import default_from_avro
from s3sink.avro_data.options import MappingOptions
from s3sink.avro_data.tree import NAMED, Avro, AvroField
from s3sink.errors import ConversionError, RecordError
from s3sink.schema import DATE, DECIMAL, TIME, TIMESTAMP, Field, Schema, Type

log = logging.getLogger("s3sink.avro_data")
_ABSENT = object()
_PLAIN: dict[str, Type] = {
    "boolean": "boolean",
    "double": "float64",
    "float": "float32",
    "string": "string",
    "int": "int32",
    "long": "int64",
    "bytes": "bytes",
    "fixed": "bytes",
}
_LOGICAL = {("int", "date"): DATE, ("int", "time-millis"): TIME, ("long", "timestamp-millis"): TIMESTAMP}
_STRING = Schema(type="string")


def connect_schema(node: Avro, options: MappingOptions, version: int | None = None) -> Schema:
    """The schema with the version, where it says no other. Raises ConversionError for what Connect has no schema of."""
    return _Mapper(options).schema(node, version=version)


def is_map_entry(node: Avro) -> bool:
    """Whether an array of these is a map whose keys are no plain text."""
    return node.type == "record" and (
        node.name == f"{n.NAMESPACE}.{n.MAP_ENTRY}" or node.props.get(n.INTERNAL_TYPE) == n.MAP_ENTRY
    )


def member_name(branch: Avro, index: int, options: MappingOptions) -> str:
    """The field that a branch of a union is in."""
    if options.generalized_sum_type_support:
        return f"{n.GENERAL_UNION_NAME}field_{index}"
    if branch.type not in NAMED:
        return branch.type
    return branch.name or "" if options.enhanced_avro_schema_support else n.simple_name(branch.name or "")


class _Draft:
    """A schema in the making. `parameters` keep the order in which they came."""

    def __init__(self, type_: Type, name: str | None = None, version: int | None = None) -> None:
        self.type, self.name, self.version = type_, name, version
        self.optional = False
        self.doc: str | None = None
        self.parameters: dict[str, str] = {}
        self.members: dict[str, Any] = {}

    def built(self) -> Schema:
        return Schema(
            type=self.type,
            optional=self.optional,
            name=self.name,
            version=self.version,
            doc=self.doc,
            parameters=tuple(self.parameters.items()),
            **self.members,
        )


class _Mapper:
    """One conversion: knows which records it is in, and how many unions it has met."""

    def __init__(self, options: MappingOptions) -> None:
        self._options = options
        self._open: set[int] = set()
        self._unions = 0

    def schema(
        self,
        node: Avro,
        *,
        optional: bool = False,
        default: Any = _ABSENT,
        doc: str | None = None,
        version: int | None = None,
    ) -> Schema:
        if node.type == "union":
            member = node.flat_member(self._options.flatten_singleton_unions)
            if member is not None:  # the default of the field does not reach it: Connect loses it here
                return self.schema(member, optional=len(node.branches) == 2, doc=doc)
        draft = self._draft(node)
        self._document(draft, node, doc)
        self._version(draft, node, version)
        self._take_parameters(draft, node)
        if default is not _ABSENT and n.CONNECT_DEFAULT_VALUE not in node.props and self._keeps_docs:
            draft.parameters[n.FIELD_DEFAULT] = "true"
        self._name(draft, node)
        draft.optional = draft.optional or optional
        return self._with_default(
            draft.built(), node, node.props.get(n.CONNECT_DEFAULT_VALUE) if default is _ABSENT else default
        )

    @property
    def _keeps_docs(self) -> bool:
        return self._options.connect_meta_data and not self._options.discard_type_doc_default

    # ------------------------------------------------------------------ by type
    def _draft(self, node: Avro) -> _Draft:
        if node.type in ("bytes", "fixed"):
            return self._bytes(node)
        if node.type in ("array", "map"):
            return self._collection(node)
        if node.type == "record":
            return self._record(node)
        if node.type == "enum":
            return self._enum(node)
        if node.type == "union":
            return self._union(node)
        if node.type == "null":
            raise ConversionError("Standalone null schemas are not supported by this converter")
        return _number_or_text(node)

    def _bytes(self, node: Avro) -> _Draft:
        draft = _Draft("bytes")
        if node.logical_type == "decimal":
            scale: Any = node.props.get("scale")
            precision = node.props.get("precision")
            draft = _Draft("bytes", DECIMAL, 1)
            draft.parameters["scale"] = str(int(scale) if _is_number(scale) else 0)
            if precision is not None:
                draft.parameters |= _precision(precision)
        if node.type == "fixed":
            draft.parameters[n.FIXED_SIZE] = str(node.size)
        return draft

    def _collection(self, node: Avro) -> _Draft:
        if node.type == "array" and is_map_entry(node.inner):
            draft = _Draft("map")
            draft.members = self._entries(node.inner)
            return draft
        draft = _Draft("array" if node.type == "array" else "map")
        draft.members = {"items": self.schema(node.inner)}
        if node.type == "map":
            draft.members["keys"] = _STRING
        return draft

    def _entries(self, entry: Avro) -> dict[str, Schema]:
        by_name = {field.name: field.schema for field in entry.fields}
        if by_name.keys() != {"key", "value"}:
            raise ConversionError(
                "Found map encoded as array of key-value pairs, but array elements do not match the expected format."
            )
        return {"keys": self.schema(by_name["key"]), "items": self.schema(by_name["value"])}

    def _record(self, node: Avro) -> _Draft:
        if id(node) in self._open:
            raise ConversionError(f"the record {node.name} contains itself, which is not supported")
        self._open.add(id(node))
        draft = _Draft("struct")
        if self._keeps_docs and node.doc is not None:
            draft.parameters[n.RECORD_DOC] = node.doc
        draft.members = {"fields": tuple(self._field(draft, field) for field in node.fields)}
        self._open.discard(id(node))
        return draft

    def _field(self, draft: _Draft, field: AvroField) -> Field:
        if self._keeps_docs and field.doc is not None:
            draft.parameters[n.FIELD_DOC + field.name] = field.doc
        return Field(field.name, self.schema(field.schema, default=field.props.get("default", _ABSENT), doc=field.doc))

    def _enum(self, node: Avro) -> _Draft:
        draft, simple = _Draft("string"), n.simple_name(node.name or "")
        if self._options.connect_meta_data and node.doc is not None:
            discards = self._options.discard_type_doc_default
            draft.parameters[n.CONNECT_ENUM_DOC if discards else n.ENUM_DOC + simple] = node.doc
        if self._keeps_docs and isinstance(node.props.get("default"), str):
            draft.parameters[n.ENUM_DEFAULT + simple] = node.props["default"]
        general = self._options.generalized_sum_type_support
        kind = n.GENERAL_ENUM if general else n.ENUM
        draft.parameters[kind] = node.name or ""
        for index, symbol in enumerate(node.symbols):
            draft.parameters[f"{kind}.{symbol}"] = str(index) if general else symbol
        return draft

    def _union(self, node: Avro) -> _Draft:
        draft = _Draft("struct", n.UNION)
        if self._options.generalized_sum_type_support:
            draft.name = draft.parameters[n.GENERAL_UNION] = f"{n.GENERAL_UNION_NAME}{self._unions}"
            self._unions += 1
        fields = [
            Field(member_name(branch, index, self._options), self.schema(branch, optional=True))
            for index, branch in node.alternatives()
        ]
        if len({field.name for field in fields}) < len(fields):
            raise ConversionError("Multiple union schemas map to the Connect union field name")
        draft.members = {"fields": tuple(fields)}
        draft.optional = node.is_nullable
        return draft

    # ------------------------------------------------------------------ what the Avro schema says of Connect's
    def _document(self, draft: _Draft, node: Avro, doc: str | None) -> None:
        own = _text(node.props.get(n.CONNECT_DOC))
        if not self._options.discard_type_doc_default:
            draft.doc = own if self._options.connect_meta_data else None
            return
        draft.doc = next((text for text in (doc, node.doc, own) if text is not None), None)
        if self._options.connect_meta_data and node.doc is not None:
            draft.parameters[n.CONNECT_RECORD_DOC] = node.doc

    def _version(self, draft: _Draft, node: Avro, registered: int | None) -> None:
        said = node.props.get(n.CONNECT_VERSION)
        if said is not None and not _is_number(said):
            raise ConversionError(f"Invalid Connect version found: {said}")
        version = registered if said is None else int(said)
        if version is None or version < 0:
            return
        if draft.version not in (None, version):
            raise ConversionError(
                f"Mismatched versions: version already added to SchemaBuilder ({draft.version}) differs from version "
                f"in source schema ({version})"
            )
        draft.version = version

    def _take_parameters(self, draft: _Draft, node: Avro) -> None:
        parameters = node.props.get(n.CONNECT_PARAMETERS)
        if self._options.connect_meta_data and parameters is not None:
            if not isinstance(parameters, dict):
                raise ConversionError(f"Expected JSON object for schema parameters but found: {parameters}")
            for key, value in parameters.items():
                if not isinstance(value, str):
                    raise ConversionError(f"Expected schema parameter values to be strings but found: {value}")
                draft.parameters[key] = value
        draft.parameters |= {key: str(value) for key, value in node.props.items() if key.startswith(n.PASSED_ON)}

    def _name(self, draft: _Draft, node: Avro) -> None:
        name = node.props.get(n.CONNECT_NAME, node.name)
        if name is not None and not isinstance(name, str):
            raise ConversionError(f"Invalid schema name: {name}")
        if name is None or name.startswith(f"{n.NAMESPACE}.{n.CONNECT_DEFAULT}"):
            return
        if draft.name not in (None, name):
            raise ConversionError(
                f"Mismatched names: name already added to SchemaBuilder ({draft.name}) differs from name in source "
                f"schema ({name})"
            )
        draft.name = name

    def _with_default(self, schema: Schema, node: Avro, default: Any) -> Schema:
        if default is None:
            return schema
        try:
            return schema.replace(default=default_from_avro(node, schema, default, self._options))
        except RecordError as error:
            log.warning("a default that does not fit the schema %s is ignored: %s", schema.name or node.type, error)
            return schema


def _number_or_text(node: Avro) -> _Draft:
    logical = _LOGICAL.get((node.type, node.logical_type or ""))
    if logical is not None:
        return _Draft(_PLAIN[node.type], logical, 1)
    said = _text(node.props.get(n.CONNECT_TYPE))
    if node.type != "int" or said is None or node.logical_type is not None:
        return _Draft(_PLAIN[node.type])
    if said not in ("int8", "int16"):
        raise ConversionError("Connect type annotation for Avro int field is null")
    return _Draft("int8" if said == "int8" else "int16")


def _precision(said: Any) -> dict[str, str]:
    if not _is_number(said):
        raise ConversionError("precision property must be a JSON Integer.")
    return {} if int(said) == n.DEFAULT_PRECISION else {n.PRECISION: str(int(said))}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
