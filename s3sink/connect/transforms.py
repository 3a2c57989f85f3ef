"""`transforms` and `predicates` of a connector file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from s3sink.connect.building import build
from s3sink.connect.findings import Built, Findings, invalid
from s3sink.connect.nearest import did_you_mean, nearest
from s3sink.transforms import TransformLike, When


def build_transforms(properties: Mapping[str, str], secrets: Collection[str] = ()) -> Built[tuple[TransformLike, ...]]:
    """The transforms that a connector file asks for, in their order, each under `When` where it has a predicate.

    Raises ConfigError with all problems of the chain, each with its full key and in Kafka Connect's words. What Connect
    ignores without a word is a warning: options that a class does not have, aliases that no list names. No message
    shows the values of the keys in `secrets`.
    """
    findings = Findings(properties, secrets)
    predicates = {alias: _of_alias(alias, "predicates", findings) for alias in _aliases("predicates", findings)}
    transforms = [_transform(alias, predicates, findings) for alias in _aliases("transforms", findings)]
    return findings.built(tuple(transforms), "transforms")


def _transform(alias: str, predicates: Mapping[str, Any], findings: Findings) -> Any:
    transform = _of_alias(alias, "transforms", findings)
    negate = _negate(alias, findings)
    name = findings.properties.get(f"transforms.{alias}.predicate")
    if name is None:
        return transform
    predicate = _predicate(alias, name.strip(), predicates, findings)
    usable = transform is not None and predicate is not None and negate is not None
    return When(predicate, transform, bool(negate)) if usable else None


def _predicate(alias: str, name: str, predicates: Mapping[str, Any], findings: Findings) -> Any:
    if name in predicates:
        return predicates[name]
    found = nearest(name, predicates)
    complaint = f"Unknown configuration 'predicates.{name}.type': {name!r} is not in predicates."
    findings.problem(f"transforms.{alias}.predicate", complaint + did_you_mean([found] if found else []))
    return None


def _negate(alias: str, findings: Findings) -> bool | None:
    """None where it cannot be read."""
    key, predicate = f"transforms.{alias}.negate", f"transforms.{alias}.predicate"
    text = findings.properties.get(key)
    if text is None:
        return False
    if predicate not in findings.properties:
        defining = "defining a predicate to be negated."
        findings.problem(key, f"Config '{key}' was provided but there is no config '{predicate}' {defining}")
    if text.strip().lower() in ("true", "false"):
        return text.strip().lower() == "true"
    findings.problem(key, invalid(text, key, "Expected value to be either true or false"))
    return None


def _of_alias(alias: str, group: str, findings: Findings) -> Any:
    prefix = f"{group}.{alias}."
    own = replace(findings, properties=_own(findings.properties, group, alias))
    return build("Transformation" if group == "transforms" else "Predicate", f"{prefix}type", prefix, own)


# ---------------------------------------------------------------------------------------------- aliases
def _listed(properties: Mapping[str, str], group: str) -> list[str]:
    text = properties.get(group, "").strip()
    return [part.strip() for part in text.split(",")] if text else []


def _aliases(group: str, findings: Findings) -> list[str]:
    """The aliases of a list, each once."""
    listed = _listed(findings.properties, group)
    if not all(listed):
        findings.problem(group, f"Configuration '{group}' values must not be empty.")
    if len(set(listed)) < len(listed):
        findings.problem(group, invalid(f"[{', '.join(listed)}]", group, "Duplicate alias provided."))
    _warn_of_unlisted(group, listed, findings)
    return list(dict.fromkeys(filter(None, listed)))


def _warn_of_unlisted(group: str, listed: list[str], findings: Findings) -> None:
    prefixes = tuple(f"{group}.{alias}." for alias in listed)
    told: set[str] = set()
    for key in findings.properties:
        if key.startswith(f"{group}.") and not key.startswith(prefixes or ("\0",)):
            alias = key.split(".")[1]
            if alias not in told:
                found = nearest(alias, listed)
                hint = did_you_mean([found] if found else [])
                findings.warn(key, f"has no effect: {alias!r} is not in {group}.{hint}")
            told.add(alias)


def _own(properties: Mapping[str, str], group: str, alias: str) -> Mapping[str, str]:
    """Without the properties of an alias that is this one, a dot and more."""
    prefix = f"{group}.{alias}."
    longer = tuple(f"{group}.{other}." for other in _listed(properties, group) if other.startswith(f"{alias}."))
    return {key: text for key, text in properties.items() if key.startswith(prefix) and not key.startswith(longer)}
