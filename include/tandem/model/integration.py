"""An integration as its user writes it: the models of `config/integrations/<name>.yaml`."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from tandem.errors import is_one_line
from tandem.model.alerts import FailAbove, Notice
from tandem.model.config import Config
from tandem.model.filters import Condition
from tandem.model.transforms import Transform, fields_read_by

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=100)]


def _one_line(text: str) -> str:
    if not is_one_line(text):
        raise ValueError(f"{text[:60]!r} holds a control character; no name has one")
    return text


Text = Annotated[str, StringConstraints(min_length=1), AfterValidator(_one_line)]
Constant = bool | int | Decimal | str
Direction = Literal["download_only", "upload_only", "bidirectional"]
OnConflict = Literal["external_wins", "local_wins", "newest_wins", "review"]
Unmapped = Literal["reject", "keep", "default"]


class System(Config):
    """One side: which connector speaks to it, and which connection says where it is."""

    connector: Text = Field(description="Name of an installed connector: odata, sql, …")
    connection: Text = Field(
        description="Id of an Airflow connection (AIRFLOW_CONN_<ID>, the UI or a secrets backend)."
    )
    pool: Text | None = Field(
        None,
        description="Airflow pool of the tasks that talk to this side, one for all integrations "
        "that share a tenant and a user.",
    )


class Lookup(Config):
    """Which record a lookup's value means: the one of `entity` whose `field` has that value."""

    entity: Text = Field(description="External entity that is referred to.")
    field: Text = Field(description="Its external field that the value is compared with.")
    composite: Name | None = Field(
        None, description="Name of the composite lookup that this field is a part of."
    )


class FieldMapping(Config):
    """Which external field meets which local one."""

    external: Text | None = Field(None, description="External field.")
    local: Text | None = Field(None, description="Local field.")
    constant: Constant | None = Field(
        None, description="A fixed value in place of the other side's field."
    )
    enabled: bool = Field(True, description="False keeps the line and leaves the field out.")
    direction: Direction | None = Field(
        None, description="Narrows the entity's direction for this field."
    )
    lookup: Lookup | None = Field(None, description="The field refers to another record.")
    values: dict[Constant, Constant] | None = Field(
        None, description="External option value → local option value."
    )
    unmapped: Unmapped = Field(
        "reject",
        description="What becomes of an option that values does not list: its record is rejected, "
        "it travels unchanged, or it becomes the default.",
    )
    transform: tuple[Transform, ...] = Field(
        (), description="Applied in this order, in the direction in which the line travels."
    )
    default: Constant | None = Field(
        None, description="What a null becomes in the direction in which the line travels."
    )
    on_conflict: OnConflict | None = Field(None, description="Overrides the entity's policy.")

    @model_validator(mode="after")
    def _has_two_ends(self) -> "FieldMapping":
        ends = [end for end in (self.external, self.local, self.constant) if end is not None]
        if len(ends) != 2:
            raise ValueError(
                "a field mapping has two of external, local and constant; "
                "write for example {external: name, local: name}"
            )
        return self

    @model_validator(mode="after")
    def _transforms_values_only(self) -> "FieldMapping":
        what = "a lookup" if self.lookup else "a constant" if self.constant is not None else ""
        given = [key for key in ("transform", "default", "values") if _is_given(self, key)]
        if what and given:
            raise ValueError(f"{what} is not transformed; remove {given[0]}")
        if self.unmapped != "reject" and not self.values:
            raise ValueError("unmapped is about options; write values: {…}, or remove unmapped")
        if self.unmapped == "default" and self.default is None:
            raise ValueError("unmapped: default needs a default; write default: …")
        return self

    @property
    def also_reads(self) -> tuple[str, ...]:
        """The fields that its transforms read beside its own, on the side being read."""
        return fields_read_by(self.transform)


