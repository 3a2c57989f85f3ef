"""A Hypothesis strategy of sinks that a connector file can say."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from s3sink import (
    BytesConverter,
    BytesFormat,
    DailyPartitioner,
    DeadLetterTopic,
    DefaultPartitioner,
    ErrorPolicy,
    FieldPartitioner,
    FlushSize,
    HourlyPartitioner,
    JsonConverter,
    JsonFormat,
    Layout,
    MaxAge,
    MaxBytes,
    MaxOpenFiles,
    ParquetFormat,
    RecordField,
    RecordTimestamp,
    RotateInterval,
    RotateSchedule,
    S3Sink,
    S3Store,
    SchemaChange,
    StringConverter,
    TimeBasedPartitioner,
    WallClock,
)
from s3sink.connect_json import DecimalFormat
from s3sink.converters.header import SimpleHeaderConverter
from s3sink.formats.avro import AvroFormat
from s3sink.partitioners.affix import SchemaNameAffix
from s3sink.pipeline import NullValues
from s3sink.storage.s3_credentials import Anonymous, AssumeRole, CredentialsFrom, WebIdentity
from s3sink.storage.s3_options import Proxy, SseC, SseKms, SseS3
from s3sink.storage.s3_tagging import Tagging
from s3sink.transforms import (
    Cast,
    ExtractNewRecordState,
    Filter,
    HasHeaderKey,
    InsertField,
    MaskField,
    RecordIsTombstone,
    RegexRouter,
    ReplaceField,
    TopicNameMatches,
    When,
)

words = st.text("abcXYZ019_-", min_size=1, max_size=8)
delimiters = st.sampled_from(["/", "+", "|", "", "--", "."])
zones = st.sampled_from(["UTC", "Asia/Seoul", "America/Los_Angeles", "+02:00"])
milliseconds = st.integers(1, 10**9)
flags = st.booleans()

# ---------------------------------------------------------------------------------------------- store
_roles = words.map("arn:aws:iam::123456789012:role/{}".format)
_sessions = words.map("s-{}".format)
_keys: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"access_key": words, "secret_key": words}, optional={"session_token": words}),
    st.fixed_dictionaries({"profile": words}),
    st.fixed_dictionaries(
        {
            "credentials": st.one_of(
                st.builds(AssumeRole, _roles, _sessions, _sessions, sts_region=st.none() | words),
                st.sampled_from([WebIdentity(), Anonymous()]),
                st.builds(CredentialsFrom, st.sampled_from(["environment", "profile", "container", "instance"])),
            )
        }
    ),
)
_options: dict[str, st.SearchStrategy[Any]] = {
    "region": st.none() | words.map(str.lower),
    "addressing_style": st.sampled_from(["auto", "virtual", "path"]),
    "encryption": st.none()
    | st.just(SseS3())
    | st.builds(SseKms, words)
    | st.builds(SseC, st.binary(min_size=32, max_size=32)),
    "acl": st.sampled_from([None, "private", "bucket-owner-full-control"]),
    "tagging": st.none()
    | st.builds(Tagging, st.dictionaries(words, words, max_size=3), st.sampled_from(["ignore", "fail"])),
    "checksum": st.sampled_from(["crc32", "md5"]),
    "proxy": st.none() | st.builds(Proxy, st.just("http://proxy:3128"), words, st.none() | words),
    "expect_continue": flags,
    "payload_signing": flags,
    "max_connections": st.integers(1, 100),
    "connect_timeout": milliseconds,
    "read_timeout": milliseconds,
    "max_attempts": st.integers(1, 20),
    "retry_backoff": st.integers(0, 9999),
}


@st.composite
def places(draw: st.DrawFn) -> dict[str, Any]:
    """A store and a layout; the directory is the store's prefix where that can say it."""
    options = {name: draw(strategy) for name, strategy in _options.items() if draw(flags)} | draw(_keys)
    directory, delimiter = draw(st.sampled_from(["", "topics", "raw/data", "raw/", "a b"])), draw(delimiters)
    fits = not directory or (delimiter == "/" and directory == directory.strip("/"))
    layout = Layout(
        directory_delim=delimiter,
        file_delim=draw(delimiters),
        offset_width=draw(st.integers(1, 20)),
        prefix="" if fits else directory + delimiter,
    )
    return {"store": S3Store(draw(words), directory if fits else "", **options), "layout": layout}


