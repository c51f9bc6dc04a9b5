"""The first sync of everything that CAP has, and what is left to do afterwards."""

import json
from uuid import uuid4

import pytest

pytestmark = pytest.mark.interop


def test_every_value_arrives(tandem, local, source):
    run = tandem(local)
    report = run.sync()
    assert report.status == "success"
    assert report.counts.created == sum(len(source.records(entity)) for entity in run.entities)
    assert run.differences(source) == []


def test_second_sync_writes_nothing_and_asks_little(tandem, sqlite):
    run = tandem(sqlite)
    for mapping in run.entities.values():
        mapping["deletes"] = "ignore"  # to see deletions all keys are read
    run.sync()
    tables = [mapping["local"] for mapping in run.entities.values()]
    before = [run.state("link"), *map(sqlite.rows, tables)]
    report = run.sync()
    assert report.counts.all == report.counts.unchanged
    assert [run.state("link"), *map(sqlite.rows, tables)] == before
    for entity in ("Accounts", "Orders"):
        assert len([asked for asked in run.wire.asked if asked.startswith(entity)]) <= 3


def test_preview_says_what_the_run_does_and_does_nothing_itself(tandem, sqlite):
    run = tandem(sqlite)
    promised = run.preview()
    assert sqlite.rows("sqlite_master") == []
    done = {entity.entity: {"create": entity.counts.created} for entity in run.sync().entities}
    assert promised == done
    assert run.preview() == {name: {"unchanged": n["create"]} for name, n in done.items()}


def test_lost_links_are_found_again_by_primary_key(tandem, local, source):
    run = tandem(local)
    made = run.sync().counts.created
    run.forget()
    counts = run.sync().counts
    assert (counts.created, counts.updated) == (0, made)
    assert run.differences(source) == []


def test_local_key_with_a_lookup_in_it_names_the_local_partner(tandem, local, source, mine):
    guid = "UUID" if local.url.startswith("postgresql") else "GUID_TEXT"
    local.run(
        f'CREATE TABLE order_line ("order" {guid} NOT NULL, position INTEGER NOT NULL,'
        ' PRIMARY KEY ("order", position))'
    )
    order = str(uuid4())
    source.create("Orders", ID=order, orderNumber=f"{mine}1")
    source.create("OrderLines", order_ID=order, position=1, text="before")
    run = tandem(
        local,
        Accounts=only("accountNumber", mine),
        Orders=only("orderNumber", f"{mine}1"),
        OrderLines=only("order_ID", order),
    )
    run.sync()
    ((parent,), (line,)) = local.rows("order"), local.rows("order_line")
    assert (line["order"], line["position"], line["text"]) == (parent["id"], 1, "before")
    (link,) = (link for link in run.state("link") if link["entity"] == "OrderLines")
    assert json.loads(link["local_id"]) == [parent["id"], "1"]

    run.forget()
    run.sync()
    source.change("OrderLines", f"order_ID={order},position=1", text="after")
    counts = run.sync().counts
    assert (counts.updated, counts.failed) == (1, 0)
    assert local.rows("order_line") == [line | {"text": "after"}]


def only(field, value):
    return {"download_filter": {"field": field, "operator": "eq", "value": value}}
