"""The benchmark: how fast a million OData records get into a database, and beside whom."""
