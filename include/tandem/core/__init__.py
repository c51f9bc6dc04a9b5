"""Decisions: pure functions over columns. No I/O, no clock, no randomness, no logging."""
