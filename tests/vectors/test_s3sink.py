"""Connector files do with the sink what they do with the real connector."""

from __future__ import annotations

from s3sink.connect import validate
from tests.vectors.comparison import differences
from tests.vectors.connector_rules import expected
from tests.vectors.files import Vector
from tests.vectors.replay import Replay
from tests.vectors.scenarios import is_decoded


def test_a_scenario_of_the_connector_ends_as_it_does_there(scenario: Vector) -> None:
    assert differences(Replay(scenario).run(), expected(scenario), decoded=is_decoded(scenario)) == []


def test_a_configuration_is_refused_in_the_connectors_words(configuration: Vector) -> None:
    """As a worker's REST interface answers; where that has an internal error, as the task does when it starts."""
    wanted, found = configuration["expected"], validate(configuration["config"])
    if wanted["rest"]["status"] == 200:
        assert found == wanted["rest"]["errors"]
    else:
        assert [wanted["config_object"]["message"]] in found.values()
