"""The checks of a mapping against what both systems have; `validate` runs them all."""
