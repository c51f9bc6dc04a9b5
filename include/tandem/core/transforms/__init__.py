"""Field transformation: what becomes of values on their way, by whole columns."""
