"""Which field comes from which."""

from typing import Any

import pytest

from tandem.core.lineage import Origin, Way, origins
from tandem.model.integration import EntityMapping

ORDER: dict[str, str] = {"entity": "Orders", "field": "No", "composite": "order"}


def mapping(*fields: dict[str, Any], direction: str = "bidirectional") -> EntityMapping:
    return EntityMapping.model_validate(
        {
            "external": "Accounts",
            "local": "account",
            "direction": direction,
            "composite_lookups": ["order"],
            "fields": [{"external": "unused", "local": "x", "enabled": False}, *fields],
        }
    )


@pytest.mark.parametrize(
    ("line", "download", "upload"),
    [
        (
            {"external": "name", "local": "title"},
            Origin("title", ("name",), ""),
            Origin("name", ("title",), ""),
        ),
        (
            {"external": "code", "local": "c", "direction": "download_only", "transform": ["trim"]},
            Origin("c", ("code",), "trim"),
            None,
        ),
        ({"local": "source", "constant": "crm"}, Origin("source", (), "constant"), None),
        ({"external": "source", "constant": 1}, None, Origin("source", (), "constant")),
        (
            {"external": "state", "local": "s", "values": {"a": 1}, "default": "b"},
            Origin("s", ("state",), "values, default"),
            Origin("state", ("s",), "values, default"),
        ),
        (
            {"external": "parent", "local": "p", "lookup": {"entity": "Accounts", "field": "ID"}},
            Origin("p", ("parent",), "lookup of Accounts by ID"),
            Origin("parent", ("p",), "lookup of Accounts by ID"),
        ),
        (
            {
                "external": "first",
                "local": "full",
                "direction": "download_only",
                "transform": [{"concat": {"fields": ["last", "first"]}}, {"truncate": 40}],
            },
            Origin("full", ("first", "last"), "concat, truncate"),
            None,
        ),
        (
            {
                "external": "full",
                "local": "first",
                "direction": "upload_only",
                "transform": [{"concat": {"fields": ["last"]}}],
            },
            None,
            Origin("full", ("first", "last"), "concat"),
        ),
    ],
)
def test_each_direction_has_its_own_origins(
    line: dict[str, Any], download: Origin | None, upload: Origin | None
) -> None:
    found = mapping(line)
    assert origins(found, "download") == ((download,) if download else ())
    assert origins(found, "upload") == ((upload,) if upload else ())


@pytest.mark.parametrize(
    ("direction", "none"), [("download_only", "upload"), ("upload_only", "download")]
)
def test_an_entity_that_goes_one_way_writes_nothing_the_other(direction: str, none: Way) -> None:
    assert not origins(mapping({"external": "a", "local": "b"}, direction=direction), none)


def test_a_composite_lookup_is_one_field_made_of_several() -> None:
    found = mapping(
        {"external": "type", "local": "order", "lookup": {**ORDER, "field": "Type"}},
        {"external": "number", "local": "order", "lookup": ORDER},
    )
    assert origins(found, "download") == (
        Origin("order", ("type", "number"), "lookup of Orders by Type; lookup of Orders by No"),
    )
    assert [(one.field, one.sources) for one in origins(found, "upload")] == [
        ("type", ("order",)),
        ("number", ("order",)),
    ]
