"""A small Business Central: what it was asked, and answers that were laid down."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import httpx

from tandem.connectors.business_central.connector import BusinessCentralConnector
from tandem.model.connection import Connection
from tandem.model.schema import Schema

ROOT = "https://bc.example.com/v2.0/contoso.example/Production/api/v2.0/"
COMPANY = "11111111-1111-1111-1111-111111111111"
CRONUS = {"id": COMPANY, "name": "CRONUS", "displayName": "Cronus Ltd."}
EXTRA = {"auth": "bearer", "tenant": "contoso.example"}

ORDER = "aaaaaaaa-0000-0000-0000-000000000001"
OTHER = "aaaaaaaa-0000-0000-0000-000000000002"

METADATA = """<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="Microsoft.NAV" xmlns="http://docs.oasis-open.org/odata/ns/edm">
<EntityType Name="company"><Key><PropertyRef Name="id"/></Key>
 <Property Name="id" Type="Edm.Guid" Nullable="false"/><Property Name="name" Type="Edm.String"/>
 <NavigationProperty Name="customers" Type="Collection(Microsoft.NAV.customer)"
  ContainsTarget="true"/>
 <NavigationProperty Name="contacts" Type="Collection(Microsoft.NAV.contact)"
  ContainsTarget="true"/>
 <NavigationProperty Name="salesOrders" Type="Collection(Microsoft.NAV.salesOrder)"
  ContainsTarget="true"/>
 <NavigationProperty Name="salesOrderLines" Type="Collection(Microsoft.NAV.salesOrderLine)"
  ContainsTarget="true"/>
</EntityType>
<EntityType Name="subscription"><Key><PropertyRef Name="subscriptionId"/></Key>
 <Property Name="subscriptionId" Type="Edm.String" Nullable="false"/></EntityType>
<EntityType Name="customer"><Key><PropertyRef Name="id"/></Key>
 <Property Name="id" Type="Edm.Guid" Nullable="false"/>
 <Property Name="number" Type="Edm.String" MaxLength="20"/>
 <Property Name="displayName" Type="Edm.String" Nullable="false" MaxLength="100"/>
 <Property Name="email" Type="Edm.String" MaxLength="80"/>
 <Property Name="picture" Type="Edm.Stream"/>
 <Property Name="lastModifiedDateTime" Type="Edm.DateTimeOffset"/></EntityType>
<EntityType Name="contact"><Key><PropertyRef Name="id"/></Key>
 <Property Name="id" Type="Edm.Guid" Nullable="false"/>
 <Property Name="number" Type="Edm.String" MaxLength="20"/>
 <Property Name="type" Type="Microsoft.NAV.contactType"/>
 <Property Name="displayName" Type="Edm.String" MaxLength="100"/>
 <Property Name="lastModifiedDateTime" Type="Edm.DateTimeOffset"/></EntityType>
<EntityType Name="salesOrder"><Key><PropertyRef Name="id"/></Key>
 <Property Name="id" Type="Edm.Guid" Nullable="false"/>
 <Property Name="number" Type="Edm.String" MaxLength="20"/>
 <Property Name="lastModifiedDateTime" Type="Edm.DateTimeOffset"/>
 <NavigationProperty Name="salesOrderLines" Type="Collection(Microsoft.NAV.salesOrderLine)"
  ContainsTarget="true"><ReferentialConstraint Property="id" ReferencedProperty="documentId"/>
 </NavigationProperty></EntityType>
<EntityType Name="salesOrderLine"><Key><PropertyRef Name="id"/></Key>
 <Property Name="id" Type="Edm.Guid" Nullable="false"/>
 <Property Name="documentId" Type="Edm.Guid"/>
 <Property Name="sequence" Type="Edm.Int32"/>
 <Property Name="description" Type="Edm.String" MaxLength="100"/>
 <Property Name="quantity" Type="Edm.Decimal" Scale="Variable"/>
 <NavigationProperty Name="salesOrder" Type="Microsoft.NAV.salesOrder" ContainsTarget="true">
  <ReferentialConstraint Property="documentId" ReferencedProperty="id"/></NavigationProperty>