class EntityMapping(Config):
    """Which external entity meets which local one, and how their records are kept in step."""

    external: Text = Field(description="External entity (OData: entity set).")
    local: Text = Field(description="Local entity (SQL: table).")
    enabled: bool = Field(True, description="False keeps the mapping and leaves the entity out.")
    direction: Direction = Field("download_only", description="Which way records travel.")
    first_sync: Literal["replace_local", "link_and_merge"] = Field(
        "link_and_merge",
        description="What the first sync does with local records: replace them (after approval) "
        "or link them by primary key and merge.",
    )
    primary_key: tuple[Text, ...] = Field(
        (), description="External fields that find the partner of a record that has no link yet."
    )
    version_number: Text | None = Field(
        None,
        description="External field that orders changes. Omitted: the best that the metadata "
        "offers.",
    )
    local_version_number: Text | None = Field(
        None,
        description="Local field that orders changes: one that the local system itself sets with "
        "every write. Omitted: local changes are found by comparing all records.",
    )
    overlap: timedelta = Field(
        timedelta(minutes=10),
        description="How far before its anchor a timestamp is read again, for records that were "
        "committed late. ISO 8601, for example PT10M.",
        ge=timedelta(0),
    )
    deletes: Literal["propagate", "ignore"] = Field(
        "propagate", description="What a deletion on one side does to the other."
    )
    sweep_every: int = Field(
        1,
        description="Where a system does not tell what was deleted, all keys are compared in "
        "every so manieth run.",
        ge=1,
    )
    parallel_reads: int = Field(
        1,
        description="In how many parts at once a large full reading of a side is read; each is a "
        "task of its own in Airflow.",
        ge=1,
        le=32,
    )
    filter_exit: Literal["keep", "delete"] = Field(
        "keep", description="What happens to a linked record that leaves the filter."
    )
    on_conflict: OnConflict | None = Field(None, description="Overrides the integration's policy.")
    download_filter: Condition | None = Field(
        None, description="Which external records are downloaded; external names."
    )
    upload_filter: Condition | None = Field(
        None, description="Which local records are uploaded; local names."
    )
    composite_lookups: tuple[Name, ...] = Field(
        (), description="Names of lookups that are resolved by two or more external fields."
    )
    fields: tuple[FieldMapping, ...] = Field(min_length=1, description="The field mappings.")

    @property
    def active_fields(self) -> tuple[FieldMapping, ...]:
        """The field mappings that are enabled and do something."""
        return tuple(line for line in self.fields if line.enabled and self.uses(line))

    def uses(self, line: FieldMapping) -> bool:
        """Whether the line travels, or its external field finds partners.

        A line that only uploads has no place to go where its entity only downloads.
        """
        ways = {self.direction, line.direction or self.direction}
        return ways != {"download_only", "upload_only"} or line.external in self.primary_key

    @model_validator(mode="after")
    def _sends_each_made_field_once(self) -> "EntityMapping":
        sent = [f for f in self.active_fields if f.external and self._is_sent(f)]
        counts = Counter(line.external for line in sent)
        for line in sent:
            if counts[line.external] > 1 and (line.transform or line.default is not None):
                raise ValueError(
                    f"external field {line.external!r} is sent by several lines, one of which "
                    "transforms; remove one, or give it another direction"
                )
        return self

    def _is_sent(self, line: FieldMapping) -> bool:
        return "download_only" not in (self.direction, line.direction)

    def _only_leaves(self, line: FieldMapping) -> bool:
        """Whether the line only tells what is sent, so that another may fill its local field."""
        leaves = "upload_only" in (self.direction, line.direction)
        return leaves and line.lookup is None and line.external is not None

    @model_validator(mode="after")
    def _maps_each_field_once(self) -> "EntityMapping":
        active = self.active_fields
        filled = [field for field in active if not self._only_leaves(field)]
        _refuse_repeats("local field", {_place(field): field.local for field in filled}.values())
        declared = set(self.composite_lookups)
        for field in active:
            composite = field.lookup.composite if field.lookup else None
            if composite and composite not in declared:
                raise ValueError(
                    f"composite lookup {composite!r} is not declared; "
                    f"write composite_lookups: [{composite}]"
                )
        return self


class Integration(Config):
    """One configured pair of systems with its entity mappings."""

    name: Name = Field(description="The file's name without .yaml.")
    description: str = Field("", description="For people.")
    external: System
    local: System
    provision: bool = Field(False, description="Create missing local tables and columns.")
    schedule: str | None = Field(
        None, description="Any Airflow schedule string; null: by hand only."
    )
    on_conflict: OnConflict = Field(
        "external_wins", description="What happens when both sides changed the same field."
    )
    fail_above: FailAbove | None = Field(
        None, description="From what on a run with rejected records or conflicts has failed."
    )
    late_after: timedelta | None = Field(
        None,
        description="How long after it was queued a sync is late. ISO 8601, for example PT2H.",
        gt=timedelta(0),
    )
    notify: tuple[Notice, ...] = Field((), description="Who is told when, and how.")
    entities: tuple[EntityMapping, ...] = Field(min_length=1)

    @property
    def active_entities(self) -> tuple[EntityMapping, ...]:
        """The entity mappings that are enabled."""
        return tuple(entity for entity in self.entities if entity.enabled)

    @model_validator(mode="after")
    def _maps_each_entity_once(self) -> "Integration":
        _refuse_repeats("external entity", (entity.external for entity in self.active_entities))
        return self

    def entity(self, external: str) -> EntityMapping | None:
        """The enabled mapping of that external entity."""
        return next((e for e in self.active_entities if e.external == external), None)


def _place(field: FieldMapping) -> object:
    """The lines of one composite lookup share their local field; all others have their own."""
    composite = field.lookup.composite if field.lookup else None
    return (field.local, composite) if composite else id(field)


def _is_given(line: FieldMapping, key: str) -> bool:
    return bool(getattr(line, key)) or (key == "default" and line.default is not None)


def _refuse_repeats(what: str, names: Iterable[Any]) -> None:
    repeated = [name for name, count in Counter(names).items() if name and count > 1]
    if repeated:
        raise ValueError(
            f"{what} {repeated[0]!r} is mapped more than once; remove one or set enabled: false"
        )
