"""What suggestions go by: words, types, lookups; `suggest` brings them together."""
