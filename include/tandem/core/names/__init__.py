"""What names say: whether one is mistyped, and whether two mean the same."""
