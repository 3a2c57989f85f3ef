"""Whose requests they are."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from s3sink.config import from_properties
from s3sink.errors import ConfigError, StorageError, StoreRefusedError, StoreUnavailableError
from s3sink.storage import Anonymous, AssumeRole, CredentialsFrom, Proxy, S3Store, WebIdentity
from s3sink.storage.s3_credentials import Source
from s3sink.testing.proxy import Fault, FaultProxy
from s3sink.testing.services import SeaweedFS
from tests.storage.recording import store_at, while_open
from tests.storage.sts import Sts, running

ROLE = "arn:aws:iam::123456789012:role/lake"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credentials of whoever runs the tests."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ROLE_ARN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def closed() -> Iterator[FaultProxy]:
    """A server that answers nothing but 503, to see how it was asked."""
    with FaultProxy("http://127.0.0.1:1", [Fault("status", times=None)]) as server:
        yield server


@pytest.fixture
def sts() -> Iterator[Sts]:
    with running(Sts("ASIAROLE", "role-secret", "role-token")) as service:
        yield service


def opened(server: FaultProxy, **options: Any) -> dict[str, str]:
    """The headers of the first request of a store there."""
    store = S3Store("lake", region="us-east-1", endpoint=server.endpoint, **{"max_attempts": 1, **options})
    with pytest.raises(StoreUnavailableError):
        asyncio.run(store.open())
    return dict(server.seen[0].headers)


def access_key_of(headers: dict[str, str]) -> str:
    return headers["authorization"].partition("Credential=")[2].partition("/")[0]


# ---------------------------------------------------------------------------------------------- a role
@pytest.mark.parametrize("external_id", [None, "us-and-them"])
def test_a_role_is_assumed_with_the_stores_own_keys(closed: FaultProxy, sts: Sts, external_id: str | None) -> None:
    role = AssumeRole(ROLE, "lake-writer", external_id, duration="15m", sts_endpoint=sts.endpoint)
    headers = opened(closed, access_key="AKIAOWN", secret_key="own", credentials=role)
    assert access_key_of(headers) == "ASIAROLE"
    assert headers["x-amz-security-token"] == "role-token"
    external = {"ExternalId": external_id} if external_id else {}
    asked = {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": ROLE, "RoleSessionName": "lake-writer"}
    assert [dict(one.parameters) for one in sts.asked] == [{**asked, "DurationSeconds": "900", **external}]
    assert "Credential=AKIAOWN/" in str(sts.asked[0].authorization)
    assert "/us-east-1/sts/aws4_request" in str(sts.asked[0].authorization)


def test_a_role_is_assumed_with_what_the_chain_finds(
    closed: FaultProxy, sts: Sts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "env-secret")
    role = AssumeRole(ROLE, sts_endpoint=sts.endpoint, sts_region="eu-west-1")
    assert access_key_of(opened(closed, credentials=role)) == "ASIAROLE"
    assert "Credential=AKIAENV/" in str(sts.asked[0].authorization)
    assert "/eu-west-1/sts/aws4_request" in str(sts.asked[0].authorization)


def test_a_role_needs_somebody_who_assumes_it(closed: FaultProxy, sts: Sts) -> None:
    store = S3Store(
        "lake", endpoint=closed.endpoint, region="r", credentials=AssumeRole(ROLE, sts_endpoint=sts.endpoint)
    )
    with pytest.raises(StoreRefusedError, match=r"[Uu]nable to locate credentials"):
        asyncio.run(store.open())


def test_the_region_decides_on_the_sts(closed: FaultProxy) -> None:
    store = S3Store(
        "lake",
        region="eu-west-1",
        access_key="a",
        secret_key="b",
        proxy=Proxy(closed.endpoint),
        max_attempts=1,
        credentials=AssumeRole(ROLE),
    )
    with pytest.raises(StorageError):
        asyncio.run(store.open())
    assert {seen.path for seen in closed.seen} == {"sts.eu-west-1.amazonaws.com:443"}


@pytest.mark.broker
def test_keys_of_a_role_are_renewed_before_they_expire(seaweedfs: SeaweedFS, bucket: str) -> None:
    with FaultProxy(seaweedfs.endpoint) as proxy, running(Sts(seaweedfs.access_key, seaweedfs.secret_key)) as sts:
        role = AssumeRole(ROLE, sts_endpoint=sts.endpoint)
        store = store_at(seaweedfs, proxy, bucket, credentials=role)

        async def work() -> None:
            before = len(sts.asked)
            await store.put("k", [b"x"], metadata={}, if_absent=True)
            assert len(sts.asked) == before == 1
            assert await store.get("k") == b"x"

        while_open(store, proxy, work)
        sts.good_for, sts.asked[:] = 60, []

        async def renewed() -> None:
            before = len(sts.asked)
            await store.get("k")
            assert len(sts.asked) == before + 1

        while_open(store, proxy, renewed)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "AccessDenied", StoreRefusedError),
        (400, "InvalidIdentityToken", StoreRefusedError),
        (400, "IDPCommunicationError", StoreUnavailableError),
        (400, "Throttling", StoreUnavailableError),
        (503, "ServiceUnavailable", StoreUnavailableError),
    ],
)
def test_what_sts_says_is_told_as_its_own(
    closed: FaultProxy, sts: Sts, status: int, code: str, kind: type[StorageError]
) -> None:
    sts.error = (status, code)
    role = AssumeRole(ROLE, sts_endpoint=sts.endpoint)
    keys: dict[str, Any] = {"access_key": "AKIAOWN", "secret_key": "own-secret", "max_attempts": 1}
    store = S3Store("lake", endpoint=closed.endpoint, region="us-east-1", credentials=role, **keys)
    with pytest.raises(kind, match=f"(role cannot be assumed|STS does not answer).*{status} {code}") as raised:
        asyncio.run(store.open())
    assert "own-secret" not in str(raised.value)
    assert not closed.seen


# ---------------------------------------------------------------------------------------------- web identity
def test_a_token_in_a_file_is_exchanged_unsigned(closed: FaultProxy, sts: Sts, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("ey.J0.x")
    identity = WebIdentity(ROLE, token, "lake-writer", sts_endpoint=sts.endpoint)
    assert access_key_of(opened(closed, credentials=identity)) == "ASIAROLE"
    asked = {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": ROLE}
    expected = {**asked, "RoleSessionName": "lake-writer", "WebIdentityToken": "ey.J0.x"}
    assert [(dict(one.parameters), one.authorization) for one in sts.asked] == [(expected, None)]


def test_the_environment_says_what_is_left_out(
    closed: FaultProxy, sts: Sts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("from-env")
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("AWS_ROLE_SESSION_NAME", "env-name")
    opened(closed, credentials=WebIdentity(sts_endpoint=sts.endpoint))
    said = sts.asked[0].parameters
    assert (said["RoleArn"], said["WebIdentityToken"], said["RoleSessionName"]) == (ROLE, "from-env", "env-name")


@pytest.mark.parametrize(
    ("identity", "why"),
    [
        (WebIdentity(token_file="/no/such/token"), "AWS_ROLE_ARN"),
        (WebIdentity(ROLE, "/no/such/token"), "/no/such/token"),
    ],
)
def test_a_web_identity_without_role_or_token_is_refused(closed: FaultProxy, identity: WebIdentity, why: str) -> None:
    store = S3Store("lake", endpoint=closed.endpoint, region="us-east-1", credentials=identity, max_attempts=1)
    with pytest.raises(StorageError, match=why):
        asyncio.run(store.open())


# ---------------------------------------------------------------------------------------------- links of the chain
@pytest.fixture
def everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys in the environment and in two profiles."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "env-secret")
    profiles = {"default": "AKIADEFAULT", "lake": "AKIALAKE"}
    lines = [f"[{name}]\naws_access_key_id={key}\naws_secret_access_key=s\n" for name, key in profiles.items()]
    (tmp_path / "credentials").write_text("\n".join(lines))


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize(
    ("options", "access_key"),
    [
        ({}, "AKIAENV"),
        ({"access_key": "AKIAOWN", "secret_key": "s"}, "AKIAOWN"),
        ({"profile": "lake"}, "AKIALAKE"),
        ({"credentials": CredentialsFrom("environment")}, "AKIAENV"),
        ({"credentials": CredentialsFrom("profile")}, "AKIADEFAULT"),
        ({"credentials": CredentialsFrom("profile"), "profile": "lake"}, "AKIALAKE"),
    ],
    ids=str,
)
def test_credentials_come_from_where_they_should(closed: FaultProxy, options: dict[str, Any], access_key: str) -> None:
    assert access_key_of(opened(closed, **options)) == access_key


@pytest.mark.usefixtures("everywhere")
def test_a_container_role_is_asked_for_at_its_own_address(closed: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultProxy("http://127.0.0.1:1", [Fault("status", status=404, times=None)]) as agent:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{agent.endpoint}/role")
        store = S3Store(
            "lake", endpoint=closed.endpoint, region="r", max_attempts=1, credentials=CredentialsFrom("container")
        )
        with pytest.raises(StorageError):
            asyncio.run(store.open())
        assert {(seen.method, seen.path) for seen in agent.seen} == {("GET", "/role")}
    assert not closed.seen


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize("source", ["container", "instance", "container or instance"])
def test_no_other_link_is_tried(closed: FaultProxy, source: Source) -> None:
    store = S3Store("lake", endpoint=closed.endpoint, region="r", credentials=CredentialsFrom(source))
    with pytest.raises(StoreRefusedError, match=r"[Uu]nable to locate credentials"):
        asyncio.run(store.open())


def test_a_profile_that_is_not_there_is_refused(closed: FaultProxy) -> None:
    store = S3Store("lake", endpoint=closed.endpoint, region="r", credentials=CredentialsFrom("profile"))
    with pytest.raises(StoreRefusedError, match="default"):
        asyncio.run(store.open())


@pytest.mark.usefixtures("everywhere")
def test_nobody_signs_nothing(closed: FaultProxy) -> None:
    headers = opened(closed, credentials=Anonymous())
    assert not {"authorization", "x-amz-security-token"} & headers.keys()


# ---------------------------------------------------------------------------------------------- values
@pytest.mark.parametrize(
    ("make", "keys"),
    [
        (lambda: AssumeRole(""), ["role_arn"]),
        (lambda: AssumeRole(ROLE, "x", "y", "1m"), ["session_name", "external_id", "duration"]),
        (lambda: AssumeRole(ROLE, duration="soon"), ["duration"]),
        (lambda: WebIdentity("role", session_name="x"), ["role_arn", "session_name"]),
        (lambda: CredentialsFrom(source="heaven"), ["source"]),  # type: ignore[arg-type]
        (lambda: S3Store("b", credentials="me"), ["credentials"]),  # type: ignore[arg-type]
        (lambda: S3Store("b", access_key="a", secret_key="s", credentials=Anonymous()), ["credentials"]),
        (lambda: S3Store("b", access_key="a", secret_key="s", credentials=CredentialsFrom("profile")), ["credentials"]),
        (lambda: S3Store("b", profile="p", credentials=CredentialsFrom("instance")), ["credentials"]),
        (lambda: S3Store("b", profile="p", credentials=WebIdentity()), ["credentials"]),
    ],
)
def test_what_is_wrong_is_named(make: Any, keys: list[str]) -> None:
    with pytest.raises(ConfigError) as raised:
        make()
    assert [problem.key for problem in raised.value.problems] == keys


def test_properties_make_a_role() -> None:
    prefix = "s3.credentials.provider."
    properties = {f"{prefix}sts.role.arn": ROLE, f"{prefix}sts.role.session.name": "me", f"{prefix}sts.region": "x"}
    assert from_properties(AssumeRole, properties, prefix) == AssumeRole(ROLE, "me", sts_region="x")


@pytest.mark.parametrize("credentials", [None, AssumeRole(ROLE)])
def test_secrets_stay_out_of_the_log_and_of_errors(
    closed: FaultProxy, sts: Sts, credentials: AssumeRole | None, caplog: pytest.LogCaptureFixture
) -> None:
    role = credentials and replace(credentials, sts_endpoint=sts.endpoint)
    with caplog.at_level(logging.INFO):
        opened(closed, access_key="AKIAOWN", secret_key="own-secret", session_token="own-token", credentials=role)
    assert not [word for word in ("own-secret", "own-token", "role-secret", "role-token") if word in caplog.text]
