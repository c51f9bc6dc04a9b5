"""Two-way syncs with CAP of entities with keys of other kinds: composite ones, and texts."""

from decimal import Decimal
from urllib.parse import quote
from uuid import uuid4

import pytest

pytestmark = pytest.mark.interop

BOTH = {"direction": "bidirectional", "first_sync": "link_and_merge"}
CODES = ("a/b", "O'Neil", "50 % & more", "株式会社", "x?y#z", 'say "no"')


@pytest.fixture
def articles(tandem, sqlite, source):
    """Articles both ways; those of this test are removed afterwards."""
    before = {record["code"] for record in source.records("Articles")}
    run = tandem(sqlite, Articles=BOTH)
    run.sync()
    yield run
    for record in source.records("Articles"):
        if record["code"] not in before:
            code = record["code"].replace("'", "''")
            source.delete("Articles", "'" + quote(code, safe="") + "'")


def names(source):
    return {record["code"]: record["name"] for record in source.records("Articles")}


@pytest.mark.parametrize("code", CODES)
def test_keys_that_are_texts_travel_up_as_they_are(articles, source, code):
    code = f"{uuid4().hex[:8]} {code}"
    text = code.replace("'", "''")
    id_ = str(uuid4())
    articles.local.run(f"INSERT INTO article (id, code, name) VALUES ('{id_}', '{text}', 'made')")
    assert articles.sync().status == "success"
    assert names(source)[code] == "made"
    articles.local.run(f"UPDATE article SET name = 'edited' WHERE id = '{id_}'")
    articles.sync()
    assert names(source)[code] == "edited"
    articles.local.run(f"DELETE FROM article WHERE id = '{id_}'")
    articles.sync()
    assert code not in names(source)
    assert articles.sync().counts.unchanged == 2 * len(names(source))


@pytest.fixture
def lines(tandem, local, source, mine):
    """Two orders with three lines each; lines both ways."""
    orders = [str(uuid4()) for _ in range(2)]
    for number, key in enumerate(orders):
        source.create("Orders", ID=key, orderNumber=f"{mine}{number}")
        for position in range(3):
            source.create("OrderLines", order_ID=key, position=position, text="x", price="1.10")
    run = tandem(local, Accounts={}, Orders={}, OrderLines=BOTH)
    run.sync()
    run.orders = orders
    return run


def test_records_with_composite_keys_travel_both_ways(lines, source):
    first, second = lines.orders
    key = {row["guid"]: row["id"] for row in lines.local.rows("order")}
    rows = {(r["order"], r["position"]): r["id"] for r in lines.local.rows("order_line")}
    lines.local.run(f"UPDATE order_line SET price = '0.07' WHERE id = '{rows[key[first], 0]}'")
    lines.local.run(f"DELETE FROM order_line WHERE id = '{rows[key[first], 1]}'")
    lines.local.run(
        'INSERT INTO order_line (id, "order", position, text, price)'
        f" VALUES ('{uuid4()}', '{key[second]}', 7, 'new', '12.30')"
    )
    source.change("OrderLines", f"order_ID={second},position=0", text="there")
    report = lines.sync()
    assert report.status == "success", [entity.line for entity in report.entities]
    there = {
        (r["order_ID"], r["position"]): (r["text"], r["price"])
        for r in source.records("OrderLines")
        if r["order_ID"] in (first, second)
    }
    assert there == {
        (first, 0): ("x", Decimal("0.07")),
        (first, 2): ("x", Decimal("1.10")),
        (second, 0): ("there", Decimal("1.10")),
        (second, 1): ("x", Decimal("1.10")),
        (second, 2): ("x", Decimal("1.10")),
        (second, 7): ("new", Decimal("12.30")),
    }
    ours = {
        (r["order"], r["position"]): (r["text"], r["price"]) for r in lines.local.rows("order_line")
    }
    mapped = {(key[order], position): values for (order, position), values in there.items()}
    assert mapped.items() <= ours.items()
    counts = lines.sync().counts
    assert (counts.created, counts.updated, counts.deleted, counts.failed) == (0, 0, 0, 0)
