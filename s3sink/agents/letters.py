"""The dead letter queue on a Kafka topic."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import faust
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from s3sink.dlq import DeadLetter, DeadLetterTopic
from s3sink.errors import BrokerError


class TopicDeadLetters:
    """A `DeadLetterQueue` over the app's producer, which `attach` requires to wait for all replicas."""

    def __init__(self, app: faust.App, topic: DeadLetterTopic) -> None:
        self._app, self.topic = app, topic

    async def send(self, letters: Sequence[DeadLetter]) -> None:
        """Returns when the brokers have acknowledged all of them."""
        await asyncio.gather(*(self._send(letter) for letter in letters))

    async def _send(self, letter: DeadLetter) -> None:
        # Faust takes seconds and cuts them to milliseconds: half of one more keeps the last digit.
        timestamp = None if letter.timestamp is None else (letter.timestamp + 0.5) / 1000
        try:
            await self._app.producer.send_and_wait(
                self.topic.topic, letter.key, letter.value, None, timestamp, list(letter.headers)
            )
        except KafkaError as error:
            raise BrokerError(
                f"the record at offset {letter.offset} cannot be sent to the dead letter topic {self.topic.topic}: "
                f"{type(error).__name__} {error}".rstrip()
                + _remedy(error)
            ) from error


def _remedy(error: KafkaError) -> str:
    if isinstance(error, MessageSizeTooLargeError):
        return (
            "; headers come on top of the record: raise the app's producer_max_request_size and the topic's "
            "max.message.bytes, or leave them out (context_headers=False)"
        )
    return ""
