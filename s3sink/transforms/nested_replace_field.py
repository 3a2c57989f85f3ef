"""Leave fields at any depth out, or give them other names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, NamedTuple

from s3sink.batch import RecordBatch
from s3sink.config import Option
from s3sink.record import SinkRecord
from s3sink.schema import Field, Schema
from s3sink.transforms._fields import UNSET, FieldEditor, Of, Plan, field_reader, freeze, struct_like
from s3sink.transforms.replace_field import ReplaceField, _pairs

_Edit = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class NestedReplaceField:
    """Does what `ReplaceField` does to fields in maps and structs within maps and structs: `a.b` is the `b` in `a`.

    `exclude` wins. A field in `include` stays with all that is in it; what it is in stays as far as is needed for that.
    `renames` speak of the old names, and the new name takes the place of the last one: with `a.b:c`, and `a:d`, what
    was `b` in `a` is `c` in `d`. Lists are not looked into. A new name that is taken: the later field wins; with a
    schema it is an error. Records without a value go on unchanged.

    >>> NestedReplaceField(exclude=["a.b"], renames=["a:z"]).renames
    ('a:z',)
    """

    keeps_topic: ClassVar[bool] = True

    exclude: Annotated[Sequence[str], Option(doc="Paths of fields to leave out.")] = ()
    include: Annotated[Sequence[str], Option(doc="Paths of fields to keep, all when empty.")] = ()
    renames: Annotated[
        Sequence[str] | Mapping[str, str], Option(doc="New names: a mapping, or a list of `path:new`.")
    ] = ()
    replace_null_with_default: Annotated[bool, Option(doc="Whether null becomes the default of its schema.")] = True
    of: Annotated[Of, Option(doc="Whether the key or the value is changed.")] = "value"
    editor: FieldEditor = field(init=False, repr=False, compare=False, default=UNSET)

    def __post_init__(self) -> None:
        flat = ReplaceField(self.exclude, self.include, self.renames)
        rules = _rules(flat, _pairs(self.renames))
        freeze(self, exclude=flat.exclude, include=flat.include, renames=flat.renames)
        edit_map = _map_edit(rules)

        def plan(schema: Schema) -> Plan:
            new, edit = _struct_edit(rules, schema, self.replace_null_with_default)
            return Plan(new, lambda record, value: edit(value))

        freeze(self, editor=FieldEditor("field replacement", self.of, lambda record, value: edit_map(value), plan))

    def apply(self, record: SinkRecord, /) -> SinkRecord:
        """The record with the fields that stay."""
        return self.editor.apply(record)

    def apply_batch(self, batch: RecordBatch, /) -> RecordBatch | None:
        """The batch with the fields that stay in its documents."""
        return self.editor.apply_batch(batch)


# ---------------------------------------------------------------------------------------------- what is to be done
class _Rules(NamedTuple):
    """What is done to the fields of one map or struct. `keeps_others`: fields that no rule is about stay."""

    keeps_others: bool
    rules: dict[str, _Rule]


class _Rule(NamedTuple):
    """What is done to one field. `whole`: it stays whatever it is. `inside`: what is done to the fields in it, if any.

    With neither it goes; with only `inside` it stays where it has fields, or is null.
    """

    new_name: str
    inside: _Rules | None
    whole: bool


class _Mention:
    """A name on one of the paths, and what the paths say of it."""

    __slots__ = ("excluded", "included", "names", "new_name")

    def __init__(self) -> None:
        self.names: dict[str, _Mention] = {}
        self.excluded = self.included = False
        self.new_name: str | None = None

    def at(self, path: str) -> _Mention:
        mention = self
        for name in path.split("."):
            mention = mention.names.setdefault(name, _Mention())
        return mention

    @property
    def holds_included(self) -> bool:
        return self.included or any(inner.holds_included for inner in self.names.values())


def _rules(options: ReplaceField, renames: Iterable[Sequence[str]]) -> _Rules:
    top = _Mention()
    for path in options.exclude:
        top.at(path).excluded = True
    for path in options.include:
        top.at(path).included = True
    for path, new_name in renames:
        top.at(path).new_name = new_name
    return _rules_of(top, keeps_others=not options.include)


def _rules_of(mention: _Mention, keeps_others: bool) -> _Rules:
    return _Rules(keeps_others, {name: _rule(name, inner, keeps_others) for name, inner in mention.names.items()})


def _rule(name: str, mention: _Mention, keeps_others: bool) -> _Rule:
    whole = not mention.excluded and (keeps_others or mention.included)
    stays = whole or (not mention.excluded and mention.holds_included)
    inside = _rules_of(mention, whole) if stays and mention.names else None
    return _Rule(name if mention.new_name is None else mention.new_name, inside, whole)


# ---------------------------------------------------------------------------------------------- maps
def _map_edit(rules: _Rules) -> _Edit:
    by_name = {name: (rule, _map_edit(rule.inside) if rule.inside else None) for name, rule in rules.rules.items()}
    keeps_others = rules.keeps_others

    def edit(value: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for name, item in value.items():
            found = by_name.get(name)
            if found is None:
                if keeps_others:
                    result[name] = item
                continue
            rule, inner = found
            if inner is not None and type(item) is dict:
                result[rule.new_name] = inner(item)
            elif rule.whole or (inner is not None and item is None):
                result[rule.new_name] = item
        return result

    return edit


# ---------------------------------------------------------------------------------------------- structs
def _struct_edit(rules: _Rules, schema: Schema, with_defaults: bool) -> tuple[Schema, _Edit]:
    """The schema of what stays of a struct, and what makes it."""
    kept: list[tuple[Field, Field]] = []
    edits: list[tuple[str, _Edit]] = []
    for item in schema.fields:
        new = _new_field(item, rules, with_defaults, edits)
        if new is not None:
            kept.append((item, new))
    read = field_reader([(old, new.name) for old, new in kept], with_defaults)

    def edit(value: dict[str, Any]) -> dict[str, Any]:
        result = read(value)
        for name, inner in edits:
            if result[name] is not None:
                result[name] = inner(result[name])
        return result

    return struct_like(schema, [new for _, new in kept]), edit


def _new_field(item: Field, rules: _Rules, with_defaults: bool, edits: list[tuple[str, _Edit]]) -> Field | None:
    """The field as it will be, None where it goes; adds what is done to a struct in it to `edits`."""
    rule = rules.rules.get(item.name)
    if rule is None:
        return item if rules.keeps_others else None
    if rule.inside is None or item.schema.type != "struct":
        return Field(rule.new_name, item.schema) if rule.whole else None
    inner, edit = _struct_edit(rule.inside, item.schema, with_defaults)
    edits.append((rule.new_name, edit))
    default = None if item.schema.default is None else edit(item.schema.default)
    return Field(rule.new_name, inner.replace(optional=item.schema.optional, default=default))
