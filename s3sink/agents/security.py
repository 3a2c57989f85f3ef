"""How the Java clients are told to reach a cluster, as Faust's credentials: `security.protocol`, `sasl.*`, `ssl.*`."""

from __future__ import annotations

import contextlib
import os
import re
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import faust

from s3sink.errors import ConfigError, Problem

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
KEYS = frozenset(
    (
        "security.protocol",
        "sasl.mechanism",
        "sasl.jaas.config",
        "ssl.endpoint.identification.algorithm",
        "ssl.truststore.location",
        "ssl.truststore.type",
        "ssl.truststore.password",
        "ssl.truststore.certificates",
        "ssl.keystore.location",
        "ssl.keystore.type",
        "ssl.keystore.password",
        "ssl.keystore.certificate.chain",
        "ssl.keystore.key",
        "ssl.key.password",
    )
)
_MODULE = re.compile(r"\s*([\w.]+)\s+\w+\b(.*)", re.DOTALL)
_OPTION = re.compile(r"""(\w[\w.]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s;"']+))""", re.DOTALL)
_BEGIN = "-----BEGIN"


def credentials(properties: Mapping[str, str]) -> Any | None:
    """What Faust takes as `broker_credentials`; None for a cluster that asks for nothing.

    Certificates are PEM, in files or in the properties themselves: Python reads no Java key stores. Raises ConfigError
    with all problems; no message has a secret in it.
    """
    protocol = properties.get("security.protocol", "PLAINTEXT").strip().upper()
    if protocol not in PROTOCOLS:
        words = f"Invalid value {protocol} for configuration security.protocol: must be one of {', '.join(PROTOCOLS)}"
        raise ConfigError([Problem("security.protocol", words)], "security")
    problems: list[Problem] = []
    context = _context(properties, problems) if protocol.endswith("SSL") else None
    login = _login(properties, problems) if protocol.startswith("SASL") else {}
    if problems:
        raise ConfigError(problems, "security")
    if login:
        return faust.SASLCredentials(**login, ssl_context=context)
    return faust.SSLCredentials(context=context) if context is not None else None


# ---------------------------------------------------------------------------------------------- SASL
def _login(properties: Mapping[str, str], problems: list[Problem]) -> dict[str, str]:
    mechanism = properties.get("sasl.mechanism", "GSSAPI").strip()
    if mechanism not in MECHANISMS:
        words = f"{mechanism} is not supported here: it can be {', '.join(MECHANISMS)}"
        problems.append(Problem("sasl.mechanism", words))
    options = jaas_options(properties.get("sasl.jaas.config", ""))
    missing = [name for name in ("username", "password") if not options.get(name)]
    if missing and mechanism in MECHANISMS:
        words = f'has no {" and no ".join(missing)}; it is like: …PlainLoginModule required username="…" password="…";'
        problems.append(Problem("sasl.jaas.config", words))
    if missing or mechanism not in MECHANISMS:
        return {}
    return {"mechanism": mechanism, "username": options["username"], "password": options["password"]}


def jaas_options(text: str) -> dict[str, str]:
    """The options of a login module.

    >>> jaas_options('org.apache.kafka.common.security.plain.PlainLoginModule required username="a" password="b c";')
    {'username': 'a', 'password': 'b c'}
    """
    module = _MODULE.match(text)
    found = _OPTION.finditer(module[2]) if module else ()
    return {option[1]: re.sub(r"\\(.)", r"\1", next(filter(None, option.groups()[1:]), "")) for option in found}


# ---------------------------------------------------------------------------------------------- TLS
def _context(properties: Mapping[str, str], problems: list[Problem]) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not properties.get("ssl.endpoint.identification.algorithm", "https").strip():
        context.check_hostname = False
    with _reported(problems, "ssl.truststore.location"):
        trusted = _pem(properties, "ssl.truststore.certificates", "ssl.truststore.location")
        if trusted:
            context.load_verify_locations(cadata=trusted)
    with _reported(problems, "ssl.keystore.location"):
        _load_own(context, properties)
    return context


def _load_own(context: ssl.SSLContext, properties: Mapping[str, str]) -> None:
    """Our own certificate: Python takes it from a file only, which is gone again at once."""
    chain = _pem(properties, "ssl.keystore.certificate.chain", "ssl.keystore.location")
    if not chain:
        return
    descriptor, name = tempfile.mkstemp(prefix="s3sink-")  # for this user alone
    try:
        with open(descriptor, "w") as file:
            file.write(properties.get("ssl.keystore.key", "") + "\n" + chain)
        password = properties.get("ssl.key.password") or properties.get("ssl.keystore.password") or ""
        context.load_cert_chain(name, password=password)
    finally:
        os.unlink(name)


def _pem(properties: Mapping[str, str], inline: str, location: str) -> str:
    text = properties.get(inline, "")
    path = properties.get(location, "").strip()
    if not text and path:
        data = Path(path).read_bytes()
        if _BEGIN.encode() not in data:
            raise ValueError(
                f"{path} is a Java key store: make PEM of it (keytool -importkeystore … -deststoretype PKCS12, then "
                "openssl pkcs12 -in … -nodes -out …) and name that file"
            )
        text = data.decode("utf-8", "replace")
    return text


@contextlib.contextmanager
def _reported(problems: list[Problem], key: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        problems.append(Problem(key, str(error)))
