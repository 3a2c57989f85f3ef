"""What the options of a schema registry mean to its client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from s3sink.avro_data import MappingOptions
from s3sink.config import problem_if
from s3sink.errors import Problem

if TYPE_CHECKING:
    from s3sink.converters.avro import AvroConverter

#: Short and full names of the strategies, as connector files have them.
STRATEGIES = ("TopicNameStrategy", "RecordNameStrategy", "TopicRecordNameStrategy")
_PACKAGE = "io.confluent.kafka.serializers.subject."
_JAVA_STORES = (".jks", ".p12", ".pfx", ".keystore", ".truststore")


def strategy_of(name: str) -> str:
    """The short name of a strategy."""
    return name.removeprefix(_PACKAGE)


def problems_of(options: AvroConverter) -> Iterator[Problem | None]:
    """What is wrong with them."""
    urls = [url.strip() for url in options.schema_registry_url.split(",")]
    http = all(url.startswith(("http://", "https://")) for url in urls)
    yield problem_if(not http, "schema_registry_url", "must be addresses that begin with http:// or https://")
    for name in ("key_subject_name_strategy", "value_subject_name_strategy"):
        known = strategy_of(getattr(options, name)) in STRATEGIES
        yield problem_if(not known, name, f"must be one of {', '.join(STRATEGIES)}")
    yield from _credentials(options)
    yield from _stores(options)
    for name in ("http_connect_timeout_ms", "http_read_timeout_ms"):
        yield problem_if(getattr(options, name) <= 0, name, "must be more than 0")
    for name in ("max_retries", "retries_wait_ms", "retries_max_wait_ms", "schemas_cache_config"):
        yield problem_if(getattr(options, name) < 0, name, "must be 0 or more")


def _credentials(options: AvroConverter) -> Iterator[Problem | None]:
    source = options.basic_auth_credentials_source
    yield problem_if(
        source not in ("URL", "USER_INFO"), "basic_auth_credentials_source", f"{source} is not supported here"
    )
    bad = source == "USER_INFO" and ":" not in (options.basic_auth_user_info or "")
    yield problem_if(bad, "basic_auth_user_info", "must have the form user:password")
    bearer = options.bearer_auth_credentials_source
    yield problem_if(
        bearer not in (None, "STATIC_TOKEN"), "bearer_auth_credentials_source", f"{bearer} is not supported here"
    )
    yield problem_if(
        bearer is not None and not options.bearer_auth_token, "bearer_auth_token", "is needed for STATIC_TOKEN"
    )


def _stores(options: AvroConverter) -> Iterator[Problem | None]:
    for kind in ("truststore", "keystore"):
        name, path = f"schema_registry_ssl_{kind}_location", getattr(options, f"schema_registry_ssl_{kind}_location")
        store_type = getattr(options, f"schema_registry_ssl_{kind}_type")
        java = path is not None and PurePath(path).suffix.lower() in _JAVA_STORES
        hint = "Java's key stores cannot be read here: give the certificates as a PEM file"
        yield problem_if(java, name, hint)
        yield problem_if(path is not None and store_type.upper() != "PEM", f"schema_registry_ssl_{kind}_type", hint)


def client_configuration(options: AvroConverter) -> dict[str, Any]:
    """The same, in the words of Confluent's client."""
    connect, read = options.http_connect_timeout_ms / 1000, options.http_read_timeout_ms / 1000
    configuration: dict[str, Any] = {
        "url": options.schema_registry_url,
        "timeout": (connect, read, read, connect),
        "max.retries": options.max_retries,
        "retries.wait.ms": options.retries_wait_ms,
        "retries.max.wait.ms": options.retries_max_wait_ms,
        "cache.capacity": max(1, options.max_schemas_per_subject),
        **_security(options),
    }
    if options.proxy_host:
        configuration["proxy"] = f"http://{options.proxy_host}:{options.proxy_port or 80}"
    return configuration


def _security(options: AvroConverter) -> dict[str, Any]:
    found: dict[str, Any] = {
        "ssl.ca.location": options.schema_registry_ssl_truststore_location,
        "ssl.certificate.location": options.schema_registry_ssl_keystore_location,
        "ssl.key.password": options.schema_registry_ssl_key_password,
    }
    if options.basic_auth_credentials_source == "USER_INFO":
        found["basic.auth.user.info"] = options.basic_auth_user_info
    if options.bearer_auth_credentials_source is not None:
        found["bearer.auth.credentials.source"] = options.bearer_auth_credentials_source
        found["bearer.auth.token"] = options.bearer_auth_token
        found["bearer.auth.logical.cluster"] = options.bearer_auth_logical_cluster or ""
        found["bearer.auth.identity.pool.id"] = options.bearer_auth_identity_pool_id
    return {key: value for key, value in found.items() if value is not None}


def mapping_options(options: AvroConverter) -> MappingOptions:
    """How schemas are mapped."""
    return MappingOptions(
        enhanced_avro_schema_support=options.enhanced_avro_schema_support,
        connect_meta_data=options.connect_meta_data,
        scrub_invalid_names=options.scrub_invalid_names,
        allow_optional_map_keys=options.allow_optional_map_keys,
        flatten_singleton_unions=options.flatten_singleton_unions,
        discard_type_doc_default=options.discard_type_doc_default,
        generalized_sum_type_support=options.generalized_sum_type_support,
        ignore_default_for_nullables=options.ignore_default_for_nullables,
    )
