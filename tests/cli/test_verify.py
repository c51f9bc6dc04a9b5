"""`tandem verify`: do both sides agree?"""


def test_both_sides_agree_after_a_sync(systems):
    systems.there("Ada", number="1")
    systems.ok("sync", "crm")
    shown = systems.ok("verify", "crm")
    assert "1 external, 1 local, 1 links; values of 1 compared; differences: 0" in shown
    assert "verified at" in shown
    assert "Both sides agree." in shown


def test_what_differs_is_listed_and_mended_by_the_next_sync(systems):
    systems.there("Ada", number="1")
    systems.there("Bob", number="2")
    systems.ok("sync", "crm")
    systems.edit_here("Ada", name="Ada L")
    systems.there("Cy", number="3")
    del systems.external.records["Accounts"][(systems.is_there("Bob")["ID"],)]
    shown = systems.exits(1, "verify", "crm")
    assert "the local record is not what was agreed on: name" in shown
    assert "the external record has no partner" in shown
    assert "the external record is gone" in shown
    systems.ok("sync", "crm")
    systems.ok("verify", "crm")


def test_verify_prints_json(systems):
    id_ = systems.there("Ada", number="1")
    (found,) = systems.json("verify", "crm", code=1)
    (difference,) = found["differences"]
    assert (difference["kind"], difference["external_id"]) == ("not linked", id_)
