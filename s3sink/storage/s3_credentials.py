"""Whose requests they are: where the keys come from when it is not the ordinary AWS chain."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args

from s3sink.config import Option, check, parse_milliseconds, problem_if
from s3sink.errors import ConfigError, Problem, StoreRefusedError

Source = Literal["environment", "profile", "container", "instance", "container or instance"]


@dataclass(frozen=True, slots=True)
class AssumeRole:
    """Keys of a role from AWS STS, renewed before they expire.

    STS is asked with the store's own `access_key`, `secret_key` or `profile`, else with what the AWS chain finds.
    """

    role_arn: Annotated[str, Option("sts.role.arn", "The role.")]
    session_name: Annotated[str, Option("sts.role.session.name", "How the requests appear in CloudTrail.")] = "s3sink"
    external_id: Annotated[str | None, Option("sts.role.external.id", "What the role's owner asks for.")] = None
    duration: Annotated[str | int, Option(doc="How long one set of keys is good for: 15m to 12h.")] = "1h"
    sts_region: Annotated[str | None, Option("sts.region", "Region of STS; the store's if left out.")] = None
    sts_endpoint: Annotated[str | None, Option(doc="URL of another STS than that of the region.")] = None

    def __post_init__(self) -> None:
        check(
            "AssumeRole",
            [
                _length_problem("role_arn", self.role_arn, 20, 2048),
                _length_problem("session_name", self.session_name, 2, 64),
                _length_problem("external_id", self.external_id, 2, 1224),
                self._normalise_duration(),
            ],
        )

    def _normalise_duration(self) -> Problem | None:
        try:
            milliseconds = parse_milliseconds(self.duration, "duration")
        except ConfigError as error:
            return error.problems[0]
        object.__setattr__(self, "duration", milliseconds)
        return problem_if(not 900_000 <= milliseconds <= 43_200_000, "duration", "must be 15m to 12h")


@dataclass(frozen=True, slots=True)
class WebIdentity:
    """Keys of a role for the token in a file, as Kubernetes puts it there (IRSA); read anew whenever they expire.

    What is left out comes from AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_SESSION_NAME.
    """

    role_arn: Annotated[str | None, Option(doc="The role.")] = None
    token_file: Annotated[str | Path | None, Option(doc="The file with the token.")] = None
    session_name: Annotated[str | None, Option(doc="How the requests appear in CloudTrail.")] = None
    sts_region: Annotated[str | None, Option(doc="Region of STS; the store's if left out.")] = None
    sts_endpoint: Annotated[str | None, Option(doc="URL of another STS than that of the region.")] = None

    def __post_init__(self) -> None:
        check(
            "WebIdentity",
            [
                _length_problem("role_arn", self.role_arn, 20, 2048),
                _length_problem("session_name", self.session_name, 2, 64),
            ],
        )


def _length_problem(name: str, text: str | None, least: int, most: int) -> Problem | None:
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""
    wrong = text is not None and not least <= len(text) <= most
    return problem_if(wrong, name, f"must have {least} to {most} characters")


@dataclass(frozen=True, slots=True)
class CredentialsFrom:
    """One link of the AWS chain and no other: found there, or the store does not open.

    `environment` are the AWS_ variables, `profile` the configuration files (AWS_PROFILE, or "default", unless the store
    names a profile), `container` the role of an ECS task or EKS pod, `instance` that of the EC2 machine.
    """

    source: Source

    def __post_init__(self) -> None:
        known = get_args(Source)
        check("CredentialsFrom", [problem_if(self.source not in known, "source", f"must be one of {', '.join(known)}")])


@dataclass(frozen=True, slots=True)
class Anonymous:
    """No credentials at all: requests are not signed. For public buckets and servers that ask nobody."""


Credentials = AssumeRole | WebIdentity | CredentialsFrom | Anonymous


class Login(NamedTuple):
    """What a store knows of who it is."""

    credentials: Credentials | None
    access_key: str | None
    secret_key: str | None
    session_token: str | None
    profile: str | None
    region: str | None

    def session_profile(self) -> str | None:
        """The profile that the client's session gets; an explicit one makes it leave the environment alone."""
        if self.credentials == CredentialsFrom("profile"):
            return self.profile or os.environ.get("AWS_PROFILE") or "default"
        return self.profile

    def client_keys(self) -> dict[str, str | None]:
        """Arguments of the S3 client: keys that need nobody to be asked."""
        if self.credentials is not None:
            return {}
        return self.static_keys()

    def static_keys(self) -> dict[str, str | None]:
        """The keys that were given, as arguments of any client."""
        return {
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": self.secret_key,
            "aws_session_token": self.session_token,
        }


