"""Objects with options as properties: class name and options, the reverse of `building`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from s3sink.config import options_of
from s3sink.connect.classes import CLASSES, ConnectClass
from s3sink.errors import ConfigError, Problem
from s3sink.transforms import TransformLike, When

Pairs = Iterator[tuple[str, Any]]


def own_name(thing: Any, key: str) -> str:
    """The name of its class in a connector file: Kafka Connect's, or the path of the Python class or function."""
    known = _known(thing)
    if known is not None:
        return known.name
    python = thing if hasattr(thing, "__qualname__") else type(thing)
    if not python.__qualname__.isidentifier():
        raise ConfigError([Problem(key, f"{python.__qualname__} is not to be found by its name")], "dump")
    return f"{python.__module__}:{python.__qualname__}"


def dump_object(thing: Any, prefix: str, besides: Collection[str] = ()) -> Pairs:
    """The options of an object that are not the defaults; those that the class name says are left out."""
    if not is_dataclass(thing) or isinstance(thing, type):
        return
    known = _known(thing)
    left_out = {*besides, "is_key", *(known.fixed if known else ())}
    defaults = {field.name: field.default for field in fields(thing) if field.default is not MISSING}
    said: Mapping[str, str] = known.defaults if known else {}
    for option in options_of(type(thing), known.keys if known else None):
        value = getattr(thing, option.name)
        if option.name in left_out or (option.key not in said and value == defaults.get(option.name, MISSING)):
            continue
        yield prefix + option.key, _shown(value)


def _shown(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return ",".join(f"{name}:{to}" for name, to in value.items())
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str | bytes) else value


def _known(thing: Any) -> ConnectClass | None:
    """The Java class that it stands for. `MaskField(of="key")` is `MaskField$Key`."""
    module, name = type(thing).__module__, type(thing).__qualname__
    for known in CLASSES:
        path, _, attribute = known.path.partition(":")
        is_it = attribute == name and (module == path or module.startswith(f"{path}."))
        if is_it and all(getattr(thing, field, value) == value for field, value in known.fixed.items()):
            return known
    return None


# ---------------------------------------------------------------------------------------------- transforms
def dump_transforms(transforms: Sequence[TransformLike]) -> Pairs:
    """The chain under the aliases t1, t2 and so on, its predicates under p1, p2."""
    yield "transforms", [f"t{at}" for at, _ in enumerate(transforms, 1)]
    conditional = [at for at, transform in enumerate(transforms, 1) if isinstance(transform, When)]
    yield "predicates", [f"p{at}" for at in conditional]
    for at, transform in enumerate(transforms, 1):
        prefix = f"transforms.t{at}."
        if isinstance(transform, When):
            yield from _conditional(transform, at)
            transform = transform.transform
        yield f"{prefix}type", own_name(transform, f"{prefix}type")
        yield from dump_object(transform, prefix)


def _conditional(transform: When, at: int) -> Pairs:
    prefix = f"predicates.p{at}."
    yield f"transforms.t{at}.predicate", f"p{at}"
    if transform.negate:
        yield f"transforms.t{at}.negate", "true"
    yield f"{prefix}type", own_name(transform.predicate, f"{prefix}type")
    yield from dump_object(transform.predicate, prefix)
