"""A mapping or a schema that changed between runs: what links say then, what came back empty."""
