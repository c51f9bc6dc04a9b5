"""An entity that is mapped for the first time, to records that were linked under another name."""

from tandem.core.mapping import BoundMapping
from tandem.errors import StopRun
from tandem.model.asked import parsed
from tandem.sync.job import Run


def refuse_second_copies(run: Run, bound: BoundMapping) -> None:
    """StopRun where nothing tells which records were synced already: an external entity that has
    another name now would be created again on either side.
    """
    mapping = bound.mapping
    if run.approved or mapping.primary_key or bound.maps_local_key:
        return
    if run.state.links_asked(mapping.external) or run.state.has_links(mapping.external):
        return
    for entity in _not_mapped_any_more(run, mapping.local):
        raise StopRun(
            f"{mapping.external}: records of {mapping.local!r} are linked to those of {entity!r}, "
            "which is not mapped any more; if it has another name now, each would be there twice.",
            remedy="Name fields that find their partners: primary_key: [...]. If these are other "
            f"records: tandem sync {run.integration.name} --yes.",
        )


def _not_mapped_any_more(run: Run, local: str) -> list[str]:
    """External entities whose records are linked to those of that local one."""
    mapped = {mapping.external for mapping in run.integration.entities}
    asked = {name: parsed(text) for name, text in run.state.all_links_asked().items()}
    return [
        name
        for name, before in asked.items()
        if before and before.mapping.local == local and name not in mapped
        if run.state.has_links(name)
    ]
