"""Resco Cloud: OData for reading, and its REST service for what OData does not do there."""
