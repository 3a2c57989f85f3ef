"""Avro with a schema registry."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Annotated, Any

from s3sink.avro_data import AvroData
from s3sink.config import Option, check
from s3sink.converters.avro_codec import IdPolicy, RawHeaders, Schemas, because, keys_in, split, unreadable
from s3sink.converters.avro_options import client_configuration, mapping_options, problems_of, strategy_of
from s3sink.converters.registry import RegistryClient, fetch_id
from s3sink.errors import ConversionError, FormatError, MissingExtraError
from s3sink.record import Headers
from s3sink.schema import Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class AvroConverter:
    """Reads and writes Avro as Confluent's AvroConverter does: an id of a schema registry, then the value.

    The registry is asked once for each schema that occurs, and it has to know the schema in the subject of the topic,
    whose version becomes the version of the Connect schema. In a sink that happens before a batch is converted
    (`prepare`), so that the event loop never waits; `convert` alone asks by itself, and then it waits. When the
    registry cannot be reached the error is a `SchemaRegistryUnavailable`, which is retriable.

    A value that is null for Avro is a null value without a schema. Schemas that contain themselves are not supported.
    Certificates and keys are PEM files; Java's key stores are refused.
    """

    schema_registry_url: Annotated[
        str, Option(doc="Address of the registry; several, with commas between, are tried in that order.")
    ] = field(repr=False)  # it may have credentials in it
    is_key: Annotated[bool, Option(doc="Whether it is for keys: their subjects and options are others.")] = False
    basic_auth_credentials_source: Annotated[
        str, Option(doc="URL (user and password are in the address) or USER_INFO.")
    ] = "URL"
    basic_auth_user_info: Annotated[str | None, Option(doc="user:password", secret=True)] = field(
        default=None, repr=False
    )
    bearer_auth_credentials_source: Annotated[str | None, Option(doc="STATIC_TOKEN, or none.")] = None
    bearer_auth_token: Annotated[str | None, Option(doc="The token.", secret=True)] = field(default=None, repr=False)
    bearer_auth_logical_cluster: Annotated[str | None, Option(doc="The registry's cluster, for Confluent Cloud.")] = (
        None
    )
    bearer_auth_identity_pool_id: Annotated[str | None, Option(doc="The identity pool, for Confluent Cloud.")] = None
    schema_registry_ssl_truststore_location: Annotated[
        str | None, Option(doc="PEM file of the authorities to trust in place of the usual ones.")
    ] = None
    schema_registry_ssl_truststore_type: Annotated[str, Option(doc="PEM is what can be read.")] = "PEM"
    schema_registry_ssl_keystore_location: Annotated[
        str | None, Option(doc="PEM file with the certificate and the key of this client.")
    ] = None
    schema_registry_ssl_keystore_type: Annotated[str, Option(doc="PEM is what can be read.")] = "PEM"
    schema_registry_ssl_key_password: Annotated[str | None, Option(doc="Opens the key.", secret=True)] = field(
        default=None, repr=False
    )
    http_connect_timeout_ms: Annotated[int, Option(doc="How long a connection may take, ms.")] = 60_000
    http_read_timeout_ms: Annotated[int, Option(doc="How long an answer may take, ms.")] = 60_000
    max_retries: Annotated[int, Option(doc="How often each address is tried again, while it is busy or silent.")] = 3
    retries_wait_ms: Annotated[int, Option(doc="Longest time before the first of these, ms; doubled each time.")] = (
        1_000
    )
    retries_max_wait_ms: Annotated[int, Option(doc="Longest time before any of these, ms.")] = 20_000
    proxy_host: Annotated[str | None, Option(doc="HTTP proxy on the way to the registry.")] = None
    proxy_port: Annotated[int | None, Option(doc="Its port.")] = None
    max_schemas_per_subject: Annotated[int, Option(doc="How many answers of the registry are kept.")] = 1_000
    auto_register_schemas: Annotated[bool, Option(doc="Whether writing registers schemas.")] = True
    use_latest_version: Annotated[
        bool, Option(doc="Whether writing takes the subject's latest schema, which then must be the value's.")
    ] = False
    normalize_schemas: Annotated[bool, Option(doc="Whether the registry brings schemas into a normal form.")] = False
    key_subject_name_strategy: Annotated[
        str, Option(doc="TopicNameStrategy, RecordNameStrategy or TopicRecordNameStrategy.")
    ] = "TopicNameStrategy"
    value_subject_name_strategy: Annotated[str, Option(doc="The same, for values.")] = "TopicNameStrategy"
    enhanced_avro_schema_support: Annotated[bool, Option(doc="Keep enums and full names of union branches.")] = False
    connect_meta_data: Annotated[bool, Option(doc="Keep in each side what only the other can say.")] = True
    scrub_invalid_names: Annotated[bool, Option(doc="Replace what Avro does not allow in names.")] = False
    allow_optional_map_keys: Annotated[bool, Option(doc="Maps with optional text keys are Avro maps.")] = False
    flatten_singleton_unions: Annotated[bool, Option(doc="A union of one is that one.")] = True
    discard_type_doc_default: Annotated[bool, Option(doc="Take doc and default from the field alone.")] = False
    generalized_sum_type_support: Annotated[bool, Option(doc="Unions and enums as other formats have them.")] = False
    ignore_default_for_nullables: Annotated[bool, Option(doc="Write null although there is a default.")] = False
    schemas_cache_config: Annotated[int, Option(doc="How many schemas are kept.")] = 1_000
    _schemas: Schemas = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check("AvroConverter", problems_of(self))
        if find_spec("fastavro") is None:
            raise MissingExtraError("fastavro", "avro", "AvroConverter")
        object.__setattr__(self, "_schemas", self._made_schemas())

    def _made_schemas(self) -> Schemas:
        strategy = self.key_subject_name_strategy if self.is_key else self.value_subject_name_strategy
        return Schemas(
            RegistryClient(client_configuration(self), "AvroConverter"),
            AvroData(mapping_options(self)),
            strategy_of(strategy),
            is_key=self.is_key,
            size=self.schemas_cache_config,
            ids=IdPolicy(self.auto_register_schemas, self.use_latest_version, self.normalize_schemas),
        )

    async def prepare(self, topic: str, data: Iterable[bytes | None], headers: Iterable[RawHeaders]) -> None:
        """Ask the registry, in a thread, for the schemas of these that are not known yet. What fails `convert` says."""
        missing = self._schemas.missing(topic, keys_in(data, headers, self.is_key))
        if missing:
            await asyncio.to_thread(self._schemas.fetch, topic, missing)

    def convert(self, topic: str, data: bytes | None, headers: Headers) -> tuple[Schema | None, Any]:
        """The schema and the value; None stays None. Raises ConversionError, without coordinates."""
        if data is None:
            return None, None
        key, payload = split(topic, data, headers, self.is_key)
        decoding = self._schemas.decoding(topic, key)
        try:
            value = decoding.value(payload)
        except ConversionError:
            raise
        except Exception as error:  # whatever the codec stumbles over in bytes that are something else
            what = f"Error deserializing Avro message for id {fetch_id(key)}"
            raise unreadable(topic) from because(what, error)
        return (None, None) if value is None else (decoding.schema, value)

    def encode(self, topic: str, schema: Schema | None, value: Any) -> bytes | None:
        """The bytes of a value, None for null. The first of each schema waits for the registry.

        Raises ConversionError, without coordinates.
        """
        try:
            return self._schemas.encode(topic, schema, value)
        except FormatError as error:
            raise ConversionError(error.reason, connect_class=error.connect_class) from error
