"""Conditions that a connector evaluates itself, on records that it has read."""

from collections.abc import Callable, Iterator

from tandem.connectors.base import Page, Query
from tandem.core.filters.frame import BatchTest, batch_test
from tandem.core.filters.relations import Relation
from tandem.core.id_set import IdSet
from tandem.core.values import canonical_text
from tandem.model.filters import Comparison, Condition

Read = Callable[[Query], Iterator[Page]]


def test_of(condition: Condition, query: Query, read: Read) -> BatchTest:
    """The condition as a test of the query's pages.

    Of each lookup's target that it follows the records that satisfy their part are read at once:
    one field, kept as 16 bytes a record.
    """

    def ids_of(relation: Relation, comparison: Comparison) -> IdSet:
        found = IdSet()
        fields = (relation.on,)
        for page in read(Query(relation.entity, fields, query.now, comparison)):
            found.add(canonical_text(page.records.column(relation.on)))
        found.sort()
        return found

    return batch_test(condition, query.entity, query.now, query.relations, ids_of)
