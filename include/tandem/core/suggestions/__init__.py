"""What suggestions go by: words, types, lookups; `tandem.core.suggest` brings them together."""
