"""When an error of ours is the one that a vector says."""

from __future__ import annotations

from typing import Any

from s3sink.errors import ConfigError, RecordError

_JVM = ("java.lang.NullPointerException", "java.lang.ClassCastException", "java.nio.BufferUnderflowException")


def assert_refused(error: ConfigError, answer: dict[str, Any], prefix: str) -> None:
    """A configuration was refused, as it should be. Keys in the message lose the prefix that the test gave them."""
    assert "error" in answer, error
    wanted = answer["error"]
    assert wanted["phase"] == "configure", error
    if not wanted.get("message_is_jvm_specific"):
        assert wanted["message"] in [problem.message.replace(prefix, "") for problem in error.problems]


def assert_failed(error: RecordError, answer: dict[str, Any]) -> None:
    """A record was refused, as it should be."""
    assert "error" in answer, error
    wanted = answer["error"]
    assert wanted["phase"] in ("apply", "convert"), error
    if not wanted.get("message_is_jvm_specific"):
        assert error.reason == wanted["message"]
    if wanted["class"] not in _JVM:
        assert error.connect_class == wanted["class"]
    if wanted.get("cause_message") and not wanted.get("cause_is_jvm_specific"):
        assert any(wanted["cause_message"] in text for text in _causes(error)), _causes(error)


def _causes(error: BaseException) -> list[str]:
    return [] if error.__cause__ is None else [str(error.__cause__), *_causes(error.__cause__)]
