"""What Airflow is told about Tandem: connection types with forms of their own.

Called while Airflow itself is still being imported, so it must not import Airflow.
"""

from importlib.metadata import version
from typing import Any, Final

_TEXT: Final = {"type": ["string", "null"]}
_AUTH: Final = ["none", "basic", "bearer", "api_key", "client_credentials"]

_ODATA: Final = {
    "connection-type": "odata",
    "hook-class-name": "tandem.airflow.hooks.ODataHook",
    "hook-name": "OData v4 (Tandem)",
    "ui-field-behaviour": {
        "hidden-fields": ["schema", "port"],
        "relabeling": {
            "host": "Service root URL",
            "login": "Login",
            "password": "Password, token, API key or client secret",
        },
        "placeholders": {"host": "https://services.example.com/odata/v4/crm/"},
    },
    "conn-fields": {
        "auth": {
            "label": "Sign in by",
            "description": "Left empty: basic where there is a login, else nothing.",
            "schema": {**_TEXT, "enum": [None, *_AUTH]},
        },
        "header": {
            "label": "Header of the API key",
            "schema": {**_TEXT, "default": "x-api-key"},
        },
        "tenant": {"label": "Tenant (Microsoft Entra ID)", "schema": _TEXT},
        "client_id": {
            "label": "Client id",
            "description": "Left empty: the login.",
            "schema": _TEXT,
        },
        "authority": {
            "label": "Authority URL",
            "description": "In place of the tenant's.",
            "schema": _TEXT,
        },
        "token_url": {
            "label": "Token URL",
            "description": "Any OAuth2 token endpoint, in place of tenant or authority.",
            "schema": _TEXT,
        },
        "scope": {"label": "Scope", "schema": _TEXT},
    },
}
_SQL: Final = {
    "connection-type": "sql",
    "hook-class-name": "tandem.airflow.hooks.SqlHook",
    "hook-name": "SQL database (Tandem)",
    "ui-field-behaviour": {
        "hidden-fields": ["host", "schema", "port"],
        "relabeling": {"login": "Login", "password": "Password"},
        "placeholders": {"login": "in place of the URL's", "password": "in place of the URL's"},
    },
    "conn-fields": {
        "url": {
            "label": "SQLAlchemy URL",
            "description": "For example postgresql://host/crm or sqlite:////data/crm.db.",
            "schema": {"type": "string"},
        },
    },
}


def get_provider_info() -> dict[str, Any]:
    """The provider's description (entry point `apache_airflow_provider`)."""
    return {
        "package-name": "tandem",
        "name": "Tandem",
        "description": "Keeps the records of two business systems in step.",
        "versions": [version("tandem")],
        "connection-types": [_ODATA, _SQL],
    }
