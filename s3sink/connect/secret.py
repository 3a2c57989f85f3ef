"""Which properties are secret, judged by their keys."""

from __future__ import annotations

import re
from typing import Final

from s3sink.connect.keys import KEYS

_SECRET: Final = re.compile(
    r"passw|passphrase|secret|jaas|token(?!\.endpoint)|credential(?!s\.(?:provider\.(?:class|sts)|source))|basic\.auth\.user"
    r"|customer\.key|licen[cs]e|\.key$",
    re.IGNORECASE,
)


_USER: Final = re.compile(r"(?<=://)[^/\s]+(?=@)")


def without_user(text: str) -> str:
    """A text that may be shown: what stands before the host of a URL is hidden.

    >>> without_user("http://me:word@proxy:3128")
    'http://***@proxy:3128'
    """
    return _USER.sub("***", text)


def is_secret(key: str) -> bool:
    """Whether the value of a key must not be shown. Misspelt keys count: what they were meant for is secret as well.

    >>> is_secret("consumer.override.sasl.jaas.config"), is_secret("aws.secret.acces.key"), is_secret("flush.size")
    (True, True, False)
    """
    known = KEYS.get(key)
    return known.type == "PASSWORD" if known is not None else _SECRET.search(key) is not None
