"""No command shows a secret, whatever is wrong with it or beside it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from s3sink.cli.main import main
from s3sink.connect.secret import is_secret
from tests.cli.test_lint import GOOD

SECRET = "hush:Hush,pw"
AVRO = {"value.converter": "io.confluent.connect.avro.AvroConverter", "value.converter.schema.registry.url": "http://r"}
TLS = {"consumer.override.security.protocol": "SSL"}
LOGIN = f'PlainLoginModule required username="u" passwrd="{SECRET}";'
WRITTEN = {
    "aws.secret.access.key": {"aws.secret.access.key": SECRET, "aws.access.key.id": "me"},
    "a misspelt key": {"aws.secret.acces.key": SECRET},
    "s3.sse.customer.key": {"s3.sse.customer.key": SECRET, "s3.ssea.name": "AES256"},
    "s3.proxy.password": {"s3.proxy.password": SECRET, "s3.proxy.user": "u", "s3.proxy.url": "http://p:1"},
    "a url of a server": {"store.url": "http://me:hush:Hush,pw@s3:1"},
    "a url of a proxy": {"s3.proxy.url": "http://me:hush:Hush,pw@p:1"},
    "basic.auth.user.info": {**AVRO, "value.converter.basic.auth.user.info": SECRET},
    "a login that is wrong": {
        "consumer.override.sasl.jaas.config": LOGIN,
        "consumer.override.sasl.mechanism": "PLAIN",
        "consumer.override.security.protocol": "SASL_SSL",
    },
    "a login of another client": {"producer.override.sasl.jaas.config": LOGIN},
    "ssl.key.password": {
        **TLS,
        "consumer.override.ssl.key.password": SECRET,
        "consumer.override.ssl.keystore.key": SECRET,
        "consumer.override.ssl.keystore.certificate.chain": SECRET,
    },
    "a licence": {"confluent.license": SECRET},
}
REFERRED = (
    "flush.size",
    "behavior.on.null.values",
    "connector.class",
    "s3.proxy.url",
    "store.url",
    "partitioner.class",
    "consumer.override.session.timeout.ms",
    "consumer.override.security.protocol",
)


def outputs(home: Path, config: dict[str, str]) -> str:
    """All that lint, plan, takeover and run say of a connector that is wrong besides."""
    path, sample = home / "c.json", home / "sample.jsonl"
    path.write_text(json.dumps({"name": "a", "config": {**GOOD, **config}}))
    sample.write_text('{"a": 1}\n')
    wrong = ("--set", "s3.part.size=1", "--bootstrap-servers", "localhost:1")
    commands = (
        ("lint", path),
        ("lint", "--json", path),
        ("plan", path, "--sample", sample),
        ("plan", "--json", path, "--sample", sample),
        ("run", path),
        ("run", "--json", path),
        ("run", "--json", path, *wrong),
        ("takeover", "--json", path, *wrong),
    )
    return "\n".join(CliRunner().invoke(main, list(map(str, command))).output for command in commands)


@pytest.mark.parametrize("case", WRITTEN)
def test_what_is_written_in_the_file_is_not_shown(tmp_path: Path, case: str) -> None:
    assert "hush" not in outputs(tmp_path, WRITTEN[case]).lower()


@pytest.mark.parametrize("key", REFERRED)
def test_what_comes_from_a_provider_is_not_shown_under_any_key(tmp_path: Path, key: str) -> None:
    (tmp_path / "secrets.properties").write_text(f"p={SECRET}")
    told = outputs(tmp_path, {key: f"${{file:{tmp_path}/secrets.properties:p}}"})
    assert "hush" not in told.lower()


def test_a_reference_is_resolved_for_the_clients_of_a_connector_that_is_wrong(tmp_path: Path) -> None:
    login = LOGIN.replace("passwrd", "password")
    (tmp_path / "secrets.properties").write_text(f"p={login}")
    reference = f"${{file:{tmp_path}/secrets.properties:p}}"
    told = outputs(tmp_path, {**WRITTEN["a login that is wrong"], "consumer.override.sasl.jaas.config": reference})
    assert ("part.size" in told, "sasl.jaas.config" in told) == (True, False)


@pytest.mark.parametrize(
    ("key", "secret"),
    [
        ("ssl.keystore.key", True),
        ("value.converter.basic.auth.credentials.source", False),
        ("s3.credentials.provider.class", False),
        ("s3.sse.kms.key.id", False),
        ("sasl.oauthbearer.token.endpoint.url", False),
        ("sasl.oauthbearer.client.credentials.client.secret", True),
    ],
)
def test_keys_say_what_is_secret(key: str, secret: bool) -> None:
    assert is_secret(key) == secret


def test_requests_are_not_logged_as_they_are_sent() -> None:
    program = (
        "import logging; from s3sink.cli.run_task import set_up_logging; set_up_logging('debug');"
        "names = ('aiokafka.conn', 'botocore.auth', 'botocore.endpoint', 's3sink.sink');"
        "print([logging.getLogger(name).isEnabledFor(logging.DEBUG) for name in names])"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["[False,", "False,", "False,", "True]"]
