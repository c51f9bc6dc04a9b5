"""The checks of a mapping against what both systems have; `tandem.core.validate` runs them all."""
