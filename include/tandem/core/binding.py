"""Whether a mapping fits the schemas of both sides, and every reason why not."""

from collections.abc import Iterable, Mapping

from tandem.core.fields import BoundField, Reference
from tandem.core.fit import CONVERTIBLE
from tandem.core.mapping import BoundMapping
from tandem.errors import ConfigurationError
from tandem.model.integration import EntityMapping, OnConflict
from tandem.model.schema import Entity, Kind


def problems_of(bound: BoundMapping) -> list[str]:
    """Why this mapping cannot be synced, one sentence each; empty if it can."""
    checks = [
        _key_problem(bound),
        *(_kind_problem(download) for download in bound.downloads),
        *(_match_problem(bound, name) for name in bound.mapping.primary_key),
        *_upload_problems(bound),
    ]
    return [problem for problem in checks if problem]


def _kind_problem(download: BoundField) -> str:
    source, target = download.external, download.target
    if target.read_only:
        return f"Local field {target.name!r} is read-only; choose another."
    if source is None or download.reference or download.mapping.values:
        return ""
    if download.mapping.transform and source.kind is not Kind.STRING:
        return f"Transforms work on text; external field {source.name!r} is {source.kind}."
    if target.kind in CONVERTIBLE[source.kind]:
        return ""
    return (
        f"External field {source.name!r} ({source.kind}) cannot be kept in local field "
        f"{target.name!r} ({target.kind}); choose a field of the same kind."
    )


def _upload_problems(bound: BoundMapping) -> list[str]:
    """Why local records cannot be uploaded."""
    if not bound.is_uploaded:
        return []
    problems = [_upload_kind_problem(field) for field in bound.uploads]
    if not bound.uploads:
        problems.append(
            "No field is uploaded: all are download_only, constants or set by the system; write "
            "direction: download_only."
        )
    if not bound.external.capabilities.writes:
        problems.append(
            f"External entity {bound.external.name!r} cannot be written; "
            "write direction: download_only."
        )
    return problems


def policy_problem(bound: BoundMapping, on_conflict: OnConflict) -> str:
    """Why the policy (`on_conflict` is the integration's) cannot be followed; empty if it can."""
    policies = {field.on_conflict or on_conflict for field in bound.fields}
    if bound.mapping.direction != "bidirectional" or "newest_wins" not in policies:
        return ""
    ages = bound.ages or ("", "")
    fields = bound.external.by_name.get(ages[0]), bound.local.by_name.get(ages[1])
    if all(field and field.kind is Kind.INSTANT for field in fields):
        return ""
    return (
        "on_conflict: newest_wins needs version_number and local_version_number, instants that "
        "say when each side's record was changed last; name both, or choose another policy."
    )


def _upload_kind_problem(field: BoundField) -> str:
    source, target = field.local, field.external
    if source is None or target is None or field.reference or field.mapping.values:
        return ""
    if target.kind in CONVERTIBLE[source.kind]:
        return ""
    return (
        f"Local field {source.name!r} ({source.kind}) cannot be sent to external field "
        f"{target.name!r} ({target.kind}); write direction: download_only for it."
    )


def _match_problem(bound: BoundMapping, name: str) -> str:
    try:
        bound.local_name(name)
    except ConfigurationError as error:
        return f"primary_key: {error}"
    return ""


def _key_problem(bound: BoundMapping) -> str:
    if not bound.external.key:
        return f"External entity {bound.external.name!r} has no key, so records have no identity."
    if not bound.local.key:
        return f"Local entity {bound.local.name!r} has no primary key; give it one."
    if bound.maps_local_key:
        return ""
    key = [bound.local.field(name) for name in bound.local.key]
    if len(key) == 1 and key[0].kind in (Kind.GUID, Kind.STRING):
        return ""
    return (
        f"Local key {', '.join(bound.local.key)} of {bound.local.name!r} is not a guid or text, "
        "so its values cannot be chosen here; map external fields onto it."
    )


def bind(mapping: EntityMapping, external: Entity, local: Entity) -> BoundMapping:
    """The mapping bound to its entities; ConfigurationError names every problem at once."""
    bound = BoundMapping(mapping, external, local)
    names = [field.external for field in mapping.active_fields if field.external]
    problems = _unknown(external, [*names, *mapping.primary_key], "external")
    problems += _unknown(local, [f.local for f in mapping.active_fields if f.local], "local")
    if mapping.version_number:
        problems += _unknown(external, [mapping.version_number], "external")
    if mapping.local_version_number:
        problems += _unknown(local, [mapping.local_version_number], "local")
    problems = problems or problems_of(bound)
    if problems:
        raise ConfigurationError(
            f"Mapping {mapping.external} → {mapping.local}: " + " ".join(problems)
        )
    return bound


def _unknown(entity: Entity, names: Iterable[str], side: str) -> list[str]:
    problems = []
    for name in dict.fromkeys(names):
        try:
            entity.field(name)
        except ConfigurationError as error:
            problems.append(f"{side}: {error}")
    return problems


def lookup_problems(bound: BoundMapping, targets: Mapping[str, BoundMapping]) -> list[str]:
    """Why lookups of this mapping cannot be resolved, one sentence each; by external entity."""
    checks = [
        _lookup_problem(field, field.reference, targets[field.reference.entity])
        for field in bound.fields
        if field.reference and field.reference.entity in targets
    ]
    return [problem for problem in checks if problem]


def _lookup_problem(field: BoundField, reference: Reference, target: BoundMapping) -> str:
    where = f"Lookup {field.name!r}"
    if len(target.local.key) != 1:
        return f"{where}: {target.local.name!r} has a key of several fields, which it cannot hold."
    key = target.local.field(target.local.key[0])
    held = {key.kind, Kind.STRING, *([Kind.GUID] if key.kind is Kind.STRING else [])}
    if field.target.kind not in held:
        return (
            f"{where} ({field.target.kind}) cannot hold the key {key.name!r} ({key.kind}) of "
            f"{target.local.name!r}; choose a field of that kind."
        )
    if set(reference.fields) == set(target.external.key):
        return ""
    try:
        for name in reference.fields:
            target.local_name(name)
        mapped = [f for f in target.fields if {e.name for e in f.externals} & {*reference.fields}]
        if any(one.reference for one in mapped):
            return f"{where}: a lookup cannot go by a field that is a lookup itself; name others."
    except ConfigurationError as error:
        return f"{where}: {error}"
    return ""
