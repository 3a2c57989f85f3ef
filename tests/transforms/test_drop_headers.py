"""DropHeaders drops headers by name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.config import from_properties
from s3sink.errors import ConfigError
from s3sink.record import Header, SinkRecord, TopicPartition
from s3sink.transforms import DropHeaders

SOURCE = TopicPartition("orders", 3)
names = st.sampled_from(["a", "b", "A", ""])


@given(st.lists(st.builds(Header, names, st.integers(), st.none())), st.lists(names.filter(bool), min_size=1))
def test_all_of_these_names_go_and_the_others_keep_their_order(headers: list[Header], dropped: list[str]) -> None:
    record = SinkRecord(SOURCE, 42, 1500, "lake", "k", "v", tuple(headers))
    result = DropHeaders(dropped).apply(record)
    assert result == record.replace(headers=tuple(header for header in headers if header.key not in dropped))
    assert record.headers == tuple(headers)
    assert (result is record) == (len(result.headers) == len(headers))


@pytest.mark.parametrize(
    ("headers", "message"),
    [("", "Configuration 'headers' must not be empty. Valid values include: any non-empty value"),
     ("a,,b", "Configuration 'headers' values must not be empty.")],
)  # fmt: skip
def test_a_wrong_configuration_is_refused_with_connects_words(headers: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_properties(DropHeaders, {"headers": headers})
    assert [problem.message for problem in caught.value.problems] == [message]
