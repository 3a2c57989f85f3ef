"""Settings that cannot work, and settings that need not be there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from s3sink.errors import ConfigError
from s3sink.partitioners.names import names_for
from tests.vectors.connector_rules.views import as_ours, fails_with, setting, with_config
from tests.vectors.files import Vector
from tests.vectors.scenarios import Answer

_NOT_CODECS = ("brotli", "lzo", "lz4")
_CONTAINERS = ("AvroFormat", "ParquetFormat")
_BY_PATTERN = ".TimeBasedPartitioner"
_WORDS = re.compile(r"MMM|E|a|G")


def cannot_work(scenario: Vector) -> bool:
    """The connector lets them pass until it comes upon a record, or to a commit."""
    config: Mapping[str, str] = scenario["config"]
    by_pattern = config.get("partitioner.class", "").endswith(_BY_PATTERN)
    return any((
        by_pattern and config.get("partition.duration.ms") == "0",
        by_pattern and _has_unknown_words(config.get("path.format", ""), config.get("locale", "")),
        config.get("timestamp.extractor") == "RecordField" and not config.get("timestamp.field", "timestamp").strip(),
        any(not name.strip() for name in _listed(config, "partition.field.name")),
        config["format.class"].endswith("ParquetFormat") and config.get("parquet.codec") in _NOT_CODECS,
        config.get("s3.compression.type") == "gzip" and _has_a_container(config),
        config.get("filename.offset.zero.pad.width") == "0",
        any(":" not in pair for pair in _listed(config, "s3.object.tagging.key.value.pairs")),
        config.get("s3.ssea.name") == "AES256" and len(config.get("s3.sse.customer.key", "x" * 32)) < 32,
    ))  # fmt: skip


def _listed(config: Mapping[str, str], key: str) -> list[str]:
    return config[key].split(",") if config.get(key, "").strip() else []


def _has_unknown_words(pattern: str, language: str) -> bool:
    """Full names of zones, and months and days in a language that s3sink has no words of."""
    letters = re.sub("'[^']*'?", "", pattern)
    try:
        names_for(language)
    except ValueError:
        return "zzzz" in letters or _WORDS.search(letters) is not None
    return "zzzz" in letters


def _has_a_container(config: Mapping[str, str]) -> bool:
    formats = [config["format.class"]]
    for what in ("keys", "headers"):
        if config.get(f"store.kafka.{what}") == "true":
            formats.append(config.get(f"{what}.format.class", "AvroFormat"))
    return any(name.endswith(_CONTAINERS) for name in formats)


def _does_not_say_how_long(scenario: Vector) -> bool:
    by_pattern = setting(scenario, "partitioner.class").endswith(_BY_PATTERN)
    return by_pattern and "partition.duration.ms" not in scenario["config"] and fails_with(scenario, _NO_DURATION)


_NO_DURATION = "Invalid value -1 for configuration partition.duration.ms"


def has_a_default_here(scenario: Vector) -> bool:
    never_gets_on = any(step.get("hang") for step in scenario["expected"]["steps"])
    return never_gets_on or _does_not_say_how_long(scenario)


def with_the_default(scenario: Vector, answer: Answer) -> Answer:
    if _does_not_say_how_long(scenario):
        return as_ours(with_config(scenario, partition_duration_ms="3600000"))
    return as_ours(with_config(scenario, partitioner_max_open_files="-1"))


def refused_at_the_start(scenario: Vector, answer: Answer) -> Answer:
    return replace(answer, ends_with=(ConfigError,))
