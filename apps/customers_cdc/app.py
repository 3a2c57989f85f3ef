"""Changes of a MySQL table, as Debezium reports them, into daily folders of Seoul: what `connector.json` says.

    BOOTSTRAP=localhost:9092 BUCKET=kafka-sink-data python apps/customers_cdc/app.py

`make demo-cdc` runs this very app behind a real MySQL and a real Debezium, kills it and compares the table. It lives in
the package, so that the demo works from an installed wheel too: read `build_sink` and `build_app` in
s3sink/cli/demo_cdc_app.py.
"""

from __future__ import annotations

import os
import sys

from s3sink.cli.demo_cdc_app import main

if __name__ == "__main__":
    sys.exit(main(os.environ))
