"""The forms of a timestamp: how each is read as milliseconds since the epoch, and made of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal, NamedTuple

from s3sink.errors import CONNECT_EXCEPTION, TransformError
from s3sink.java_class import java_class
from s3sink.java_text import epoch_milliseconds
from s3sink.schema import DATE, TIME, TIMESTAMP, Schema
from s3sink.simple_date_format import SimpleDateFormat
from s3sink.transforms._record_text import schema_text

Target = Literal["string", "unix", "Date", "Time", "Timestamp"]
Precision = Literal["nanoseconds", "microseconds", "milliseconds", "seconds"]
Convert = Callable[[Any], Any]

NO_FORMAT = "TimestampConverter requires format option to be specified when using string timestamps"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_MS = 86_400_000
_LONG = 1 << 63
_SCHEMAS = {
    "string": Schema(type="string"),
    "unix": Schema(type="int64"),
    "Date": Schema(type="int32", name=DATE, version=1),
    "Time": Schema(type="int32", name=TIME, version=1),
    "Timestamp": Schema(type="int64", name=TIMESTAMP, version=1),
}
_TYPES: dict[str | None, Callable[[datetime], Any]] = {DATE: datetime.date, TIME: datetime.time}
_EXPECTED = {"string": "string timestamp to be a String", "unix": "Unix timestamp to be a Long"}


class Conversion(NamedTuple):
    """What is done to values of one schema."""

    schema: Schema
    convert: Convert


class Conversions:
    """Conversions to one form, chosen by the schema or the class of what is converted. Null is the caller's."""

    __slots__ = ("_by_class", "_readers", "_target", "_write")

    def __init__(self, target: Target, precision: Precision, pattern: str) -> None:
        texts = SimpleDateFormat(pattern) if pattern.strip() else None
        self._target = _SCHEMAS[target]
        self._write = _writer(target, precision, texts)
        self._readers: dict[str, Callable[[Any], int]] = {
            "string": _text_reader(texts),
            "unix": _NUMBER_READERS[precision],
            "date": epoch_milliseconds,
        }
        by_class: list[tuple[type, str]] = [(str, "string"), (int, "unix")]
        by_class += [(date, "date"), (time, "date"), (datetime, "date")]
        self._by_class = {class_: self._readers[form] for class_, form in by_class}

    def of_class(self, value: Any) -> Any:
        """A value without schema in the new form. Raises TransformError."""
        read = self._by_class.get(type(value))
        if read is None:
            found = f"class {java_class(value)}"
            raise TransformError(f"TimestampConverter does not support {found} objects as timestamps")
        return self._write(read(value))

    def of_schema(self, schema: Schema) -> Conversion:
        """What is done to values with that schema. Raises TransformError for one that is no timestamp."""
        new = self.schema_after(schema)
        read, write, retype = self._checked(_form(schema)), self._write, _TYPES.get(new.name)
        if retype is None:
            return Conversion(new, lambda value: write(read(value)))
        return Conversion(new, lambda value: retype(write(read(value))))

    def schema_after(self, schema: Schema) -> Schema:
        """The schema of the new form: as optional as the old one, and nothing else of it."""
        return self._target.replace(optional=schema.optional)

    def _checked(self, form: str) -> Callable[[Any], int]:
        read, by_class = self._readers[form], self._by_class

        def read_checked(value: Any) -> int:
            if by_class.get(type(value)) is not read:
                expected = _EXPECTED.get(form, "Date to be a java.util.Date")
                raise TransformError(f"Expected {expected}, but found class {java_class(value)}")
            return read(value)

        return read_checked


def _form(schema: Schema) -> str:
    if schema.name in (DATE, TIME, TIMESTAMP):
        return "date"
    if schema.type not in ("string", "int64"):
        complaint = f"Schema {schema_text(schema)} does not correspond to a known timestamp type format"
        raise TransformError(complaint, connect_class=CONNECT_EXCEPTION)
    return "string" if schema.type == "string" else "unix"


# ---------------------------------------------------------------------------------------------- reading
def _text_reader(texts: SimpleDateFormat | None) -> Callable[[str], int]:
    def read(value: str) -> int:
        if texts is None:  # in Java, a NullPointerException
            raise TransformError(NO_FORMAT)
        found = texts.parse(value)
        if found is None:
            raise TransformError(f"Could not parse timestamp: value ({value}) does not match pattern ({texts.pattern})")
        return found

    return read


def _cut(value: int, by: int) -> int:
    """The quotient, towards zero."""
    return value // by if value >= 0 else -(-value // by)


def _long(value: int) -> int:
    """Java's `TimeUnit` stops at the limits of 64 bits."""
    return max(-_LONG, min(_LONG - 1, value))


_NUMBER_READERS: dict[str, Callable[[int], int]] = {
    "seconds": lambda value: _long(value * 1000),
    "milliseconds": lambda value: value,
    "microseconds": lambda value: _cut(value, 1000),
    "nanoseconds": lambda value: _cut(value, 1_000_000),
}
_NUMBER_WRITERS: dict[str, Callable[[int], int]] = {
    "seconds": lambda value: _cut(value, 1000),
    "milliseconds": lambda value: value,
    "microseconds": lambda value: _long(value * 1000),
    "nanoseconds": lambda value: _long(value * 1_000_000),
}


# ---------------------------------------------------------------------------------------------- writing
def _writer(target: Target, precision: Precision, texts: SimpleDateFormat | None) -> Callable[[int], Any]:
    if target == "string" and texts is not None:
        return texts.format
    if target == "unix":
        return _NUMBER_WRITERS[precision]
    if target == "Date":
        return lambda instant: _moment(instant - instant % _DAY_MS)
    return _moment if target == "Timestamp" else lambda instant: _moment(instant % _DAY_MS)


def _moment(instant: int) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=instant)
    except OverflowError as error:
        raise TransformError(
            f"{instant} is outside the years 1 to 9999, which is all that Python's calendar has"
        ) from error
