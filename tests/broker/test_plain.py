"""One topic, one worker, nothing goes wrong."""

from __future__ import annotations

import re
import time

import pytest

from tests.broker.harness import Rig

pytestmark = pytest.mark.broker


@pytest.mark.parametrize(("format", "extension"), [("json", ".json.gz"), ("parquet", ".zstd.parquet")])
def test_every_record_of_a_topic_is_in_the_bucket_once(rig: Rig, format: str, extension: str) -> None:
    rig.cluster.create_topic(rig.topic, 4)
    rig.produce(0, 60_000)
    worker = rig.start(FORMAT=format, FLUSH_RECORDS="5000", ROTATE_MS="60000")
    rig.wait_until_committed()
    begun = time.monotonic()
    assert worker.stop() == 0
    assert time.monotonic() - begun < 6
    verdict = rig.assert_exact(60_000)
    assert verdict.objects == 12
    pattern = re.escape(rig.topic) + r"/partition=(\d)/" + re.escape(rig.topic) + r"\+\1\+\d{10}" + re.escape(extension)
    assert all(re.fullmatch(pattern, key) for key in rig.objects())
