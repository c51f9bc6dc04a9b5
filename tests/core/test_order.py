from tandem.core.order import entity_order
from tandem.model.integration import Integration


def integration(**lookups: list[str]) -> Integration:
    entities = [
        {
            "external": name,
            "local": name,
            "fields": [
                {"external": "name", "local": "name"},
                *(
                    {"external": f"{t}_ID", "local": t, "lookup": {"entity": t, "field": "ID"}}
                    for t in targets
                ),
            ],
        }
        for name, targets in lookups.items()
    ]
    side = {"connector": "memory", "connection": "x"}
    return Integration.model_validate(
        {"name": "test", "external": side, "local": side, "entities": entities}
    )


def names(ordered) -> list[list[str]]:
    return [[mapping.external for mapping in group] for group in ordered]


def test_what_is_looked_up_comes_first():
    ordered = entity_order(integration(orders=["contacts"], contacts=["accounts"], accounts=[]))
    assert names(ordered) == [["accounts"], ["contacts"], ["orders"]]


def test_a_cycle_is_one_group():
    ordered = entity_order(integration(a=["b"], b=["a"], c=["a"]))
    assert names(ordered) == [["a", "b"], ["c"]]


def test_a_self_reference_is_no_obstacle():
    assert names(entity_order(integration(accounts=["accounts"]))) == [["accounts"]]


def test_a_long_chain_of_lookups_is_ordered():
    chain = {f"e{n}": [f"e{n + 1}"] if n < 199 else [] for n in range(200)}
    assert names(entity_order(integration(**chain)))[0] == ["e199"]
