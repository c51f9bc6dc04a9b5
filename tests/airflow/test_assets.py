"""Entities as assets."""

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.airflow.assets import asset_of, directions, read, written
from tandem.model.integration import Integration


def integration(name: str = "crm", **more: Any) -> Integration:
    entity = {
        "external": "Shop/Orders",
        "local": "order",
        "fields": [{"external": "a", "local": "a"}],
        **more,
    }
    return Integration.model_validate(
        {
            "name": name,
            "external": {"connector": "odata", "connection": f"{name}_api"},
            "local": {"connector": "sql", "connection": "warehouse"},
            "entities": [entity],
        }
    )


def names(found: Integration, kind: Any) -> tuple[list[str], list[str]]:
    mapping = found.entities[0]
    return (
        [asset.name for asset in read(found, mapping, kind)],
        [asset.name for asset in written(found, mapping, kind)],
    )


@pytest.mark.parametrize(
    ("direction", "kind", "expected"),
    [
        ("download_only", "sync", (["crm_api/Shop/Orders"], ["warehouse/order"])),
        ("upload_only", "sync", (["warehouse/order"], ["crm_api/Shop/Orders"])),
        (
            "bidirectional",
            "sync",
            (
                ["crm_api/Shop/Orders", "warehouse/order"],
                ["warehouse/order", "crm_api/Shop/Orders"],
            ),
        ),
        ("bidirectional", "import", (["crm_api/Shop/Orders"], ["warehouse/order"])),
        ("bidirectional", "export", (["warehouse/order"], ["crm_api/Shop/Orders"])),
    ],
)
def test_what_is_read_and_what_is_written_goes_with_the_direction(
    direction: str, kind: Any, expected: tuple[list[str], list[str]]
) -> None:
    assert names(integration(direction=direction), kind) == expected


def test_integrations_that_write_the_same_entity_share_its_asset() -> None:
    one, other = integration("crm"), integration("erp")
    assert asset_of(one, one.entities[0], "local") == asset_of(other, other.entities[0], "local")
    assert asset_of(one, one.entities[0], "external") != asset_of(
        other, other.entities[0], "external"
    )


def test_a_uri_is_what_airflow_keeps_as_it_is() -> None:
    found = integration(local="Zákazníci 1 (staré)/100%")
    asset = asset_of(found, found.entities[0], "local")
    assert asset.uri == ("x-tandem://warehouse/Z%C3%A1kazn%C3%ADci%201%20%28star%C3%A9%29%2F100%25")
    assert asset.name == "warehouse/Z%C3%A1kazn%C3%ADci 1 %28star%C3%A9%29/100%25"


_NAMES = st.one_of(
    st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=400),
    st.text(string.punctuation + " é/", min_size=1, max_size=8),
)


@given(_NAMES, _NAMES)
def test_every_name_gives_an_asset_of_its_own(one: str, other: str) -> None:
    assets = []
    for name in (one, other):
        found = integration(local=name)
        assets.append(asset_of(found, found.entities[0], "local"))
    assert all(len(asset.name) <= 1500 and asset.name.isascii() for asset in assets)
    assert (assets[0].name == assets[1].name) == (one == other)
    assert (assets[0].uri == assets[1].uri) == (one == other)


def test_a_direction_that_no_run_of_that_kind_goes_is_none() -> None:
    assert directions(integration(direction="upload_only").entities[0], "import") == ()
