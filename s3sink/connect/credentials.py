"""`s3.credentials.provider.class`, its options, and keys of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from s3sink.connect.keys import DEFAULT_CREDENTIALS
from s3sink.connect.plugins import ASSUME_ROLE, CREDENTIALS
from s3sink.connect.values import Values
from s3sink.errors import ConfigError
from s3sink.storage.s3_credentials import Anonymous, AssumeRole, Credentials, CredentialsFrom, WebIdentity

_CLASS: Final = "s3.credentials.provider.class"
_PREFIX: Final = "s3.credentials.provider."
_ACCESS, _SECRET = "aws.access.key.id", "aws.secret.access.key"
ROLE_OPTIONS: Final = {
    "role_arn": "sts.role.arn",
    "session_name": "sts.role.session.name",
    "external_id": "sts.role.external.id",
    "sts_region": "sts.region",
}
"""The options of the connector's own class, by the fields of `AssumeRole`."""

_AUTH = "com.amazonaws.auth."
PLAIN: Final[Mapping[str, Credentials]] = {
    _AUTH + "WebIdentityTokenCredentialsProvider": WebIdentity(),
    _AUTH + "EnvironmentVariableCredentialsProvider": CredentialsFrom("environment"),
    _AUTH + "profile.ProfileCredentialsProvider": CredentialsFrom("profile"),
    _AUTH + "InstanceProfileCredentialsProvider": CredentialsFrom("instance"),
    _AUTH + "ContainerCredentialsProvider": CredentialsFrom("container"),
    _AUTH + "EC2ContainerCredentialsProviderWrapper": CredentialsFrom("container or instance"),
    "s3sink.Anonymous": Anonymous(),
}
"""Classes that have no options."""


def build_credentials(values: Values) -> dict[str, Any]:
    """The arguments of the store that say who it is.

    Keys of one's own win over a provider, except that the role is assumed with them. One key without the other is
    ignored, as by the connector.
    """
    name = values[_CLASS]
    keys = _keys(values)
    options = values.under(_PREFIX)
    known = tuple(ROLE_OPTIONS.values()) if name == ASSUME_ROLE else ()
    for option in options:
        if option != "class" and option not in known:
            values.warn(_PREFIX + option, f"has no effect: {name.rpartition('.')[2]} has no such option")
    if name == ASSUME_ROLE:
        return keys | {"credentials": _role(values, options)}
    if keys:
        if name != DEFAULT_CREDENTIALS:
            values.warn(_CLASS, f"has no effect: {_ACCESS} and {_SECRET} count")
        return keys
    return {"credentials": _provider(values, name)}


def _provider(values: Values, name: str) -> Credentials | None:
    if name in PLAIN or name == DEFAULT_CREDENTIALS:
        return PLAIN.get(name)
    if name in CREDENTIALS:
        values.refuse(_CLASS, f"Invalid class for: {_CLASS}: {name} cannot be used here, {ASSUME_ROLE} assumes roles")
    return None


def _role(values: Values, options: Mapping[str, str]) -> AssumeRole | None:
    given = {field: options.get(option, "").strip() for field, option in ROLE_OPTIONS.items()}
    missing = [option for field, option in ROLE_OPTIONS.items() if field != "sts_region" and not given[field]]
    for option in missing:
        values.refuse(_PREFIX + option, f'Missing required configuration "{option}" which has no default value.')
    if missing:
        return None
    try:
        return AssumeRole(**{field: text for field, text in given.items() if text})
    except ConfigError as error:
        values.refuse_all(error, {field: _PREFIX + option for field, option in ROLE_OPTIONS.items()})
        return None


def _keys(values: Values) -> dict[str, Any]:
    access, secret = values[_ACCESS], (values[_SECRET] or "").strip()
    if access and secret:
        return {"access_key": access, "secret_key": secret}
    for key, text, other in ((_ACCESS, access, _SECRET), (_SECRET, secret, _ACCESS)):
        if text:
            values.warn(key, f"has no effect without {other}")
    return {}
