"""Object keys with any delimiters, and back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from s3sink.batch import Route
from s3sink.layout import Layout

topics = st.text("abz019._-", min_size=1, max_size=8)
delimiters = st.sampled_from(["/", "+", "|", "-", "--", "~", "_", "."])
layouts = st.builds(
    Layout,
    directory_delim=delimiters,
    file_delim=delimiters,
    offset_width=st.integers(1, 20),
    prefix=st.sampled_from(["", "topics|", "raw//", "/"]),
)
extensions = st.sampled_from([".json", ".json.gz", ".snappy.parquet", "dat", ""])


@given(layouts, topics, st.integers(0, 99), st.integers(0, 2**62), extensions)
def test_the_first_offset_is_read_from_any_key(
    layout: Layout, topic: str, partition: int, offset: int, extension: str
) -> None:
    key = layout.key(Route(topic, "dt=2017"), partition, offset, extension)
    assert key.startswith(layout.directory(topic))
    assert layout.first_offset(key, partition) == offset


@given(layouts, topics, st.sampled_from(["", "keys", "headers"]), extensions)
def test_the_route_is_read_from_any_key(layout: Layout, topic: str, kind: str, extension: str) -> None:
    route = Route(topic, "dt=2017:3", kind)  # type: ignore[arg-type]
    assert layout.route(layout.key(route, 7, 12, extension)) == route


def test_a_prefix_with_another_delimiter_stands_before_everything() -> None:
    layout = Layout(directory_delim="|", file_delim="~", prefix="topics|")
    assert layout.key(Route("t", "partition=0"), 0, 0, ".json") == "topics|t|partition=0|t~0~0000000000.json"


def test_empty_delimiters_are_allowed_as_the_connector_allows_them() -> None:
    layout = Layout(directory_delim="", file_delim="", prefix="topics")
    key = layout.key(Route("t", "partition=0"), 0, 0, ".json")
    assert key == "topicstpartition=0t00000000000.json"
    assert (layout.first_offset(key, 0), layout.first_offset(key, 1)) == (0, None)
    assert layout.route(key) == Route("t", "partition=0")
