"""Whose quota a connection uses up: what limits requests counts them by host, tenant and user."""

from urllib.parse import urlsplit

from tandem.model.connection import Connection


def quota_holder(connection: Connection) -> str:
    """Host, tenant and user (or application) of a connection as one text, without a secret.

    Connections with the same text share a quota, whatever integration uses them.
    """
    extra = connection.extra
    address = str(extra.get("url") or connection.host or "")
    url = urlsplit(address if "//" in address else f"//{address}")
    host = (url.hostname or "").lower() or url.path
    tenant = str(extra.get("tenant") or "").lower()
    user = str(extra.get("client_id") or connection.login or url.username or "").lower()
    if not host:  # some systems are known by their tenant alone
        host = connection.conn_type
    return " ".join(
        part for part in (host, tenant and f"tenant {tenant}", user and f"user {user}") if part
    )
