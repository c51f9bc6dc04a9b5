"""What Airflow is told about Tandem: connection types with forms of their own.

Called while Airflow itself is still being imported, so it must not import Airflow.
"""

from importlib.metadata import version
from typing import Any

from tandem.airflow.forms import FORMS


def get_provider_info() -> dict[str, Any]:
    """The provider's description (entry point `apache_airflow_provider`)."""
    return {
        "package-name": "tandem",
        "name": "Tandem",
        "description": "Keeps the records of two business systems in step.",
        "versions": [version("tandem")],
        "connection-types": list(FORMS),
    }
