"""The Java classes that values have in Kafka Connect, for messages that say the same."""

from __future__ import annotations

import math
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from s3sink.schema import DATE, DECIMAL, TIME, TIMESTAMP, Schema

INT_BITS = {"int8": 8, "int16": 16, "int32": 32, "int64": 64}
_FLOAT_STOP = {"float32": 3.4028235677973366e38, "float64": 2**1024 - 2**970}  # what would round to infinity
_DATES = (date, time, datetime)
_OF_SCHEMA: dict[str, tuple[tuple[type, ...], str]] = {
    "int8": ((int,), "java.lang.Byte"),
    "int16": ((int,), "java.lang.Short"),
    "int32": ((int,), "java.lang.Integer"),
    "int64": ((int,), "java.lang.Long"),
    "float32": ((float, int), "java.lang.Float"),
    "float64": ((float, int), "java.lang.Double"),
    "boolean": ((bool,), "java.lang.Boolean"),
    "string": ((str,), "java.lang.String"),
    "bytes": ((bytes,), "[B"),
    "array": ((list,), "java.util.ArrayList"),
    "map": ((dict,), "java.util.HashMap"),
    "struct": ((dict,), "org.apache.kafka.connect.data.Struct"),
    DECIMAL: ((Decimal,), "java.math.BigDecimal"),
    **dict.fromkeys((DATE, TIME, TIMESTAMP), (_DATES, "java.util.Date")),
}
_OF_PYTHON = {
    bool: "java.lang.Boolean",
    float: "java.lang.Double",
    str: "java.lang.String",
    bytes: "[B",
    list: "java.util.ArrayList",
    dict: "java.util.HashMap",
    Decimal: "java.math.BigDecimal",
    **dict.fromkeys(_DATES, "java.util.Date"),
}


def java_class(value: Any, schema: Schema | None = None) -> str:
    """The class that the value has in Connect: what its schema says, or its own where it does not fit the schema.

    >>> int8 = Schema(type="int8")
    >>> java_class(5), java_class(5, int8), java_class(300, int8), java_class("x", int8)
    ('java.lang.Long', 'java.lang.Byte', 'java.lang.Long', 'java.lang.String')
    """
    if value is None:
        return "null"
    if schema is not None:
        kinds, name = _OF_SCHEMA.get(schema.name or "") or _OF_SCHEMA[schema.type]
        if type(value) in kinds and in_range(value, schema):
            return name
    if type(value) is int:
        return "java.lang.Long" if -(1 << 63) <= value < 1 << 63 else "java.math.BigInteger"
    return _OF_PYTHON.get(type(value), type(value).__name__)


def in_range(value: Any, schema: Schema) -> bool:
    """Whether the type of the schema is wide enough for a number; everything else is in range."""
    if type(value) not in (int, float):
        return True
    if schema.type in INT_BITS:
        limit = 1 << INT_BITS[schema.type] - 1
        return bool(-limit <= value < limit)
    if schema.type in _FLOAT_STOP:
        return bool(value != value or abs(value) == math.inf or abs(value) < _FLOAT_STOP[schema.type])
    return True
