"""Where a system is and how to sign in: Airflow's connection, without Airflow."""

import json
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from tandem.errors import ConfigurationError


class Connection(BaseModel):
    """The parts of an Airflow connection. Its secrets do not show in messages or logs."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    id: str
    conn_type: str
    host: str | None = None
    schema_name: str | None = None
    port: int | None = None
    login: str | None = None
    password: SecretStr | None = None
    extra: dict[str, Any] = Field(default_factory=dict, repr=False)

    @property
    def secret(self) -> str | None:
        """The password in the clear, for the connector alone."""
        return self.password.get_secret_value() if self.password else None


def parse_connection(conn_id: str, text: str) -> Connection:
    """A connection from the text of `AIRFLOW_CONN_<ID>`: Airflow's JSON form or its URI form."""
    parts = _from_json(conn_id, text) if text.lstrip().startswith("{") else _from_uri(conn_id, text)
    if not parts.get("conn_type"):
        raise ConfigurationError(
            f"Connection {conn_id!r} has no conn_type.",
            remedy='Write it as JSON: {"conn_type": "odata", "host": "https://…"}.',
        )
    try:
        return Connection(id=conn_id, **parts)
    except ValidationError as error:
        raise ConfigurationError(
            f"Connection {conn_id!r} is wrong: {reasons(error)}.",
            remedy=f"Check the value of AIRFLOW_CONN_{conn_id.upper()}; "
            "in JSON, texts stand in quotes.",
        ) from None


def reasons(error: ValidationError) -> str:
    """What is wrong where. The values themselves may be secrets: they do not show."""
    return "; ".join(
        f"{'.'.join(map(str, found['loc']))}: {found['msg']}"
        for found in error.errors(include_url=False, include_input=False, include_context=False)
    )


def _from_json(conn_id: str, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
        extra = value.pop("extra", None) or {}
        value["extra"] = json.loads(extra) if isinstance(extra, str) else extra
    except (ValueError, AttributeError, RecursionError) as error:
        # The text holds the password: neither it nor the parser's excerpt may show.
        raise ConfigurationError(
            f"Connection {conn_id!r} is not valid JSON ({type(error).__name__}).",
            remedy=f"Check the value of AIRFLOW_CONN_{conn_id.upper()}.",
        ) from None
    value["schema_name"] = value.pop("schema", None)
    known = Connection.model_fields.keys() - {"id"}
    return {name: value[name] for name in known & value.keys()}


def _from_uri(conn_id: str, text: str) -> dict[str, Any]:
    try:
        return _parts_of_uri(text)
    except (ValueError, RecursionError):
        # The parser's words quote the text, which holds the password.
        raise ConfigurationError(
            f"Connection {conn_id!r} is no URI that can be read.",
            remedy="Percent-encode the characters / : @ ? # [ ] in login and password, "
            "write the port as a number and __extra__ as JSON; or use the JSON form.",
        ) from None


def _parts_of_uri(text: str) -> dict[str, Any]:
    conn_type, _, rest = text.partition("://")
    # Airflow writes a host that has a protocol as odata://https://host%2Fpath.
    protocol, nested, address = rest.partition("://")
    url = urlsplit(f"//{address if nested else rest}")
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    # urlsplit's own hostname is lower case; a host may be a file's path, percent-encoded.
    host = unquote(url.netloc.rpartition("@")[2].partition(":")[0])
    return {
        "conn_type": conn_type.replace("-", "_"),
        "host": f"{protocol}://{host}" if nested else host or None,
        "port": url.port,
        "login": unquote(url.username) if url.username else None,
        "password": unquote(url.password) if url.password else None,
        "schema_name": unquote(url.path.removeprefix("/")) or None,
        "extra": json.loads(query["__extra__"]) if "__extra__" in query else query,
    }
