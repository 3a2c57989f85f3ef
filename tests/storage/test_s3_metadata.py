"""Metadata of any text survives headers and tags."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3sink.errors import StoreRefusedError
from s3sink.storage.s3_metadata import OWN_TAG, from_headers, from_tags, to_headers, to_tags
from s3sink.storage.s3_tagging import COMPANION, as_set

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
keys = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=10)


@given(st.dictionaries(keys, text))
@example({"a": "", "b": "%", "c": "%25", "d": " "})
def test_headers_give_back_what_they_were_given(metadata: dict[str, str]) -> None:
    headers = to_headers(metadata)
    assert from_headers(headers) == metadata
    assert all(re.fullmatch(r"[\x21-\x7e]+", value) for value in headers.values())


@given(
    st.dictionaries(keys, text, max_size=10),
    st.dictionaries(text.filter(lambda key: not key.startswith(OWN_TAG)), text),
)
@example({"a": "=", "b": "=3D", "c": "==é", "d": " ", "e": "/:/", "f": ""}, {})
@example({"long": "x" * 2000}, {"recordCount": "1"})
def test_tags_give_back_what_they_were_given(metadata: dict[str, str], others: dict[str, str]) -> None:
    tags = to_tags(metadata, "k")
    assert from_tags(as_set({**others, **tags})) == metadata
    assert all(re.fullmatch(r"[A-Za-z0-9 +\-=._:/@]{,256}", text) for tag in tags.items() for text in tag)


def test_what_a_sink_says_of_a_file_is_one_tag() -> None:
    most = {"s3sink-stop": 2**63, "s3sink-files": 2**31, "s3sink-last": 2**63, "s3sink-count": 2**63}
    metadata = {name: str(number) for name, number in most.items()} | {"s3sink-digest": "f" * 24, COMPANION: "headers"}
    assert list(to_tags(metadata, "k")) == [OWN_TAG]


def test_plain_values_stay_readable() -> None:
    assert to_headers({"stop": "42", "digest": "sha256:ab/c+d=="}) == {"stop": "42", "digest": "sha256:ab/c+d=="}
    assert to_tags({"stop": "42", "last": "41"}, "k") == {"s3sink": "last:41/stop:42"}


@pytest.mark.parametrize(("length", "beside"), [(2561 - 2, 0), (2305 - 2, 1), (257 - 2, 9)])
def test_what_does_not_fit_into_tags_is_refused_with_the_reason(length: int, beside: int) -> None:
    to_tags({"d": "x" * (length - 1)}, "k", beside)
    with pytest.raises(StoreRefusedError, match=f"{length + 2} characters" + (" beside" if beside else "")):
        to_tags({"d": "x" * length}, "k", beside)
