"""Names of classes in connector files: Kafka Connect's, Debezium's, Confluent's, and paths of Python classes."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from s3sink.connect.findings import invalid
from s3sink.connect.nearest import did_you_mean, nearest
from s3sink.errors import ConfigError, Problem

Kind = Literal[
    "Transformation",
    "Predicate",
    "Converter",
    "HeaderConverter",
    "ConfigProvider",
    "Format",
    "Partitioner",
    "TimestampExtractor",
]

_VERBS: dict[Kind, str] = {
    "Transformation": "apply",
    "Predicate": "test",
    "Converter": "convert",
    "HeaderConverter": "convert",
    "ConfigProvider": "get",
    "Format": "open",
    "Partitioner": "encode",
    "TimestampExtractor": "extract",
}
_SMT = "org.apache.kafka.connect.transforms."
_CONFLUENT = "io.confluent.connect.transforms."
_CONVERTERS = "org.apache.kafka.connect.converters."
_STORAGE = "org.apache.kafka.connect.storage."
_PROVIDERS = "org.apache.kafka.common.config.provider."
_CONVERTER: tuple[Kind, ...] = ("Converter",)
_BOTH: tuple[Kind, ...] = ("Converter", "HeaderConverter")


@dataclass(frozen=True, slots=True)
class ConnectClass:
    """A class by the name that connector files give it, and how ours is built in its place.

    `fixed` are arguments that the name implies. `defaults` are properties that have another default there than here.
    `keys` are the keys of fields that are options of ours alone. `removed` are options that older versions had, with
    what took their place.
    """

    name: str
    path: str
    kinds: tuple[Kind, ...]
    fixed: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    removed: Mapping[str, str] = field(default_factory=dict)


def _of_key_and_value(name: str, removed: Mapping[str, str] | None = None) -> Iterator[ConnectClass]:
    for part, of in (("Key", "key"), ("Value", "value")):
        path = f"s3sink.transforms:{name}"
        yield ConnectClass(
            f"{_SMT}{name}${part}", path, ("Transformation",), fixed={"of": of}, removed=dict(removed or {})
        )


def _confluent(name: str, ours: str, parts: tuple[str, ...] = ("Key", "Value")) -> Iterator[ConnectClass]:
    """A class of Confluent's for each part of a record; ours has another name where Apache has one of that name too."""
    for part in parts:
        fixed = {"of": part.lower()}
        yield ConnectClass(f"{_CONFLUENT}{name}${part}", f"s3sink.transforms:{ours}", ("Transformation",), fixed=fixed)


def _transform(package: str, name: str, **more: Any) -> ConnectClass:
    return ConnectClass(package + name, f"s3sink.transforms:{name}", ("Transformation",), **more)


_BY_KEY_OR_VALUE = (
    "Cast",
    "ExtractField",
    "Flatten",
    "HeaderFrom",
    "HoistField",
    "InsertField",
    "MaskField",
    "SetSchemaMetadata",
    "TimestampConverter",
)
_WHOLE = ("DropHeaders", "Filter", "InsertHeader", "RegexRouter", "TimestampRouter", "ValueToKey")
_NUMBERS = ("Short", "Integer", "Long", "Float", "Double", "Boolean")
_PREDICATES = ("HasHeaderKey", "RecordIsTombstone", "TopicNameMatches")

CLASSES: tuple[ConnectClass, ...] = (
    *(known for name in _BY_KEY_OR_VALUE for known in _of_key_and_value(name)),
    *_of_key_and_value("ReplaceField", removed={"blacklist": "exclude", "whitelist": "include"}),
    *(_transform(_SMT, name) for name in _WHOLE),
    *(ConnectClass(f"{_SMT}predicates.{name}", f"s3sink.transforms:{name}", ("Predicate",)) for name in _PREDICATES),
    *_confluent("Drop", "Drop"),
    *_confluent("ExtractTopic", "ExtractTopic", ("Key", "Value", "Header")),
    *_confluent("Filter", "FilterByCondition"),
    *_confluent("ReplaceField", "NestedReplaceField"),
    *(_transform(_CONFLUENT, name) for name in ("MessageTimestampRouter", "TombstoneHandler")),
    # Debezium's class leaves records without schema alone, ours unwraps them: from a connector file only when told to
    _transform(
        "io.debezium.transforms.",
        "ExtractNewRecordState",
        defaults={"s3sink.schemaless": "false"},
        keys={"schemaless": "s3sink.schemaless"},
    ),
    ConnectClass(
        "io.debezium.transforms.ByLogicalTableRouter",
        "s3sink.transforms.by_logical_table_router:ByLogicalTableRouter",
        ("Transformation",),
    ),
    ConnectClass(
        "io.debezium.transforms.TimezoneConverter",
        "s3sink.transforms.timezone_converter:TimezoneConverter",
        ("Transformation",),
    ),
    ConnectClass(
        "org.apache.kafka.connect.json.JsonConverter",
        "s3sink.converters:JsonConverter",
        _BOTH,
        defaults={"schemas.enable": "true"},
    ),
    ConnectClass(f"{_STORAGE}StringConverter", "s3sink.converters:StringConverter", _BOTH),
    ConnectClass(f"{_STORAGE}SimpleHeaderConverter", "s3sink.converters.header:SimpleHeaderConverter", _BOTH[1:]),
    ConnectClass(f"{_CONVERTERS}ByteArrayConverter", "s3sink.converters:BytesConverter", _BOTH),
    *(
        ConnectClass(f"{_CONVERTERS}{name}Converter", f"s3sink.converters.numbers:{name}Converter", _BOTH)
        for name in _NUMBERS
    ),
    ConnectClass("io.confluent.connect.avro.AvroConverter", "s3sink.converters.avro:AvroConverter", _CONVERTER),
    *(
        ConnectClass(f"{_PROVIDERS}{name}", f"s3sink.connect.providers:{name}", ("ConfigProvider",))
        for name in ("FileConfigProvider", "DirectoryConfigProvider", "EnvVarConfigProvider")
    ),
)


