"""What people ask for: previews, explanations, decisions, checks."""
