"""What a person can ask of a DAG run, and reads about its integration."""

from collections.abc import Iterable
from typing import Final

from airflow.sdk import Param

from tandem.airflow.travels import Kind
from tandem.model.integration import EntityMapping, Integration

ARROWS: Final = {"download_only": "→", "upload_only": "←", "bidirectional": "↔"}
"""Direction → the way that records travel between external (left) and local (right)."""


def params(kind: Kind, mappings: Iterable[EntityMapping]) -> dict[str, Param]:
    """The params of a DAG of that kind."""
    entities = _entities(mapping.external for mapping in mappings)
    if kind == "sync":
        return {
            "mode": _mode(),
            "entities": entities,
            "since": _moment(
                "In mode window: what was changed from then on. In a backfill it may be empty, and "
                "until too: each run stands for the time from its logical date to the next."
            ),
            "until": _moment("In mode window: what was changed before then."),
            "confirm": _confirm(),
        }
    preview = Param(False, type="boolean", description="Plan and report, but write nothing.")
    return {
        "preview": preview,
        "entities": entities,
        "since": _moment("Only what was changed from then on. Empty: everything."),
        "until": _moment("Only what was changed before then."),
    }


def document(integration: Integration, mappings: Iterable[EntityMapping]) -> str:
    """What the DAG's page says: both systems, and each entity with the way it goes."""
    systems = (
        f"{side}: {system.connector} `{system.connection}`"
        for side, system in (("external", integration.external), ("local", integration.local))
    )
    head = [
        integration.description,
        "",
        " · ".join(systems),
        "",
        "| external | | local |",
        "|-|-|-|",
    ]
    return "\n".join([*head, *map(_row, mappings)])


def _row(mapping: EntityMapping) -> str:
    return f"| {mapping.external} | {ARROWS[mapping.direction]} | {mapping.local} |"


def _moment(description: str) -> Param:
    return Param(None, type=["null", "string"], format="date-time", description=description)


def _mode() -> Param:
    return Param(
        "auto",
        type="string",
        enum=["auto", "full", "window"],
        values_display={
            "auto": "What changed (auto)",
            "full": "Everything again (full)",
            "window": "What was changed at some time, again (window)",
        },
        description="What is read of both systems.",
    )


def _confirm() -> Param:
    return Param(
        False,
        type="boolean",
        title="Approve beforehand",
        description="Nobody is asked: deletions that a run withheld, or a first sync that replaces "
        "local records, are approved, and so is all else that a run stops for.",
    )


def _entities(names: Iterable[str]) -> Param:
    known = list(names)
    return Param(
        [],
        type="array",
        items={"type": "string", "enum": known},
        examples=known,
        description="Only these entities. Empty: all of them.",
    )
