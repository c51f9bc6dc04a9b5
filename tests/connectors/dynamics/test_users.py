"""Users and teams inherit the key `ownerid`; asked for are they by ids of their own."""

from datetime import UTC, datetime

import httpx
import pyarrow as pa
import pytest
from tests.connectors.dynamics.small_dataverse import TABLES, Dataverse, listing, table

from tandem.connectors.base import Query
from tandem.model.schema import Field, Schema

METADATA = """<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0">
<edmx:DataServices><Schema xmlns="http://docs.oasis-open.org/odata/ns/edm"
 Namespace="Microsoft.Dynamics.CRM" Alias="mscrm">
<EntityType Name="principal" Abstract="true"><Key><PropertyRef Name="ownerid"/></Key>
<Property Name="ownerid" Type="Edm.Guid"/></EntityType>
<EntityType Name="systemuser" BaseType="mscrm.principal">
<Property Name="systemuserid" Type="Edm.Guid"/><Property Name="fullname" Type="Edm.String"/>
</EntityType>
<EntityType Name="team" BaseType="mscrm.principal">
<Property Name="teamid" Type="Edm.Guid"/></EntityType>
<EntityType Name="account"><Key><PropertyRef Name="accountid"/></Key>
<Property Name="accountid" Type="Edm.Guid"/><Property Name="_ownerid_value" Type="Edm.Guid"/>
<Property Name="_owninguser_value" Type="Edm.Guid"/>
<NavigationProperty Name="ownerid" Type="mscrm.principal">
<ReferentialConstraint Property="_ownerid_value" ReferencedProperty="ownerid"/>
</NavigationProperty>
<NavigationProperty Name="owninguser" Type="mscrm.systemuser">
<ReferentialConstraint Property="_owninguser_value" ReferencedProperty="systemuserid"/>
</NavigationProperty></EntityType>
<EntityContainer Name="System">
<EntitySet Name="systemusers" EntityType="mscrm.systemuser"/>
<EntitySet Name="teams" EntityType="mscrm.team"/>
<EntitySet Name="accounts" EntityType="mscrm.account">
<NavigationPropertyBinding Path="owninguser" Target="systemusers"/></EntitySet>
</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"""
NOW = datetime(2025, 1, 1, tzinfo=UTC)
ADA = "4026be43-6b69-e111-8f65-78e7d1620f5e"


@pytest.fixture
def organisation(dataverse: Dataverse) -> Dataverse:
    dataverse.instead[r"^\$metadata"] = lambda _: httpx.Response(200, text=METADATA)
    dataverse.tables = [*TABLES, table("systemuser", "systemusers", "User"),
        table("team", "teams", "Team"),
    ]  # fmt: skip
    user = {"systemuserid": ADA, "fullname": "Ada"}
    dataverse.instead["^systemusers"] = lambda _: listing([user])
    return dataverse


def target(schema: Schema, field: str) -> tuple[str, ...]:
    known: Field = schema.entity("accounts").field(field)
    return tuple(each.field for each in known.lookup)


def test_the_key_of_users_and_teams_is_their_own_id(organisation: Dataverse) -> None:
    schema = organisation.connector().schema()
    users, teams = schema.entity("systemusers"), schema.entity("teams")
    assert (users.key, teams.key) == (("systemuserid",), ("teamid",))
    key, inherited = users.field("systemuserid"), users.field("ownerid")
    assert not key.nullable
    assert inherited.read_only


def test_what_refers_to_users_refers_to_that_id(organisation: Dataverse) -> None:
    schema = organisation.connector().schema()
    assert target(schema, "_owninguser_value") == ("systemuserid",)
    assert target(schema, "ownerid_systemuser") == ("systemuserid",)
    assert target(schema, "ownerid_team") == ("teamid",)


def test_conditions_on_users_name_that_id(organisation: Dataverse) -> None:
    connector = organisation.connector()
    users = connector.schema().entity("systemusers")
    keys = pa.RecordBatch.from_pydict({"systemuserid": [ADA]})
    pages = list(connector.find(Query(users, ("systemuserid", "fullname"), NOW), keys))
    assert pages[0].records.column("fullname").to_pylist() == ["Ada"]
    asked = next(line for line in organisation.asked if "systemusers" in line)
    assert f"systemuserid eq {ADA}" in asked.replace("+", " ").replace("%20", " ")
    assert "ownerid" not in asked


def test_without_definitions_the_metadata_decides(organisation: Dataverse) -> None:
    organisation.tables = TABLES
    assert organisation.connector().schema().entity("systemusers").key == ("ownerid",)
