"""One column of a MySQL table, and its values as MySQL's client gives them and as Debezium writes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

_EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Column:
    """A line of `information_schema.columns`.

    `default` is as the DDL has it, which is for numbers and text also how Debezium writes the value.
    """

    name: str
    type: str
    default: Any = None

    def of_mysql(self, value: Any) -> Any:
        """What MySQL's client gives, in the form in which the two are compared."""
        return json.loads(value) if self.type == "json" and value is not None else value

    def of_debezium(self, value: Any) -> Any:
        """What stands in the JSON text; a value of another type than Debezium writes comes back as it is."""
        read = _READ.get(self.type)
        try:
            return value if read is None or value is None else read(value)
        except (TypeError, ValueError, ArithmeticError):
            return value


def _decimal(text: str) -> Decimal:
    if not isinstance(text, str):
        raise TypeError("decimal.handling.mode is string")
    return Decimal(text)


def _date(days: int) -> date:
    return (_EPOCH + timedelta(days=days)).date()


def _datetime(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)


def _timestamp(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


# Under decimal.handling.mode=string and the default of time.precision.mode. DATETIME has at most milliseconds here.
_READ: Mapping[str, Callable[[Any], Any]] = {
    "decimal": _decimal,
    "date": _date,
    "datetime": _datetime,
    "timestamp": _timestamp,
    "json": json.loads,
}
