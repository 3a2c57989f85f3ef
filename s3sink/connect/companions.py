"""Files of keys and headers, and the directory of records without a value."""

from __future__ import annotations

from typing import Any

from s3sink.connect.formats import build_format
from s3sink.connect.values import Values


def build_companions(values: Values) -> dict[str, Any]:
    """The arguments of the sink for `store.kafka.*` and `tombstone.encoded.partition`."""
    made: dict[str, Any] = {"tombstone_partition": values["tombstone.encoded.partition"]}
    for what in ("keys", "headers"):
        if values[f"store.kafka.{what}"]:
            made[f"{what}_format"] = build_format(values, f"{what}.format.class")
        else:
            values.warn_if_given(f"{what}.format.class", f"has no effect without store.kafka.{what}=true")
    if values["behavior.on.null.values"].lower() != "write":
        values.warn_if_given("tombstone.encoded.partition", "has no effect without behavior.on.null.values=write")
    return made
