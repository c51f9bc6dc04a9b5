"""Prints what OpenLineage is told of a load: the event as its client sends it.

Arguments: integration file, entity, kind, run id.
"""

import sys
from pathlib import Path
from uuid import uuid4

from openlineage.client.event_v2 import Job, Run, RunEvent, RunState
from openlineage.client.serde import Serde

from tandem.airflow.lineage import load_lineage
from tandem.integration_files import load_integration

path, entity, kind, run_id = sys.argv[1:]
told = load_lineage(load_integration(Path(path)), entity, kind, run_id)  # type: ignore[arg-type]
event = RunEvent(
    eventTime="2026-01-01T12:00:00Z",
    eventType=RunState.COMPLETE,
    run=Run(str(uuid4())),
    job=Job("tests", f"crm.{entity}.load"),
    inputs=told.inputs,  # type: ignore[arg-type]
    outputs=told.outputs,  # type: ignore[arg-type]
)
sys.stdout.write(Serde.to_json(event))
