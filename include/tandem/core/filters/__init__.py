"""Filters: one meaning, evaluated here or handed to a system."""
