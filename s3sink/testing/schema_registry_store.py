"""What a schema registry keeps, and what it refuses."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from s3sink.avro_data.tree import Avro, Names, parse_avro
from s3sink.errors import ConversionError
from s3sink.testing.avro_compatibility import can_read

LEVELS = ("NONE", *(f"{way}{all_}" for way in ("BACKWARD", "FORWARD", "FULL") for all_ in ("", "_TRANSITIVE")))


class Refusal(Exception):
    """An answer that is an error: HTTP status, the registry's own code, its message."""

    def __init__(self, status: int, code: int, message: str) -> None:
        self.status, self.code, self.message = status, code, message
        super().__init__(message)


class Reference(NamedTuple):
    """That a schema needs a version of another subject."""

    name: str
    subject: str
    version: int


class Content(NamedTuple):
    """A schema in itself, whatever its id and subjects are. Equal ones have one id."""

    text: str
    type: str
    references: tuple[Reference, ...]

    def described(self) -> dict[str, Any]:
        """The members that every answer about it has; AVRO goes without saying."""
        found: dict[str, Any] = {"schema": self.text}
        if self.type != "AVRO":
            found["schemaType"] = self.type
        if self.references:
            found["references"] = [reference._asdict() for reference in self.references]
        return found

    @property
    def guid(self) -> str:
        """The same for the same content in every registry."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, repr(self)))


@dataclass(slots=True)
class Subject:
    """Its versions by number, and which of them are deleted."""

    versions: dict[int, int] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)

    def live(self, deleted: bool = False) -> dict[int, int]:
        """Ids by version, deleted ones only when asked for."""
        return {version: id_ for version, id_ in self.versions.items() if deleted or version not in self.deleted}


class Store:
    """Subjects and schemas in memory; the numbers begin with 1. Not for several threads at once. Raises Refusal."""

    def __init__(self) -> None:
        self.subjects: dict[str, Subject] = {}
        self.schemas: list[Content] = []
        self.levels: dict[str | None, str] = {None: "BACKWARD"}

    # ------------------------------------------------------------------ writing
    def content(self, body: Any) -> Content:
        """The schema in the body of a request."""
        try:
            references = tuple(Reference(r["name"], r["subject"], r["version"]) for r in body.get("references") or ())
            type_ = body.get("schemaType") or "AVRO"
            text = body["schema"]
            if type_ != "AVRO":
                return Content(text, type_, references)
            content = Content(json.dumps(json.loads(text), separators=(",", ":")), type_, references)
            self.parsed(content)
        except (AttributeError, KeyError, TypeError, ValueError, ConversionError) as error:
            raise Refusal(422, 42201, f"Invalid schema {body}: {error}") from error
        return content

    def parsed(self, content: Content, names: Names | None = None) -> Avro:
        """The Avro schema, the ones that it refers to read before it."""
        names = names or Names()
        for reference in content.references:
            if reference.name not in names.known:
                self.parsed(self.schemas[self.id_of(reference.subject, reference.version) - 1], names)
        return parse_avro(json.loads(content.text), names)

    def register(self, subject: str, content: Content) -> int:
        """The id of the schema, which is a version of the subject after that."""
        known = self.subjects.setdefault(subject, Subject())
        id_ = self._id(content)
        if id_ is not None and id_ in known.live().values():
            return id_
        complaints = list(self.complaints(subject, content, list(known.live())))
        if complaints:
            raise Refusal(409, 409, f"Schema being registered is incompatible with an earlier schema: {complaints}")
        if id_ is None:
            self.schemas.append(content)
            id_ = len(self.schemas)
        known.versions[max(known.versions, default=0) + 1] = id_
        return id_

    def delete(self, subject: str, version: str | None, permanent: bool) -> list[int]:
        """Delete a version, or all, and return their numbers; for good only what was deleted before."""
        found = self.subject(subject, deleted=permanent)
        chosen = list(found.live(permanent)) if version is None else [self.version(subject, version, permanent)]
        if permanent and not set(chosen) <= found.deleted:
            raise Refusal(404, 40405, f"Subject '{subject}' was not deleted first before being permanently deleted")
        if not permanent:
            found.deleted |= set(chosen)
            return chosen
        for number in chosen:
            del found.versions[number]
            found.deleted.discard(number)
        if not found.versions:
            del self.subjects[subject]
        return chosen

    # ------------------------------------------------------------------ compatibility
    def level(self, subject: str | None) -> str:
        """What new schemas of the subject have to be to the older ones."""
        return self.levels.get(subject, self.levels[None])

    def set_level(self, subject: str | None, level: Any) -> None:
        """Choose it, for one subject or for all that have none."""
        if not isinstance(level, str) or level.upper() not in LEVELS:
            raise Refusal(422, 42203, f"Invalid compatibility level. Valid values are {', '.join(LEVELS).lower()}")
        self.levels[subject] = level.upper()

    def complaints(self, subject: str, content: Content, versions: Sequence[int]) -> Iterator[str]:
        """The versions, of these, that the schema does not go with."""
        level = self.level(subject)
        if level == "NONE" or content.type != "AVRO":
            return
        new, way = self.parsed(content), level.removesuffix("_TRANSITIVE")
        for version in versions if level.endswith("_TRANSITIVE") else versions[-1:]:
            old = self.parsed(self.schemas[self.id_of(subject, version) - 1])
            if way in ("BACKWARD", "FULL") and not can_read(new, old):
                yield f"it cannot read what version {version} has written"
            if way in ("FORWARD", "FULL") and not can_read(old, new):
                yield f"version {version} cannot read what it writes"

    # ------------------------------------------------------------------ reading
    def schema(self, id_: str) -> Content:
        """The schema with that id."""
        if not id_.isdigit() or not 1 <= int(id_) <= len(self.schemas):
            raise Refusal(404, 40403, f"Schema {id_} not found")
        return self.schemas[int(id_) - 1]

    def by_guid(self, guid: str) -> tuple[int, Content]:
        """The schema with that GUID, and its id."""
        for index, content in enumerate(self.schemas):
            if content.guid == guid:
                return index + 1, content
        raise Refusal(404, 40403, f"Schema {guid} not found")

    def subject(self, name: str, deleted: bool = False) -> Subject:
        """The subject; one whose versions are all deleted is there only when asked for."""
        found = self.subjects.get(name)
        if found is None or not found.live(deleted):
            raise Refusal(404, 40401, f"Subject '{name}' not found.")
        return found

    def version(self, subject: str, version: str, deleted: bool = False) -> int:
        """The number of a version that is there; `latest` and -1 are the last one."""
        live = self.subject(subject, deleted).live(deleted)
        if version in ("latest", "-1"):
            return max(live)
        if not version.isdigit() or int(version) < 1:
            raise Refusal(
                422,
                42202,
                f"The specified version '{version}' is not a valid version id. Allowed values are between [1, 2^31-1] "
                'and the string "latest"',
            )
        if int(version) not in live:
            raise Refusal(404, 40402, f"Version {version} not found.")
        return int(version)

    def id_of(self, subject: str, version: int) -> int:
        """The id of a version, deleted or not."""
        return self.subject(subject, deleted=True).versions[self.version(subject, str(version), deleted=True)]

    def found(self, subject: str, content: Content, deleted: bool) -> int:
        """The version that the schema is in the subject."""
        for version, id_ in sorted(self.subject(subject, deleted).live(deleted).items(), reverse=True):
            if id_ == self._id(content):
                return version
        raise Refusal(404, 40403, "Schema not found")

    def uses(self, id_: int) -> list[dict[str, Any]]:
        """The subjects and versions that a schema is in."""
        return [
            {"subject": name, "version": version}
            for name, subject in sorted(self.subjects.items())
            for version, used in subject.live().items()
            if used == id_
        ]

    def _id(self, content: Content) -> int | None:
        known = {_comparable(each): index + 1 for index, each in enumerate(self.schemas)}
        return known.get(_comparable(content))


def _comparable(content: Content) -> Content:
    """The order of members says nothing."""
    if content.type != "AVRO":
        return content
    return content._replace(text=json.dumps(json.loads(content.text), sort_keys=True))
