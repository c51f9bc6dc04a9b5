"""Two organizations against each other need no lookup configuration: both schemas say enough."""

from tests.connectors.resco.organization import Organization

from tandem.core.suggestions.lookups import MappedEntity
from tandem.core.suggestions.suggest import Question, suggest


def test_lookups_are_suggested_with_their_targets(organization: Organization) -> None:
    schema = organization.connector().schema()
    others = {entity.name: MappedEntity(entity, entity) for entity in schema.entities}
    found = {}
    for name in ("contact", "fs_workorder"):
        entity = schema.entity(name)
        for suggestion in suggest(Question(entity, entity, others=others)):
            lookup = suggestion.mapping.lookup
            if lookup:
                found[suggestion.mapping.external] = (
                    suggestion.mapping.local,
                    lookup.entity,
                    lookup.field,
                )

    assert found == {
        "parentcustomerid": ("parentcustomerid", "account", "id"),
        "customerid_account": ("customerid_account", "account", "id"),
        "customerid_contact": ("customerid_contact", "contact", "id"),
    }
