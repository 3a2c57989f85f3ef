"""Options of the Java clients become Faust's, are refused, or are named as doing nothing."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
from faust.app.base import App

from s3sink.agents import security
from s3sink.agents.clients import DEFAULTS, IDLE, TAKEN, ClientOptions, client_options
from s3sink.errors import ConfigError

HERE = {"bootstrap.servers": "a:9092, SASL_SSL://b:9093"}


def options(consumer: dict[str, str] | None = None, **others: dict[str, str]) -> ClientOptions:
    connection = {**HERE, **others.get("connection", {})}
    return client_options(consumer or {}, others.get("producer", {}), others.get("admin", {}), connection)


def problems(consumer: dict[str, str] | None = None, **others: dict[str, str]) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        options(consumer, **others)
    return {problem.key: problem.message for problem in caught.value.problems}


TAKEN_OPTIONS: list[tuple[dict[str, str], str, Any]] = [
    ({"session.timeout.ms": "45000"}, "broker_session_timeout", 45.0),
    ({"heartbeat.interval.ms": " 500 "}, "broker_heartbeat_interval", 0.5),
    ({"request.timeout.ms": "120000"}, "broker_request_timeout", 120.0),
    ({"session.timeout.ms": "300000"}, "broker_request_timeout", 300.0),
    ({"max.partition.fetch.bytes": "4194304"}, "consumer_max_fetch_size", 4 << 20),
    ({"auto.offset.reset": "LATEST"}, "consumer_auto_offset_reset", "latest"),
    ({"client.id": "me"}, "broker_client_id", "me"),
    ({"metadata.max.age.ms": "1000"}, "consumer_metadata_max_age_ms", 1000),
    ({"connections.max.idle.ms": "9"}, "consumer_connections_max_idle_ms", 9),
]


@pytest.mark.parametrize(("given", "setting", "value"), TAKEN_OPTIONS)
def test_an_option_of_the_consumer_is_a_setting_of_the_app(given: dict[str, str], setting: str, value: Any) -> None:
    assert options(given).settings[setting] == value


def test_options_that_faust_has_no_setting_for_go_to_the_consumer_itself() -> None:
    given = {"fetch.min.bytes": "5", "fetch.max.bytes": "6", "fetch.max.wait.ms": "7", "group.id": "g"}
    expected = {"fetch_min_bytes": 5, "fetch_max_bytes": 6, "fetch_max_wait_ms": 7, "group_id": "g"}
    assert options(given).consumer == expected


def test_every_setting_is_one_that_faust_has() -> None:
    names = {taken.name for table in TAKEN.values() for taken in table.values() if not taken.of_consumer}
    known = App.Settings.SETTINGS
    assert names | set(DEFAULTS) <= set(known)


def test_the_producer_waits_for_all_replicas_whatever_else_it_does() -> None:
    given = options(producer={"acks": "all", "compression.type": "zstd", "linger.ms": "20"}).settings
    assert (given["producer_acks"], given["producer_compression_type"], given["producer_linger"]) == (-1, "zstd", 0.02)
    assert "must be all" in problems(producer={"acks": "1"})["producer.acks"]


REFUSED = {
    "enable.auto.commit": ("true", "must be false"),
    "auto.offset.reset": ("none", "must be one of earliest, latest"),
    "session.timeout.ms": ("10s", "Not a number of type INT"),
    "max.partition.fetch.bytes": ("-1", "Value must be at least 0"),
    "fetch.min.bytes": ("1_000", "Not a number of type INT"),
    "heartbeat.interval.ms": ("10000", "must be smaller than session.timeout.ms=10000"),
    "security.protocol": ("TLS", "must be one of PLAINTEXT"),
    "sasl.mechanism": ("GSSAPI", "can be PLAIN, SCRAM-SHA-256, SCRAM-SHA-512"),
}


@pytest.mark.parametrize("key", REFUSED)
def test_what_would_break_a_promise_or_cannot_be_read_is_refused(key: str) -> None:
    value, words = REFUSED[key]
    more = {"security.protocol": "SASL_PLAINTEXT"} if key.startswith("sasl") else {}
    assert words in problems({**more, key: value})[f"consumer.{key}"]


def test_connections_that_are_never_idle_are_said_with_a_negative_time() -> None:
    assert options({"connections.max.idle.ms": "-1"}).settings["consumer_connections_max_idle_ms"] == 2**31 - 1


def test_all_problems_of_all_clients_come_together() -> None:
    found = problems({"enable.auto.commit": "true", "fetch.min.bytes": "x"}, producer={"acks": "0"})
    assert found.keys() == {"consumer.enable.auto.commit", "consumer.fetch.min.bytes", "producer.acks"}


@pytest.mark.parametrize("key", IDLE["consumer"])
def test_what_does_nothing_is_named_with_the_reason(key: str) -> None:
    (warning,) = options({key: "1"}).warnings
    assert warning == (f"consumer.{key}", f"has no effect here: {IDLE['consumer'][key]}")


def test_an_unknown_option_is_named_with_the_nearest_known_one() -> None:
    (warning,) = options({"fetch.min.byte": "1"}).warnings
    assert warning.message.endswith("Did you mean fetch.min.bytes?")


def test_there_is_one_connection_the_consumers() -> None:
    jaas = 'x.ScramLoginModule required username="u" password="p";'
    secure = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "SCRAM-SHA-256", "sasl.jaas.config": jaas}
    assert options(secure, producer=secure, admin=secure).settings["broker_credentials"].username == "u"
    assert options(connection=secure).settings["broker_credentials"].password == "p"
    assert (
        "there is one connection" in problems(secure, producer={"sasl.mechanism": "PLAIN"})["producer.sasl.mechanism"]
    )


def test_brokers_are_told_to_faust_one_by_one_and_none_is_a_problem() -> None:
    assert options().settings["broker"] == ["kafka://a:9092", "kafka://b:9093"]
    assert "--bootstrap-servers" in problems(connection={"bootstrap.servers": " "})["bootstrap.servers"]


def test_no_secret_is_in_a_repr_or_in_a_problem() -> None:
    jaas = 'x.PlainLoginModule required username="u" password="hidden-word";'
    secure = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN", "sasl.jaas.config": jaas}
    assert "hidden-word" not in repr(options(secure))
    found = problems({**secure, "sasl.jaas.config": jaas.replace("username", "user")})
    assert "has no username" in found["consumer.sasl.jaas.config"]
    assert "hidden-word" not in str(found)


JAAS = {
    'a.b.C required username="a" password="b";': {"username": "a", "password": "b"},
    "a.b.C required\n  username='a'\n  password=b;": {"username": "a", "password": "b"},
    'C required password="say \\"x\\"; y=z" username="=";': {"username": "=", "password": 'say "x"; y=z'},
    "": {},
    "C": {},
}


@pytest.mark.parametrize("text", JAAS)
def test_login_modules_are_read_as_java_reads_them(text: str) -> None:
    assert security.jaas_options(text) == JAAS[text]


def test_a_java_key_store_is_refused_with_what_to_do_about_it(tmp_path: Path) -> None:
    store = tmp_path / "trust.jks"
    store.write_bytes(b"\xfe\xed\xfe\xed")
    found = problems({"security.protocol": "SSL", "ssl.truststore.location": str(store)})
    assert "keytool -importkeystore" in found["consumer.ssl.truststore.location"]
    missing = problems({"security.protocol": "SSL", "ssl.truststore.location": str(tmp_path / "none")})
    assert "No such file" in missing["consumer.ssl.truststore.location"]


def test_host_names_are_checked_unless_they_are_not_to_be() -> None:
    secure = {"security.protocol": "SSL"}
    assert options(secure).settings["broker_credentials"].context.verify_mode == ssl.CERT_REQUIRED
    lax = options({**secure, "ssl.endpoint.identification.algorithm": ""})
    assert not lax.settings["broker_credentials"].context.check_hostname