def login_problems(login: Login) -> list[Problem | None]:
    """What does not go together, by the store's fields."""
    keys = (login.access_key, login.secret_key)
    other, given = login.credentials, any(keys) or login.profile is not None
    fits = other is None or isinstance(other, AssumeRole) or (other == CredentialsFrom("profile") and not any(keys))
    return [
        problem_if(any(keys) != all(keys), "secret_key", "access_key and secret_key go together"),
        problem_if(bool(login.session_token) and not all(keys), "session_token", "needs access_key and secret_key"),
        problem_if(bool(login.profile) and any(keys), "profile", "give a profile or keys, not both"),
        problem_if(
            not isinstance(other, Credentials | None),
            "credentials",
            "must be AssumeRole(...), WebIdentity(...), CredentialsFrom(...), Anonymous() or None",
        ),
        problem_if(given and not fits, "credentials", "come in place of keys and profile: give one of them"),
    ]


# ---------------------------------------------------------------------------------------------- at open
Load = Callable[[], Awaitable[Any]]

_METHODS: Mapping[Source, frozenset[str]] = {  # as botocore names the links of its chain
    "environment": frozenset({"env"}),
    "profile": frozenset({
        "assume-role", "assume-role-with-web-identity", "sso", "shared-credentials-file", "custom-process",
        "config-file", "login",
    }),
    "container": frozenset({"container-role"}),
    "instance": frozenset({"iam-role"}),
    "container or instance": frozenset({"container-role", "iam-role"}),
}  # fmt: skip


class _Resolver:
    """In the place of botocore's chain: one way to credentials."""

    def __init__(self, load: Load) -> None:
        self._load = load

    async def load_credentials(self) -> Any:
        return await self._load()


def install(login: Login, session: Any, config: Any) -> None:
    """Make `session`, an aiobotocore session, find the credentials that were asked for.

    `config` is for the clients that ask STS: its time-outs and its proxy.
    """
    other = login.credentials
    if other is None or isinstance(other, Anonymous):
        return
    chain = session.get_component("credential_provider")
    if isinstance(other, CredentialsFrom):
        chain.providers = [link for link in chain.providers if link.METHOD in _METHODS[other.source]]
        return
    sts = _sts(other, login.region, session, config)
    load = _assume(other, login, chain, sts) if isinstance(other, AssumeRole) else _exchange(other, sts)
    session.register_component("credential_provider", _Resolver(load))


def _sts(role: AssumeRole | WebIdentity, region: str | None, session: Any, config: Any) -> Callable[..., Any]:
    """Makes STS clients as botocore's fetchers want them."""
    region = role.sts_region or region or session.get_config_variable("region") or "us-east-1"

    def create(service: str, **options: Any) -> Any:
        merged = config.merge(options.pop("config")) if "config" in options else config
        where = {"region_name": region, "endpoint_url": role.sts_endpoint}
        return session.create_client(service, **where, config=merged, **options)

    return create


def _assume(role: AssumeRole, login: Login, chain: Any, sts: Callable[..., Any]) -> Load:
    from aiobotocore import credentials as aws
    from botocore.exceptions import NoCredentialsError

    async def load() -> Any:
        own = aws.AioCredentials(login.access_key, login.secret_key, login.session_token) if login.access_key else None
        source = own or await chain.load_credentials()
        if source is None:
            raise NoCredentialsError
        options = {"RoleSessionName": role.session_name, "DurationSeconds": int(role.duration) // 1000}
        external = {"ExternalId": role.external_id} if role.external_id else {}
        fetcher = aws.AioAssumeRoleCredentialFetcher(sts, source, role.role_arn, extra_args=options | external)
        return aws.AioDeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")

    return load


def _exchange(role: WebIdentity, sts: Callable[..., Any]) -> Load:
    from aiobotocore import credentials as aws

    async def load() -> Any:
        arn = role.role_arn or _variable("AWS_ROLE_ARN")
        token = Path(role.token_file or _variable("AWS_WEB_IDENTITY_TOKEN_FILE"))
        name = role.session_name or os.environ.get("AWS_ROLE_SESSION_NAME")
        fetcher = aws.AioAssumeRoleWithWebIdentityCredentialFetcher(
            sts, token.read_text, arn, extra_args={"RoleSessionName": name} if name else {}
        )
        return aws.AioDeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role-with-web-identity")

    return load


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise StoreRefusedError(f"WebIdentity: {name} is not set, and the option in its place is left out")
    return value
