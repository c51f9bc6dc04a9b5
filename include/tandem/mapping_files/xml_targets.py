"""Lookups as the product wrote them first: `[account].[integration_bc_pk]`, in local names."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final
from xml.etree.ElementTree import Element

from tandem.mapping_files.spellings import ENTITY_PARTS, FIELD, FIELD_PARTS
from tandem.mapping_files.xml_tree import name_of, text_of
from tandem.model.integration import EntityMapping

_TARGET: Final = re.compile(r"\[?(.+?)\]?\.\[?([^.\[\]]+)\]?")

_Pair = tuple[str, str]
"""Entity and field."""
_Found = Mapping[_Pair, set[_Pair]]
"""Local → external."""


class LocalTargets:
    """Which external entity and field are mapped to local ones: by the file, or else here."""

    def __init__(self, elements: Iterable[Element], mappings: Iterable[EntityMapping]) -> None:
        self._places = (_of_elements(elements), _of_mappings(mappings))

    def of(self, text: str) -> dict[str, str]:
        """The target, as keys of a lookup; empty if there is none, or more than one."""
        written = _TARGET.fullmatch(text)
        local = (written[1], written[2]) if written else ("", "")
        found = next((place[local] for place in self._places if local in place), set())
        if len(found) != 1:
            return {}
        ((entity, field),) = found
        return {"entity": entity, "field": field}


def names(element: Element, known: Mapping[str, str]) -> _Pair:
    """The external and the local name of an entity or field; "" where there is none."""
    texts = {known.get(name_of(part)): text_of(part) for part in element}
    return texts.get("external", ""), texts.get("local", "")


def _of_elements(elements: Iterable[Element]) -> _Found:
    found = defaultdict[_Pair, set[_Pair]](set)
    for entity in elements:
        theirs, ours = names(entity, ENTITY_PARTS)
        for field in entity.iter():
            external, local = names(field, FIELD_PARTS) if name_of(field) == FIELD else ("", "")
            if all((theirs, ours, external, local)):
                found[ours, local].add((theirs, external))
    return found


def _of_mappings(mappings: Iterable[EntityMapping]) -> _Found:
    found = defaultdict[_Pair, set[_Pair]](set)
    for mapping in mappings:
        for field in mapping.fields:
            if field.external and field.local:
                found[mapping.local, field.local].add((mapping.external, field.external))
    return found
