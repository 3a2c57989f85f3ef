"""Sinks inside a Faust app."""

from s3sink.agents.attach import attach
from s3sink.agents.service import AttachedSink
from s3sink.agents.worker import run_worker

__all__ = ["AttachedSink", "attach", "run_worker"]
