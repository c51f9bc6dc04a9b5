"""Prints what OpenLineage is told of a load, as its client would send it.

Arguments: integration file, entity, kind, run id.
"""

import json
import sys
from pathlib import Path

from openlineage.client.serde import Serde

from tandem.airflow.lineage import load_lineage
from tandem.integration_files import load_integration

path, entity, kind, run_id = sys.argv[1:]
told = load_lineage(load_integration(Path(path)), entity, kind, run_id)  # type: ignore[arg-type]
sides = {"inputs": told.inputs, "outputs": told.outputs}
sys.stdout.write(
    json.dumps({name: json.loads(Serde.to_json(side)) for name, side in sides.items()})
)
