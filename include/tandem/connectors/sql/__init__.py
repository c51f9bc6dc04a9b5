"""The `sql` connector: SQLite and PostgreSQL, and what else SQLAlchemy knows."""

from tandem.connectors.sql.connector import SqlConnector

__all__ = ["SqlConnector"]
