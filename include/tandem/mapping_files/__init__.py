"""Mappings as files to carry along: YAML, and the XML of Resco Integrations.

They hold what is mapped and how, and nothing that says where the systems are.
"""
