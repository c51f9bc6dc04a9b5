"""What a mapping that was changed costs: what is read again, and what links say under it."""
