"""Debezium's change events as JSON text: the row is cut out and added to, nothing in it is decoded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from s3sink.transforms._envelope import DELETED, OPERATIONS, RowOptions
from s3sink.transforms._field_references import FieldReference

DROPPED = b"dropped"
"""Stands for the row of a record that goes no further. Compared by identity."""
NOT_TEXT = (msgspec.DecodeError, ValueError, RecursionError)
"""What `RowTexts.row` raises where it takes more than a look."""

_MEMBERS = ("op", "source", "before", "after")
_MISSING, _NULL = b"-", b"null"
_BRACE, _ROW_BEGINS = ord("{"), b"{n"  # a JSON value that begins with n is null
_RAW_OPERATIONS = frozenset(b'"%b"' % op.encode() for op in OPERATIONS)
_MARKS = {deleted: b',"%b":"%b"' % (DELETED.encode(), text) for deleted, text in ((True, b"true"), (False, b"false"))}
_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class RowTexts:
    """The text of the row in the text of a change event without schema.

    `delete` is what becomes of a delete when rows are not marked: None, a record without a value, or DROPPED.
    """

    __slots__ = ("_added", "_cut", "_delete", "_marks", "_names", "_tombstone")

    def __init__(self, options: RowOptions, delete: bytes | None, keeps_tombstones: bool) -> None:
        self._delete, self._marks = delete, options.marks_deleted
        self._tombstone = None if keeps_tombstones else DROPPED
        self._names = _Names([*(reference.name for reference in options.fields), *[DELETED] * self._marks])
        self._added = _Added(options.fields) if options.fields else None
        self._cut = _cutter(self._added.members if self._added else _MEMBERS)

    def row(self, data: bytes | None) -> bytes | None:
        """The text of the row, None where the record has no value then, or DROPPED. Raises one of NOT_TEXT."""
        if data is None:
            return self._tombstone
        try:
            envelope = self._cut(data)
        except msgspec.ValidationError:  # some other JSON value than an object
            return self._not_an_object(data)
        op, source, before, after = envelope[:4]
        if (
            op not in _RAW_OPERATIONS
            or after[0] not in _ROW_BEGINS
            or before[0] not in _ROW_BEGINS
            or source[0] != _BRACE
        ):
            return _not_an_envelope(op, data)
        if after[0] == _BRACE:
            return self._spliced(after, False, envelope)
        if before[0] != _BRACE:
            return DROPPED
        return self._spliced(before, True, envelope) if self._marks else self._delete

    def _not_an_object(self, data: bytes) -> bytes | None:
        """The text as it is, but null is a tombstone. Raises ValueError for null with something behind it."""
        text = data.strip()
        if text.startswith(_NULL) and text != _NULL:
            raise ValueError("null is not all of it")
        return self._tombstone if text == _NULL else data

    def _spliced(self, row: bytes, deleted: bool, envelope: list[bytes]) -> bytes:
        added = _MARKS[deleted] if self._marks else b""
        if self._added is not None:
            added += self._added.text(envelope)
        if not added:
            return row
        self._names.require_new(row)
        head = row[:-1]
        return b"%b%b}" % (head, added if head.rstrip() != b"{" else added[1:])


def _not_an_envelope(op: bytes, data: bytes) -> bytes:
    """The text as it is. Raises ValueError when an escape may hide an operation."""
    if b"\\" in op:
        raise ValueError(f"{op!r} may be an operation")
    return data


def _cutter(names: Iterable[str]) -> Callable[[bytes], list[bytes]]:
    """Finds the texts of these members in the text of an object; _MISSING where there is none."""
    keys = [(f"m{index}", name) for index, name in enumerate(names)]
    fields = [(key, msgspec.Raw, msgspec.field(name=name, default=msgspec.Raw(_MISSING))) for key, name in keys]
    decode = msgspec.json.Decoder(msgspec.defstruct("Members", fields, gc=False)).decode
    if len(keys) == 1:  # then attrgetter gives no tuple
        member = attrgetter("m0")
        return lambda data: [bytes(member(decode(data)))]
    members: Callable[[Any], tuple[msgspec.Raw, ...]] = attrgetter(*(key for key, _ in keys))
    return lambda data: list(map(bytes, members(decode(data))))


# ---------------------------------------------------------------------------------------------- what is added
class _Names:
    """The names that are added to rows. Two that are equal, or one that a row has, are for rows to refuse."""

    __slots__ = ("_clash", "_names", "_quoted")

    def __init__(self, names: Sequence[str]) -> None:
        self._names = frozenset(names)
        self._quoted = [_quoted(name) for name in names]
        self._clash = len(self._names) != len(names)

    def require_new(self, row: bytes) -> None:
        """Raise ValueError when one of them may be a member of the row."""
        if self._clash:
            raise ValueError("a name is added twice")
        suspect = b"\\" in row or any([name in row for name in self._quoted])  # noqa: C419 - faster so, for a few
        if suspect and not self._names.isdisjoint(_decode_members(row)):
            raise ValueError("the row has a member of that name")


class _Part:
    """A struct of the envelope, and those of its members that are wanted."""

    __slots__ = ("at", "cut")

    def __init__(self, at: int, fields: Iterable[str]) -> None:
        self.at, self.cut = at, _cutter(fields)

    def members(self, envelope: list[bytes]) -> list[bytes] | None:
        """Their texts, None for a struct that is null. Raises ValueError for no struct."""
        text = envelope[self.at]
        if text == _NULL:
            return None
        if text[0] != _BRACE:
            raise ValueError("no struct")
        return self.cut(text)


class _Added:
    """The members that references add to a row. `members` of the envelope are all that it takes to know them."""

    __slots__ = ("_found", "_parts", "members")

    def __init__(self, references: Sequence[FieldReference]) -> None:
        structs = list(dict.fromkeys(reference.struct for reference in references if reference.struct is not None))
        fields = list(dict.fromkeys(reference.field for reference in references))
        self.members = list(dict.fromkeys([*_MEMBERS, *structs, *fields]))
        wanted = {s: list(dict.fromkeys(r.field for r in references if r.struct == s)) for s in structs}
        self._parts = [_Part(self.members.index(struct), wanted[struct]) for struct in structs]
        self._found = [
            (
                b",%b:" % _quoted(reference.name),
                self.members.index(reference.field),
                None if reference.struct is None else structs.index(reference.struct),
                0 if reference.struct is None else wanted[reference.struct].index(reference.field),
            )
            for reference in references
        ]

    def text(self, envelope: list[bytes]) -> bytes:
        """`,"name":value` for each that is there, of the texts of `members`."""
        parts = [part.members(envelope) for part in self._parts]
        result = b""
        for name, at, part_at, at_in_part in self._found:
            value = _MISSING
            if part_at is not None:
                part = parts[part_at]
                value = _NULL if part is None else part[at_in_part]
            if value is _MISSING or value == _MISSING:
                value = envelope[at]
            if value != _MISSING:
                result += name + value
        return result


def _quoted(name: str) -> bytes:
    return json.dumps(name, ensure_ascii=False).encode()
