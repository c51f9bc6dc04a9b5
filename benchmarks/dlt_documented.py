"""dlt's `rest_api` source as its documentation shows it, with default settings.

python -m benchmarks.dlt_documented SERVICE_ROOT TARGET [--merge]

TARGET: a libpq URL, or a SQLite file. With `--merge` the source is incremental by rowVersion and
merges on ID, so that running it again loads what changed.
"""

import sys
from typing import Any

from dlt.sources.rest_api import rest_api_source

from benchmarks.dlt_pipeline import pipeline_into
from benchmarks.fields import ENTITY, KEY, TABLE, VERSION


def source(root: str, *, merge: bool) -> Any:
    """The REST source: one resource, pages followed by their nextLink."""
    endpoint: dict[str, Any] = {"path": ENTITY, "data_selector": "value"}
    resource: dict[str, Any] = {"name": TABLE, "endpoint": endpoint}
    if merge:
        endpoint["params"] = {"$filter": f"{VERSION} gt {{incremental.start_value}}"}
        endpoint["incremental"] = {"cursor_path": VERSION, "initial_value": 0}
        resource |= {"primary_key": KEY, "write_disposition": "merge"}
    paginator = {"type": "json_link", "next_url_path": "['@odata.nextLink']"}
    client = {"base_url": root, "paginator": paginator}
    return rest_api_source({"client": client, "resources": [resource]})


if __name__ == "__main__":
    service_root, target, *flags = sys.argv[1:]
    pipeline_into(target).run(source(service_root, merge="--merge" in flags))
