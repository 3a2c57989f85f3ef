"""Flights from one topic into a bucket twice: gzip JSON by hour of departure, Parquet by day and carrier.

    BOOTSTRAP=localhost:9092 BUCKET=lake S3_ENDPOINT=http://localhost:8333 python apps/flights.py

`make demo` runs this very app, kills it half-way and counts. It lives in the package, so that the demo works from an
installed wheel too: read `build_app`, `by_hour` and `by_day_and_carrier` in s3sink/cli/demo_app.py.
"""

from __future__ import annotations

import os
import sys

from s3sink.cli.demo_app import main

if __name__ == "__main__":
    sys.exit(main(os.environ))
