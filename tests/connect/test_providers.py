"""References to config providers."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.connect import (
    ConfigProvider,
    DirectoryConfigProvider,
    EnvVarConfigProvider,
    FileConfigProvider,
    build_providers,
    resolve,
)
from s3sink.errors import ConfigError

ENV = {"env": EnvVarConfigProvider(environment={"A": "one", "B": "two", "E": "", "NESTED": "${env:A}"})}


@given(st.lists(st.sampled_from(["${env:A}", "${env:B}", "${env:E}", "${env:C}", "${x:A}", "$", "{", "}", ":", "ab"])))
def test_each_reference_is_put_on_its_own(parts: list[str]) -> None:
    values = {"${env:A}": "one", "${env:B}": "two", "${env:E}": ""}
    # a `$` or `{` before a reference can begin one of its own: put a letter between
    text, wanted = "x".join(parts), "x".join(values.get(part, part) for part in parts)
    assert resolve({"k": text}, ENV).properties["k"] == wanted


@given(st.dictionaries(st.text(), st.text()))
def test_a_value_without_reference_stays(properties: dict[str, str]) -> None:
    properties = {key: text.replace("${", "") for key, text in properties.items()}
    resolved = resolve(properties, ENV)
    assert (resolved.properties, resolved.secrets, resolved.warnings) == (properties, frozenset(), ())


def test_what_a_provider_returns_is_not_looked_at_again() -> None:
    assert resolve({"k": "${env:NESTED}"}, ENV).properties == {"k": "${env:A}"}


def test_a_key_may_have_colons_and_a_path_none(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_text(r"a\:b=1")
    assert resolve({"k": f"${{f:{file}:a:b}}"}, {"f": FileConfigProvider()}).properties == {"k": "1"}


def test_values_that_held_a_reference_are_shown_nowhere() -> None:
    resolved = resolve({"user": "${env:A}", "password": "x${env:B}y", "topics": "t", "left": "${env:C}"}, ENV)
    assert resolved.secrets == {"user", "password"}
    shown = {"user": "[hidden]", "password": "[hidden]", "topics": "t", "left": "${env:C}"}
    assert resolved.shown() == shown
    assert "two" not in f"{resolved} {resolved!r}"
    logging.getLogger(__name__).info("%s", resolved)


def test_a_reference_that_stays_is_a_warning() -> None:
    resolved = resolve({"a": "${env:C}", "b": "${vault:x}", "c": "${topic}"}, ENV)
    assert resolved.warnings == (
        ("a", "the reference ${env:C} stays as it is: 'C' is not found, or may not be read"),
        ("b", "the reference ${vault:x} stays as it is: 'vault' is not in config.providers"),
    )


def test_all_refusals_are_reported_together(tmp_path: Path) -> None:
    providers: dict[str, ConfigProvider] = {**ENV, "file": FileConfigProvider()}
    with pytest.raises(ConfigError) as caught:
        resolve({"a": "${env:p:A}", "b": f"${{file:{tmp_path}/none:k}}"}, providers)
    assert caught.value.problems == (
        ("a", "Path is not supported for EnvVarConfigProvider, invalid value 'p'"),
        ("b", f"Could not read properties from file {tmp_path}/none"),
    )


@pytest.mark.parametrize("content", [b"a=\\u12", b"a=\xff"])
def test_a_file_that_is_no_properties_file_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(ConfigError, match="Could not read properties from file"):
        FileConfigProvider().get(str(tmp_path / "f"), "a")


# ---------------------------------------------------------------------------------------------- allowed paths
@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """Two files, one of them in a directory."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "f").write_text("k=inside")
    (tmp_path / "f").write_text("k=outside")
    (tmp_path / "in-and-more").write_text("k=outside")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "value"),
    [("in/f", "inside"), ("f", None), ("in/../f", None), ("in/../in/f", "inside"), ("in-and-more", None), ("", None)],
)
def test_only_files_under_the_allowed_paths_are_read(secrets: Path, path: str, value: str | None) -> None:
    provider = FileConfigProvider([str(secrets / "in")])
    assert provider.get(f"{secrets}/{path}" if path else "", "k") == value


def test_a_directory_gives_files_of_its_own_only(secrets: Path) -> None:
    provider = DirectoryConfigProvider()
    assert provider.get(str(secrets / "in"), "f") == "k=inside"
    for path, key in [("in", "../f"), ("", "in/f"), ("", "in"), ("f", "k"), ("nowhere", "f")]:
        assert provider.get(f"{secrets}/{path}", key) is None
    assert provider.get("", "f") is None
    assert DirectoryConfigProvider([str(secrets / "in")]).get(str(secrets), "f") is None


def test_a_file_of_a_directory_is_read_to_its_last_byte(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"a\r\nb\n")
    assert DirectoryConfigProvider().get(str(tmp_path), "token") == "a\r\nb\n"


def test_a_variable_is_read_when_its_whole_name_is_allowed() -> None:
    provider = EnvVarConfigProvider("S3_.*", {"S3_KEY": "1", "XS3_KEY": "2"})
    assert [provider.get("", name) for name in ("S3_KEY", "XS3_KEY", "S3_")] == ["1", None, None]


# ---------------------------------------------------------------------------------------------- from properties
def test_providers_are_built_from_the_workers_properties(secrets: Path) -> None:
    properties = {
        "config.providers": "file, env",
        "config.providers.file.class": "org.apache.kafka.common.config.provider.FileConfigProvider",
        "config.providers.file.param.allowed.paths": str(secrets / "in"),
        "config.providers.env.class": "EnvVarConfigProvider",
        "config.providers.env.param.allowlist.pattern": "A",
    }
    built = build_providers(properties, {"A": "one", "B": "two"})
    assert built.made == {
        "file": FileConfigProvider([str(secrets / "in")]),
        "env": EnvVarConfigProvider("A", {"A": "one", "B": "two"}),
    }
    assert built.warnings == ()


def test_all_problems_of_providers_are_reported_together() -> None:
    properties = {
        "config.providers": "a,b,c,d",
        "config.providers.b.class": "com.acme.Nope",
        "config.providers.c.class": "FileConfigProvider",
        "config.providers.c.param.allowed.paths": "relative",
        "config.providers.d.class": "EnvVarConfigProvider",
        "config.providers.d.param.allowlist.pattern": "[",
    }
    with pytest.raises(ConfigError) as caught:
        build_providers(properties, {})
    assert [problem.key for problem in caught.value.problems] == [
        "config.providers.a.class",
        "config.providers.b.class",
        "config.providers.c.param.allowed.paths",
        "config.providers.d.param.allowlist.pattern",
    ]
    assert caught.value.problems[2].message == "Path relative is not absolute"


def test_the_environment_is_not_shown() -> None:
    assert "two" not in repr(ENV["env"])
