"""The command line: one command, one use case."""
