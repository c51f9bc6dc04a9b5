"""Two systems whose schemas change between the runs: what a change does, and what must hold."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from tandem.connectors.memory import Habits, Store
from tandem.errors import ConfigurationError
from tandem.model.schema import Capabilities, Entity, Field, Kind
from tandem.sync.people.preview import preview_all

Record = dict[str, Any]
TEXT, INT, GUID = Kind.STRING, Kind.INT64, Kind.GUID


def _entity(name: str, key: str, /, **kinds: Kind) -> Entity:
    first = Field(name=key, kind=GUID, nullable=False)
    return Entity(
        name=name,
        key=(key,),
        fields=(first, *(Field(name=n, kind=kind) for n, kind in kinds.items())),
    )


ENTITIES = {
    "external": (
        _entity("Accounts", "ID", number=TEXT, name=TEXT, city=TEXT, size=INT, version=INT),
        _entity("Contacts", "ID", name=TEXT, account_ID=GUID, version=INT),
        _entity("Products", "ID", name=TEXT, version=INT),
    ),
    "local": (
        _entity("account", "id", number=TEXT, name=TEXT, city=TEXT, size=INT, rowversion=INT),
        _entity("contact", "id", name=TEXT, account=GUID),
        _entity("product", "id", name=TEXT),
    ),
}
PAIRS = {"Accounts": "account", "Contacts": "contact", "Products": "product"}
SAME = ("number", "name", "city", "size")
"""The fields of an account, which have the same names on both sides."""
LOOKUP = {
    "external": "account_ID",
    "local": "account",
    "lookup": {"entity": "Accounts", "field": "ID"},
}
VALUES = {
    "a": {"name": "Ada", "city": "Brno", "size": 1},
    "b": {"name": "Bob", "city": "Prague", "size": 2},
    "c": {"name": "Cyd", "city": "Olomouc", "size": 3},
}
"""The accounts by their numbers."""


def mappings(direction: str, **account: Any) -> list[Record]:
    """The mappings of accounts, contacts that look them up, and products that do not."""
    same = [{"external": name, "local": name} for name in SAME]
    common = {"direction": direction, "version_number": "version"}
    name = {"external": "name", "local": "name"}
    return [
        {
            **common,
            "external": "Accounts",
            "local": "account",
            "primary_key": ["number"],
            "fields": same,
            **account,
        },
        {**common, "external": "Contacts", "local": "contact", "fields": [name, LOOKUP]},
        {
            **common,
            "external": "Products",
            "local": "product",
            "primary_key": ["name"],
            "fields": [name],
        },
    ]


@dataclass
class Drifting:
    """Both systems, an integration of them, and people who change the schemas."""

    world: Any
    direction: str
    made: int = 0
    kept: dict[tuple[str, str, str], dict[Any, Any]] = field(default_factory=dict)
    """The values of fields that were dropped, by side, entity and field."""
    shelf: dict[tuple[str, str], tuple[Entity, dict[Any, Record]]] = field(default_factory=dict)
    """Entities that were dropped, with their records."""

    def __post_init__(self) -> None:
        self.world.mappings = mappings(self.direction)
        for side, entities in ENTITIES.items():
            for entity in entities:
                version = {"Accounts": "version", "Contacts": "version", "account": "rowversion"}
                name = version.get(entity.name, "version" if side == "external" else None)
                self.store(side).define(entity, Habits(version=name))
        for number, values in VALUES.items():
            self.new(self.source, "account", number=number, **values)
        self.new(self.source, "contact", name="Eve")
        self.new(self.source, "product", name="Pump")

    @property
    def source(self) -> str:
        """The side that records come from."""
        return "local" if self.direction == "upload_only" else "external"

    @property
    def mapping(self) -> Record:
        """The mapping of accounts, to be changed."""
        mapping: Record = self.world.mappings[0]
        return mapping

    def store(self, side: str) -> Store:
        """A system."""
        found: Store = self.world.external if side == "external" else self.world.local
        return found

    def new(self, side: str, entity: str, **values: Any) -> None:
        """A new record of an entity, which goes by its local name."""
        name = self.name(side, entity)
        self.made += 1
        described = self.store(side).entities[name]
        record = {**dict.fromkeys(described.by_name), **values}
        record[described.key[0]] = str(UUID(int=(0xD << 92) + self.made))
        self.store(side).save(name, record)

    def name(self, side: str, entity: str) -> str:
        """What an entity is called there."""
        if entity == "account":
            return str(self.mapping[side])
        return entity if side == "local" else {v: k for k, v in PAIRS.items()}[entity]

    def accounts(self, side: str, entity: str | None = None) -> dict[str, Record]:
        """The accounts of a side, by number."""
        records = self.store(side).records[entity or self.name(side, "account")]
        dropped = self.kept.get((side, "account", "number"), {})
        found = {r.get("number", dropped.get(key)): r for key, r in records.items()}
        assert len(found) == len(records), f"a record is there twice: {list(records)}"
        return found

    def edit(self, side: str, number: str, **values: Any) -> None:
        """Somebody edits an account."""
        name = self.name(side, "account")
        entity = self.store(side).entities[name]
        record = self.accounts(side)[number]
        self.store(side).edit(name, record[entity.key[0]], **values)

    def sync(self, **request: Any) -> dict[str, str]:
        """A run: entity → why it was stopped."""
        try:
            self.world.sync(**request)
        except ConfigurationError as error:
            return dict.fromkeys(PAIRS, str(error))
        with self.world.job() as run:
            newest = run.state.log_entries(limit=1)[0].run_id
            entries = run.state.log_entries(run_id=newest)
        return {entry.entity: entry.message for entry in entries if entry.status == "failed"}

    def preview(self) -> Any:
        """What a run would do to accounts: direction → counts."""
        with self.world.job() as run:
            return preview_all(run, limit=100)[0].counts

    # Changes of schemas

    def _redefine(self, side: str, entity: str, fields: Any) -> None:
        store = self.store(side)
        store.entities[entity] = Entity.model_validate(
            {**store.entities[entity].model_dump(), "fields": [dict(f) for f in fields]}
        )

    def drop(self, side: str, name: str, entity: str = "account") -> None:
        """A field is dropped, with its values."""
        known = self.store(side).entities[self.name(side, entity)]
        self._redefine(side, known.name, [f for f in known.fields if f.name != name])
        versions = known.capabilities.version_fields
        self.able(side, entity, version_fields=tuple(v for v in versions if v != name))
        records = self.store(side).records[known.name]
        self.kept[side, entity, name] = {key: r.pop(name) for key, r in records.items()}

    def add(
        self, side: str, name: str, entity: str = "account", *, at: int = 3, **facets: Any
    ) -> None:
        """A field is added, without values."""
        known = self.store(side).entities[self.name(side, entity)]
        new = Field(name=name, **{"kind": TEXT, **facets})
        self._redefine(side, known.name, [*known.fields[:at], new, *known.fields[at:]])
        for record in self.store(side).records[known.name].values():
            record[name] = None

    def put_back(self, side: str, name: str, entity: str = "account", **facets: Any) -> None:
        """A field that was dropped is there again, with the values that it had."""
        self.add(side, name, entity, **facets)
        for key, record in self.store(side).records[self.name(side, entity)].items():
            record[name] = self.kept[side, entity, name].get(key)

    def rename(self, side: str, name: str, to: str, entity: str = "account") -> None:
        """A field is called otherwise."""
        known = self.store(side).entities[self.name(side, entity)]
        self.change(side, name, entity, name=to)
        for record in self.store(side).records[known.name].values():
            record[to] = record.pop(name)

    def change(self, side: str, changed: str, entity: str = "account", **facets: Any) -> None:
        """A field has other facets."""
        known = self.store(side).entities[self.name(side, entity)]
        fields = [f.model_copy(update=facets) if f.name == changed else f for f in known.fields]
        self._redefine(side, known.name, fields)

    def retype(self, side: str, name: str, kind: Kind, of: Callable[[Any], Any]) -> None:
        """A field of accounts has another kind, and its values with it."""
        self.change(side, name, kind=kind)
        for record in self.store(side).records[self.name(side, "account")].values():
            record[name] = of(record[name])

    def remove(self, side: str, entity: str = "account") -> None:
        """An entity is dropped, with its records."""
        name = self.name(side, entity)
        store = self.store(side)
        self.shelf[side, entity] = (store.entities.pop(name), store.records.pop(name))

    def restore(self, side: str, entity: str = "account", *, empty: bool = False) -> None:
        """It is there again, with its records or without."""
        described, records = self.shelf[side, entity]
        self.store(side).entities[described.name] = described
        self.store(side).records[described.name] = {} if empty else records

    def rename_entity(self, side: str, to: str, entity: str = "account") -> None:
        """An entity is called otherwise."""
        name, store = self.name(side, entity), self.store(side)
        known = store.entities.pop(name)
        store.define(known.model_copy(update={"name": to}), store.habits[name])
        store.records[to] = store.records.pop(name)
        store.touched[to] = store.touched.pop(name)

    def rekey(self, side: str, key: str) -> None:
        """The records of accounts go by another field."""
        name, store = self.name(side, "account"), self.store(side)
        store.entities[name] = store.entities[name].model_copy(update={"key": (key,)})
        records = list(store.records[name].values())
        store.records[name] = {(record[key],): record for record in records}
        store.touched[name] = {(record[key],): store.writes for record in records}

    def empty(self, side: str, entity: str = "account") -> None:
        """All its records are gone."""
        name = self.name(side, entity)
        for key in list(self.store(side).records[name]):
            self.store(side).remove(name, *key)

    def able(self, side: str, entity: str = "account", **capabilities: Any) -> None:
        """It can do other things than before."""
        name, store = self.name(side, entity), self.store(side)
        known = store.entities[name]
        able = Capabilities.model_validate({**known.capabilities.model_dump(), **capabilities})
        store.entities[name] = known.model_copy(update={"capabilities": able})

    # Changes of the mapping

    def unmap(self, name: str) -> None:
        """A person cleans up: the mapping does without a field."""
        fields = [f for f in self.mapping["fields"] if name not in (f["external"], f["local"])]
        self.mapping["fields"] = fields

    def map(self, external: str, local: str) -> None:
        """A person maps a field."""
        line = {"external": external, "local": local}
        self.mapping["fields"] = [*self.mapping["fields"], line]

    def provisioning(self) -> None:
        """The file allows missing local fields to be created."""
        self.world.settings["provision"] = True

    # What must hold

    def picture(self) -> dict[tuple[str, str, str], Any]:
        """Every value of every account: side, number, field."""
        return {
            (side, number, name): value
            for side in ENTITIES
            if self.name(side, "account") in self.store(side).entities
            for number, record in self.accounts(side).items()
            for name, value in record.items()
            if name in SAME and value is not None
        }

    def quiet(self) -> None:
        """A further run writes nothing."""
        before = [self.store(side).writes for side in ENTITIES]
        assert self.sync() == {}
        assert [self.store(side).writes for side in ENTITIES] == before


@pytest.fixture
def drifting(world) -> Iterator[Callable[..., Drifting]]:
    """Makes two systems that have been synced, in a direction."""

    def make(direction: str = "bidirectional", **account: Any) -> Drifting:
        found = Drifting(world, direction)
        found.world.mappings = copy.deepcopy(mappings(direction, **account))
        assert found.sync() == {}
        assert found.accounts("local").keys() == found.accounts("external").keys() == VALUES.keys()
        return found

    return make
