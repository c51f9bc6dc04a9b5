"""How each side of an entity is read: records by id, changes, what vanished, lookups."""
