"""`python -m s3sink.cli`."""

from s3sink.cli.main import main

main(prog_name="s3sink")
