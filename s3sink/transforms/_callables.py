"""What may stand in a chain: an object with a verb, or a function."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from s3sink.config import problem_if
from s3sink.errors import Problem


def verb(thing: Any, name: str) -> Callable[..., Any]:
    """The method of that name, or the thing itself."""
    method: Callable[..., Any] = getattr(thing, name, thing)
    return method


def verb_problem(key: str, thing: Any, name: str) -> Problem | None:
    """What is wrong with something that should have a verb or be a function."""
    if isinstance(thing, type):
        return Problem(key, f"{thing.__name__} is a class: write {thing.__name__}(...)")
    usable = callable(verb(thing, name))
    return problem_if(not usable, key, f"{thing!r} is neither a function nor has it a method {name!r}")


def guarded(thing: Any) -> Any:
    """The transform itself: `When` speaks for what it guards, a partial for its function."""
    while True:
        if hasattr(thing, "transform"):
            thing = thing.transform
        elif isinstance(thing, functools.partial):
            thing = thing.func
        else:
            return thing


def name_of(thing: Any) -> str:
    """The class, or the function: what stands in errors."""
    thing = guarded(thing)
    return getattr(thing, "__name__", None) or type(thing).__name__


def is_async(thing: Any) -> bool:
    """Whether calling it gives something to await."""
    if hasattr(thing, "is_async"):
        return bool(thing.is_async)
    function = verb(thing, "apply")
    while isinstance(function, functools.partial):
        function = function.func
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def is_deterministic(thing: Any) -> bool:
    """True unless it says otherwise."""
    return bool(getattr(thing, "deterministic", True))


def takes_batches(thing: Any) -> bool:
    """Whether it has an `apply_batch` that is worth a try: batches have values as documents, and no keys."""
    if hasattr(thing, "takes_batches"):
        return bool(thing.takes_batches)
    return callable(getattr(thing, "apply_batch", None)) and getattr(thing, "of", "value") == "value"
