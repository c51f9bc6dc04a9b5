"""OData's metadata and that of the metadata service → one schema.

What can be read, OData says; types, options, rights and targets of lookups the metadata service.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tandem.connectors.resco.metadata import Attribute, EntityInfo
from tandem.connectors.resco.names import lookup_type, wire_names
from tandem.model.schema import Capabilities, Deletes, Entity, Field, Kind, LookupTarget, Schema

BATCH: Final = 100
"""Records of an `ExecuteMultiple`, as Resco's own apps send them (Resco wiki, "Synchronization
steps")."""

_LOOKUP: Final = "Lookup"
_VERSION: Final = "RowVersion"
_PARTIES: Final = "PartyList"
"""Elements of elements to the data service, which we do not write."""
_NUMBERS: Final = {
    "Integer": Kind.INT64,
    "BigInt": Kind.INT64,
    _VERSION: Kind.INT64,
    "Picklist": Kind.INT64,
    "PicklistMap": Kind.INT64,
    "Decimal": Kind.DECIMAL,
    "Money": Kind.DECIMAL,
    "Float": Kind.FLOAT64,
}
"""Among numbers the metadata service decides; how others look in JSON, OData knows."""
_NUMERIC: Final = frozenset(_NUMBERS.values())
_SYSTEM_SETS: Final = ("createdon", "modifiedon", "createdby", "modifiedby")
_STATE: Final = "statecode"
"""It follows from `statuscode`, which is what is written."""
_WRITES: Final = frozenset(("Create", "Update", "Write", "All"))


def merged(odata: Schema, infos: Mapping[str, EntityInfo], labels: Mapping[str, str]) -> Schema:
    """The entities that OData can read and the metadata service knows."""
    known = {name: infos[name] for name in odata.by_name if name in infos}
    return Schema(
        entities=tuple(
            _Merge(entity, known[entity.name], known, labels).entity()
            for entity in odata.entities
            if entity.name in known
        )
    )


@dataclass(frozen=True, slots=True)
class _Merge:
    odata: Entity
    info: EntityInfo
    others: Mapping[str, EntityInfo]
    labels: Mapping[str, str]

    def entity(self) -> Entity:
        key = (self.info.key,) if self.info.key in self.odata.by_name else self.odata.key
        fields = {field.name: field for field in self._fields(key)}
        return Entity(
            name=self.odata.name,
            key=key,
            fields=tuple(fields.values()),
            label=self.labels.get(self.odata.name, self.odata.label),
            path=self.odata.path,
            capabilities=self._able(fields, key),
        )

    def _able(self, fields: Mapping[str, Field], key: tuple[str, ...]) -> Capabilities:
        """A view's records are those of other entities."""
        able = self.odata.capabilities
        writes = bool(key) and "View" not in self.info.flags
        creates = able.creates and writes
        versions = [
            field.name
            for field in fields.values()
            if field.filterable and field.kind is Kind.INT64 and self._type(field.name) == _VERSION
        ]
        stamps = [n for n in able.version_fields if n in fields and n not in versions]
        return able.model_copy(
            update={
                "version_fields": (*versions, *stamps),
                "settled_by": next(iter(versions), ""),
                "delta": False,
                "deletes": Deletes.KEY_SWEEP if key else Deletes.NONE,
                "creates": creates,
                "updates": able.updates and writes,
                "removes": able.removes and writes,
                "client_keys": creates and not any(fields[name].read_only for name in key),
                "batch_size": BATCH,
                "optimistic_concurrency": writes,
            }
        )

    def _type(self, name: str) -> str:
        attribute = self.info.attributes.get(name)
        return attribute.type if attribute else ""

    def _fields(self, key: tuple[str, ...]) -> Iterator[Field]:
        wires = {
            wire: attribute
            for attribute in self.info.attributes.values()
            if attribute.type == _LOOKUP
            for wire in [n for n in wire_names(attribute.name) if n in self.odata.by_name][:1]
        }
        for field in self.odata.fields:
            if field.name in wires:
                yield from self._lookup(field, wires[field.name])
            elif attribute := self.info.attributes.get(field.name):
                yield self._plain(field, attribute, is_key=field.name in key)
            else:  # the data service does not know it
                yield field.model_copy(update={"read_only": True, "lookup": ()})

    def _plain(self, field: Field, attribute: Attribute, *, is_key: bool) -> Field:
        decides = field.kind in _NUMERIC
        kind = _NUMBERS.get(attribute.type, field.kind) if decides else field.kind
        changed: dict[str, Any] = {
            "kind": kind,
            "label": self._label(field, attribute),
            "by_navigation": False,
            "lookup": (),
            **self._rights(field, attribute, is_key=is_key),
        }
        if kind in (Kind.STRING, Kind.BINARY):
            changed["max_length"] = attribute.length or field.max_length
        if kind is Kind.DECIMAL and attribute.scale is not None:
            changed["scale"] = attribute.scale
        if attribute.options and kind is Kind.INT64:
            changed |= {"options": attribute.options, "option_labels": self._words(attribute)}
        return field.model_copy(update=changed)

    def _rights(self, field: Field, attribute: Attribute, *, is_key: bool) -> dict[str, bool]:
        """What the system requires of itself, such as an owner, it fills; of statuses that depend
        on states the first is the default.
        """
        fills = attribute.has_default or attribute.system or attribute.type == "PicklistMap"
        given = attribute.permissions
        sets = attribute.type in (_VERSION, _PARTIES) or attribute.name in (*_SYSTEM_SETS, _STATE)
        forbidden = bool(given) and not given & _WRITES
        return {
            "read_only": not is_key and (sets or forbidden or field.read_only),
            "nullable": not is_key and field.nullable and not attribute.required,
            "defaulted": is_key or fills or field.defaulted,
        }

    def _label(self, field: Field, attribute: Attribute) -> str:
        return self.labels.get(f"{self.odata.name}.{attribute.name}", field.label)

    def _words(self, attribute: Attribute) -> tuple[str, ...]:
        """What people call the options; empty where nothing is known of any."""
        path = f"{self.odata.name}.{attribute.name}"
        texts = attribute.option_texts + attribute.options[len(attribute.option_texts) :]
        texts = texts if attribute.option_texts else attribute.options
        words = [
            self.labels.get(f"{path}.{option}", text)
            for option, text in zip(attribute.options, texts, strict=False)
        ]
        return tuple(words) if words != list(attribute.options) else ()

    def _lookup(self, field: Field, attribute: Attribute) -> Iterator[Field]:
        """The lookup; if it has several targets, what writes it are its parts, one for each."""
        name = attribute.name
        targets = tuple(
            LookupTarget(entity=target, field=self.others[target].key, navigation=name, type=target)
            for target in attribute.targets
            if target in self.others
        )
        rights = self._rights(field, attribute, is_key=False)
        alone = len(attribute.targets) == 1 and len(targets) == 1
        whole = Field(
            name=name,
            kind=Kind.GUID,
            label=self._label(field, attribute),
            type_name=lookup_type(name, field.name),
            filterable=field.filterable and field.kind is Kind.GUID,
            lookup=targets,
            by_navigation=alone and not rights["read_only"],
            **{**rights, "read_only": rights["read_only"] or not alone},
        )
        yield whole
        if alone:
            return
        for target in targets:
            yield Field(
                name=f"{name}_{target.entity}",
                kind=Kind.GUID,
                label=whole.label,
                type_name=whole.type_name,
                filterable=False,
                lookup=(target,),
                by_navigation=not rights["read_only"],
                read_only=rights["read_only"],
                part_of=name,
            )