</EntityType>
<EnumType Name="contactType"><Member Name="Company" Value="0"/><Member Name="Person" Value="1"/>
</EnumType>
<EntityContainer Name="NAV">
 <EntitySet Name="companies" EntityType="Microsoft.NAV.company"/>
 <EntitySet Name="subscriptions" EntityType="Microsoft.NAV.subscription"/>
 <EntitySet Name="customers" EntityType="Microsoft.NAV.customer"/>
 <EntitySet Name="contacts" EntityType="Microsoft.NAV.contact"/>
 <EntitySet Name="salesOrders" EntityType="Microsoft.NAV.salesOrder"/>
 <EntitySet Name="salesOrderLines" EntityType="Microsoft.NAV.salesOrderLine"/>
</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"""

PUBLISHED = """<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="NAV" xmlns="http://docs.oasis-open.org/odata/ns/edm">
<EntityType Name="Company"><Key><PropertyRef Name="Name"/></Key>
 <Property Name="Name" Type="Edm.String" Nullable="false"/></EntityType>
<EntityType Name="RescoCustomer"><Key><PropertyRef Name="No"/></Key>
 <Property Name="No" Type="Edm.String" Nullable="false" MaxLength="20"/>
 <Property Name="Name" Type="Edm.String" MaxLength="100"/>
 <Property Name="PrimaryContacNo" Type="Edm.String" MaxLength="20"/>
 <Property Name="SystemModifiedAt" Type="Edm.DateTimeOffset"/>
 <Property Name="RowVersionNumber" Type="Edm.Int64"/></EntityType>
<EntityType Name="RescoContact"><Key><PropertyRef Name="No"/></Key>
 <Property Name="No" Type="Edm.String" Nullable="false" MaxLength="20"/>
 <Property Name="Name" Type="Edm.String" MaxLength="100"/>
 <Property Name="CustomerNo" Type="Edm.String" MaxLength="20"/>
 <Property Name="RowVersionNumber" Type="Edm.Int64"/></EntityType>
<EntityType Name="RescoServiceOrder"><Key><PropertyRef Name="DocumentType"/>
 <PropertyRef Name="No"/></Key>
 <Property Name="DocumentType" Type="Edm.String" Nullable="false"/>
 <Property Name="No" Type="Edm.String" Nullable="false" MaxLength="20"/>
 <Property Name="description" Type="Edm.String" MaxLength="100"/>
 <Property Name="CustomerNo" Type="Edm.String" MaxLength="20"/>
 <Property Name="RowVersionNumber" Type="Edm.Int64"/></EntityType>
<EntityContainer Name="NAV">
 <EntitySet Name="Company" EntityType="NAV.Company"/>
 <EntitySet Name="RescoCustomer" EntityType="NAV.RescoCustomer"/>
 <EntitySet Name="RescoContact" EntityType="NAV.RescoContact"/>
 <EntitySet Name="RescoServiceOrder" EntityType="NAV.RescoServiceOrder"/>
</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"""

Reply = httpx.Response | Callable[[httpx.Request], httpx.Response]


def listing(*records: Any, **links: str) -> httpx.Response:
    """A page of records."""
    return httpx.Response(200, json={"value": list(records), **links})


@dataclass
class Small:
    """Answers by path below the service root, or by path and query."""

    replies: dict[str, Reply] = field(default_factory=dict)
    root: str = ROOT
    asked: list[str] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.replies.setdefault("companies", listing(CRONUS))
        metadata = httpx.Response(200, text=METADATA, headers={"Content-Type": "application/xml"})
        self.replies.setdefault("$metadata", metadata)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        target = str(request.url).removeprefix(self.root)
        self.asked.append(unquote(target))
        self.requests.append(request)
        reply = self.replies.get(unquote(target)) or self.replies.get(target.partition("?")[0])
        if reply is None:
            return httpx.Response(404, json={"error": {"code": "NotFound", "message": target}})
        return reply(request) if callable(reply) else reply

    def connector(self, **extra: Any) -> BusinessCentralConnector:
        """A connector to it that does not wait."""
        connection = Connection(
            id="erp",
            conn_type="business_central",
            host="https://bc.example.com",
            password="token",
            extra={**EXTRA, **extra},
        )
        return BusinessCentralConnector(
            connection, httpx.MockTransport(self), sleep=lambda _: None, random=lambda: 0.5
        )

    def schema(self) -> Schema:
        """What it has."""
        return self.connector().schema()


def body_of(request: httpx.Request) -> Any:
    """The JSON that was sent."""
    return json.loads(request.content)