def _names(known: ConnectClass) -> set[str]:
    """The full name, the simple one, and the simple one without the kind: `JsonConverter`, `Json`."""
    simple = re.split(r"[.$]", known.name)[-1]
    return {known.name, simple, *(simple.removesuffix(kind) for kind in known.kinds)}


def _by_name() -> dict[str, ConnectClass]:
    names = [(name, known) for known in CLASSES for name in _names(known)]
    times: dict[str, int] = {}
    for name, _ in names:
        times[name] = times.get(name, 0) + 1
    return {name: known for name, known in names if times[name] == 1}


_BY_NAME = _by_name()


def find(kind: Kind, name: str, key: str) -> ConnectClass:
    """What a class name in a connector file stands for. `key` is the property that has it.

    Known are full Java names, simple names that only one class has (`RegexRouter`, not `Value`), and Python classes of
    one's own as `package.module:Name` or `package.module.Name`. Raises ConfigError with Connect's words.
    """
    known = _BY_NAME.get(name) or python_class(kind, name, key)
    if known is None:
        raise ConfigError([Problem(key, _unknown(kind, name, key))])
    if kind not in known.kinds:
        raise ConfigError([Problem(key, invalid(name, key, f"Not a {kind}"))])
    return known


def _unknown(kind: Kind, name: str, key: str) -> str:
    parts = [known.name for known in CLASSES if kind in known.kinds and known.name.startswith(f"{_full(name)}$")]
    if parts:
        return f"This class is abstract and cannot be created.{did_you_mean(parts)}"
    return invalid(name, key, f"Class {name} could not be found.{did_you_mean(_alike(kind, name))}")


def _full(name: str) -> str:
    return name if "." in name else _SMT + name


def _alike(kind: Kind, name: str) -> list[str]:
    """Full names of classes with nearly the same last name, else with nearly the same full one."""
    names = [known.name for known in CLASSES if kind in known.kinds]
    last = name.rpartition(".")[2]
    by_last = {full.rpartition(".")[2]: full for full in names}
    found = nearest(last, by_last)
    whole = by_last[found] if found else nearest(name, names)
    return [whole] if whole else []


# ---------------------------------------------------------------------------------------------- Python classes
def python_class(kind: Kind, name: str, key: str) -> ConnectClass | None:
    """A class of one's own, as `package.module:Name` or `package.module.Name`; None where there is no such thing.

    Its `kinds` are empty when it has not the verb of the kind. Raises ConfigError when its module cannot be imported.
    """
    if ":" not in name:
        module, _, attribute = name.rpartition(".")
    else:
        module, _, attribute = name.partition(":")
    if not module or not _is_path(module) or not _is_path(attribute) or not _has_module(module, name, key):
        return None
    thing = getattr(importlib.import_module(module), attribute, None)
    if thing is None:
        return None
    fits = hasattr(thing, _VERBS[kind]) or (kind in ("Transformation", "Predicate") and _is_function(thing))
    return ConnectClass(name, f"{module}:{attribute}", (kind,) if fits else ())


def _is_path(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


def _is_function(thing: Any) -> bool:
    return callable(thing) and not isinstance(thing, type)


def _has_module(module: str, name: str, key: str) -> bool:
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and (module == error.name or module.startswith(f"{error.name}.")):
            return False
        raise _broken(name, key, error) from error
    except Exception as error:
        raise _broken(name, key, error) from error
    return True


def _broken(name: str, key: str, error: Exception) -> ConfigError:
    reason = f"Class {name} could not be imported: {type(error).__name__}: {error}"
    return ConfigError([Problem(key, invalid(name, key, reason))])


def load(known: ConnectClass, key: str) -> Any:
    """The Python class, or function, imported now. Raises ConfigError when that does not work."""
    module, _, attribute = known.path.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ConfigError as error:  # an extra is missing: it says which
        raise ConfigError([Problem(key, problem.message) for problem in error.problems]) from error
    except Exception as error:
        raise _broken(known.name, key, error) from error
