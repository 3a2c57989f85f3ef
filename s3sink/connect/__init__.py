"""Kafka Connect's configurations: class names, properties and references become s3sink's objects."""

from __future__ import annotations

from s3sink.connect.converters import Role, build_converter
from s3sink.connect.dump import dump
from s3sink.connect.files import Properties, read
from s3sink.connect.findings import Built
from s3sink.connect.java_properties import parse_properties
from s3sink.connect.load import Connector, connector, load
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
from s3sink.connect.validate import validate

__all__ = [
    "Built",
    "ConfigProvider",
    "Connector",
    "DirectoryConfigProvider",
    "EnvVarConfigProvider",
    "FileConfigProvider",
    "Properties",
    "Resolved",
    "Role",
    "build_converter",
    "build_providers",
    "build_transforms",
    "connector",
    "dump",
    "load",
    "parse_properties",
    "read",
    "resolve",
    "validate",
]
