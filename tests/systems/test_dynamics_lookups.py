"""A lookup of several targets in Dataverse, of which a writer knows one part."""

from pathlib import Path

import pyarrow as pa
import pytest
from tests.systems.contoso import Contoso

from tandem.connectors.base import ETAG
from tandem.connectors.dynamics.connector import DynamicsConnector

CUSTOMER = "_customerid_value"


@pytest.mark.parametrize("guarded", [False, True])
def test_a_null_of_the_one_part_that_a_writer_knows_clears_that_target_only(
    tmp_path: Path, guarded: bool
) -> None:
    contoso = Contoso(tmp_path)
    account = contoso.create("accounts", name="Contoso")
    contact = contoso.create("contacts", lastname="Ann")
    owned = {
        "customerid_account__bind": f"/accounts({account})",
        "customerid_contact__bind": f"/contacts({contact})",
    }
    cases = [contoso.create("incidents", title="x", **{n: v}) for n, v in owned.items()]
    connector = DynamicsConnector(contoso.connection(), contoso.wire)
    entity = connector.schema().entity("incidents")
    records = pa.RecordBatch.from_pydict(
        {
            "incidentid": cases,
            "title": ["y", "y"],
            "customerid_account": pa.nulls(2, pa.string()),
        }
    )
    seen = pa.RecordBatch.from_pydict({ETAG: pa.nulls(2, pa.string()), "title": ["x", "x"]})
    written = connector.update(entity, records, seen=seen if guarded else None)
    assert (written.rejected, written.changed) == ({}, ())
    held = contoso.records("incidents")
    assert [(held[key]["title"], held[key][CUSTOMER]) for key in cases] == [
        ("y", None),
        ("y", contact),
    ]
