"""The tasks that read an entity: one, or several that read its parts. Light to import."""

from collections.abc import Callable
from typing import Any

from tandem.airflow.tasks import Step
from tandem.model.integration import EntityMapping


def read_tasks(
    mapping: EntityMapping, step: Callable[..., Any], **options: Any
) -> tuple[Step, Any]:
    """The first and the last task that read the entity: `extract` alone, or `split`, which says
    in how many parts `extract` runs. The options are those of `extract`.
    """
    entity = mapping.external
    if mapping.parallel_reads == 1:
        extract = step("extract", entity=entity, **options)
        return extract, extract
    split = step("split", entity=entity)
    extract = step("extract", entity=entity, make=Step.partial, **options)
    return split, extract.expand(part=split.output)
