"""What a schema registry answers to each of its requests."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import unquote

from s3sink.testing.schema_registry_store import Refusal, Store

_Answer = Callable[..., Any]


class Request(NamedTuple):
    """One request that the registry got."""

    method: str
    path: str
    query: dict[str, str]
    body: Any

    def wants(self, name: str) -> bool:
        """Whether the query says `name=true`."""
        return self.query.get(name, "").lower() == "true"


def routed(store: Store, request: Request) -> Any:
    """What the answer to a request says. Raises Refusal."""
    for method, pattern, answer in _ROUTES:
        match = pattern.fullmatch(request.path)
        if match is not None and method == request.method:
            return answer(store, request, *map(unquote, match.groups()))
    if any(pattern.fullmatch(request.path) for _, pattern, _ in _ROUTES):
        raise Refusal(405, 405, "HTTP 405 Method Not Allowed")
    raise Refusal(404, 404, "HTTP 404 Not Found")


def _id(store: Store, request: Request, id_: str) -> Any:
    return store.schema(id_).described()


def _id_uses(store: Store, request: Request, id_: str) -> Any:
    store.schema(id_)
    return store.uses(int(id_))


def _id_subjects(store: Store, request: Request, id_: str) -> Any:
    return [use["subject"] for use in _id_uses(store, request, id_)]


def _guid(store: Store, request: Request, guid: str) -> Any:
    id_, content = store.by_guid(guid)
    return {"id": id_, "guid": guid, **content.described()}


def _subjects(store: Store, request: Request) -> Any:
    deleted = request.wants("deleted")
    return sorted(name for name, subject in store.subjects.items() if subject.live(deleted))


def _lookup(store: Store, request: Request, subject: str) -> Any:
    content = store.content(request.body)
    return _described(store, subject, store.found(subject, content, request.wants("deleted")))


def _versions(store: Store, request: Request, subject: str) -> Any:
    return list(store.subject(subject, request.wants("deleted")).live(request.wants("deleted")))


def _register(store: Store, request: Request, subject: str) -> Any:
    return {"id": store.register(subject, store.content(request.body))}


def _version(store: Store, request: Request, subject: str, version: str) -> Any:
    return _described(store, subject, store.version(subject, version, request.wants("deleted")))


def _described(store: Store, subject: str, version: int) -> dict[str, Any]:
    id_ = store.id_of(subject, version)
    content = store.schemas[id_ - 1]
    return {"subject": subject, "version": version, "id": id_, "guid": content.guid, **content.described()}


def _version_text(store: Store, request: Request, subject: str, version: str) -> Any:
    return json.loads(_version(store, request, subject, version)["schema"])


def _referenced_by(store: Store, request: Request, subject: str, version: str) -> Any:
    at = subject, store.version(subject, version)
    return [
        index + 1
        for index, content in enumerate(store.schemas)
        if any((reference.subject, reference.version) == at for reference in content.references)
    ]


def _delete(store: Store, request: Request, subject: str, version: str | None = None) -> Any:
    deleted = store.delete(subject, version, request.wants("permanent"))
    return deleted if version is None else deleted[0]


def _get_config(store: Store, request: Request, subject: str | None = None) -> Any:
    if subject not in store.levels and not request.wants("defaultToGlobal"):
        raise Refusal(404, 40408, f"Subject '{subject}' does not have subject-level compatibility configured")
    return {"compatibilityLevel": store.level(subject)}


def _put_config(store: Store, request: Request, subject: str | None = None) -> Any:
    store.set_level(subject, (request.body or {}).get("compatibility"))
    return {"compatibility": store.level(subject)}


def _delete_config(store: Store, request: Request, subject: str) -> Any:
    _get_config(store, request, subject)
    return {"compatibilityLevel": store.levels.pop(subject)}


def _compatibility(store: Store, request: Request, subject: str, version: str | None = None) -> Any:
    versions = _versions(store, request, subject) if version is None else [store.version(subject, version)]
    complaints = list(store.complaints(subject, store.content(request.body), versions))
    messages = {"messages": complaints} if request.wants("verbose") else {}
    return {"is_compatible": not complaints, **messages}


def _route(method: str, path: str, answer: _Answer) -> tuple[str, re.Pattern[str], _Answer]:
    return method, re.compile(path.replace("*", "([^/]+)") + "/?"), answer


_ROUTES = [
    _route("GET", "", lambda store, request: {}),
    _route("GET", "/schemas/types", lambda store, request: ["JSON", "PROTOBUF", "AVRO"]),
    _route("GET", "/schemas/ids/*", _id),
    _route("GET", "/schemas/ids/*/schema", lambda store, request, id_: json.loads(store.schema(id_).text)),
    _route("GET", "/schemas/ids/*/subjects", _id_subjects),
    _route("GET", "/schemas/ids/*/versions", _id_uses),
    _route("GET", "/schemas/guids/*", _guid),
    _route("GET", "/subjects", _subjects),
    _route("POST", "/subjects/*", _lookup),
    _route("DELETE", "/subjects/*", _delete),
    _route("GET", "/subjects/*/versions", _versions),
    _route("POST", "/subjects/*/versions", _register),
    _route("GET", "/subjects/*/versions/*", _version),
    _route("DELETE", "/subjects/*/versions/*", _delete),
    _route("GET", "/subjects/*/versions/*/schema", _version_text),
    _route("GET", "/subjects/*/versions/*/referencedby", _referenced_by),
    _route("GET", "/config", _get_config),
    _route("PUT", "/config", _put_config),
    _route("GET", "/config/*", _get_config),
    _route("PUT", "/config/*", _put_config),
    _route("DELETE", "/config/*", _delete_config),
    _route("GET", "/mode", lambda store, request: {"mode": "READWRITE"}),
    _route("GET", "/mode/*", lambda store, request, subject: {"mode": "READWRITE"}),
    _route("POST", "/compatibility/subjects/*/versions/*", _compatibility),
    _route("POST", "/compatibility/subjects/*/versions", _compatibility),
]
