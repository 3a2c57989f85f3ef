"""`key.converter`, `value.converter` and `header.converter`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal

from s3sink.connect.building import build
from s3sink.connect.findings import Built, Findings
from s3sink.converters import Converter

Role = Literal["key", "value", "header"]


def build_converter(
    role: Role,
    properties: Mapping[str, str],
    worker: Mapping[str, str] | None = None,
    secrets: Collection[str] = (),
) -> Built[Converter | None]:
    """The converter that a connector file asks for, else the worker's, else None.

    The options are those of whoever names the class: Kafka Connect never puts the connector's options onto the worker's
    converter or the other way round. A connector that sets only `value.converter.schemas.enable` has set nothing, and
    is warned. Raises ConfigError with all problems.
    """
    key = f"{role}.converter"
    source = properties if key in properties else worker or {}
    findings = Findings(source, secrets)
    if key not in properties:
        _warn_of_lost_options(key, properties, findings)
    return findings.built(_built(role, key, findings) if key in source else None, key)


def _built(role: Role, key: str, findings: Findings) -> Any:
    kind: Literal["Converter", "HeaderConverter"] = "HeaderConverter" if role == "header" else "Converter"
    return build(kind, key, f"{key}.", findings, {"is_key": role == "key"})


def _warn_of_lost_options(key: str, properties: Mapping[str, str], findings: Findings) -> None:
    for option in properties:
        if option.startswith(f"{key}."):
            findings.warn(
                option, f"has no effect without {key} in the same file: the worker's converter is used as it is"
            )
