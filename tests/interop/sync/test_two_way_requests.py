"""CAP takes what is uploaded in batches."""

from collections import Counter

import pytest

pytestmark = pytest.mark.interop

MANY = 2_000


@pytest.fixture
def run(tandem, sqlite, source, mine):
    """Accounts of this test's own, both ways, and many of them on the local side."""
    starts = {"field": "accountNumber", "operator": "begins_with", "value": mine}
    both = {"direction": "bidirectional", "first_sync": "link_and_merge"}
    run = tandem(sqlite, Accounts={**both, "download_filter": starts})
    for field in run.entities["Accounts"]["fields"]:
        if field["external"] in ("createdAt", "modifiedAt", "modifiedBy"):
            field["direction"] = "download_only"
    run.sync()
    rows = (f"('{n:08}-0000-4000-8000-{mine[1:9]}0000', '{mine}{n}', 'x')" for n in range(MANY))
    sqlite.run(f'INSERT INTO account (id, "accountNumber", name) VALUES {", ".join(rows)}')
    yield run
    keys = [row["id"] for row in sqlite.rows("account") if row["accountNumber"].startswith(mine)]
    for start in range(0, len(keys), 500):  # CAP takes no more at once
        source.delete("Accounts", *keys[start : start + 500])


def posts(run):
    """How many requests of each kind there were."""
    return Counter(path.partition("?")[0].partition("(")[0] for path in run.wire.asked)


def test_many_records_take_few_requests(run, source, mine):
    created = run.sync()
    assert (created.status, created.counts.created) == ("success", MANY)
    assert posts(run)["$batch"] <= 2 * MANY // 100
    run.local.run("UPDATE account SET name = 'y'")
    updated = run.sync()
    assert (updated.status, updated.counts_of("upload").updated) == ("success", MANY)
    assert posts(run)["$batch"] <= 2 * MANY // 100
    there = source.records(f"Accounts?$filter=startswith(accountNumber,'{mine}')")
    assert Counter(record["name"] for record in there) == {"y": MANY}