# ---------------------------------------------------------------------------------------------- files
_streams: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"compression": st.just("gzip"), "level": st.none() | st.integers(0, 9)}),
    st.fixed_dictionaries({"compression": st.just("zstd"), "level": st.none() | st.integers(-7, 22)}),
)


_decimals: st.SearchStrategy[DecimalFormat] = st.sampled_from(["BASE64", "NUMERIC"])
_OF_AVRO_SCHEMAS = ("connect_meta_data", "enhanced_avro_schema_support", "allow_optional_map_keys")
_separators = st.sampled_from([b"\n", b", ", b"", b"\t"])


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    """Formats of values, keys and headers: those of one kind have the same options."""
    stream, decimals = draw(_streams), draw(_decimals)
    schemas = {name: st.just(draw(flags)) for name in _OF_AVRO_SCHEMAS}
    made = [
        JsonFormat(**stream, decimal_format=decimals),
        BytesFormat(draw(st.sampled_from([".bin", "dat", ""])), draw(_separators), **stream),
        draw(
            st.builds(
                ParquetFormat,
                st.sampled_from(["snappy", "none", "lz4"]),
                row_group_bytes=st.sampled_from(["64MiB", "1MiB"]),
                **schemas,
            )
            | st.builds(ParquetFormat, st.sampled_from(["gzip", "zstd"]), st.none() | st.integers(1, 9), **schemas)
        ),
        draw(
            st.builds(AvroFormat, st.sampled_from(["null", "snappy", "bzip2"]), st.none(), **schemas)
            | st.builds(AvroFormat, st.just("deflate"), st.none() | st.integers(-1, 9), **schemas)
        ),
    ]  # fmt: skip
    # gzip is for JSON and raw files: the connector refuses it beside the others
    usable = made[:2] if stream.get("compression") == "gzip" else made
    beside = st.none() | st.sampled_from(usable)
    return {"format": draw(st.sampled_from(usable)), "keys_format": draw(beside), "headers_format": draw(beside)}


# ---------------------------------------------------------------------------------------------- directories, rotation
_extractors = st.one_of(
    st.just(WallClock()),
    st.just(RecordTimestamp()),
    st.builds(RecordField, words, format=st.none() | st.just("%Y%m%d"), timezone=zones),
)
_patterns = st.sampled_from(["'year'=YYYY/'month'=MM", "YYYY-MM-dd/HH", "yyyy MMM"])


@st.composite
def directories(draw: st.DrawFn, delimiter: str) -> Any:
    """A partitioner that knows the layout's delimiter."""
    inner = draw(
        st.one_of(
            st.just(DefaultPartitioner()),
            st.builds(FieldPartitioner, fields=st.lists(words, max_size=3), delimiter=st.just(delimiter)),
            st.builds(HourlyPartitioner, timezone=zones, extractor=_extractors, delimiter=st.just(delimiter)),
            st.builds(DailyPartitioner, timezone=zones, extractor=_extractors, delimiter=st.just(delimiter)),
            st.builds(
                TimeBasedPartitioner,
                _patterns,
                st.none() | milliseconds,
                zones,
                st.sampled_from(["en", "ko_KR", "ja"]),
                extractor=_extractors,
                delimiter=st.just(delimiter),
                syntax=st.sampled_from(["joda", "auto"]),
            ),
        )
    )
    position: Any = draw(st.sampled_from([None, "PREFIX", "SUFFIX"]))
    return SchemaNameAffix(inner, position, delimiter) if position else inner


