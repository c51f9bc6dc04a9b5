"""The generic OData v4 connector."""
