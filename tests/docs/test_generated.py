"""Pages that are made from the classes are as the classes are; their examples are run to make them."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType

import pytest

import s3sink.transforms
from s3sink.connect.keys import KEYS

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["docs_generate"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["transforms.md", "configuration.md"])
def test_a_page_is_up_to_date(generate: ModuleType, name: str) -> None:
    assert (DOCS / name).read_text() == generate.pages()[name], "run make docs"


def test_every_key_is_on_the_page_of_keys(generate: ModuleType) -> None:
    page = generate.pages()["configuration.md"]
    assert [key for key in KEYS if f"`{key}`" not in page] == []


def test_every_transform_and_predicate_has_an_example(generate: ModuleType) -> None:
    public = {name: getattr(s3sink.transforms, name) for name in s3sink.transforms.__all__}
    usable = {
        name
        for name, thing in public.items()
        if inspect.isclass(thing)
        and not getattr(thing, "_is_protocol", False)
        and (hasattr(thing, "apply") or hasattr(thing, "test"))
    }
    assert usable - {"Chain", "When"} == generate.classes_with_examples()
