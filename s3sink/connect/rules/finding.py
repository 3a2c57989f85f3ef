"""What a rule sees of a connector file, and what it says about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from s3sink.config import masked
from s3sink.connect.keys import PARTITIONERS
from s3sink.connect.load import Connector
from s3sink.connect.secret import is_secret, without_user
from s3sink.connect.values import Values
from s3sink.errors import Problem
from s3sink.sink import S3Sink

Level = Literal["error", "warning", "note"]
"""An error is not what anybody means; a warning is what many do not; a note is what one should have heard once."""
LEVELS: tuple[Level, ...] = ("error", "warning", "note")


class Finding(NamedTuple):
    """One thing to say about a property.

    `value` is what the file has, masked where it is a secret, "" where the key is not there. `source` is where it
    stands, `file:line`. `rule` is the name of the function that found it; nothing where reading the file did.
    """

    level: Level
    key: str
    value: str
    reason: str
    remedy: str
    source: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Linted:
    """A connector file as rules see it: every key with its value, and the connector where it can be built.

    `raw` are the properties before references such as `${env:PASSWORD}` were put in.
    """

    values: Values
    connector: Connector | None = None
    worker: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    @property
    def sink(self) -> S3Sink | None:
        """None where something is wrong with the configuration."""
        return self.connector.sink if self.connector else None

    @property
    def partitioner(self) -> str:
        """`Default`, `Field`, `TimeBased`, `Hourly`, `Daily`, or "" for one's own."""
        name: str = self["partitioner.class"]
        known = name.startswith(PARTITIONERS) and name.endswith("Partitioner")
        return name[len(PARTITIONERS) : -len("Partitioner")] if known else ""

    @property
    def time_based(self) -> bool:
        """Whether directories are times."""
        return self.partitioner in ("TimeBased", "Hourly", "Daily")

    def given(self, key: str) -> bool:
        """Whether the file has it."""
        return self.values.given(key)

    def text(self, key: str) -> str:
        """A property as it stands in the file, "" where it does not."""
        return self.values.properties.get(key, "").strip()

    def converter(self, role: str) -> str:
        """The simple name of a converter's class, "" where nobody says."""
        key = f"{role}.converter"
        return (self.text(key) or self.worker.get(key, "")).rpartition(".")[2]

    def option_of(self, converter: str, option: str) -> str:
        """An option of a converter, from whoever names the class."""
        key = f"{converter}.converter"
        source = self.values.properties if key in self.values.properties else self.worker
        return source.get(f"{key}.{option}", "").strip()

    @property
    def schemaless(self) -> bool:
        """Whether values are JSON without schemas."""
        enabled = self.option_of("value", "schemas.enable").lower()
        return self.converter("value") == "JsonConverter" and enabled == "false"

    def aliases(self, *classes: str) -> list[str]:
        """The transforms of these simple class names, `$Key` and `$Value` left out."""
        types = {alias: self.text(f"transforms.{alias}.type") for alias in self["transforms"]}
        return [alias for alias, name in types.items() if name.rpartition(".")[2].split("$")[0] in classes]

    # ------------------------------------------------------------------ to say something
    def error(self, key: str, reason: str, remedy: str) -> Finding:
        """Nobody means this."""
        return self.say("error", key, reason, remedy)

    def warning(self, key: str, reason: str, remedy: str) -> Finding:
        """Many do not mean this."""
        return self.say("warning", key, reason, remedy)

    def note(self, key: str, reason: str, remedy: str) -> Finding:
        """One should know this."""
        return self.say("note", key, reason, remedy)

    def say(self, level: Level, key: str, reason: str, remedy: str) -> Finding:
        """A finding about a key, which need not be in the file."""
        value = self.values.properties.get(key, "")
        secret = bool(value) and (key in self.values.findings.secrets or is_secret(key))
        if secret:
            reason, remedy = (masked(Problem(key, text), {key: value}).message for text in (reason, remedy))
        shown = "***" if secret else without_user(value)
        return Finding(level, key, shown, without_user(reason), without_user(remedy), self.sources.get(key, ""))


Rule = Callable[[Linted], Iterable[Finding]]
"""Looks at a connector file for one trap."""