@st.composite
def rotations(draw: st.DrawFn, by_interval: bool) -> Any:
    """Some policies in some order, one of a kind."""
    policies = [
        st.builds(FlushSize, st.integers(1, 10**6)),
        st.builds(RotateSchedule, milliseconds, zones),
        st.builds(SchemaChange, st.sampled_from(["NONE", "BACKWARD", "FORWARD", "FULL"])),
        st.builds(MaxOpenFiles, st.integers(1, 1000)),
        st.builds(MaxBytes, st.integers(1, 10**12)),
        st.builds(MaxAge, milliseconds),
        *([st.builds(RotateInterval, milliseconds, flags)] if by_interval else []),
    ]
    chosen = draw(st.lists(st.sampled_from(range(len(policies))), min_size=1, unique=True))
    return [draw(policies[at]) for at in chosen]


# ---------------------------------------------------------------------------------------------- records
_transforms = st.one_of(
    st.builds(MaskField, fields=st.lists(words, min_size=1, max_size=2), of=st.sampled_from(["key", "value"])),
    st.builds(ReplaceField, exclude=st.lists(words, max_size=2), renames=st.dictionaries(words, words, max_size=2)),
    st.builds(RegexRouter, st.just("a(.*)"), st.just("b$1")),
    st.builds(InsertField, static_field=words, static_value=words),
    st.builds(Cast, spec=st.just(["a:int32", "b:string"])),
    st.builds(ExtractNewRecordState, schemaless=flags, drop_tombstones=flags, add_fields=st.just(["op", "lsn"])),
)
_predicates = st.one_of(
    st.just(RecordIsTombstone()), st.builds(TopicNameMatches, st.just("a.*")), st.builds(HasHeaderKey, words)
)
chains = st.lists(_transforms | st.builds(When, _predicates, _transforms | st.just(Filter()), flags), max_size=3)
_converters = st.one_of(
    st.builds(JsonConverter, flags, st.sampled_from(["BASE64", "NUMERIC"]), replace_null_with_default=flags),
    st.builds(StringConverter, st.sampled_from(["UTF-8", "UTF-16", "ISO-8859-1"])),
    st.just(BytesConverter()),
)
_dead_letters = st.builds(DeadLetterTopic, words, flags, st.none() | st.integers(1, 9))
_delays = st.integers(1, 99)
_policies = st.builds(ErrorPolicy, st.just("all"), _delays, _delays, flags, flags, st.none() | _dead_letters)
_errors: st.SearchStrategy[Any] = st.one_of(st.just("fail"), _dead_letters, _policies)


@st.composite
def sinks(draw: st.DrawFn) -> S3Sink:
    """Any sink whose parts go together in a connector file."""
    place, file = draw(places()), draw(files())
    partitioner = draw(directories(place["layout"].directory_delim))
    errors = draw(_errors)
    hears = isinstance(errors, DeadLetterTopic) or (
        isinstance(errors, ErrorPolicy) and (errors.log or errors.dead_letters is not None)
    )
    nulls: list[NullValues] = ["fail", "ignore"]
    nulls += ["report"] if hears else []
    nulls += ["write"] if file["keys_format"] is not None else []
    null_values = draw(st.sampled_from(nulls))
    by_interval = isinstance(partitioner, HourlyPartitioner | DailyPartitioner | TimeBasedPartitioner)
    return S3Sink(
        **place,
        **file,
        partitioner=partitioner,
        rotation=draw(rotations(by_interval and null_values != "write")),
        key_converter=draw(_converters),
        converter=draw(_converters),
        header_converter=draw(st.none() | st.just(SimpleHeaderConverter()) | _converters),
        transforms=draw(chains),
        errors=errors,
        null_values=null_values,
        tombstone_partition=draw(words),
        on_conflict=draw(st.sampled_from(["fail", "overwrite"])),
        on_gap=draw(st.sampled_from(["fail", "continue"])),
        on_revoke=draw(st.sampled_from(["drop", "commit"])),
        memory=draw(st.integers(1 << 20, 1 << 40)),
        part_size=draw(st.integers(5 << 20, 2**31 - 1)),
        name=draw(st.none() | words),
    )
