"""The Avro converter and its schema registry, over HTTP."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink import ErrorPolicy, MemoryStore, S3Sink
from s3sink.config import from_properties
from s3sink.converters import Encoder, PreparingConverter
from s3sink.converters.avro import AvroConverter
from s3sink.errors import ConfigError, ConversionError, MissingExtraError, SchemaRegistryUnavailable
from s3sink.offline import batch_of
from s3sink.record import Header
from s3sink.schema import Field, Schema
from s3sink.testing.schema_registry import SchemaRegistry

USER = {
    "type": "record",
    "name": "User",
    "namespace": "com.acme",
    "fields": [{"name": "id", "type": "int"}, {"name": "note", "type": ["null", "string"], "default": None}],
}
ANNE = b"\x0e\x02\x08anne"
QUICK = {"max_retries": 0, "retries_wait_ms": 1, "http_connect_timeout_ms": 1_000, "http_read_timeout_ms": 1_000}
UNREADABLE = "Failed to deserialize data for topic orders to Avro: "


@pytest.fixture
def registry() -> Iterator[SchemaRegistry]:
    with SchemaRegistry() as server:
        yield server


def converter(registry: SchemaRegistry | str, **options: Any) -> AvroConverter:
    url = registry if isinstance(registry, str) else registry.url
    return AvroConverter(schema_registry_url=url, **{**QUICK, **options})


def message(id_: int, payload: bytes = ANNE) -> bytes:
    return b"\x00" + id_.to_bytes(4, "big") + payload


def cause_of(error: ConversionError) -> str:
    return str(error.__cause__)


# ---------------------------------------------------------------------------------------------- reading
def test_it_is_what_a_sink_and_a_producer_want_of_a_converter(registry: SchemaRegistry) -> None:
    assert isinstance(converter(registry), PreparingConverter)
    assert isinstance(converter(registry), Encoder)


def test_the_registry_is_asked_once_for_each_schema(registry: SchemaRegistry) -> None:
    id_ = registry.register("orders-value", USER)
    avro = converter(registry)
    read = [avro.convert("orders", message(id_), ()) for _ in range(3)]
    assert read[0][1] == {"id": 7, "note": "anne"}
    assert read[0][0] is read[2][0]
    assert [request.path for request in registry.requests] == [f"/schemas/ids/{id_}", "/subjects/orders-value"]


def test_the_version_in_the_subject_is_the_version_of_the_schema(registry: SchemaRegistry) -> None:
    registry.register("orders-value", USER)
    newer = {**USER, "fields": [*USER["fields"], {"name": "x", "type": "int", "default": 1}]}
    schema, value = converter(registry).convert(
        "orders", message(registry.register("orders-value", newer), ANNE + b"\x04"), ()
    )
    assert schema is not None
    assert (schema.version, value["x"]) == (2, 2)


def test_a_schema_that_only_another_subject_knows_is_refused_as_in_connect(registry: SchemaRegistry) -> None:
    id_ = registry.register("other-value", USER)
    with pytest.raises(ConversionError) as caught:
        converter(registry).convert("orders", message(id_), ())
    assert caught.value.reason == UNREADABLE
    assert cause_of(caught.value) == f"Error retrieving Avro value schema version for id {id_}"


@pytest.mark.parametrize(
    ("strategy", "subject"),
    [("RecordNameStrategy", "com.acme.User"), ("TopicRecordNameStrategy", "orders-com.acme.User"),
     ("io.confluent.kafka.serializers.subject.TopicNameStrategy", "orders-key")],
)  # fmt: skip
def test_the_subject_is_named_by_the_strategy(registry: SchemaRegistry, strategy: str, subject: str) -> None:
    id_ = registry.register(subject, USER)
    avro = converter(registry, is_key=True, key_subject_name_strategy=strategy)
    assert avro.convert("orders", message(id_), ())[1]["id"] == 7


def test_a_strategy_that_needs_a_record_says_so(registry: SchemaRegistry) -> None:
    avro = converter(registry, value_subject_name_strategy="RecordNameStrategy")
    with pytest.raises(ConversionError) as caught:
        avro.convert("orders", message(registry.register("x", "int"), b"\x02"), ())
    assert cause_of(caught.value).endswith("the message value must only be a record schema")
    with pytest.raises(ConversionError, match="Failed to serialize Avro data from topic orders : "):
        avro.encode("orders", Schema(type="int32"), 5)


def test_ids_may_be_guids_and_come_in_headers(registry: SchemaRegistry) -> None:
    id_ = registry.register("orders-value", USER)
    guid = b"\x01" + UUID(registry.store.schema(str(id_)).guid).bytes
    avro, user = converter(registry), {"id": 7, "note": "anne"}
    assert avro.convert("orders", guid + ANNE, ())[1] == user
    for key in (guid, message(id_, b"")):
        assert avro.convert("orders", ANNE, (Header("__value_schema_id", key),))[1] == user


def test_a_schema_may_name_types_of_other_subjects(registry: SchemaRegistry) -> None:
    registry.register("user", USER)
    body = {
        "schema": json.dumps({"type": "array", "items": "com.acme.User"}),
        "references": [{"name": "com.acme.User", "subject": "user", "version": 1}],
    }
    id_ = registry.store.register("orders-value", registry.store.content(body))
    assert converter(registry).convert("orders", message(id_, b"\x02" + ANNE + b"\x00"), ())[1] == [
        {"id": 7, "note": "anne"}
    ]


def test_any_bytes_are_a_value_or_a_conversion_error(registry: SchemaRegistry) -> None:
    avro, id_ = converter(registry), registry.register("orders-value", USER)

    @given(st.binary(max_size=30))
    def check(payload: bytes) -> None:
        for data in (payload, message(id_, payload)):
            assert _reason_or_value(avro, data).startswith((UNREADABLE, "{"))

    check()


def _reason_or_value(avro: AvroConverter, data: bytes) -> str:
    try:
        return json.dumps(avro.convert("orders", data, ())[1])
    except ConversionError as error:
        return error.reason


def test_bytes_that_do_not_fit_the_schema_are_refused(registry: SchemaRegistry) -> None:
    id_ = registry.register("orders-value", USER)
    with pytest.raises(ConversionError) as caught:
        converter(registry).convert("orders", message(id_, ANNE[:-1]), ())
    assert cause_of(caught.value) == f"Error deserializing Avro message for id {id_}"
    assert isinstance(caught.value.__cause__, ValueError)
    assert isinstance(caught.value.__cause__.__cause__, EOFError)


# ---------------------------------------------------------------------------------------------- asking ahead
def test_what_was_prepared_is_converted_without_the_registry(registry: SchemaRegistry) -> None:
    id_ = registry.register("orders-value", USER)
    avro = converter(registry)
    asyncio.run(avro.prepare("orders", [None, b"", b"junk", message(id_), message(id_)], [()]))
    registry.close()
    assert avro.convert("orders", message(id_), ())[1]["id"] == 7
    asyncio.run(avro.prepare("orders", [message(id_)], [()]))


def test_the_event_loop_goes_on_while_the_registry_is_slow(registry: SchemaRegistry) -> None:
    id_ = registry.register("orders-value", USER)
    avro = converter(registry)
    registry.stall(1, 0.4)

    async def longest_wait() -> float:
        preparing = asyncio.create_task(avro.prepare("orders", [message(id_)], [()]))
        longest = 0.0
        while not preparing.done():
            before = time.perf_counter()
            await asyncio.sleep(0.01)
            longest = max(longest, time.perf_counter() - before)
        return longest

    assert asyncio.run(longest_wait()) < 0.3
    requests = len(registry.requests)
    avro.convert("orders", message(id_), ())
    assert len(registry.requests) == requests


def test_what_could_not_be_prepared_is_asked_for_again_by_the_next_attempt(registry: SchemaRegistry) -> None:
    id_ = registry.register("orders-value", USER)
    avro = converter(registry)
    registry.fail(1)
    asyncio.run(avro.prepare("orders", [message(id_)], [()]))
    asked = len(registry.requests)
    for _ in range(2):
        with pytest.raises(SchemaRegistryUnavailable):
            avro.convert("orders", message(id_), ())
    assert len(registry.requests) == asked
    asyncio.run(avro.prepare("orders", [message(id_)], [()]))
    assert avro.convert("orders", message(id_), ())[1]["id"] == 7


def test_a_sink_asks_before_it_converts_and_again_with_every_retry(registry: SchemaRegistry) -> None:
    id_ = registry.register("orders-value", USER)
    registry.fail(3)
    sink = S3Sink(
        store=MemoryStore(),
        converter=converter(registry),
        key_converter=converter(registry, is_key=True),
        errors=ErrorPolicy(retry_timeout=60_000),
    )
    prepared = asyncio.run(sink.pipeline().run(batch_of("orders", [message(id_)]), 0, pause=_at_once))
    assert prepared.errors == []
    (routed,) = prepared.routed
    assert [row.value["id"] for row in routed.batch.records()] == [7]


async def _at_once(seconds: float) -> None:
    await asyncio.sleep(0)


def test_a_sink_without_retries_reports_each_record_of_an_unknown_schema(registry: SchemaRegistry) -> None:
    sink = S3Sink(store=MemoryStore(), converter=converter(registry))
    prepared = asyncio.run(sink.pipeline().run(batch_of("orders", [message(99), message(99)]), 0))
    assert [(error.offset, error.reason) for error in prepared.errors] == [(0, UNREADABLE), (1, UNREADABLE)]
    assert [request.path for request in registry.requests] == ["/schemas/ids/99"]


# ---------------------------------------------------------------------------------------------- trouble
def test_a_registry_that_is_down_is_named_and_the_error_is_retriable() -> None:
    with SchemaRegistry() as server:
        url = server.url
    with pytest.raises(SchemaRegistryUnavailable) as caught:
        converter(url.replace("//", "//user:secret@")).convert("orders", message(1), ())
    assert caught.value.retriable
    assert f"the schema registry at {url} cannot be reached" in caught.value.reason
    assert "secret" not in caught.value.reason
    assert caught.value.connect_class == "org.apache.kafka.connect.errors.RetriableException"


@pytest.mark.parametrize("trouble", ["busy", "failing", "slow"])
def test_a_registry_in_trouble_makes_retriable_errors(registry: SchemaRegistry, trouble: str) -> None:
    id_ = registry.register("orders-value", USER)
    avro = converter(registry, http_read_timeout_ms=200)
    if trouble == "slow":
        registry.stall(1, 0.6)
    else:
        registry.fail(1, *((429, 42901) if trouble == "busy" else (503, 50003)))
    with pytest.raises(SchemaRegistryUnavailable):
        avro.convert("orders", message(id_), ())
    assert avro.convert("orders", message(id_), ())[1]["id"] == 7


def test_a_short_trouble_is_waited_for(registry: SchemaRegistry) -> None:
    id_ = registry.register("orders-value", USER)
    registry.fail(2)
    assert converter(registry, max_retries=2).convert("orders", message(id_), ())[1]["id"] == 7


def test_the_second_address_answers_when_the_first_is_down(registry: SchemaRegistry) -> None:
    with SchemaRegistry() as server:
        dead = server.url
    id_ = registry.register("orders-value", USER)
    assert converter(f"{dead}, {registry.url}").convert("orders", message(id_), ())[1]["id"] == 7


# ---------------------------------------------------------------------------------------------- who may ask
@pytest.mark.parametrize(
    ("server", "options"),
    [
        ({"user_info": "anne:se:cret"},
         {"basic_auth_credentials_source": "USER_INFO", "basic_auth_user_info": "anne:se:cret"}),
        ({"token": "t0ken"}, {"bearer_auth_credentials_source": "STATIC_TOKEN", "bearer_auth_token": "t0ken"}),
    ],
)  # fmt: skip
def test_credentials_open_the_registry_and_are_in_no_repr(server: dict[str, Any], options: dict[str, Any]) -> None:
    with SchemaRegistry(**server) as registry:
        id_ = registry.register("orders-value", USER)
        with pytest.raises(
            ConversionError, match=r"Failed to access Avro data from topic orders : Unauthorized"
        ) as caught:
            converter(registry).convert("orders", message(id_), ())
        assert caught.value.connect_class == "org.apache.kafka.common.config.ConfigException"
        avro = converter(registry, **options)
        assert avro.convert("orders", message(id_), ())[1]["id"] == 7
        assert "cret" not in repr(avro)
        assert "t0ken" not in repr(avro)


def test_credentials_may_be_in_the_address_and_are_in_no_repr() -> None:
    with SchemaRegistry(user_info="anne:secret") as registry:
        id_ = registry.register("orders-value", USER)
        avro = converter(registry.url.replace("//", "//anne:secret@"))
        assert avro.convert("orders", message(id_), ())[1]["id"] == 7
        assert "secret" not in repr(avro)


def _certificate(directory: Path) -> Path:
    """A PEM file with a key and a certificate for 127.0.0.1, signed by itself."""
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = directory / "store.pem"
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


def test_certificates_are_checked_on_both_sides(tmp_path: Path) -> None:
    pem = str(_certificate(tmp_path))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.load_verify_locations(pem)
    context.verify_mode = ssl.CERT_REQUIRED
    trusting = {"schema_registry_ssl_truststore_location": pem}
    with SchemaRegistry(tls=context) as registry:
        id_ = registry.register("orders-value", USER)
        avro = converter(registry, **trusting, schema_registry_ssl_keystore_location=pem)
        assert avro.convert("orders", message(id_), ())[1]["id"] == 7
        for options in ({}, trusting):
            with pytest.raises(SchemaRegistryUnavailable):
                converter(registry, **options).convert("orders", message(id_), ())


# ---------------------------------------------------------------------------------------------- writing
USER_SCHEMA = Schema(
    type="struct",
    name="com.acme.User",
    fields=(Field("id", Schema(type="int32")), Field("note", Schema(type="string", optional=True))),
)


def test_what_is_encoded_is_converted_back(registry: SchemaRegistry) -> None:
    avro, user = converter(registry), {"id": 7, "note": None}
    data = [avro.encode("orders", USER_SCHEMA, user) for _ in range(2)]
    assert data[0] == data[1] == message(1, b"\x0e\x00")
    assert [request.path for request in registry.requests] == ["/subjects/orders-value/versions"]
    assert avro.convert("orders", data[0], ()) == (USER_SCHEMA.replace(version=1), user)


@pytest.mark.parametrize(("schema", "value"), [(None, {"a": [1, None]}), (Schema(type="bytes"), b"raw")])
def test_values_without_a_struct_go_both_ways(registry: SchemaRegistry, schema: Schema | None, value: Any) -> None:
    avro = converter(registry)
    assert avro.convert("orders", avro.encode("orders", schema, value), ())[1] == value


def test_null_is_no_bytes_where_it_may_be_null(registry: SchemaRegistry) -> None:
    avro = converter(registry)
    assert avro.encode("orders", USER_SCHEMA.replace(optional=True), None) is None
    with pytest.raises(ConversionError, match="Found null value for non-optional schema"):
        avro.encode("orders", USER_SCHEMA, None)
    assert registry.requests == []


def test_without_auto_register_the_schema_has_to_be_there(registry: SchemaRegistry) -> None:
    avro = converter(registry, auto_register_schemas=False)
    with pytest.raises(ConversionError, match="Failed to serialize Avro data from topic orders : "):
        avro.encode("orders", USER_SCHEMA, {"id": 7})
    converter(registry).encode("orders", USER_SCHEMA, {"id": 7})
    assert avro.encode("orders", USER_SCHEMA, {"id": 7}) == message(1, b"\x0e\x00")


def test_an_incompatible_schema_is_refused_by_the_registry(registry: SchemaRegistry) -> None:
    avro = converter(registry)
    avro.encode("orders", USER_SCHEMA, {"id": 7})
    other = USER_SCHEMA.replace(fields=(Field("id", Schema(type="string")),))
    with pytest.raises(ConversionError) as caught:
        avro.encode("orders", other, {"id": "x"})
    assert cause_of(caught.value).startswith("Error registering Avro schema")


def test_the_latest_version_is_taken_only_when_it_is_the_schema(registry: SchemaRegistry) -> None:
    converter(registry).encode("orders", USER_SCHEMA, {"id": 7})
    latest = converter(registry, auto_register_schemas=False, use_latest_version=True)
    assert latest.encode("orders", USER_SCHEMA, {"id": 7}) == message(1, b"\x0e\x00")
    with pytest.raises(ConversionError):
        latest.encode("orders", Schema(type="int32"), 5)


# ---------------------------------------------------------------------------------------------- configuration
def test_a_connector_file_has_the_options_under_confluents_keys() -> None:
    properties = {
        "schema.registry.url": "http://localhost:1",
        "basic.auth.credentials.source": "USER_INFO",
        "basic.auth.user.info": "anne:secret",
        "schema.registry.ssl.key.password": "secret",
        "auto.register.schemas": "false",
        "value.subject.name.strategy": "io.confluent.kafka.serializers.subject.RecordNameStrategy",
        "enhanced.avro.schema.support": "true",
        "schemas.cache.config": "50",
    }
    prefixed = {f"value.converter.{key}": value for key, value in properties.items() if "password" not in key}
    avro = from_properties(AvroConverter, prefixed, "value.converter.")
    assert (avro.auto_register_schemas, avro.enhanced_avro_schema_support, avro.schemas_cache_config) == (
        False,
        True,
        50,
    )
    assert "secret" not in repr(avro)


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"schema_registry_url": "localhost:8081"}, "schema_registry_url"),
        ({"basic_auth_credentials_source": "SASL_INHERIT"}, "basic_auth_credentials_source"),
        ({"basic_auth_credentials_source": "USER_INFO", "basic_auth_user_info": "anne"}, "basic_auth_user_info"),
        ({"bearer_auth_credentials_source": "STATIC_TOKEN"}, "bearer_auth_token"),
        ({"value_subject_name_strategy": "MyStrategy"}, "value_subject_name_strategy"),
        ({"schema_registry_ssl_truststore_location": "a.jks"}, "schema_registry_ssl_truststore_location"),
        ({"schema_registry_ssl_keystore_location": "a.pem", "schema_registry_ssl_keystore_type": "JKS"},
         "schema_registry_ssl_keystore_type"),
        ({"http_read_timeout_ms": 0}, "http_read_timeout_ms"),
        ({"max_retries": -1}, "max_retries"),
        ({"schema_registry_ssl_truststore_location": "/no/such/file.pem"}, "schema_registry_url"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_when_it_is_built(options: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        AvroConverter(**{"schema_registry_url": "http://localhost:1", **options})
    assert [problem.key for problem in caught.value.problems] == [key]


@pytest.mark.parametrize("package", ["fastavro", "confluent_kafka", "authlib"])
def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    def find_spec(name: str) -> object | None:
        return None if name == package else object()

    monkeypatch.setattr("s3sink.converters.avro.find_spec", find_spec)
    monkeypatch.setattr("s3sink.converters.registry.find_spec", find_spec)
    with pytest.raises(MissingExtraError, match=r"s3sink\[avro\]"):
        AvroConverter(schema_registry_url="http://localhost:1")
