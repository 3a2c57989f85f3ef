"""The `s3sink` command. One subcommand a file."""
