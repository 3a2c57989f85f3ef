"""A class from the properties of a connector file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.config import Option, check, from_properties, options_of, problem_if
from s3sink.errors import ConfigError, Problem

Mode = Literal["fast", "slow"]


@dataclass(frozen=True, slots=True)
class Machine:
    """Has one option of each type."""

    name: str
    tags: Sequence[str] = ()
    on: bool = False
    small: Annotated[int, Option(number="SHORT")] = 0
    count: int = 0
    large: Annotated[int | None, Option(number="LONG")] = None
    ratio: float = 1.0
    size: int | str = 0
    mode: Mode = "fast"
    password: Annotated[str, Option("pass.word", secret=True)] = ""

    def __post_init__(self) -> None:
        complaint = f"{self.password} is too short, says {self.name}"
        check("Machine", [problem_if(0 < len(self.password) < 3, "password", complaint)])


@dataclass(frozen=True, slots=True)
class Lenient:
    """Takes an enumeration in any case, with words of its own."""

    mode: Mode = "fast"
    count: int = 0

    def __post_init__(self) -> None:
        check("Lenient", [problem_if(self.mode.lower() not in ("fast", "slow"), "mode", "mode is wrong")])
        object.__setattr__(self, "mode", self.mode.lower())


def problems(cls: type, properties: dict[str, str], **more: Any) -> list[Problem]:
    with pytest.raises(ConfigError) as caught:
        from_properties(cls, properties, "x.", **more)
    assert caught.value.__context__ is None
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("name", "  spaced  ", "spaced"),
        ("name", "\u00a0kept\u00a0", "\u00a0kept\u00a0"),
        ("tags", "", ()),
        ("tags", " a , b", ("a", "b")),
        ("on", "TRUE", True),
        ("on", " false ", False),
        ("small", "-32768", -32768),
        ("count", "+2147483647", 2147483647),
        ("large", "9223372036854775807", 9223372036854775807),
        ("ratio", "1e3", 1000.0),
        ("ratio", ".5f", 0.5),
        ("ratio", "-Infinity", float("-inf")),
        ("size", "12", 12),
        ("size", "12MiB", "12MiB"),
        ("mode", "slow", "slow"),
    ],
)
def test_texts_are_read_as_in_kafka_connect(key: str, text: str, value: object) -> None:
    made = from_properties(Machine, {"x.name": "n", f"x.{key}": text}, "x.")
    assert getattr(made, key) == value


@pytest.mark.parametrize(
    ("key", "text", "reason"),
    [
        ("on", "yes", "Expected value to be either true or false"),
        ("on", "", "Expected value to be either true or false"),
        ("small", "32768", "Not a number of type SHORT"),
        ("count", "2147483648", "Not a number of type INT"),
        ("count", "1.0", "Not a number of type INT"),
        ("count", "1_0", "Not a number of type INT"),
        ("count", "٣", "Not a number of type INT"),
        ("large", "9223372036854775808", "Not a number of type LONG"),
        ("size", "abc", "Not a number of type LONG"),
        ("size", "", "Not a number of type LONG"),
        ("size", "9223372036854775808", "Not a number of type LONG"),
        ("ratio", "1,5", "Not a number of type DOUBLE"),
        ("ratio", "infinity", "Not a number of type DOUBLE"),
    ],
)
def test_texts_that_do_not_fit_are_refused_in_its_words(key: str, text: str, reason: str) -> None:
    found = problems(Machine, {"x.name": "n", f"x.{key}": text})
    assert found == [(f"x.{key}", f"Invalid value {text} for configuration x.{key}: {reason}")]


def test_an_enumeration_is_refused_by_its_own_key() -> None:
    words = "Invalid value Fast for configuration mode: String must be one of: fast, slow"
    assert problems(Machine, {"x.name": "n", "x.mode": "Fast"}) == [("x.mode", words)]


def test_a_class_may_know_more_spellings_of_an_enumeration_and_better_words() -> None:
    assert from_properties(Lenient, {"mode": "SLOW"}) == Lenient("slow")
    assert problems(Lenient, {"x.mode": "x"}) == [("x.mode", "mode is wrong")]


def test_a_spelling_that_only_the_class_can_judge_is_no_problem_beside_another() -> None:
    assert [key for key, _ in problems(Lenient, {"x.mode": "SLOW", "x.count": "?"})] == ["x.count"]


def test_problems_come_together_in_the_order_of_the_options() -> None:
    properties = {"x.mode": "?", "x.count": "?", "x.tags": "a,,b", "x.pass.word": "ab"}
    assert [key for key, _ in problems(Machine, properties)] == ["x.name", "x.tags", "x.count", "x.mode"]
    assert [key for key, _ in problems(Machine, {"x.name": "n", **properties})] == [
        "x.tags",
        "x.count",
        "x.mode",
        "x.pass.word",
    ]


def test_an_error_of_the_class_itself_is_not_hidden() -> None:
    @dataclass(frozen=True)
    class Broken:
        mode: str = ""

        def __post_init__(self) -> None:
            raise RuntimeError("a fault in the class")

    with pytest.raises(RuntimeError, match="a fault in the class"):
        from_properties(Broken, {"mode": "x"})


@pytest.mark.parametrize("text", ["ab", " ab "])
def test_a_secret_is_in_no_message(text: str) -> None:
    assert problems(Machine, {"x.name": "n", "x.pass.word": text}) == [("x.pass.word", "[hidden] is too short, says n")]


def test_no_message_shows_what_came_from_a_provider() -> None:
    properties = {"x.name": "n", "x.count": "hunter2", "x.mode": "hunter3", "x.on": "b"}
    found = problems(Machine, properties, secrets={"x.count", "x.mode", "x.on"})
    assert "hunter" not in str(found)
    assert (
        found[0].message == "Invalid value [hidden] for configuration x.on: Expected value to be either true or false"
    )


@given(st.text(min_size=1), st.sampled_from(["on", "count", "ratio", "mode"]))
def test_a_secret_is_hidden_whatever_it_is(text: str, key: str) -> None:
    properties = {"name": "n", key: f"<{text}>"}
    with pytest.raises(ConfigError) as caught:
        from_properties(Machine, properties, secrets={key})
    assert f"<{text}>" not in str(caught.value)


def test_fixed_arguments_are_no_options() -> None:
    assert from_properties(Machine, {"name": "a"}, fixed={"name": "b"}) == Machine("b")


def test_keys_can_be_given_other_names() -> None:
    assert from_properties(Machine, {"the.name": "a"}, keys={"name": "the.name"}) == Machine("a")
    assert [option.key for option in options_of(Lenient, {"count": "n"})] == ["mode", "n"]
