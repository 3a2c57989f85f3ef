"""Kafka Connect's configurations: class names, properties and references become s3sink's objects."""

from __future__ import annotations

from s3sink.connect.converters import Role, build_converter
from s3sink.connect.findings import Built
from s3sink.connect.java_properties import parse_properties
from s3sink.connect.providers import (
    ConfigProvider,
    DirectoryConfigProvider,
    EnvVarConfigProvider,
    FileConfigProvider,
    Resolved,
    build_providers,
    resolve,
)
from s3sink.connect.transforms import build_transforms

__all__ = [
    "Built",
    "ConfigProvider",
    "DirectoryConfigProvider",
    "EnvVarConfigProvider",
    "FileConfigProvider",
    "Resolved",
    "Role",
    "build_converter",
    "build_providers",
    "build_transforms",
    "parse_properties",
    "resolve",
]
