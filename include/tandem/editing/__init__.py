"""Editing an integration file bit by bit: a draft is the file as it was, and what was changed."""
