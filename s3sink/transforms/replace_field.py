"""Leave fields out, or give them other names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, NoReturn

from s3sink.batch import RecordBatch
from s3sink.config import Option, check
from s3sink.errors import Problem, TransformError
from s3sink.record import SinkRecord
from s3sink.schema import Field, Schema
from s3sink.transforms._fields import (
    UNSET,
    Edit,
    FieldEditor,
    Of,
    Plan,
    field_reader,
    freeze,
    names_problem,
    struct_like,
)


@dataclass(frozen=True, slots=True)
class ReplaceField:
    """Keeps a field when it is not in `exclude`, and in `include` unless that is empty; then renames it.

    Both lists speak of the old names. The order of fields stays. A new name that is taken: the later field wins; with a
    schema it is an error. Top level only. Records without a value go on unchanged.
    """

    keeps_topic: ClassVar[bool] = True

    exclude: Annotated[Sequence[str], Option(doc="Fields to leave out.")] = ()
    include: Annotated[Sequence[str], Option(doc="Fields to keep, all when empty.")] = ()
    renames: Annotated[
        Sequence[str] | Mapping[str, str], Option(doc="New names: a mapping, or a list of `old:new`.")
    ] = ()
    replace_null_with_default: Annotated[bool, Option(doc="Whether null becomes the default of its schema.")] = True
    of: Annotated[Of, Option(doc="Whether the key or the value is changed.")] = "value"
    editor: FieldEditor = field(init=False, repr=False, compare=False, default=UNSET)
    _new_names: dict[str, str] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        lists = [names_problem("exclude", self.exclude), names_problem("include", self.include)]
        check("ReplaceField", [*lists, _renames_problem(self.renames)])
        new_names = dict(_pairs(self.renames))
        freeze(
            self,
            exclude=tuple(self.exclude),
            include=tuple(self.include),
            renames=tuple(f"{old}:{new}" for old, new in new_names.items()),
            _new_names=new_names,
        )
        freeze(self, editor=FieldEditor("field replacement", self.of, self._map_edit(), self._plan))

    def apply(self, record: SinkRecord, /) -> SinkRecord:
        """The record with the fields that stay."""
        return self.editor.apply(record)

    def apply_batch(self, batch: RecordBatch, /) -> RecordBatch | None:
        """The batch with the fields that stay in its documents."""
        return self.editor.apply_batch(batch)

    def _keeps(self, name: str) -> bool:
        return name not in self.exclude and (not self.include or name in self.include)

    def _map_edit(self) -> Edit:
        excluded, new_name = self.exclude, self._new_names.get

        def remove(record: SinkRecord, value: dict[str, Any]) -> dict[str, Any]:
            for name in excluded:
                value.pop(name, None)
            return value

        def rebuild(record: SinkRecord, value: dict[str, Any]) -> dict[str, Any]:
            return {new_name(name, name): item for name, item in value.items() if self._keeps(name)}

        return rebuild if self.include or self._new_names else remove

    def _plan(self, schema: Schema) -> Plan:
        kept = [(field, self._new_names.get(field.name, field.name)) for field in schema.fields]
        kept = [(field, name) for field, name in kept if self._keeps(field.name)]
        read = self._reader(schema, kept)
        return Plan(
            struct_like(schema, [Field(name, field.schema) for field, name in kept]), lambda record, value: read(value)
        )

    def _reader(self, schema: Schema, kept: list[tuple[Field, str]]) -> Callable[[dict[str, Any]], dict[str, Any]]:
        """Connect looks for the value of every new name under its old one, even if that name is not new."""
        old_names = {new: old for old, new in self._new_names.items()}
        old_names.update((new, old) for old, new in self._new_names.items() if schema.field(old) is not None)
        for _, name in kept:
            if name in old_names and schema.field(old_names[name]) is None:
                return _refusing(f"{old_names[name]} is not a valid field name")
        return field_reader(kept, self.replace_null_with_default)


def _refusing(complaint: str) -> Callable[[dict[str, Any]], NoReturn]:
    def refuse(value: dict[str, Any]) -> NoReturn:
        raise TransformError(complaint)

    return refuse


def _pairs(renames: Sequence[str] | Mapping[str, str]) -> list[list[str]]:
    """Old and new names. As in Java, colons at the end do not count."""
    if isinstance(renames, Mapping):
        return [[old, new] for old, new in renames.items()]
    return [rename.rstrip(":").split(":") for rename in renames]


def _renames_problem(renames: Sequence[str] | Mapping[str, str]) -> Problem | None:
    if isinstance(renames, str):
        return names_problem("renames", renames)
    for pair, rename in zip(_pairs(renames), renames, strict=True):
        if len(pair) != 2:
            shown = ", ".join(renames)
            return Problem(
                "renames", f"Invalid value [{shown}] for configuration renames: Invalid rename mapping: {rename}"
            )
    return None
