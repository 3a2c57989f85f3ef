"""The parts of a sink, built from the values of a connector file one by one, with all that is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from s3sink.connect.companions import build_companions
from s3sink.connect.converters import Role, build_converter
from s3sink.connect.crossing import crossing_problems
from s3sink.connect.effects import unwrapping_keys
from s3sink.connect.errors import build_errors, build_null_values
from s3sink.connect.findings import Built
from s3sink.connect.formats import build_format
from s3sink.connect.framework import sink_name
from s3sink.connect.keys import KEYS
from s3sink.connect.partitioners import build_partitioner
from s3sink.connect.rotation import build_rotation
from s3sink.connect.store import build_layout, build_store
from s3sink.connect.transforms import build_transforms
from s3sink.connect.values import Values
from s3sink.converters import BytesConverter, Converter, JsonConverter
from s3sink.converters.header import SimpleHeaderConverter
from s3sink.errors import ConfigError, Problem
from s3sink.sink import S3Sink
from s3sink.transforms import TransformLike

T = TypeVar("T")

_ORDER: Final = {key: place for place, key in enumerate(KEYS)}
_FIELDS: Final = {
    "memory": "s3sink.memory",
    "part_size": "s3sink.part.size",
    "rotation": "s3sink.rotation",
    "null_values": "behavior.on.null.values",
}


@dataclass(slots=True)
class Reading:
    """One pass over the values of a connector and of its worker."""

    values: Values
    worker: Mapping[str, str]
    warnings: list[Problem]

    def sink(self, besides: Collection[str] = ()) -> S3Sink:
        """The sink. Raises ConfigError with all problems but those of the keys `besides`."""
        arguments = self._arguments()
        self.add(crossing_problems(self.values))
        self._check(besides)
        try:
            return S3Sink(**arguments)
        except ConfigError as error:
            raise self._error([Problem(_FIELDS.get(key, key), message) for key, message in error.problems]) from error

    def add(self, problems: Iterable[Problem]) -> None:
        """More of them, where a key has none yet."""
        for key, message in problems:
            self.values.refuse(key, message)

    def _arguments(self) -> dict[str, Any]:
        values = self.values
        key_converter = self._converter("key", BytesConverter())
        converter = self._converter("value", JsonConverter())
        transforms = self._transforms(isinstance(converter, JsonConverter) and not converter.schemas_enable)
        return {
            "store": build_store(values),
            "key_converter": key_converter,
            "converter": converter,
            "header_converter": self._header_converter(looked_at=bool(transforms) or values["store.kafka.headers"]),
            "transforms": transforms,
            "partitioner": build_partitioner(values),
            "rotation": build_rotation(values),
            "format": build_format(values),
            "layout": build_layout(values),
            "errors": build_errors(values),
            "null_values": build_null_values(values),
            **build_companions(values),
            "on_conflict": values["s3sink.on.conflict"],
            "on_gap": values["s3sink.on.gap"],
            "on_revoke": values["s3sink.on.revoke"],
            "memory": values["s3sink.memory"] or KEYS["s3sink.memory"].default,
            "part_size": values["s3sink.part.size"] or values["s3.part.size"],
            "name": sink_name(values["name"]),
        }

    # ------------------------------------------------------------------ converters and transforms
    def _converter(self, role: Role, default: Converter) -> Converter | None:
        key = f"{role}.converter"
        properties, secrets = self.values.properties, self.values.findings.secrets
        made = self._built(lambda: build_converter(role, properties, self.worker, secrets))
        if made is not None or key in properties or key in self.worker:
            return made
        self.values.warn(key, f"neither the connector nor a worker says which: {type(default).__name__} it is")
        return default

    def _header_converter(self, looked_at: bool) -> Converter | None:
        """Headers stay as they are where nobody looks at them: that costs nothing. Connect's default reads texts."""
        properties, secrets = self.values.properties, self.values.findings.secrets
        if self.values["s3sink.raw.headers"]:
            return None
        made = self._built(lambda: build_converter("header", properties, self.worker, secrets))
        if made is None and looked_at and "header.converter" not in properties:
            return SimpleHeaderConverter()
        return made

    def _transforms(self, schemaless: bool) -> tuple[TransformLike, ...]:
        """Where values have no schema, a file that asks for Debezium's unwrap means them: Debezium's passes them by."""
        properties, secrets = self.values.properties, self.values.findings.secrets
        if schemaless:
            properties = dict.fromkeys(unwrapping_keys(self.values), "true") | dict(properties)
        return self._built(lambda: build_transforms(properties, secrets)) or ()

    def _built(self, build: Callable[[], Built[T]]) -> T | None:
        try:
            built = build()
        except ConfigError as error:
            self.add(error.problems)
            return None
        self.warnings += built.warnings
        return built.made

    # ------------------------------------------------------------------ problems
    def _check(self, besides: Collection[str]) -> None:
        problems = [
            Problem(key, self._with_hint(key, found[0]))
            for key, found in self.values.messages.items()
            if key not in besides
        ]
        problems += self.values.findings.problems
        if problems:
            raise self._error(sorted(problems, key=lambda problem: _ORDER.get(problem.key, len(_ORDER))))

    def _with_hint(self, key: str, message: str) -> str:
        hint = self.values.hints.get(key)
        if hint and not self.values.given(key):
            return f"{message} The file has {hint}, which is no key."
        return f"{message} Did you mean {hint}?" if hint else message

    def _error(self, problems: Iterable[Problem]) -> ConfigError:
        name = self.values.properties.get("name", "").strip()
        return ConfigError(problems, f"connector {name!r}" if name else "connector")
