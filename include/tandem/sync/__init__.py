"""The verbs: connectors, decisions, staging and state put together, one module a step."""
