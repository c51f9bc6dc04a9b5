"""Resco Cloud as far as its documents tell of it: OData, the REST data service, metadata."""
