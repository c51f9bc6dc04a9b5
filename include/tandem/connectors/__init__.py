"""Connectors: each speaks one protocol for one side and knows no mapping, anchor or link."""
