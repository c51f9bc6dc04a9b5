"""What goes from a mapping when what it names is gone."""
