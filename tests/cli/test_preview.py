"""`tandem preview`: the plan, printed."""


def test_a_preview_shows_both_directions_and_writes_nothing(systems):
    systems.there("Ada", number="1")
    here = systems.here("Hal", accountnumber="2")
    shown = systems.ok("preview", "crm")
    assert "download 1 create" in shown
    assert "upload 1 create" in shown
    assert f"create external: (new) = {here} number=2, name=Hal" in shown
    assert len(systems.external.records["Accounts"]) == 1
    assert len(systems.local.records["account"]) == 1


def test_a_preview_of_one_direction_leaves_the_other_out(systems):
    systems.there("Ada", number="1")
    systems.here("Hal", accountnumber="2")
    (plan,) = systems.json("preview", "crm", "--direction", "upload")
    assert plan["counts"]["upload"]["created"] == 1
    assert plan["counts"]["download"]["created"] == 0
    (plan,) = systems.json("preview", "crm", "--direction", "download")
    assert [record["writes_to"] for record in plan["records"]] == ["local"]


def test_an_update_shows_before_and_after(systems):
    systems.there("Ada", number="1")
    systems.ok("sync", "crm")
    systems.edit_here("Ada", name="Ada L")
    assert "name: Ada → Ada L" in systems.ok("preview", "crm")
    (plan,) = systems.json("preview", "crm")
    (record,) = plan["records"]
    assert record["changes"] == {"external": {"name": {"before": "Ada", "after": "Ada L"}}}


def test_a_conflict_shows_all_three_values(systems):
    systems.there("Ada", number="1")
    systems.ok("sync", "crm")
    systems.edit_here("Ada", name="Ada L")
    systems.edit_there("Ada", name="Ada E")
    shown = systems.exits(1, "preview", "crm")
    assert "name: base Ada, local Ada L, external Ada E" in shown


def test_what_a_first_sync_would_remove_is_marked(systems):
    systems.configure(first_sync="replace_local")
    systems.there("Ada", number="1")
    systems.here("Hal", accountnumber="2")
    shown = systems.exits(1, "preview", "crm")
    assert "deletions that need approval: 1" in shown
    assert f"delete* local: {systems.is_here('Hal')['id']} " in shown


def test_what_is_left_out_is_said(systems):
    for n in range(5):
        systems.there(f"n{n}", number=str(n))
    assert "… and 3 more (--limit)" in systems.ok("preview", "crm", "--limit", "2")
