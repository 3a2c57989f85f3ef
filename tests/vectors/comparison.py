"""What is different between a replay and the answer that is expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from s3sink.dlq import DeadLetter
from s3sink.errors import ConfigError, RecordError
from s3sink.record import TopicPartition
from tests.vectors.contents import same_content
from tests.vectors.replay import Outcome
from tests.vectors.scenarios import Answer, Content, Failure, Letter, Step

_OF_JVM = ("java.lang.", "java.util.", "org.apache.parquet.hadoop.")
_OF_CONNECTOR = "java.lang.IllegalArgumentException"
_PRINTED = ": SinkRecord{"
"""From here on a message is what a Java object prints of itself."""


def differences(outcomes: Sequence[Outcome], answer: Answer, *, decoded: bool) -> list[str]:
    """In words; nothing when all is as it should be. `decoded`: see `same_content`."""
    comparison = _Comparison(answer, decoded)
    if answer.ends_with:
        return list(comparison.of_the_end(outcomes))
    if answer.in_the_end:
        return list(comparison.of_the_whole(outcomes))
    found: list[str] = []
    for index, (ours, theirs) in enumerate(zip_longest(outcomes, answer.steps)):
        if theirs is None:
            break
        if ours is None:
            return [*found, f"step {index} {theirs.op} did not come"]
        found += [f"step {index} {theirs.op}: {text}" for text in comparison.of_step(ours, theirs)]
    return found


class _Comparison:
    def __init__(self, answer: Answer, decoded: bool) -> None:
        self._answer, self._decoded = answer, decoded

    def of_step(self, ours: Outcome, theirs: Step) -> Iterator[str]:
        """One with the other."""
        if theirs.either_way:
            if not (ours.objects or ours.error or ours.letters):
                yield "nothing became of the records"
            return
        yield from self._objects(ours.objects, theirs.objects)
        yield from _tags(ours.tags, theirs.objects)
        if theirs.committed is not None:
            yield from self._committed(ours.committed, theirs.committed)
        yield from self._failure(ours.error, theirs.failure)
        yield from _letters(ours.letters, theirs.letters)

    def of_the_whole(self, outcomes: Sequence[Outcome]) -> Iterator[str]:
        """What all steps together have done, whichever did it."""
        error = next((outcome.error for outcome in outcomes if outcome.error is not None), None)
        failure = next((step.failure for step in self._answer.steps if step.failure is not None), None)
        letters = [letter for outcome in outcomes for letter in outcome.letters]
        yield from self._objects(_written(outcomes), self._stored())
        yield from self._committed(outcomes[-1].committed, self._last_commit())
        yield from self._failure(error, failure)
        yield from _letters(letters, [letter for step in self._answer.steps for letter in step.letters])

    def of_the_end(self, outcomes: Sequence[Outcome]) -> Iterator[str]:
        """That it ended with the error, and did nothing else than the connector until then."""
        error = next((outcome.error for outcome in outcomes if outcome.error is not None), None)
        if not isinstance(error, self._answer.ends_with):
            yield f"it ended with {error!r}"
        ours, theirs = _written(outcomes), self._stored()
        yield from self._objects(ours, {key: theirs[key] for key in theirs.keys() & ours.keys()})
        seeds = [key for outcome in outcomes if outcome.op == "seed" for key in outcome.objects]
        yield from (f"{key} was replaced" for key in seeds if key in ours)

    def _stored(self) -> Mapping[str, Content]:
        return {key: content for step in self._answer.steps for key, content in step.objects.items()}

    def _last_commit(self) -> Mapping[TopicPartition, int]:
        commits = [step.committed for step in self._answer.steps if step.committed is not None]
        return commits[-1] if commits else {}

    def _objects(self, ours: Mapping[str, bytes], theirs: Mapping[str, Content]) -> Iterator[str]:
        for key in sorted(ours.keys() | theirs.keys()):
            if key not in ours:
                yield f"no object {key}"
            elif key not in theirs:
                yield f"an object {key} too many: {ours[key][:200]!r}"
            elif not same_content(ours[key], theirs[key], decoded=self._decoded, wrapped=self._answer.wrapped):
                yield f"{key} holds {ours[key][:1000]!r}, not {str(theirs[key])[:1000]}"

    def _committed(self, ours: Mapping[TopicPartition, int], theirs: Mapping[TopicPartition, int]) -> Iterator[str]:
        for source in ours.keys() | theirs.keys():
            here, there = ours.get(source, 0), theirs.get(source, 0)
            if not self._may_lead(source, here, there):
                yield f"{source} is committed at {here}, not {there}"

    def _may_lead(self, source: TopicPartition, here: int, there: int) -> bool:
        waits_for = self._answer.waits_for
        if here <= there or waits_for is None:
            return here == there
        return not any(other == source and there <= offset < here for other, offset in waits_for)

    def _failure(self, error: BaseException | None, failure: Failure | None) -> Iterator[str]:
        if (error is None) != (failure is None):
            yield f"{error!r} instead of {failure}"
        elif error is not None and failure is not None and not _same_words(error, failure):
            yield f"{_words(error)} instead of {failure}"


def _written(outcomes: Sequence[Outcome]) -> dict[str, bytes]:
    """By the sink."""
    return {key: content for outcome in outcomes if outcome.op != "seed" for key, content in outcome.objects.items()}


def _tags(ours: Mapping[str, Mapping[str, str]], theirs: Mapping[str, Content]) -> Iterator[str]:
    for key in ours.keys() & theirs.keys():
        if "tags" in theirs[key] and ours[key] != theirs[key]["tags"]:
            yield f"{key} has the tags {ours[key]}, not {theirs[key]['tags']}"


# ---------------------------------------------------------------------------------------------- words
def _same_words(error: BaseException, failure: Failure) -> bool:
    """What the JVM says of itself need not be said here."""
    if failure.java_class.startswith(_OF_JVM) and failure.java_class != _OF_CONNECTOR:
        return True
    return any(_plain(ours) == _plain(theirs) for ours in _words(error) for theirs in failure.messages)


def _words(error: BaseException) -> list[str]:
    if isinstance(error, ConfigError):
        return [problem.message for problem in error.problems]
    words = [error.reason if isinstance(error, RecordError) else str(error)]
    return words + (_words(error.__cause__) if error.__cause__ is not None else [])


def _plain(message: str) -> str:
    return message.partition(_PRINTED)[0].strip()


def _letters(ours: Sequence[tuple[TopicPartition, DeadLetter]], theirs: Sequence[Letter]) -> Iterator[str]:
    sent = sorted((_sent(*letter) for letter in ours), key=_place)
    wanted = sorted((letter._replace(message=_plain(letter.message)) for letter in theirs), key=_place)
    if len(sent) != len(wanted) or not all(map(_same_letter, sent, wanted)):
        yield f"the dead letters are {sent}, not {wanted}"


def _place(letter: Letter) -> tuple[TopicPartition, int]:
    return letter.source, letter.offset


def _same_letter(sent: Letter, wanted: Letter) -> bool:
    return _place(sent) == _place(wanted) if wanted.java_class is None else sent == wanted


def _sent(source: TopicPartition, letter: DeadLetter) -> Letter:
    headers = {name: (value or b"").decode() for name, value in letter.headers}
    message = headers.get("__connect.errors.exception.message", "")
    return Letter(source, letter.offset, headers.get("__connect.errors.exception.class.name"), _plain(message))
