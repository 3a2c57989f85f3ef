"""Metadata of any text survives headers and tags."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3sink.errors import StoreRefusedError
from s3sink.storage.s3_metadata import from_headers, from_tags, to_headers, to_tags

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
keys = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=10)


@given(st.dictionaries(keys, text))
@example({"a": "", "b": "%", "c": "%25", "d": " "})
def test_headers_give_back_what_they_were_given(metadata: dict[str, str]) -> None:
    headers = to_headers(metadata)
    assert from_headers(headers) == metadata
    assert all(re.fullmatch(r"[\x21-\x7e]+", value) for value in headers.values())


@given(st.dictionaries(keys, text, max_size=10))
@example({"a": "=", "b": "=3D", "c": "==é", "d": " "})
def test_tags_give_back_what_they_were_given(metadata: dict[str, str]) -> None:
    tags = to_tags(metadata, "k")
    assert from_tags(tags) == metadata
    assert all(re.fullmatch(r"[A-Za-z0-9 +\-=._:/@]*", tag["Key"] + tag["Value"]) for tag in tags)


def test_plain_values_stay_readable() -> None:
    assert to_headers({"stop": "42", "digest": "sha256:ab/c+d=="}) == {"stop": "42", "digest": "sha256:ab/c+d=="}
    assert to_tags({"stop": "42"}, "k") == [{"Key": "stop", "Value": "42"}]


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        ({str(number): "x" for number in range(11)}, "there are 11"),
        ({"digest": "x" * 257}, "digest is too long"),
        ({"name": "é" * 43}, "name is too long"),
        ({"x" * 129: ""}, "is too long"),
    ],
)
def test_what_does_not_fit_into_tags_is_refused_with_the_reason(metadata: dict[str, str], why: str) -> None:
    with pytest.raises(StoreRefusedError, match=why):
        to_tags(metadata, "k")
