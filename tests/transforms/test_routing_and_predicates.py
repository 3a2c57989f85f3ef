"""Regular expressions as Java reads them: RegexRouter, predicates, When."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.config import from_properties
from s3sink.errors import ILLEGAL_ARGUMENT, ConfigError, TransformError
from s3sink.record import Header, SinkRecord, TopicPartition
from s3sink.transforms import HasHeaderKey, RecordIsTombstone, RegexRouter, TopicNameMatches, When

UNCLOSED = "Invalid regex: Unclosed character class near index 0\n[\n^"


def record(topic: str = "test", **changes: Any) -> SinkRecord:
    return SinkRecord(TopicPartition("test", 0), 42, 1500, topic, "k", {"a": 1}).replace(**changes)


@pytest.mark.parametrize(
    ("regex", "replacement", "topic", "routed"),
    [
        ("foo", "bar", "foo", "bar"),
        ("foo", "bar", "foobar", "foobar"),
        ("(.*)", "prefix-$1", "orig", "prefix-orig"),
        (r"(.*)-(\d{8})", "$1", "index-20160117", "index"),
        (r"(?<a>[^.]*)\.(.*)", "${a}_$2", "db.tbl", "db_tbl"),
        ("(.*)", r"a\$b\\", "t", "a$b\\"),
        ("(.)(.*)", "$11", "ab", "a1"),
        ("(.)(.*)", "$0$0", "ab", "abab"),
        ("f.*", "", "foo", ""),
        ("(a)?b", "[$1]", "b", "[]"),
        ("a|ab", "x", "ab", "xb"),
        (r"\Qa.b\E", "x", "a.b", "x"),
        (r"\Qa.b\E", "x", "aXb", "aXb"),
        (r"(?<w>\w)\k<w>", "x", "aa", "x"),
        (r"\p{Alpha}+[\p{Digit}_]+\z", "x", "abc1_2", "x"),
        (r"\d", "x", "٣", "٣"),
        (r"[]\[a]+", "x", "]a[", "x"),
    ],
)
def test_topics_are_routed_as_java_would(regex: str, replacement: str, topic: str, routed: str) -> None:
    router = RegexRouter(regex, replacement)
    for _ in range(2):
        assert router.apply(record(topic)) == record(routed)


def test_a_record_that_stays_is_the_same_object() -> None:
    stays = record("other")
    assert RegexRouter("foo", "bar").apply(stays) is stays


@pytest.mark.parametrize(
    ("replacement", "complaint", "connect_class"),
    [
        ("$2", "No group 2", "java.lang.IndexOutOfBoundsException"),
        ("a$", "Illegal group reference: group index is missing", ILLEGAL_ARGUMENT),
        ("$x", "Illegal group reference", ILLEGAL_ARGUMENT),
        ("${x}", "No group with name {x}", ILLEGAL_ARGUMENT),
        ("${x", "named capturing group is missing trailing '}'", ILLEGAL_ARGUMENT),
        ("a\\", "character to be escaped is missing", ILLEGAL_ARGUMENT),
    ],
)
def test_a_bad_replacement_fails_the_records_that_match(replacement: str, complaint: str, connect_class: str) -> None:
    router = RegexRouter("(a)", replacement)
    assert router.apply(record("b")).topic == "b"
    with pytest.raises(TransformError) as caught:
        router.apply(record("a"))
    assert (caught.value.reason, caught.value.connect_class) == (complaint, connect_class)


@given(st.text(alphabet="ab.-_1", min_size=1))
def test_a_quoted_name_matches_itself_alone(topic: str) -> None:
    assert TopicNameMatches(rf"\Q{topic}\E").test(record(topic))
    assert not TopicNameMatches(rf"\Q{topic}\E").test(record(topic + "x"))


@pytest.mark.parametrize(
    ("factory", "properties", "complaint"),
    [
        (RegexRouter, {"regex": "a"}, 'Missing required configuration "replacement" which has no default value.'),
        (RegexRouter, {"regex": "[", "replacement": "x"}, "Invalid value [ for configuration regex: " + UNCLOSED),
        (
            RegexRouter,
            {"regex": "*a", "replacement": "x"},
            "Invalid value *a for configuration regex: Invalid regex: Dangling meta character '*' near index 0\n*a\n^",
        ),
        (TopicNameMatches, {"pattern": "["}, "Invalid value [ for configuration pattern: " + UNCLOSED),
        (TopicNameMatches, {"pattern": ""}, "Invalid value  for configuration pattern: String must be non-empty"),
        (HasHeaderKey, {"name": ""}, "Invalid value  for configuration name: String must be non-empty"),
    ],
)
def test_bad_options_are_refused_with_connects_words(factory: type, properties: dict[str, str], complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_properties(factory, properties)
    assert [problem.message for problem in caught.value.problems] == [complaint]


@pytest.mark.parametrize("regex", ["[a-z&&[^b]]", r"\p{IsGreek}x", "(?<a"])
def test_what_python_would_read_otherwise_is_refused(regex: str) -> None:
    with pytest.raises(ConfigError, match="Invalid regex"):
        RegexRouter(regex, "x")


# ---------------------------------------------------------------------------------------------- predicates
def test_predicates_say_what_they_are_called() -> None:
    headers = (Header("k", None),)
    assert RecordIsTombstone().test(record(value=None))
    assert not RecordIsTombstone().test(record())
    assert HasHeaderKey("k").test(record(headers=headers))
    assert not HasHeaderKey("K").test(record(headers=headers))
    assert TopicNameMatches("my-.*").test(record("my-topic"))
    assert not TopicNameMatches("my-.*").test(record("xmy-topic"))


def drop(record: SinkRecord) -> None:
    return None


@given(st.booleans(), st.booleans())
def test_when_applies_to_the_records_that_the_predicate_chooses(answer: bool, negate: bool) -> None:
    given_record = record()
    result = When(lambda r: answer, drop, negate).apply(given_record)
    assert result is (None if answer != negate else given_record)


def test_when_takes_objects_and_functions() -> None:
    when = When(RecordIsTombstone(), RegexRouter(".*", "graves"))
    assert when.apply(record(value=None)).topic == "graves"
    assert when.apply(record()).topic == "test"


def test_when_refuses_what_is_neither() -> None:
    with pytest.raises(ConfigError) as caught:
        When(RecordIsTombstone, 5)  # type: ignore[arg-type]
    assert [problem.key for problem in caught.value.problems] == ["predicate", "transform"]
    assert "write RecordIsTombstone(...)" in str(caught.value)
