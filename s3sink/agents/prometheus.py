"""The sink's figures for Prometheus."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import get_args

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, start_http_server

from s3sink.errors import ConfigError, Problem
from s3sink.metrics import Name

_GAUGES: frozenset[Name] = frozenset(("open_files", "buffered_bytes", "last_error_timestamp"))
_LABELS: dict[Name, tuple[str, ...]] = {
    "store_requests": (),
    "store_retries": (),
    "rotations": ("reason", "topic"),
    "open_files": (),
    "buffered_bytes": (),
}


class PrometheusMetrics:
    """A `Metrics` that keeps `s3sink_<name>_total` counters and `s3sink_<name>` gauges in a registry.

    Nothing is registered before one is built: `attach(app, topic, sink, metrics=PrometheusMetrics("lake"))`. Each
    carries the label `sink`, so that several share a registry. Faust's own `/metrics` page, where the app has one,
    serves the default registry.
    """

    def __init__(self, sink: str, registry: CollectorRegistry = REGISTRY) -> None:
        self._sink = sink
        self._counters, self._gauges = _figures(registry)

    def add(self, name: Name, value: int = 1, /, **labels: str) -> None:
        """Raise a counter."""
        known = {label: labels.get(label, "") for label in _LABELS.get(name, ("topic",))}
        self._counters[name].labels(sink=self._sink, **known).inc(value)

    def set(self, name: Name, value: float, /, **labels: str) -> None:
        """Set a gauge."""
        self._gauges[name].labels(sink=self._sink).set(value)


@cache
def _figures(registry: CollectorRegistry) -> tuple[Mapping[Name, Counter], Mapping[Name, Gauge]]:
    counters = {name: _counter(name, registry) for name in get_args(Name) if name not in _GAUGES}
    gauges = {name: Gauge(f"s3sink_{name}", name.replace("_", " "), ("sink",), registry=registry) for name in _GAUGES}
    return counters, gauges


def _counter(name: Name, registry: CollectorRegistry) -> Counter:
    labels = ("sink", *_LABELS.get(name, ("topic",)))
    return Counter(f"s3sink_{name}", name.replace("_", " "), labels, registry=registry)


def serve(port: int) -> None:
    """The default registry over HTTP on all interfaces, at `/metrics`, from a thread of its own. Raises ConfigError."""
    try:
        start_http_server(port)
    except OSError as error:
        raise ConfigError([Problem("--prometheus-port", f"{port} cannot be listened on: {error}")]) from error
