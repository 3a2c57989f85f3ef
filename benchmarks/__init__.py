"""What a million records cost, beside the limit that is measured in the same run: `python -m benchmarks --help`."""
