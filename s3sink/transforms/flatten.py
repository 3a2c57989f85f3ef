"""Bring the fields of nested structs and maps to the top."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, NamedTuple

from s3sink.batch import RecordBatch
from s3sink.config import Option
from s3sink.errors import TransformError
from s3sink.record import SinkRecord
from s3sink.schema import Field, Schema
from s3sink.transforms._fields import UNSET, FieldEditor, Of, Plan, freeze, not_connect_data, require, struct_like

_KEPT = frozenset((type(None), str, int, float, bool, bytes, list))


class _Leaf(NamedTuple):
    """A field that stays one: its name in the struct that it comes from, and as it will be."""

    name: str
    default: Any
    new: Field


class _Branch(NamedTuple):
    """A struct whose fields go up. `nulls` is what they are where there is no struct."""

    name: str
    children: list[_Leaf | _Branch]
    nulls: dict[str, None]


@dataclass(frozen=True, slots=True)
class Flatten:
    """Replaces nested maps, or with a schema nested structs, by their fields: `{"a": {"b": 1}}` becomes `{"a.b": 1}`.

    Arrays stay as they are, whatever is in them. An empty map disappears. Two fields of one name: the later wins; with
    a schema it is an error, and so is a field that is a map. With a schema, fields under an optional struct become
    optional, and fields without a default get what the struct's default has for them; where the struct is null they are
    null. Records without a value go on unchanged.
    """

    keeps_topic: ClassVar[bool] = True

    delimiter: Annotated[str, Option(doc="What stands between the names; may be empty.")] = "."
    of: Annotated[Of, Option(doc="Whether the key or the value is flattened.")] = "value"
    editor: FieldEditor = field(init=False, repr=False, compare=False, default=UNSET)

    def __post_init__(self) -> None:
        freeze(self, editor=FieldEditor("flattening", self.of, self._edit, self._plan))

    def apply(self, record: SinkRecord, /) -> SinkRecord:
        """The record with a flat key or value."""
        return self.editor.apply(record)

    def apply_batch(self, batch: RecordBatch, /) -> RecordBatch | None:
        """The batch with flat documents."""
        return self.editor.apply_batch(batch)

    def _edit(self, record: SinkRecord, value: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        _flatten_map(value, "", self.delimiter, result)
        return result

    def _plan(self, schema: Schema) -> Plan:
        branch = _branch("", schema, "", self.delimiter, schema.optional, schema.default)
        children = branch.children

        def edit(record: SinkRecord, value: dict[str, Any]) -> dict[str, Any]:
            result: dict[str, Any] = {}
            _flatten_struct(value, children, result)
            return result

        return Plan(struct_like(schema, list(_leaves(branch))), edit)


def _joined(prefix: str, delimiter: str, name: str) -> str:
    return prefix + delimiter + name if prefix else name


# ---------------------------------------------------------------------------------------------- without schema
def _flatten_map(value: dict[str, Any], prefix: str, delimiter: str, result: dict[str, Any]) -> None:
    before = prefix + delimiter if prefix else ""
    for name, item in value.items():
        kind = type(item)
        if kind is dict:
            _flatten_map(item, before + name, delimiter, result)
        elif kind in _KEPT:
            result[before + name] = item
        else:
            raise not_connect_data(item, "Flatten")


# ---------------------------------------------------------------------------------------------- with a schema
def _branch(name: str, schema: Schema, prefix: str, delimiter: str, optional: bool, default: Any) -> _Branch:
    """What becomes of a struct; `optional` and `default` are those that it has with all that is around it."""
    children: list[_Leaf | _Branch] = []
    for item in schema.fields:
        inherited = (default or {}).get(item.name) if item.schema.default is None else item.schema.default
        new_name = _joined(prefix, delimiter, item.name)
        may_be_null = optional or item.schema.optional
        if item.schema.type == "struct":
            children.append(_branch(item.name, item.schema, new_name, delimiter, may_be_null, inherited))
        else:
            children.append(_leaf(item, new_name, may_be_null, inherited))
    branch = _Branch(name, children, {})
    branch.nulls.update(dict.fromkeys(leaf.name for leaf in _leaves(branch)))
    return branch


def _leaf(item: Field, new_name: str, optional: bool, default: Any) -> _Leaf:
    if item.schema.type == "map":
        complaint = "Flatten transformation does not support MAP for record with schemas"
        raise TransformError(f"{complaint} (for field {new_name}).")
    return _Leaf(
        item.name, item.schema.default, Field(new_name, item.schema.replace(optional=optional, default=default))
    )


def _leaves(branch: _Branch) -> Iterator[Field]:
    for child in branch.children:
        if isinstance(child, _Leaf):
            yield child.new
        else:
            yield from _leaves(child)


def _flatten_struct(value: dict[str, Any], children: list[_Leaf | _Branch], result: dict[str, Any]) -> None:
    for child in children:
        item = value.get(child.name)
        if type(child) is _Leaf:
            result[child.new.name] = _filled(child) if item is None else item
        elif item is None:
            result.update(child.nulls)  # type: ignore[union-attr]
        else:
            _flatten_struct(item, child.children, result)  # type: ignore[union-attr]


def _filled(leaf: _Leaf) -> Any:
    """Null is the field's own default; what it has from the structs around it is for its schema only."""
    require(leaf.new.name, leaf.new.schema, leaf.default)
    return leaf.default
