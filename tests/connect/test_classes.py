"""The names that connector files give to classes."""

from __future__ import annotations

import pytest

from s3sink.connect.classes import _VERBS, CLASSES, ConnectClass, find, load


@pytest.mark.parametrize("known", CLASSES, ids=lambda known: known.name)
def test_every_class_of_the_registry_is_there_and_has_its_verb(known: ConnectClass) -> None:
    cls = load(known, "key")
    assert all(hasattr(cls, _VERBS[kind]) for kind in known.kinds)


def test_full_names_are_unique() -> None:
    assert len({known.name for known in CLASSES}) == len(CLASSES)


@pytest.mark.parametrize(
    ("kind", "alias", "name"),
    [
        ("Transformation", "Filter", "org.apache.kafka.connect.transforms.Filter"),
        ("Transformation", "ValueToKey", "org.apache.kafka.connect.transforms.ValueToKey"),
        ("Predicate", "HasHeaderKey", "org.apache.kafka.connect.transforms.predicates.HasHeaderKey"),
        ("Converter", "Json", "org.apache.kafka.connect.json.JsonConverter"),
        ("HeaderConverter", "Simple", "org.apache.kafka.connect.storage.SimpleHeaderConverter"),
        ("ConfigProvider", "File", "org.apache.kafka.common.config.provider.FileConfigProvider"),
    ],
)
def test_a_simple_name_that_one_class_has_is_enough(kind: str, alias: str, name: str) -> None:
    assert find(kind, alias, "key").name == name  # type: ignore[arg-type]
