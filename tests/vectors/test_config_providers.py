"""References in values are resolved as Kafka's config providers resolve them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from s3sink.connect import ConfigProvider, build_providers, resolve
from s3sink.errors import ConfigError

CONFIG_EXCEPTION = "org.apache.kafka.common.config.ConfigException: "


def test_a_reference_is_resolved_as_in_kafka_connect(provider_vector: dict[str, Any], tmp_path: Path) -> None:
    case = _under(tmp_path, provider_vector)
    for path, text in case["fixtures"].items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(text.encode())
    vector = case["vector"]
    if "error" in vector:
        with pytest.raises(ConfigError) as caught:
            _resolved(case)
        assert [CONFIG_EXCEPTION + problem.message for problem in caught.value.problems] == [vector["error"]]
    else:
        assert _resolved(case) == vector["output"]


def _under(directory: Path, value: Any) -> Any:
    """The same with the files of the vectors in a directory of the test."""
    if isinstance(value, dict):
        return {_under(directory, key): _under(directory, item) for key, item in value.items()}
    if isinstance(value, list):
        return [_under(directory, item) for item in value]
    return value.replace("/etc/secrets", f"{directory}/etc/secrets") if isinstance(value, str) else value


def _resolved(case: dict[str, Any]) -> str:
    providers: dict[str, ConfigProvider] = {}
    for name, options in case["providers"].items():
        properties = {"config.providers": name, f"config.providers.{name}.class": options["class"]}
        for option in options.keys() - {"class", "environment"}:
            properties[f"config.providers.{name}.param.{option}"] = options[option]
        providers |= build_providers(properties, options.get("environment", {})).made
    return resolve({"key": case["vector"]["input"]}, providers).properties["key"]
