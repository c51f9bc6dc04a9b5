"""In which order entities are written: those that others look up come first."""

from collections.abc import Mapping
from itertools import takewhile

from tandem.model.integration import EntityMapping, Integration


def looked_up(entity: EntityMapping) -> frozenset[str]:
    """External entities that this one's enabled lookups refer to."""
    return frozenset(field.lookup.entity for field in entity.active_fields if field.lookup)


def waits_for(integration: Integration, entity: EntityMapping) -> frozenset[str]:
    """External entities whose records are loaded before this one's are planned.

    Those that it looks up, and those that are mapped to the same local entity earlier in the
    file: of two that could have a local record, the first one gets it.
    """
    before = takewhile(lambda other: other.external != entity.external, integration.active_entities)
    sharing = {other.external for other in before if other.local == entity.local}
    return looked_up(entity) | sharing


def entity_order(integration: Integration) -> tuple[tuple[EntityMapping, ...], ...]:
    """The enabled mappings in groups; each group looks up only itself and earlier groups.

    A group of several is a cycle of lookups. Groups that are free to go keep the file's order.
    """
    mappings = {entity.external: entity for entity in integration.active_entities}
    edges = {
        name: waits_for(integration, entity) & mappings.keys() for name, entity in mappings.items()
    }
    return tuple(
        tuple(mappings[name] for name in mappings if name in group) for group in components(edges)
    )


def components(edges: Mapping[str, frozenset[str]]) -> list[set[str]]:
    """Strongly connected components, targets first (Tarjan 1972)."""
    index: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    components: list[set[str]] = []

    def visit(node: str) -> None:
        index[node] = lowest[node] = len(index)
        stack.append(node)
        for target in sorted(edges[node]):
            if target not in index:
                visit(target)
                lowest[node] = min(lowest[node], lowest[target])
            elif target in stack:
                lowest[node] = min(lowest[node], index[target])
        if lowest[node] == index[node]:
            at = stack.index(node)
            components.append(set(stack[at:]))
            del stack[at:]

    for node in edges:
        if node not in index:
            visit(node)
    return components
