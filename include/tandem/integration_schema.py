"""The JSON Schema of an integration file: `python -m tandem.integration_schema > FILE`.

Editors complete and check integration files with it; `make schema` writes it to
`config/integration.schema.json`.
"""

import json
import sys

from tandem.model.integration import Integration


def integration_schema() -> str:
    """The schema as a JSON document (draft 2020-12)."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Integration.model_json_schema(),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(integration_schema())
