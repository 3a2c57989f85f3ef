"""Where the sink does otherwise than the connector, on purpose: in which scenarios, what it does there, and why.

A rule looks at what a scenario does, never at its name. Several may apply to one scenario; they change its answer one
after the other. Where the connector's answer is of no use, it is that of the sink to another scenario in which the
difference does not arise, such as the same without the bad record.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.vectors.connector_rules.commits import (
    commits_more,
    may_lead,
)
from tests.vectors.connector_rules.names import (
    as_if_never_read,
    goes_where_it_is_routed,
    has_directories,
    is_no_tombstone,
    is_not_assigned,
    is_taken_for_a_tombstone,
    names_fields_of_maps,
    routes,
)
from tests.vectors.connector_rules.records import (
    after_what_is_before,
    cannot_be,
    dies_of_a_record,
    ends_with_the_record,
    has_a_long_number,
    has_names_that_avro_has_not,
    is_written,
    keeps_its_digits,
    kills_with_records_before,
    leaves_a_trace,
    reported_instead,
    without_a_trace,
)
from tests.vectors.connector_rules.settings import (
    cannot_work,
    has_a_default_here,
    refused_at_the_start,
    with_the_default,
)
from tests.vectors.connector_rules.store import (
    ends_with_the_refusal,
    in_the_end,
    is_refused_by_the_store,
    waits_for_the_store,
)
from tests.vectors.files import Vector
from tests.vectors.scenarios import Answer, answer_of


class ScenarioRule(NamedTuple):
    """`change` makes the answer that is expected of the sink from the one before."""

    why: str
    applies: Callable[[Vector], bool]
    change: Callable[[Vector, Answer], Answer]


def expected(scenario: Vector) -> Answer:
    """What the sink has to answer."""
    answer = answer_of(scenario)
    for rule in RULES:
        if rule.applies(scenario):
            answer = rule.change(scenario, answer)
    return answer


RULES = (
    ScenarioRule(
        "What cannot work, or cannot be written here, is refused before the first record, not at it.",
        cannot_work,
        refused_at_the_start,
    ),
    ScenarioRule(
        "A setting without which the connector cannot start, or with which it never gets on, has a default: a bucket "
        "is as long as the pattern shows, and 0 open files are no limit.",
        has_a_default_here,
        with_the_default,
    ),
    ScenarioRule(
        "Columns of Parquet files keep names that Avro does not allow: Parquet does.",
        has_names_that_avro_has_not,
        is_written,
    ),
    ScenarioRule(
        "Fields of documents without schemas, and fields of fields, name directories as those of structs do.",
        names_fields_of_maps,
        has_directories,
    ),
    ScenarioRule(
        "A record that ends the connector's task in spite of a dead letter topic goes there; where it was an accident "
        "of the JVM, it may well be written.",
        dies_of_a_record,
        reported_instead,
    ),
    ScenarioRule(
        "A record that is refused leaves no trace: it opens and closes no file, is no base of time, and has no line.",
        leaves_a_trace,
        without_a_trace,
    ),
    ScenarioRule(
        "What stands before the record that ends the task is written, also before a null value.",
        kills_with_records_before,
        after_what_is_before,
    ),
    ScenarioRule(
        "What Kafka's own programs or UTF-8 cannot hold is a bad record: a timestamp of -1 is none, and half a "
        "surrogate pair is no text.",
        cannot_be,
        ends_with_the_record,
    ),
    ScenarioRule(
        "Whole numbers keep their digits where Connect wraps them to 64 bits, and JSON without schemas stays as it is.",
        has_a_long_number,
        keeps_its_digits,
    ),
    ScenarioRule(
        "Names of topics and directories may have the word of `tombstone.encoded.partition` in them.",
        is_taken_for_a_tombstone,
        is_no_tombstone,
    ),
    ScenarioRule(
        "Routers work: a record goes to the topic that it was routed to.",
        routes,
        goes_where_it_is_routed,
    ),
    ScenarioRule(
        "A partition that is taken away takes no other with it, and records of one that is not assigned never come.",
        is_not_assigned,
        as_if_never_read,
    ),
    ScenarioRule(
        "A request that is slow or fails for a moment is waited for or sent again: nothing is read again, written "
        "twice or left lying for it, and no batch is cut short.",
        waits_for_the_store,
        in_the_end,
    ),
    ScenarioRule(
        "What the store refuses ends the task, and so does somebody else's object under a key of ours: it is neither "
        "replaced nor taken for ours.",
        is_refused_by_the_store,
        ends_with_the_refusal,
    ),
    ScenarioRule(
        "Offsets are committed with the files, past whatever has nothing to be stored (gaps, ignored nulls, dead "
        "letters), and before a partition is given up, so that nothing is written twice afterwards.",
        commits_more,
        may_lead,
    ),
)
