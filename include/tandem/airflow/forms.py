"""The forms of our connection types on Airflow's Connections page."""

from typing import Any, Final

Form = dict[str, Any]
"""An entry of a provider's `connection-types`."""

_TEXT: Final = {"type": ["string", "null"]}
_SIGN_IN: Final = {
    "tenant": {
        "label": "Tenant (Microsoft Entra ID)",
        "description": "Its id or its domain.",
        "schema": _TEXT,
    },
    "client_id": {
        "label": "Client id",
        "description": "Of the application that is registered for Tandem. Left empty: the login.",
        "schema": _TEXT,
    },
    "authority": {
        "label": "Authority URL",
        "description": "In place of the tenant's at the public cloud.",
        "schema": _TEXT,
    },
    "scope": {
        "label": "Scope",
        "description": "Left empty: all that the application may do.",
        "schema": _TEXT,
    },
}
_VERIFY: Final = {
    "verify": {
        "label": "CA bundle",
        "description": "Path of a file in PEM form, for a service with a certificate of its own.",
        "schema": _TEXT,
    },
}
_OR_DEVICE_CODE: Final = "Client secret (empty: device code)"


def _auth(description: str, *ways: str) -> dict[str, Any]:
    return {
        "auth": {
            "label": "Sign in by",
            "description": description,
            "schema": {**_TEXT, "enum": [None, *ways]},
        }
    }


ODATA: Final[Form] = {
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
        **_auth(
            "Left empty: basic where there is a login, else nothing.",
            "none", "basic", "bearer", "api_key", "client_credentials", "device_code",
        ),
        "header": {
            "label": "Header of the API key",
            "schema": {**_TEXT, "default": "x-api-key"},
        },
        **_SIGN_IN,
        "token_url": {
            "label": "Token URL",
            "description": "Any OAuth2 token endpoint, in place of tenant or authority.",
            "schema": _TEXT,
        },
        **_VERIFY,
    },
}  # fmt: skip

DYNAMICS: Final[Form] = {
    "connection-type": "dynamics",
    "hook-class-name": "tandem.airflow.hooks.DynamicsHook",
    "hook-name": "Dynamics 365 (Tandem)",
    "ui-field-behaviour": {
        "hidden-fields": ["schema", "port"],
        "relabeling": {
            "host": "Service root URL",
            "login": "Login (optional: who signs in by device code)",
            "password": _OR_DEVICE_CODE,
        },
        "placeholders": {"host": "https://contoso.crm4.dynamics.com/api/data/v9.2/"},
    },
    "conn-fields": {
        **_auth(
            "Left empty: client credentials where there is a secret, else device code.",
            "client_credentials", "device_code",
        ),
        **_SIGN_IN,
        **_VERIFY,
    },
}  # fmt: skip

BUSINESS_CENTRAL: Final[Form] = {
    "connection-type": "business_central",
    "hook-class-name": "tandem.airflow.hooks.BusinessCentralHook",
    "hook-name": "Business Central (Tandem)",
    "ui-field-behaviour": {
        "hidden-fields": ["schema", "port"],
        "relabeling": {
            "host": "Service URL (empty: the public cloud)",
            "login": "Login (on-premises; online optional: who signs in by device code)",
            "password": "Client secret (empty: device code); on-premises the web service key",
        },
        "placeholders": {"host": "https://api.businesscentral.dynamics.com"},
    },
    "conn-fields": {
        "environment": {
            "label": "Environment",
            "schema": {**_TEXT, "default": "Production"},
        },
        "company": {
            "label": "Company",
            "description": "Its name or id. Left empty: the only one that there is.",
            "schema": _TEXT,
        },
        "route": {
            "label": "Route",
            "description": "v2.0, the route of a custom API such as contoso/app1/v1.0, or ODataV4 "
            "for published web services.",
            "schema": {**_TEXT, "default": "v2.0"},
        },
        **_auth(
            "Left empty: client credentials where there is a secret, else device code.",
            "client_credentials", "device_code", "basic",
        ),
        **_SIGN_IN,
        **_VERIFY,
    },
}  # fmt: skip

RESCO: Final[Form] = {
    "connection-type": "resco",
    "hook-class-name": "tandem.airflow.hooks.RescoHook",
    "hook-name": "Resco Cloud (Tandem)",
    "ui-field-behaviour": {
        "hidden-fields": ["schema", "port"],
        "relabeling": {"host": "Organization URL", "login": "Login", "password": "Password"},
        "placeholders": {"host": "https://contoso.rescocrm.com"},
    },
    "conn-fields": {
        "organization": {
            "label": "Organization",
            "description": "Only where the URL does not tell it.",
            "schema": _TEXT,
        },
        **_VERIFY,
    },
}

SQL: Final[Form] = {
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

FORMS: Final = (ODATA, DYNAMICS, BUSINESS_CENTRAL, RESCO, SQL)
