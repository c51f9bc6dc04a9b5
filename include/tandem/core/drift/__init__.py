"""What changed in a system's schema."""
