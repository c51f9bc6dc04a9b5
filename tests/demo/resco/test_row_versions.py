import pytest

NS = "{http://schemas.resco.net/XRM/Execute}"


def lowest(resco):
    return int(resco.fetch("account", count="1").findtext(f"{NS}MinActiveRowVersion"))


def versions(resco, entity, since):
    found = resco.get(f"{entity}?$filter=versionnumber ge {since}&$select=versionnumber")
    return sorted(item["versionnumber"] for item in found["value"])


def rename(resco, entity, name):
    key = resco.first(entity)["id"]
    resco.client.patch(f"/odata/v4/{entity}('{key}')", json={"name": name}).raise_for_status()


def test_one_counter_rises_over_all_entities(resco):
    before = resco.max_row_version()
    rename(resco, "account", "A")
    rename(resco, "contact", "B")
    rename(resco, "account", "C")
    assert resco.max_row_version() == before + 3
    assert versions(resco, "contact", before + 1) == [before + 2]
    assert versions(resco, "account", before + 1) in ([before + 1, before + 3], [before + 3])


def test_nothing_open_means_that_all_that_was_given_is_seen(resco):
    assert lowest(resco) == resco.max_row_version() + 1


def test_an_open_transaction_holds_the_ceiling_though_the_counter_goes_on(resco):
    key = resco.first("account")["id"]
    before = resco.max_row_version()
    with resco.organization.held("account", {"name": "Late"}, key) as taken:
        rename(resco, "contact", "Meanwhile")
        assert taken == before + 1
        assert resco.max_row_version() == before + 2
        assert lowest(resco) == taken
        assert versions(resco, "account", taken) == []
        assert versions(resco, "contact", taken) == [before + 2]
    assert versions(resco, "account", taken) == [taken]
    assert resco.get(f"account('{key}')")["name"] == "Late"
    assert lowest(resco) == before + 3


def test_a_late_commit_does_not_move_the_counter(resco):
    """Who only compares the counter with what he saw before would take it for nothing changed."""
    with resco.organization.held("account", {"name": "Late and new"}):
        rename(resco, "contact", "Meanwhile")
        seen = resco.max_row_version()
    assert resco.max_row_version() == seen


def test_a_reader_up_to_the_ceiling_misses_nothing(resco):
    with resco.organization.held("account", {"name": "Late"}) as taken:
        rename(resco, "account", "Meanwhile")
        ceiling = lowest(resco)
    assert taken in versions(resco, "account", ceiling)


def test_what_is_rolled_back_is_never_seen(resco):
    with pytest.raises(RuntimeError), resco.organization.held("account", {"name": "L"}) as taken:
        raise RuntimeError
    assert versions(resco, "account", taken) == []
    assert lowest(resco) == taken + 1
